"""Payloads of each kind that have the same words and the same address wherever there may be any."""

from __future__ import annotations

import json
from email.message import EmailMessage
from html import escape
from urllib.parse import urlencode

from bot.kinds import names


def slack(text: str, url: str = "https://klynge.example/") -> bytes:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    image = {"type": "image", "image_url": url, "alt_text": text}
    return json.dumps({"text": text, "blocks": [*blocks, image]}).encode()


def discord(text: str, url: str = "https://klynge.example/") -> bytes:
    embed = {"title": text, "url": url, "description": text, "image": {"url": url}, "footer": {"text": text}}
    row = {"type": 1, "components": [{"type": 2, "style": 5, "label": text[:80], "url": url}]}
    return json.dumps({"content": text, "embeds": [embed], "components": [row]}).encode()


def teams(text: str, url: str = "https://klynge.example/") -> bytes:
    card = {
        "type": "AdaptiveCard",
        "body": [{"type": "TextBlock", "text": text}, {"type": "Image", "url": url, "altText": text}],
        "actions": [{"type": "Action.OpenUrl", "title": text, "url": url}],
    }
    return json.dumps({"type": "message", "attachments": [{"content": card}]}).encode()


def webhook(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"type": "item.published", "data": {"title": text, "link": url}}).encode()


def googlechat(text: str, url: str = "https://klynge.example/") -> bytes:
    opened = {"onClick": {"openLink": {"url": url}}}
    link = f'<b><a href="{escape(url)}">{escape(text)}</a></b>{text}'
    widgets = [
        {"textParagraph": {"text": link}},
        {"image": {"imageUrl": url, "altText": text, **opened}},
        {"buttonList": {"buttons": [{"text": text, **opened}]}},
        {text: {}},
    ]
    return json.dumps({"text": text, "cardsV2": [{"card": {"sections": [{"widgets": widgets}]}}]}).encode()


def mattermost(text: str, url: str = "https://klynge.example/") -> bytes:
    field = {"title": text, "value": f"[{text}]({url})"}
    card = {"author_name": text, "title": text, "title_link": url, "text": text, "image_url": url, "footer": text}
    return json.dumps({"message": text, "props": {"attachments": [{**card, "fields": [field]}]}}).encode()


def rocketchat(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"text": f"[*{text}*]({url})\n\n![{text}]({url})\n\n{text}\n<{url}>"}).encode()


def zulip(text: str, url: str = "https://klynge.example/") -> bytes:
    return urlencode(
        {"to": text, "topic": text, "content": f"**[{text}]({url})**\n[{text}]({url}a.png)\n\n{text}"}
    ).encode()


def telegram(text: str, url: str = "https://klynge.example/") -> bytes:
    html = f'<h3><a href="{escape(url)}">{escape(text)}</a></h3><figure><img src="{url}"/></figure><p>{text}'
    keys = {"inline_keyboard": [[{"text": text, "url": url}]]}
    options = {"url": url}
    return json.dumps(
        {"text": html, "parse_mode": "HTML", "link_preview_options": options, "reply_markup": keys}
    ).encode()


def matrix(text: str, url: str = "https://klynge.example/") -> bytes:
    html = f'<p><a href="{escape(url)}" onclick="{text}">{escape(text)}</a>{text}</p><img src="{url}" alt="{text}">'
    return json.dumps({"msgtype": "m.image", "body": text, "filename": text, "formatted_body": html}).encode()


def mastodon(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"status": f"{text} #tagg\n{url}", "media_ids": ["1"]}).encode()


def bluesky(text: str, url: str = "https://klynge.example/") -> bytes:
    whole = len(text.encode("utf-8", "replace"))
    facets = [{"index": {"byteStart": 0, "byteEnd": whole}, "features": [{"uri": url}]}]
    outside = {"uri": url, "title": text, "description": text, "thumb": {}}
    return json.dumps({"record": {"text": text, "facets": facets, "embed": {"external": outside}}}).encode()


def threads(text: str, url: str = "https://klynge.example/") -> bytes:
    return urlencode({"text": text, "link_attachment": url, "topic_tag": text}).encode()


def linkedin(text: str, url: str = "https://klynge.example/") -> bytes:
    article = {"source": url, "title": text, "thumbnail": "urn", "thumbnailAltText": text}
    return json.dumps({"commentary": f"{text} {{hashtag|\\#|{text}}}", "content": {"article": article}}).encode()


def facebook(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"message": f"{text}\n{text}", "link": url}).encode()


def ntfy(text: str, url: str = "https://klynge.example/") -> bytes:
    actions = [{"action": "view", "label": text, "url": url}]
    return json.dumps({"title": text, "message": text, "attach": url, "tags": [text], "actions": actions}).encode()


def mailed(text: str, url: str = "https://klynge.example/") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Klyngen <post@a.example>", "alle@a.example", "Sak"
    html = f'<h2 style="{text}"><a href="{escape(url)}">{escape(text)}</a></h2>{text}<img src="{url}" alt="{text}">'
    message.set_content(text.encode("utf-8", "replace").decode())
    message.add_alternative(html.encode("utf-8", "replace").decode(), subtype="html")
    return message.as_bytes()


def apprise(text: str, url: str = "https://klynge.example/") -> bytes:
    return json.dumps({"title": text, "body": f"{text}\n{url}"}).encode()


def console(text: str, url: str = "https://klynge.example/") -> bytes:
    return f"{text}\n{url}".encode("utf-8", "replace")


MAKERS = (
    slack, discord, teams, webhook, googlechat, mattermost, rocketchat, zulip, telegram, matrix, mastodon, bluesky,
    threads, linkedin, facebook, ntfy, mailed, apprise, console,
)  # fmt: skip
OWN = {"email" if make is mailed else make.__name__: make for make in MAKERS}
# A kind without a drawing of its own is shown as it is, whatever it sends.
KINDS = {kind: OWN.get(kind, webhook) for kind in names()}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEADERS = {"zulip": FORM, "threads": FORM}
