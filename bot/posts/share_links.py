"""The links by which a reader shares an article in one click, on each network as that network wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

import regex

from bot.keys import TRACKING
from bot.model import ShareLink
from bot.posts.characters import graphemes, graphemes_of, one_line
from bot.posts.clip import clip_line

DEFAULT = ("linkedin", "facebook", "x", "bluesky", "mastodon", "threads", "whatsapp", "email")

ALWAYS = "always"  # The wish for a call under every article, also one that does not ask itself.

# --- Words ---------------------------------------------------------------------------------------------------------

# What asks readers to share where an article itself does not.
CALLS = {
    "nb": "Del gjerne dette!",
    "nn": "Del gjerne dette!",
    "sv": "Dela gärna det här!",
    "da": "Del gerne dette!",
    "en": "Please share this!",
}
EMAIL = {"nb": "E-post", "nn": "E-post", "sv": "E-post", "da": "E-mail", "en": "Email"}


def words_in(words: dict[str, str], language: str) -> str:
    """The words in that language («nb», also «nb-NO»); in English for a language that is not known."""
    code = language.casefold().partition("-")[0].partition("_")[0]
    return words.get("nb" if code == "no" else code, words["en"])


def default_call(language: str) -> str:
    """What asks readers to share an article that does not ask itself."""
    return words_in(CALLS, language)


# --- Networks ------------------------------------------------------------------------------------------------------

LINK_ON_X = 23  # Whatever its length.
# X counts these as one, everything else and each emoji as two: https://docs.x.com/fundamentals/counting-characters
LIGHT = regex.compile(r"[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{RI}|.*[\ufe0f\u20e3]")


def weight(words: str) -> int:
    """The length of words as X counts them."""
    return sum(2 if EMOJI.match(sign) else sum(map(_weight, sign)) for sign in graphemes_of(words))


def _weight(character: str) -> int:
    return 1 if LIGHT.match(character) else 2


@dataclass(frozen=True, slots=True)
class Network:
    """How a network takes an article.

    `address` makes the link out of text and address, neither of them encoded. The text may have the length `most`, as
    `measure` counts it, less what `link` says that the address takes. A link of a network that is not on the `web`
    opens a program of the reader's: not every platform lets a post link to one.
    """

    label: str
    address: Callable[[str, str], str]
    most: int = 1000
    measure: Callable[[str], int] = len
    link: Callable[[str], int] = lambda _: 0
    longest: int = 8000
    web: bool = True


def encoded(words: str) -> str:
    return quote(words, safe="", errors="ignore")


def both(text: str, url: str) -> str:
    """Text and address where a network has one field for them."""
    return encoded(f"{text} {url}".strip())


def named(**values: str) -> str:
    """Parameters, without those that are empty."""
    return "&".join(f"{name}={encoded(value)}" for name, value in values.items() if value)


def _mail(text: str, url: str) -> str:
    body = "\r\n\r\n".join(filter(None, (text, url)))
    return f"mailto:?{named(subject=text, body=body)}"


# linkedin: https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/plugins/share-plugin
# bluesky: https://docs.bsky.app/docs/advanced-guides/intent-links  mastodon: https://share.joinmastodon.org
# telegram: https://core.telegram.org/widgets/share  threads: https://developers.facebook.com/docs/threads/threads-web-intents
NETWORKS: dict[str, Network] = {
    "linkedin": Network("LinkedIn", lambda _, url: f"https://www.linkedin.com/sharing/share-offsite/?{named(url=url)}"),
    "facebook": Network("Facebook", lambda _, url: f"https://www.facebook.com/sharer/sharer.php?{named(u=url)}"),
    "x": Network(
        "X",
        lambda text, url: f"https://x.com/intent/post?{named(text=text, url=url)}",
        280,
        weight,
        lambda _: LINK_ON_X + 1,
    ),
    "bluesky": Network(
        "Bluesky",
        lambda text, url: f"https://bsky.app/intent/compose?text={both(text, url)}",
        300,
        graphemes,
        lambda url: graphemes(url) + 1,
    ),
    "mastodon": Network(
        "Mastodon",
        lambda text, url: f"https://share.joinmastodon.org/#text={both(text, url)}",
        500,
        graphemes,
        lambda _: 24,
    ),
    "threads": Network(
        "Threads",
        lambda text, url: f"https://www.threads.com/intent/post?{named(text=text, url=url)}",
        500,
        graphemes,
        lambda url: graphemes(url) + 1,
    ),
    "whatsapp": Network("WhatsApp", lambda text, url: f"https://wa.me/?text={both(text, url)}"),
    "telegram": Network("Telegram", lambda text, url: f"https://t.me/share/url?{named(url=url, text=text)}"),
    "reddit": Network(
        "Reddit", lambda text, url: f"https://www.reddit.com/submit?{named(type='LINK', url=url, title=text)}", 300
    ),
    "teams": Network(
        "Teams", lambda text, url: f"https://teams.microsoft.com/share?{named(href=url, msgText=text)}&preview=true"
    ),
    "email": Network("", _mail, longest=1999, web=False),
}


def is_network(name: str) -> bool:
    """Whether links can be made for a network of that name."""
    return name in NETWORKS


def is_web(link: ShareLink) -> bool:
    """Whether a link opens a page, as the buttons of most platforms demand, and not a program of the reader's."""
    return link.url.startswith("https://")


# --- Links ---------------------------------------------------------------------------------------------------------


LONGEST_TITLE = 1500


def links_of(
    networks: Iterable[str], title: str, url: str, language: str, limit: int | None = None
) -> tuple[ShareLink, ...]:
    """The links that share an article, one for each network, in that order.

    `limit` is the longest address that a link may have. The text is shortened to it, the article's address never: a
    link that cannot be short enough is left out.
    """
    if not url.startswith(("https://", "http://")):
        return ()
    # No network takes more, and to measure a title of a megabyte in eight ways would take seconds.
    title, url = clip_line(one_line(title)[: 2 * LONGEST_TITLE], LONGEST_TITLE), without_tracking(url)
    names = [name for name in dict.fromkeys(networks) if name in NETWORKS]
    links = (ShareLink(name, label_of(name, language), _address(NETWORKS[name], title, url, limit)) for name in names)
    return tuple(link for link in links if link.url)


def label_of(name: str, language: str) -> str:
    """What people call a network."""
    return NETWORKS[name].label or words_in(EMAIL, language)


def _address(network: Network, title: str, url: str, limit: int | None) -> str:
    """The link with as much of the title as it can take, or nothing if not even the address fits."""
    longest = network.longest if limit is None else min(limit, network.longest)
    room = network.most - network.link(url)
    if room < 0:
        return ""
    text = clip_line(title, room, network.measure)
    text = clip_line(text, longest, lambda words: len(network.address(words, url)))
    address = network.address(text, url)
    return address if len(address) <= longest else ""


def without_tracking(url: str) -> str:
    """The address without campaign parameters: who shares an article does so for themselves."""
    address, hash_sign, fragment = url.partition("#")
    place, question_mark, query = address.partition("?")
    kept = "&".join(pair for pair in query.split("&") if not TRACKING.fullmatch(pair.partition("=")[0]))
    return f"{place}{question_mark if kept else ''}{kept}{hash_sign}{fragment}"
