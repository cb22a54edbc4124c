"""Tells whether a sentence asks its reader to share this very article.

A sentence is first reduced to spoken words: lower case, one space after each, no signs but a comma, a quotation mark,
`&`, and a colon, which also stands for a dash, a bar and a full stop inside. One grammar then describes a call, and
each language fills in its words (bot.posts.share_words):

    call    = clauses (ask core | ask-to core | glad if-you core | article passive)
    clauses = nothing | «if you liked this,» | «like it and» | a few words and a colon
    ask     = what may stand before an imperative («please»), an infinitive («don't forget to»), or a finite verb («we
              are glad if you»)
    core    = share (article | it | nothing) way
            | spread (article | the word) way | send article on | tell people (about article)
    article = «this» | «this new story» | «the story» | «our story»
    way     = the end, or a word that a sentence can go on with («with», «on», «so that»)

What decides is what is shared and how the sentence goes on. «Share this article with» may go on as it likes, but not
with «us»; «share» with no object must go on to people, to a network or to an end. Whatever else can be shared (costs,
experience, a table in two, part 2) fits nowhere, so that nobody has to list it. «Share it» is a call only where the
words before it speak of the article. Sentences have a limited length, so the time does not grow with a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from itertools import islice
from string import Template

import regex

from bot.posts.share_words import LANGUAGES, Language

LONGEST = 260  # Characters of a sentence; nobody asks for a favour in more.
GREETING = 3  # Words that may precede a call with nothing but a comma between.
MOST_CLAUSES = 8
MOST_BEFORE = 16  # Words of a sentence that prepares for a call.

VERBS = ("share", "spread", "send", "tell")
BRANDS = """
facebook/fb/linkedin/twitter/x/instagram/insta/bluesky/mastodon/threads/whatsapp/snapchat/tiktok/teams/slack/reddit
| telegram/messenger/pinterest/xing/e-post/epost/e-mail/email/mail/mejl/sms
"""
NETWORKS = f"""{BRANDS} | face/some/sosialt/intranettet/feed/feeden/veggen/væggen
| sosiale/sociale/sociala/social medier/medium/media/mediene/medierne/medierna/kanaler/nettverk/flater/networks
| kanaler/kanalene/kanalane/kanalerne/kanalerna/channels/nettverk/nettverket/nätverk/nätverket/netværk/netværket/network
"""
# What tells that the words before «share it» speak of the article, in all languages at once.
LIKED = re.compile(
    r"\b(?:lik(?:te|t|er|ar|ed|e)|lika|gilla\w*|synt?es om|tyckte om|kunne lide|enjoy\w*|loved?|les[et]?|leste|las"
    r"|läs\w*|læs\w*|read(?:ing)?|\w*artik\w*|article|story|post"
    r"|(?:dette|denne|detta|denna|this|(?:det|den) här)(?= (?:[,:]|$))"
    r"|(?:hvis|dersom|viss|om|var|er|when|if|was|is|did|does|has) (?:dette|denne|detta|denna|this|det här)"
    r"|(?:nyttig|interess|intress|lærerik|useful|helpful|interesting|inspir|användbar|läsvärd|brugbar)\w*)\b"
)
# What readers are asked to contribute instead.
CONTRIBUTED = re.compile(
    r"\b(?:\w*erfaring|\w*erfarenhet|experience|id[eé]|idea|tips?\b|bild|foto|photo|picture|innspill|input|tank|thought"
    r"|spørsm|fråg|question|forslag|förslag|suggestion|kunnskap|kunskap|viden\b|knowledge|løsning|lösning|solution"
    r"|hist?orie\b|example|eksemp|exemp|mening|opinion|synspunkt|feedback|tilbakemelding|minne|memor)"
)
TO_READER = re.compile(
    r"\b(?:du|dere|deg|dykk|ni|dig|jer|you|your|noen|nokon|nogen|någon|someone|somebody|anyone|hvem|kven|vem|who)\b"
)
CLOSINGS = ("sharing is caring", "share the love", "share the joy")

# --- Spoken words --------------------------------------------------------------------------------------------------

PARTS = regex.compile(r"[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*|[,()]|[&+/]|[\"«»“”„]|[:;–—|.!?…]|(?<=\s)-(?=\s)")
APOSTROPHE = regex.compile(r"(?<=\p{L})['\u2019\u00b4`](?=\p{L})")


def spoken(sentence: str) -> str:
    """The words alone, each followed by a space."""
    words = unicodedata.normalize("NFKC", sentence).casefold()
    parts = [_part(part) for part in PARTS.findall(APOSTROPHE.sub("", words))]
    kept = [part for at, part in enumerate(parts) if part not in ",:" or (at and parts[at - 1] not in ",:")]
    while kept and kept[-1] in ",:&":
        kept.pop()
    while kept and kept[0] in ",:&":
        del kept[0]
    return "".join(f"{part} " for part in kept)


def _part(part: str) -> str:
    """A word as it is, a sign as the one that stands for all of its kind."""
    if part[0].isalnum():
        return part
    return "," if part in ",()" else "&" if part in "&+/" else '"' if part in '"«»“”„' else ":"


def signless(words: str) -> str:
    """Spoken words without the signs between them."""
    return re.sub(r'(?:(?<= )|^)[,:"&] ', "", words)


# --- The grammar ---------------------------------------------------------------------------------------------------

# A name after a dollar sign is a table of the language; a number tells which form of a verb. Before the first word,
# `+` stands for something else that the reader is asked to do, and `=` tells that «it» is the article.
GRAMMAR = Template(r"""
(?(DEFINE)
    (?P<any>          [^ ,:"&]+[ ] )
    (?P<few>          (?&any){0,6}? )
    (?P<adverbs>      $adverb{0,3} )
    (?P<adjectives>   (?: (?!$on_with|$of) (?&any) ){0,2}? )
    (?P<noun>         $nouns | $bare_nouns )
    (?P<article>      $that (?&adjectives) (?&noun) | $this | $nouns $our? | $our (?&adjectives) (?&noun) )
    (?P<thing>        (?&article) | $it (?<=\A=.*) )
    (?P<to_people>    $with_ (?!$us) (?&any){0,5}? $people )
    (?P<to_network>   $on (?&any){0,4}? $networks )
    (?P<way>          (?!$not_so) (?= \Z | [,:"&][ ] | $on_with ) )
    (?P<ending>       \Z | (?&to_people) | (?&to_network) | (?:[,:][ ])? $so
                    | $if_ (?&any){0,3}? $you (?!.*$contributed) | (?: [,&][ ] | $and_ ) (?: $engage | $glad | $ask )
                    | [,:][ ] (?!.*\b$what) )
    (?P<sharing>      (?&adverbs) (?&thing) (?&adverbs) (?&way) )
    (?P<whatever>     (?&adverbs) $this (?&any){1,2}? (?: \Z | (?&to_people) | (?&to_network) ) )
    (?P<spreading>    (?&adverbs) (?: (?&article) | $word ) (?&adverbs) (?&way) )
    (?P<sending>      (?&adverbs) (?&article) (?&adverbs) (?: $onwards | (?&to_people) )
                    | (?&adverbs) (?&thing) (?&adverbs) $onwards (?&way)
                    | (?&adverbs) $onwards (?&article) (?&way) )
    (?P<telling>      (?&adverbs) (?&any){0,3}? $people (?&any){0,2}?
                      (?: \Z | [,:][ ] | $about (?&article) (?&way) ) )
    (?P<other_0>      (?&adverbs) (?: $spread_0 (?&spreading) | $send_0 (?&sending) | $tell_0 (?&telling) ) )
    (?P<other_1>      (?&adverbs) (?: $spread_1 (?&spreading) | $send_1 (?&sending) | $tell_1 (?&telling) ) )
    (?P<other_2>      (?&adverbs) (?: $spread_2 (?&spreading) | $send_2 (?&sending) | $tell_2 (?&telling) ) )
    (?P<asked>        \+ $ask{0,2} | (?: $ask (?:[,:][ ])? ){1,3} )
    (?P<asked_to>     $ask_to (?: (?&any){1,6}? $and_ )? (?&adverbs) )
    (?P<addressed>    (?!$if_) (?: (?!$no) (?&any) ){0,6}? $you (?: (?!$no) (?&any) | $no $forget ){0,6}? )
    (?P<thanks>       (?&few) $glad (?&few) (?:,[ ])? $if_you (?&adverbs) )
)
=? (?! .*[,"][ ] (?&few) $said )
(?: (?&asked)? (?:
        $share_0 (?: (?&sharing) | (?&whatever) | $adverb{1,3} (?&ending) | (?&to_people) | (?&to_network) )
      | $share_0 $and_ $engage
      | (?&other_0)
      | $press (?&adverbs) (?&way)
      | (?&asked_to) (?: $share_1 (?: (?&sharing) | (?&whatever) | (?&adverbs) (?&ending) ) | (?&other_1) )
      | $may (?&adverbs) (?: $share_1 (?&sharing) | (?&other_1) )
      | (?&thanks) (?: $share_2 (?: (?&sharing) | (?&adverbs) (?&ending) ) | (?&other_2) | (?&other_1) )
      | (?&addressed) (?: $share_1 | $share_2 ) (?&adverbs) (?&article) (?&adverbs) (?&way)
      | (?&addressed) (?: $spread_1 | $spread_2 ) (?&spreading)
      | (?&article)? $passive (?&adverbs) (?&ending)
    )
  | (?&asked) $share_0 (?&adverbs) (?&ending)
)
""")


def one_of(*tables: str) -> str:
    """A pattern for one of the phrases, with the space behind it."""
    phrases = [phrase.split() for table in tables for phrase in table.split("|") if phrase.strip()]
    return f"(?:{'|'.join(''.join(map(_choice, phrase)) for phrase in phrases)})" if phrases else "(?!)"


def _choice(part: str) -> str:
    """The pattern of one part of a phrase."""
    if part == "\u2026":
        return "(?:[^ ,:]+[ ]){0,6}?"
    if part.startswith("("):
        return f"(?:{_choice(part.strip('()'))})?"
    words = (re.escape(word).replace(r"\*", '[^ ,:"]*') for word in part.split("/"))
    return f"(?:{'|'.join(words)})[ ]"


class Grammar:
    """How one language asks; the large pattern is made only when a sentence has one of the language's verbs."""

    def __init__(self, language: Language) -> None:
        self.tables = asdict(language)
        self.verbs = {f"{verb}_{form}": table for verb in VERBS for form, table in enumerate(self.tables.pop(verb))}
        share = one_of(self.verbs["share_0"], self.verbs["share_1"])
        self.verb = regex.compile(f"(?:^|.* ){one_of(*self.verbs.values(), language.passive, language.press)}")
        self.title = regex.compile(f"{share}(?:[,:] .*)?$")
        self.joint = regex.compile(f"(?<= )(?:[,:&] |{one_of(language.and_)})(?:{one_of(language.so)})?")
        self.condition = regex.compile(one_of(language.if_, language.engage))
        self.engaged = regex.compile(f"(?:.*: )?{one_of(language.engage)}")

    @cached_property
    def call(self) -> regex.Pattern[str]:
        tables = self.tables | self.verbs | {"networks": NETWORKS, "of": "av/of/af/från/fra/from"}
        words = {name: one_of(table) for name, table in tables.items()}
        return regex.compile(GRAMMAR.substitute(words, contributed=CONTRIBUTED.pattern), regex.VERBOSE)

    def asks(self, words: str, known: Callable[[str], bool]) -> bool:
        """Whether a sentence is a call; `known` tells whether «it» means the article after a clause."""
        for before, clause in self.clauses(words):
            sign = "+" if self.engaged.match(before) else ""
            if self.call.match(sign + clause) or (known(before) and self.call.match(f"={sign}{clause}")):
                return True
        return False

    def clauses(self, words: str) -> Iterator[tuple[str, str]]:
        """Each rest of a sentence that can be a call, with what stands before it."""
        yield "", words
        for found in islice(self.joint.finditer(words), MOST_CLAUSES):
            before = words[: found.end()]
            if not found[0].startswith(",") or self.condition.match(before) or before.count(" ") <= GREETING:
                yield before, words[found.end() :]


GRAMMARS = tuple(map(Grammar, LANGUAGES))
NOUNS = regex.compile("|".join(f"(?<=^| ){one_of(language.nouns)}" for language in LANGUAGES))


# --- Questions to the grammar --------------------------------------------------------------------------------------


def asks_to_share(sentence: str, before: str = "", *, alone: bool = False) -> bool:
    """Whether a sentence asks to share the article.

    `before` is the sentence before it, for «share it» has to be about the article; `alone` tells that nothing else
    is near that it could be about.
    """
    if len(sentence) > LONGEST:
        return False
    words = spoken(sentence)
    if words.strip() in CLOSINGS or (alone and sentence.rstrip().endswith("!") and names_sharing(sentence)):
        return True

    def known(clause: str) -> bool:
        return _is_article(clause, before, alone=alone)

    return any(grammar.asks(words, known) for grammar in GRAMMARS if grammar.verb.match(words))


def _is_article(clause: str, before: str, *, alone: bool) -> bool:
    """Whether «it» is the article: the words before speak of it, or there are none."""
    said = spoken(before[-LONGEST:]) + clause
    if CONTRIBUTED.search(said):
        return False
    unasked = clause.count(" ") <= GREETING and not before.rstrip().endswith("?")
    return speaks_of_article(said) or (alone and unasked)


def speaks_of_article(words: str) -> bool:
    return bool(LIKED.search(words) or NOUNS.search(words))


def leads_up(sentence: str) -> bool:
    """Whether a sentence only prepares for a call: «Did you like this article?», «Do you want to help?»."""
    if len(sentence) > LONGEST or not sentence.rstrip().endswith("?"):
        return False
    words = spoken(sentence)
    asks = words.count(" ") <= MOST_BEFORE and ":" not in words and not CONTRIBUTED.search(words)
    return asks and (speaks_of_article(words) or bool(TO_READER.search(words)))


def names_sharing(title: str) -> bool:
    """Whether the title of a widget for sharing is the verb alone («Share:»)."""
    return any(grammar.title.match(spoken(title)) for grammar in GRAMMARS)


# --- What surrounds a call -----------------------------------------------------------------------------------------

LABELS = """
del dela dele share on via by på med til klikk klikka klicka klik click for å att at to tweet kopier kopiera copy lenke
lenken link länk åpnes åpner i et nytt vindu öppnas ett fönster åbner nyt vindue opens in new window skriv ut skriva
utskrift print send en venn vän ven a friend mer more flere og och and , : &
"""
BRAND = frozenset(BRANDS.replace("|", "/").replace("\n", "").replace(" ", "").split("/")) | {"print", "utskrift"}
LABEL = frozenset(LABELS.split()) | BRAND
LABEL_OF_SHARING = frozenset(("del", "dela", "dele", "share", "tweet"))
LONGEST_LABEL = 300
THANKS = re.compile(
    r"(?:(?:tusen|tusind|mange|stort|hjertelig|på forhånd|på förhand|many) )?"
    r"(?:takk|tack|tak|thanks|thank) (?:\S+ ){0,6}$"
    r"|(?:vi|me|we|det) (?:really )?(?:setter|set|sætter|uppskattar|appreciate) (?:\S+ ){1,5}$"
)


def is_button(words: str) -> bool:
    """Whether words are only the labels of buttons: names of networks, «Share on …», «Opens in a new window»."""
    if len(words) > LONGEST_LABEL or words.rstrip().endswith("!"):
        return False
    said = set(spoken(words).split())
    return bool(said & BRAND) and said <= LABEL


def is_labelled(words: str) -> bool:
    """Whether these buttons also say what they are for."""
    return is_button(words) and bool(LABEL_OF_SHARING & set(spoken(words).split()))


def is_thanks(sentence: str) -> bool:
    """Whether a sentence only thanks for what the call asks."""
    return len(sentence) <= LONGEST and THANKS.match(spoken(sentence)) is not None
