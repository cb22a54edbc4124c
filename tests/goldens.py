"""Golden files: for each kind, posts in, requests out, answers, and what came of it, so that a person can review them.

A file is made of cases. `# words` names one; `@` lines are TOML and say what is posted; `<` lines are the answers of
the platform; `>` lines are the requests and `=` lines the outcome. `>` and `=` are what a test compares, and what
`UPDATE_GOLDEN=1` writes anew. `@` lines before the first case hold for all of them.

    @ do = "publish"                    or another verb; or several, as ["prepare", "publish"], one after another
    @ [kept]                            the session; [prepared] what is ready; [receipt] of the post
    @ [to]                              the settings of the channel
    @ [[entry]]                         title, link, html, picture, alt, authors, tags, hashtags, published, source, …
    @ image = ["image/png", 800, 600]   the picture of an entry as it was fitted: its type and its sides
    @ share = "…"                       the call of an entry; links = [["network", "label", "address"], …] are its links
    @ words = "…"                       instead of entries: what an alert says
    < 200 ok                            an answer: status and body
    < 429 [retry-after: 30] slow down   … with headers
    < lost                              no answer, though the request was sent
    < not connected                     nothing was sent

Words as `{first = "x", repeat = "abc ", times = 500}` are long without being long to read; in what is sent, long words
are shown by their beginning, end and length, and signs that nobody sees by their code.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx

from bot.kinds import Kind, load
from bot.model import (
    Attempt,
    Busy,
    Credentials,
    Entry,
    Flow,
    Image,
    Occasion,
    Picture,
    Post,
    Problem,
    Receipt,
    ShareCall,
    ShareLink,
    Unknown,
)
from bot.outcome import Doing, problem_of
from bot.posts.read import read

FOLDER = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LONGEST_SHOWN = 400
SHORT_LINE = 90
QUIET_HEADERS = ("host", "content-length")

# --- Reading and writing a file ------------------------------------------------------------------------------------


@dataclass
class Case:
    """One case as it stands in its file; `head` are the lines to keep, `answers` what the platform says."""

    name: str
    setup: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


def cases_of(kind: str) -> tuple[list[str], list[Case]]:
    """The lines before the first case, and the cases."""
    return cases_in((FOLDER / f"{kind}.txt").read_text("utf-8"))


def usual(kind: str) -> dict[str, Any]:
    """What holds for all cases of a kind: its settings and, where it has them, its session and what is prepared."""
    return tomllib.loads("\n".join(line[2:] for line in cases_of(kind)[0] if line.startswith("@")))


def cases_in(text: str) -> tuple[list[str], list[Case]]:
    """The same of the text of a file."""
    first, cases = [], list[Case]()
    for line in text.splitlines():
        if line.startswith("# "):
            cases.append(Case(line[2:]))
        elif not cases:
            first.append(line)
        elif line.startswith("@"):
            cases[-1].setup.append(line)
        elif line:
            cases[-1].expected.append(line)
            cases[-1].answers += [line[2:]] if line.startswith("<") else []
    return first, cases


def rewrite(kind: str) -> None:
    """Write the file anew with what its kind does now."""
    first, cases = cases_of(kind)
    parts = ["\n".join(first).rstrip()]
    parts += ["\n".join([f"# {case.name}", *case.setup, *play(kind, first, case)]) for case in cases]
    (FOLDER / f"{kind}.txt").write_text("\n\n".join(parts) + "\n", "utf-8")


# --- Playing a case ------------------------------------------------------------------------------------------------


def play(kind: str, first: list[str], case: Case) -> list[str]:
    """The lines that the case gives: requests, answers and outcome."""
    lines = [line[2:] for line in first if line.startswith("@")]
    setup = tomllib.loads("\n".join(lines)) | tomllib.loads("\n".join(line[2:] for line in case.setup))
    transcript: list[str] = []
    answers = list(case.answers)
    verbs = setup.get("do", "publish")
    attempt = Attempt(NOW, setup.get("prepared", {}), setup.get("kept", {}), images_of(setup))
    try:
        for verb in [verbs] if isinstance(verbs, str) else verbs:
            value = drive(begin(load(kind), verb, setup, attempt), verb, answers, transcript)
            ready = {"prepare": "prepared", "renew": "kept"}.get(verb)
            attempt = replace(attempt, **{ready: value}) if ready else attempt
    except Problem as problem:
        transcript.append(f"= {shown_problem(problem)}")
    except LookupError as end:
        transcript.append(f"= {end}")
    return [*transcript, *(f"= nobody asked for: {answer}" for answer in answers)]


def begin(kind: Kind, verb: str, setup: dict[str, Any], attempt: Attempt) -> Flow[Any]:
    """The flow that the case asks for."""
    settings, receipt = kind.settings(**setup.get("to", {})), Receipt(**setup.get("receipt", {}))
    given: dict[str, tuple[Any, ...]] = {
        "revise": (post_of(setup), receipt, attempt, settings),
        "retract": (receipt, attempt, settings),
        "verify": (attempt, settings),
        "renew": (attempt, settings),
    }
    flow: Flow[Any] = getattr(kind, verb)(*given.get(verb, (post_of(setup), attempt, settings)))
    return flow


def drive(flow: Flow[Any], verb: str, answers: list[str], transcript: list[str]) -> Any:
    """Tell the flow the answers one by one, as the program does, and write down what is said; what it returns."""
    try:
        request = next(flow)
        while True:
            transcript += shown_request(request)
            if not answers:
                raise LookupError("no answer is left for this request")
            transcript.append(f"< {answers[0]}")
            told = answer_of(answers.pop(0), request, verb)
            request = flow.throw(told) if isinstance(told, Problem) else flow.send(told)
    except StopIteration as end:
        transcript.append(f"= {shown_value(verb, end.value)}")
        return end.value


def shown_value(verb: str, value: Any) -> str:
    """What a flow returned, in one line."""
    if isinstance(value, Receipt):
        return shown_receipt(value)
    if isinstance(value, Credentials):
        return f"{value.whose}{f', until {value.until:%Y-%m-%d %H:%M}' if value.until else ''}"
    if isinstance(value, Mapping):
        return " ".join(
            [{"renew": "kept", "prepare": "ready"}[verb], *(f"{k}={shortened(v)}" for k, v in value.items())]
        )
    return "it was not posted" if verb == "look_up" else f"done {value or ''}".strip()


DOING: dict[str, Doing] = {"prepare": "prepare", "renew": "ask", "verify": "ask", "look_up": "ask"}


def answer_of(line: str, request: httpx.Request, verb: str = "publish") -> httpx.Response | Problem:
    """The answer that a line spells, or the problem that it means."""
    doing = DOING.get(verb, "publish")
    if line == "lost":
        lost = "the answer was lost"
        return Unknown(lost) if doing == "publish" else Busy(lost, of_channel=False)
    if line == "not connected":
        return Busy("cannot connect")
    found = re.fullmatch(r"(\d{3})(?: \[([^\]]*)\])?(?: (.*))?", line)
    assert found, f"not an answer: {line}"
    headers = dict(pair.split(": ", 1) for pair in (found[2] or "").split("; ") if pair)
    response = httpx.Response(int(found[1]), headers=headers, text=found[3] or "", request=request)
    return problem_of(response, doing=doing, now=NOW) or response


# --- What is posted ------------------------------------------------------------------------------------------------


def post_of(setup: dict[str, Any]) -> Post:
    entries = [entry_of(values, number) for number, values in enumerate(setup.get("entry", []), 1)]
    occasion = Occasion(setup.get("occasion", "share"))
    words, language = words_of(setup.get("words", "")), setup.get("language", "nb")
    return Post(setup.get("key", "3f2a9c"), occasion, NOW, tuple(entries), words, language)


def entry_of(values: dict[str, Any], number: int) -> Entry:
    picture = values.get("picture")
    return Entry(
        id=values.get("id", f"item-{number}"),
        title=words_of(values.get("title", "")),
        link=words_of(values.get("link", "")),
        text=read(words_of(values.get("html", ""))),
        picture=Picture(words_of(picture), words_of(values.get("alt", ""))) if picture else None,
        authors=tuple(values.get("authors", ())),
        tags=tuple(values.get("tags", ())),
        published=values.get("published"),
        source=words_of(values.get("source", "")),
        language=values.get("language", "nb"),
        share=share_of(values),
        hashtags=tuple(values.get("hashtags", ())),
    )


def images_of(setup: dict[str, Any]) -> dict[str, Image]:
    """The fitted pictures of the entries, by their addresses."""
    shown = [values for values in setup.get("entry", []) if "image" in values]
    return {words_of(values["picture"]): Image(b"the picture's bytes", *values["image"]) for values in shown}


def share_of(values: dict[str, Any]) -> ShareCall | None:
    links = tuple(ShareLink(network, label, words_of(url)) for network, label, url in values.get("links", ()))
    return ShareCall(words_of(values.get("share", "")), links) if "share" in values or links else None


def words_of(value: str | dict[str, Any]) -> str:
    return value if isinstance(value, str) else value.get("first", "") + value["repeat"] * value["times"]


# --- How it is shown -----------------------------------------------------------------------------------------------


def shown_request(request: httpx.Request) -> Iterator[str]:
    yield f"> {request.method} {shortened(str(request.url))}"
    yield from (f"> {name}: {value}" for name, value in request.headers.items() if name not in QUIET_HEADERS)
    yield from (f"> {line}".rstrip() for line in shown_body(request).split("\n"))


def shown_body(request: httpx.Request) -> str:
    kind = request.headers.get("content-type", "")
    if request.url.scheme == "smtp" and request.content:
        return "\n".join(map(shortened, visible(shown_mail(request.content)).split("\n")))
    if kind.startswith("image/"):
        return f"⟨{len(request.content)} bytes⟩"
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(request.content.decode(), keep_blank_values=True)
        return "\n".join(shortened(visible(f"{name}={value}")) for name, value in pairs)
    if "json" not in kind:
        return "\n".join(map(shortened, visible(request.content.decode()).split("\n")))
    return visible("\n".join(spread(short(json.loads(request.content)))))


def shown_mail(content: bytes) -> str:
    """An e-mail as a person reads it: its headers, and each of its parts decoded."""
    message = message_from_bytes(content, policy=policy.default)
    lines = [f"{name}: {value}" for name, value in message.items() if name not in ("MIME-Version", "Content-Type")]
    for part in message.iter_parts():
        lines += ["", f"--- {part.get_content_type()}", *part.get_content().replace("\r\n", "\n").strip().split("\n")]
    return "\n".join(lines)


def spread(value: Any, before: str = "", after: str = "") -> Iterator[str]:
    """JSON over as few lines as can be read well."""
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) <= SHORT_LINE or not isinstance(value, dict | list):
        yield before + whole + after
        return
    start, end = "{}" if isinstance(value, dict) else "[]"
    named = value.items() if isinstance(value, dict) else (("", part) for part in value)
    inner = [(f"{json.dumps(name)}: " if name else "", part) for name, part in named]
    yield before + start
    for number, (name, part) in enumerate(inner, 1):
        yield from (f"  {line}" for line in spread(part, name, "," if number < len(inner) else ""))
    yield end + after


def short(value: Any) -> Any:
    """The same JSON, its long words shortened."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [short(inner) for inner in value]
    return shortened(value) if isinstance(value, str) else value


def shortened(words: str) -> str:
    units = len(words.encode("utf-16-le")) // 2
    return words if len(words) <= LONGEST_SHOWN else f"{words[:60]} ⟨{units} units⟩ {words[-60:]}"


def visible(words: str) -> str:
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\u{{{ord(sign):x}}}" for sign in words)


def shown_receipt(receipt: Receipt) -> str:
    parts = {"id": receipt.id, "url": receipt.url, **receipt.data}
    return " ".join(["sent", *(f"{name}={value}" for name, value in parts.items() if value)])


def shown_problem(problem: Problem) -> str:
    about = ""
    if isinstance(problem, Busy):
        after = f", after {problem.after // timedelta(seconds=1)} s" if problem.after is not None else ""
        ready = f"; so far {dict(problem.so_far)}" if problem.so_far else ""
        ended = "; the session ended" if problem.session_ended else ""
        about = f" ({'the channel' if problem.of_channel else 'this post'}{after}{ended}{ready})"
    return f"{type(problem).__name__}{about}: {problem.why}"
