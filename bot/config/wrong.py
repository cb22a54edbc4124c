"""What is wrong with a value, and how much of the value may be shown in saying so. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit


class Wrong(ValueError):
    """What is wrong with a value, as the end of a sentence, and the remedy.

    `hint` is made of the value itself, so it is never shown for a secret; `what` and `remedy` hold nothing of it.
    """

    def __init__(self, what: str, remedy: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.hint = hint


# --- What may be shown of a value ----------------------------------------------------------------------------------


def printable(text: str) -> str:
    """The text on one line, with a dot for what a terminal can't show."""
    clean = text.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "·" for sign in clean)


def is_secret_like(text: str) -> bool:
    """Whether the text could be a token or a whole address."""
    return "://" in text or re.search(r"(?=[\w.+/=-]*[0-9])[\w.+/=-]{20}", text) is not None


def quoted(text: str) -> str:
    """The text for a message: 40 characters at most, and nothing that could be a token or a whole address."""
    if is_secret_like(text):
        return "the value"
    return f'"{printable(text if len(text) <= 40 else text[:39] + "…")}"'


def public(url: str) -> str:
    """An address as scheme, host and path, without user info and query; empty if that can't be told for sure."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        place = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname or ''}"
    except ValueError:
        return ""
    shown = f"{parts.scheme}://{place}{parts.path}"
    strayed = "@" in url and "@" not in parts.netloc
    return shown if not strayed and re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w.~/-]*)?", shown) else ""


def suggest(word: str, options: Iterable[str]) -> str:
    """The option that was probably meant, or nothing."""
    folded = {option.casefold(): option for option in options}
    close = get_close_matches(word.casefold(), folded, n=1)
    return folded[close[0]] if close else ""


def did_you_mean(word: str) -> str:
    """The question that offers it, or nothing."""
    return f"Did you mean {word}?" if word else ""
