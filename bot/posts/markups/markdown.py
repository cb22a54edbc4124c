"""The dialects of Markdown: Discord's, that of the titles of Teams, …; each has its own signs that mean something."""

from __future__ import annotations

import re

from bot.model import Text
from bot.posts.links import safe
from bot.posts.write import ZERO_WIDTH_SPACE, Markup, write

# --- Discord -------------------------------------------------------------------------------------------------------

# An address is left as it is, for Discord shows it as one and a backslash within would lead elsewhere. Signs within
# ASCII words mean nothing there, but a letter such as ø is no letter to Discord.
MEANINGFUL_TO_DISCORD = re.compile(
    r"(https?://[\w.~/?#&=%:@+,;!$'-]+)"
    r"|(?:[\\*~`\[\]<]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<![^|])\||\|(?![^|]))"
    r"|:(?=(?!\d+:)[\w+~-]{1,40}:)|@(?=everyone|here)"
)
LINE_START_IN_DISCORD = re.compile(r"^( *)(#{1,3}(?=\s|$)|-(?=[#\s]|$)|>)|^( *\d+)(\.)(?=\s|$)", re.MULTILINE)


def escape_discord(words: str) -> str:
    """Plain words for Discord's Markdown: nothing in them is a mention, a masked link, a look, a list or an emoji."""
    words = MEANINGFUL_TO_DISCORD.sub(lambda found: found[1] or f"\\{found[0]}", words)
    return LINE_START_IN_DISCORD.sub(_escape_start, words)


def _escape_start(found: re.Match[str]) -> str:
    return f"{found[1] or found[3] or ''}\\{found[2] or found[4]}"


def escape_discord_code(words: str) -> str:
    """The same for words within code, which only a backtick could end, and which nothing can escape."""
    return words.replace("`", "\u02cb")


def link_discord(words: str, address: str) -> str:
    """A masked link. Discord masks web addresses only, and shows the marks if the words look like an address."""
    if not address.startswith(("https://", "http://")):
        return words
    label = words.replace("\n", " ").replace("://", f":{ZERO_WIDTH_SPACE}//")
    return f"[{label}]({_in_parentheses(address)})"


def _in_parentheses(address: str) -> str:
    return safe(address).replace("(", "%28").replace(")", "%29")


DISCORD = Markup(
    escape=escape_discord,
    escape_code=escape_discord_code,
    link=link_discord,
    bold="**",
    italic="_",
    code="`",
    heading=lambda words, _: f"**{words}**",
    item=lambda words, level: f"{'  ' * level}- {words}",
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
)


def discord(text: Text) -> str:
    """The text as Discord's Markdown."""
    return write(text, DISCORD)


# --- Teams ---------------------------------------------------------------------------------------------------------

# Only titles and links are written in the Markdown of Adaptive Cards; other words are runs of text without any.
MEANINGFUL_TO_TEAMS = re.compile(r"[\\*~`\[\]<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
LINE_START_IN_TEAMS = re.compile(r"^( *)([#>+=-])|^( *\d+)([.)])(?=\s|$)", re.MULTILINE)


def escape_teams(words: str) -> str:
    """Plain words for the Markdown of a TextBlock.

    https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    """
    words = MEANINGFUL_TO_TEAMS.sub(lambda found: f"\\{found[0]}", words)
    return without_functions(LINE_START_IN_TEAMS.sub(_escape_start, words))


def without_functions(words: str) -> str:
    """The words without `{{DATE(…)}}` and `{{TIME(…)}}`, which an Adaptive Card replaces in any text."""
    return re.sub(r"\{(?=\{)", f"{{{ZERO_WIDTH_SPACE}", words)


def link_teams(words: str, address: str) -> str:
    """A link in a TextBlock, around words that are escaped already."""
    return f"[{words}]({_in_parentheses(address)})"


# --- Mattermost ----------------------------------------------------------------------------------------------------

# Backslashes make most signs harmless; a sign without width does it for what is a name there: of a person, an emoji, a
# channel or a hashtag. Entities stand for what is written with `<` in Slack, which a webhook understands too.
# https://docs.mattermost.com/end-user-guide/collaborate/format-messages.html
PLAIN_ADDRESS = r"https?://[\w.~/?#&=%:@+,;!$'-]*[A-Za-z0-9/]"
MEANINGFUL_TO_MATTERMOST = re.compile(
    rf"(?P<address>{PLAIN_ADDRESS})"
    r"|(?P<entity>&(?=#?\w+;)|<)"
    r"|(?P<name>(?<![A-Za-z0-9])@|:(?=[\w+-]{1,40}:)|#(?=[^\W\d_]))"
    r"|(?P<mark>[*`~\[\]]|\\(?!\w)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
)
ADDRESS_IN_MATTERMOST = re.compile(r"(?i)(?<=[a-z0-9.+-]):(?=\S)|\bwww\d*(?=\.)|(?<=[a-z0-9])@")
LINE_START_IN_MATTERMOST = re.compile(r"^ *([#>+|-]|\d+(?=[.)](?:\s|$)))|^ *(?==|:-)|^ +", re.MULTILINE)


def escape_mattermost(words: str) -> str:
    """Plain words for Mattermost's Markdown: nothing in them is a mention, a link, a look, a hashtag or an emoji."""
    return LINE_START_IN_MATTERMOST.sub(_harmless_start, MEANINGFUL_TO_MATTERMOST.sub(_harmless_sign, words))


def _harmless_sign(found: re.Match[str]) -> str:
    sign = found[0]
    match found.lastgroup:
        case "address":
            return sign.replace("@", "%40")
        case "entity":
            return "&amp;" if sign == "&" else "&lt;"
        case "name":
            return sign + ZERO_WIDTH_SPACE
        case _:
            return f"\\{sign}{ZERO_WIDTH_SPACE if sign == '~' else ''}"


def _harmless_start(found: re.Match[str]) -> str:
    sign = found[1] or ""
    if sign.isdigit():
        return sign + ZERO_WIDTH_SPACE
    return f"\\{sign}" if sign else ZERO_WIDTH_SPACE * (found.end() < len(found.string))


def quiet_mattermost(words: str) -> str:
    """Words that Mattermost shows as they are, such as a title, without names that it could take for a mention."""
    return re.sub(r"(?<![A-Za-z0-9])@|<", rf"\g<0>{ZERO_WIDTH_SPACE}", words)


def bare_mattermost(words: str) -> str:
    """Plain words for a title that leads nowhere, in which Mattermost looks for links and addresses: it finds none."""
    return escape_mattermost(ADDRESS_IN_MATTERMOST.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", words))


def link_mattermost(words: str, address: str) -> str:
    """A link; brackets in its words would end them, also if they are escaped."""
    if not address.startswith(("https://", "http://", "mailto:")):
        return words
    label = words.replace("\n", " ").replace("\\[", "(").replace("\\]", ")")
    return f"[{label}]({_in_parentheses(address)})"


MATTERMOST = Markup(
    escape=escape_mattermost,
    escape_code=escape_discord_code,
    link=link_mattermost,
    bold="**",
    italic="_",
    code="`",
    heading=lambda words, _: f"**{words}**",
    item=lambda words, level: f"{'  ' * level}- {words}",
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
)


def mattermost(text: Text) -> str:
    """The text as Mattermost's Markdown."""
    return write(text, MATTERMOST)


# --- Rocket.Chat ---------------------------------------------------------------------------------------------------

# Nothing can be escaped there. A look-alike stands for a sign that marks a look, and a sign without width parts what
# would be a name, a link or a list. https://docs.rocket.chat/docs/message-formatting
LOOK_ALIKE = {"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"}
MEANINGFUL_TO_ROCKETCHAT = re.compile(
    rf"(?P<address>{PLAIN_ADDRESS})"
    r"|(?P<look>[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    r"|(?<![A-Za-z0-9])@|:(?=[\w+.-]{1,40}:)|#(?=[\w.-])|<|\](?=\()|\|(?=\|)|\\(?=[\[\]()])|\$(?=\$)"
)
LINE_START_IN_ROCKETCHAT = re.compile(r"^( *)(?=>|#{1,4}\s|-\s|\d+\.\s)", re.MULTILINE)


def escape_rocketchat(words: str) -> str:
    """Plain words for Rocket.Chat: nothing in them is a mention, a link, a look, a picture or an emoji."""
    parted = MEANINGFUL_TO_ROCKETCHAT.sub(_parted, words)
    return LINE_START_IN_ROCKETCHAT.sub(rf"\1{ZERO_WIDTH_SPACE}", parted)


def _parted(found: re.Match[str]) -> str:
    kept = found[0] if found["address"] else found[0] + ZERO_WIDTH_SPACE
    return LOOK_ALIKE.get(found[0], kept)


def escape_rocketchat_code(words: str) -> str:
    """The same for words within code, in which a name is still one to the server."""
    return re.sub(r"[@#]", rf"\g<0>{ZERO_WIDTH_SPACE}", escape_discord_code(words))


def link_rocketchat(words: str, address: str) -> str:
    """A link to the web; other words stay words."""
    if not address.startswith(("https://", "http://")):
        return words
    label = words.replace("\n", " ").replace("[", "(").replace("]", ")")
    return f"[{label}]({_in_parentheses(address)})"


def picture_rocketchat(words: str, address: str) -> str:
    """A picture within a message; its description may hold no sign of the markup at all."""
    described = " ".join(re.sub(r"[()*\[\\\]^_`{|}~]", " ", escape_rocketchat(words)).split())
    return f"![{described}]({_in_parentheses(address)})"


ROCKETCHAT = Markup(
    escape=escape_rocketchat,
    escape_code=escape_rocketchat_code,
    link=link_rocketchat,
    bold="*",
    italic="_",
    code="`",
    heading=lambda words, _: f"*{words}*",
    item=lambda words, level: "\u2003" * level + f"• {words}",
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
)


def rocketchat(text: Text) -> str:
    """The text as Rocket.Chat's Markdown."""
    return write(text, ROCKETCHAT)


# --- Zulip ---------------------------------------------------------------------------------------------------------

# Nothing can be escaped there either, and a sign without width does not part asterisks and backticks: look-alikes stand
# for them, without which nothing is a look, a mention or a link to a channel. A look is no look within a link's words.
# https://zulip.com/help/format-your-message-using-markdown
MEANINGFUL_TO_ZULIP = re.compile(
    rf"(?P<address>{PLAIN_ADDRESS})"
    r"|[*`\]]|(?<![A-Za-z0-9])@|~(?=~|$)|\$(?=\$|$)|<(?=time:|$)|:(?=[\w+-]+:)|&(?=#?\w+;)"
)
LINE_START_IN_ZULIP = re.compile(r"^(?= *(?:[#>+|/-]|:-|\d+[.)])|  )", re.MULTILINE)
SHOWN_BY_ZULIP = re.compile(r"(?i)https?://[^?#]+\.(?:jpe?g|png|gif|webp)(?:[?#].*)?")


def escape_zulip(words: str) -> str:
    """Plain words for Zulip's Markdown: nothing in them is a mention, a link, a look, a formula, a poll or an emoji."""
    return LINE_START_IN_ZULIP.sub(ZERO_WIDTH_SPACE, MEANINGFUL_TO_ZULIP.sub(_harmless_in_zulip, words))


def _harmless_in_zulip(found: re.Match[str]) -> str:
    if found["address"]:
        return found[0].replace("$$", "%24%24")
    return LOOK_ALIKE[found[0]] if found[0] in "*`" else found[0] + ZERO_WIDTH_SPACE


def link_zulip(words: str, address: str) -> str:
    """A link, with its look around it; its words can hold no brackets."""
    if not address.startswith(("https://", "http://", "mailto:")):
        return words
    marks = "*" * (len(words) - len(words.lstrip("*")))
    label = words.strip("*`").replace("\n", " ").replace("[", "(").replace("]", ")")
    return f"{marks}[{label}]({address_zulip(address)}){marks}"


def address_zulip(address: str) -> str:
    """An address as it stands in parentheses, with what Zulip would read as a look or a title in it encoded."""
    return re.sub("[*$']", lambda sign: f"%{ord(sign[0]):X}", _in_parentheses(address))


ZULIP = Markup(
    escape=escape_zulip,
    escape_code=escape_discord_code,
    link=link_zulip,
    bold="**",
    italic="*",
    code="`",
    heading=lambda words, _: f"**{words}**".replace("\n", " "),
    item=lambda words, level: f"{'  ' * level}* {words}".replace("\n", " "),
    quote=lambda words: "\n".join(f"> {line}" for line in words.split("\n")),
    block=lambda words: f"```\n{words}\n```",
    within_words=True,
)


def zulip(text: Text) -> str:
    """The text as Zulip's Markdown."""
    return write(text, ZULIP)


def picture_zulip(described: str, address: str) -> str:
    """A link below which Zulip shows the picture; nothing for an address that doesn't look like a picture's."""
    label = link_zulip(escape_zulip(described), address) if described else f"[]({address_zulip(address)})"
    return label if SHOWN_BY_ZULIP.fullmatch(address) else ""
