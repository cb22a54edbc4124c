"""Telegram, by a bot in a channel or group: https://core.telegram.org/bots/api"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr

from bot.kinds import Limits, Pictures, Proof, kind
from bot.model import Attempt, Credentials, Entry, Flow, Post, Problem, Receipt, Refused, Stopped, Unknown
from bot.posts.characters import one_line
from bot.posts.clip import clip
from bot.posts.links import safe
from bot.posts.markups.chat import article, buttons, titles
from bot.posts.markups.html import bare, counted_telegram, figure_telegram, rich_telegram, telegram
from bot.posts.values import given
from bot.posts.write import paragraph, plain
from bot.settings import Values
from bot.wire import Meaning, asked_to_wait, asking, formed, later, meant, never, said, stop

FORM, CHAT = r"\d{6,12}:[\w-]{30,}", r"@[A-Za-z]\w{3,31}|-?\d{4,16}"
URLS = rf"https://api\.telegram\.org/bot(?P<token>{FORM})(?:/\w*)?(?:\?.*)?"

# Lengths are in code points of what is left once the tags are read: Telegram takes 4096, and 32,768 of a rich message.
WORDS, LEAD, MOST_ENTRIES, A_ROW = 4000, 1500, 20, 3

ADMIT = "In Telegram: the channel, Administrators, add the bot and let it post messages"
DONE = ("message is not modified", "message to edit not found", "message to delete not found")
MEANINGS: dict[object, Meaning] = {
    401: stop("the token is not valid any more. Copy the new one from @BotFather into TOKEN"),
    403: stop(f"the bot was thrown out, or may not post there. {ADMIT}"),
    404: stop("it knows no such bot. Copy the token once more, and whole, from @BotFather into TOKEN"),
    "chat not found": stop("there is no such chat, or the bot is not in it. Check CHAT, and add the bot there"),
    "message can't be": never("it is older than 48 hours, or the bot has no right to. Do it by hand"),
    **dict.fromkeys(("rights", "member list", "chat_write_forbidden"), stop(f"the bot has no right to post. {ADMIT}")),
    **dict.fromkeys(DONE, never("there is nothing left to do")),
}
Body = dict[str, Any]


class Settings(Values):
    """The bot, by its token, and where it posts."""

    token: Annotated[SecretStr, formed(FORM, "is not a bot's whole token", "Copy it from @BotFather.")] = Field(
        description="The bot's token, as @BotFather gives it.", examples=["123456789:AA…"]
    )
    chat: Annotated[str, formed(CHAT, "is neither a name nor a number", "Of t.me/newsroom it is @newsroom.")] = Field(
        description="A public channel or group by its name, a private one by its number.", examples=["@examplenews"]
    )


PICTURES, APART = Pictures(types=("image/png", "image/jpeg"), bytes=5_000_000), timedelta(seconds=3)
LIMITS = Limits(lead=700, share_link=600, share="buttons", pictures=PICTURES)


@kind(Settings, spacing=APART, limits=LIMITS, target=("chat",), urls=URLS, proof=Proof.SCHEMA)
def publish(post: Post, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as a rich message; if it is refused, without its picture, as an ordinary one, as words alone."""
    return (yield from _show(_forms(post), {"chat_id": to.chat}, to))


def revise(post: Post, receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[Receipt]:  # noqa: ARG001
    """Show the post as it is now in the same message. If a person has deleted that, it stays away."""
    forms = [form for form in _forms(post) if ("rich_message" in form) == ("rich" in receipt.data)]
    yield from _show(forms, {"chat_id": receipt.data["chat"], "message_id": int(receipt.id)}, to)
    return receipt


def retract(receipt: Receipt, attempt: Attempt, to: Settings) -> Flow[None]:  # noqa: ARG001
    """Delete the message, unless a person has done so already."""
    yield from _ask("deleteMessage", {"chat_id": receipt.data["chat"], "message_id": int(receipt.id)}, to)


def verify(attempt: Attempt, to: Settings) -> Flow[Credentials]:  # noqa: ARG001
    """Ask whose the token is, what the chat is called and, if that is a channel, whether the bot may post there."""
    bot = yield from _ask("getMe", {}, to)
    chat = yield from _ask("getChat", {"chat_id": to.chat}, to)
    if chat.get("type") == "channel":
        member = yield from _ask("getChatMember", {"chat_id": to.chat, "user_id": bot.get("id")}, to)
        if not member.get("can_post_messages"):
            raise Stopped(f"the bot has no right to post in the channel. {ADMIT}")
    return Credentials(one_line(f"@{bot.get('username', '')} in «{chat.get('title', to.chat)}»"))


def _show(forms: list[Body], where: Body, to: Settings) -> Flow[Receipt]:
    """Show the first form that is not refused. A server of before 2026 knows no rich messages."""
    form, *plainer = forms
    rich, known = "rich_message" in form, "message_id" in where
    method = "editMessageText" if known else "sendRichMessage" if rich else "sendMessage"
    try:
        message = yield from _ask(method, where | form, to)
    except (Refused, Stopped) as problem:
        unheard = rich and getattr(problem.response, "status_code", 0) == 404
        if not plainer or not (unheard or isinstance(problem, Refused)):
            raise
        return (yield from _show(plainer, where, to))
    id, chat = str(message.get("message_id", "")), message.get("chat") or {"id": to.chat}
    if not (id or known):
        raise Unknown("Telegram answered, but not with the message")
    place = chat.get("username") or re.sub("^-100|^-?", "c/", str(chat["id"]))
    return Receipt(id, f"https://t.me/{place}/{id}", given({"chat": str(chat["id"]), "rich": "yes" if rich else ""}))


def _ask(method: str, body: Body, to: Settings) -> Flow[Body]:
    """The result of one method; nothing where nothing was left to do. Telegram says in words what is wrong."""
    try:
        answer = yield asking("POST", f"https://api.telegram.org/bot{to.token.get_secret_value()}/{method}", body)
    except Problem as problem:
        told = said(problem.response)
        words, more = str(told.get("description", "")), told.get("parameters") or {}
        phrase = next((known for known in MEANINGS if isinstance(known, str) and known in words.lower()), None)
        if phrase in DONE:
            return {}
        if number := more.get("migrate_to_chat_id"):
            raise Stopped(f"the group has a new number. Put it into the channel's file: CHAT={number}") from None
        table = MEANINGS | {429: later("it asks to wait", asked_to_wait(more.get("retry_after")))}
        raise meant(problem, "Telegram", table, words.rpartition(": ")[2], phrase) from None
    result = said(answer).get("result")
    return result if isinstance(result, dict) else {}


def _forms(post: Post) -> list[Body]:
    """The ways to show the post, the richest first and words alone last."""
    html, rich, look = "", list[Body](), Body()
    if len(post.entries) == 1:
        html, rich, look = _article(post.entries[0], post.language)
    html = html or telegram(titles(post, MOST_ENTRIES, WORDS, counted_telegram, telegram))
    text: Body = {"text": html or "\u2013", "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    words = plain(clip(paragraph(bare(text["text"])), WORDS))
    whole = all(safe(entry.link) in words for entry in post.entries)
    return [*rich, text | look, *([{"text": words}] if whole else [])]


def _article(entry: Entry, language: str) -> tuple[str, list[Body], Body]:
    """An article as the HTML of an ordinary message, as rich ones, with and without its picture, and its buttons."""
    above, below, call = article(entry, language, clip(entry.text, LEAD, counted_telegram, telegram))
    tags = " ".join(f"#{tag}" for tag in entry.hashtags)
    keys = [{"text": label, "url": url} for label, url in buttons(entry, language) if url.startswith("https://")]
    look: Body = {"reply_markup": {"inline_keyboard": [keys[at : at + A_ROW] for at in range(0, len(keys), A_ROW)]}}
    figures = [figure_telegram(entry.picture.url, entry.picture.alt), ""] if entry.picture else [""]
    end = (f"<p>{tags}</p>" if tags else "") + rich_telegram(call)
    blocks = [rich_telegram(above) + figure + rich_telegram(below) + end for figure in figures]
    rich = [{"rich_message": {"html": html, "skip_entity_detection": not tags}, **look} for html in blocks]
    if entry.picture and entry.link:
        shown = {"url": safe(entry.link), "prefer_large_media": True, "show_above_text": True}
        look = {**look, "link_preview_options": shown}
    return "\n\n".join(filter(None, (telegram((*above, *below)), tags, telegram(call)))), rich, look
