"""The parts that words play when people ask others to share something.

A table is phrases with ` | ` between them. In a phrase `a/b` is a choice of one word, `(a)` may be missing, `…` is up
to six words of any kind, and `*` is the beginning of a longer word. A word has no apostrophe: «don't» is `dont`.
"""

from __future__ import annotations

from dataclasses import dataclass

Forms = tuple[str, str, str]
"""The imperative, the infinitive and the finite forms of a verb."""


@dataclass(frozen=True)
class Language:
    """The tables of one language."""

    share: Forms
    spread: Forms  # Needs to be told what.
    send: Forms  # Needs «on» or to whom.
    tell: Forms  # Needs to be told whom.
    ask: str  # Stands before an imperative.
    ask_to: str  # Stands before an infinitive.
    may: str  # Does so too, but also in front of much else: what is shared has to be said.
    glad: str
    if_you: str  # Stands before a finite form.
    passive: str
    you: str
    no: str
    forget: str  # What one must not do, so that both are an invitation.
    adverb: str
    this: str  # The article, without a noun.
    that: str  # Stands before a noun.
    nouns: str  # Mean the article by themselves.
    bare_nouns: str  # Mean it after «this» or «our».
    our: str
    it: str
    word: str  # What else can be spread.
    with_: str
    on: str
    onwards: str
    people: str
    us: str  # Who shares with these does not share the article.
    press: str
    about: str
    so: str
    and_: str
    engage: str  # What else readers are asked to do.
    if_: str  # Begins a condition or a reason.
    on_with: str  # How a sentence goes on once it has said what is shared,
    not_so: str  # and how it does not.
    said: str
    what: str
