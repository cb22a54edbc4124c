"""How much of a document is read, and what no feed has: what would take its reader memory or time without end."""

from __future__ import annotations

import re

ITEMS = 1_000  # Items that are read of a document: the first ones, which are the newest in nearly every feed.
TAGS = 50  # Tags and authors that are read of an item.
PICTURES = 50  # Pictures that are read of an item.
ELEMENTS = 200_000  # Elements that are read of a document.
ELEMENTS_OF_ITEM = ELEMENTS_BETWEEN = 5_000
BYTES_OF_ITEM = 2_000_000  # Beyond these nothing more of it is read; an article is the length of a book then.
BYTES_BETWEEN = 1_000_000  # Bytes beside the items, in which the feed tells of itself.
LONGEST_TEXT = 1_000_000  # Bytes beyond which an element of an item is not read.
# What no feed has, and what makes every reader slow.
DEEPEST = 300
ATTRIBUTES = 100
NAMESPACES = 100
LARGEST_ITEM = 4_000_000  # Bytes, without what is cut.
MOST_BETWEEN = 5_000_000
MOST_ELEMENTS = 300_000
NAMES = 10_000  # Different names of elements and attributes.

# A tag of so many attributes fills the memory before its handler is called.
SWOLLEN_TAG = re.compile(rb"<[^\s<>\"'/]++(?:\s++[^\s<>\"'=]++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+')){2000}")
SWOLLEN_NAME = re.compile(rb"<[A-Za-z_:\x80-\xff][^\s<>\"'/=]{10000}")


class Monstrous(Exception):
    """The document is made as no feed is, so that reading it would take for ever; the words say how."""


def check_tags(body: bytes) -> None:
    """Refuse tags that would fill the memory before their handler is called."""
    if SWOLLEN_TAG.search(body):
        raise Monstrous(f"one of its elements has more than {ATTRIBUTES} attributes")
    if SWOLLEN_NAME.search(body):
        raise Monstrous("one of its elements has a name of more than 10 kB")


def check_between(size: int) -> None:
    """Refuse a document that is so large without its items."""
    if size > MOST_BETWEEN:
        raise Monstrous(f"there are more than {MOST_BETWEEN / 1e6:g} MB beside its items")


class Measure:
    """Counts what is met in a document; raises Monstrous when no feed has so much of it."""

    def __init__(self) -> None:
        self.elements = 0
        self.names: set[str] = set()
        self.namespaces: set[tuple[str | None, str]] = set()

    def declare(self, prefix: str | None, address: str) -> None:
        self.namespaces.add((prefix, address))
        if len(self.namespaces) > NAMESPACES:
            raise Monstrous(f"it declares more than {NAMESPACES} namespaces")

    def meet(self, name: str, attributes: dict[str, str], depth: int) -> None:
        """Count an element, also one that is not read."""
        self.elements += 1
        self.names.add(name)
        self.names.update(attributes)
        if depth > DEEPEST:
            raise Monstrous(f"its elements are nested more than {DEEPEST} deep")
        if self.elements > MOST_ELEMENTS:
            raise Monstrous(f"it has more than {MOST_ELEMENTS} elements")
        if len(attributes) > ATTRIBUTES:
            raise Monstrous(f"one of its elements has more than {ATTRIBUTES} attributes")
        if len(self.names) > NAMES:
            raise Monstrous(f"it has elements and attributes of more than {NAMES} names")
