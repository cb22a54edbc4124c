"""Makes the pictures of how a post looks: `.venv/bin/python docs/pictures/make.py [kind …]`; it needs Chromium."""  # noqa: INP001

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from base64 import b64encode
from collections.abc import Generator, Iterator
from dataclasses import replace
from html import escape
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import httpx
from PIL import Image, ImageChops, ImageDraw

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from bot.commands.demo.faces import face, styles  # noqa: E402
from bot.kinds import load  # noqa: E402
from bot.model import Attempt, Flow, Problem  # noqa: E402
from tests.goldens import FOLDER, NOW, answer_of, begin, cases_of, images_of  # noqa: E402

CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH, HEIGHT, SHARPNESS, LARGEST = 600, 1400, 1.5, 60_000
AROUND = """
body { padding: 20px; background: #fff; font-family: Roboto, "Liberation Sans", sans-serif; }
.message { margin: 0; box-shadow: none; }
.face .raw { max-height: none; }
"""
BOX = re.compile(r'<span class="picture stand-in"[^>]*>[^<]*</span>')
CALL = {"share": "Glem ikke å dele dette!", "links": [
    ["linkedin", "LinkedIn", "https://www.linkedin.com/sharing/share-offsite/?url=https%3A%2F%2Fklynge.example%2F"],
    ["bluesky", "Bluesky", "https://bsky.app/intent/compose?text=https%3A%2F%2Fklynge.example%2F"],
]}  # fmt: skip


def main() -> None:
    """Take a picture of each kind, or of those that are named."""
    sample = pokal()
    for kind in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.txt")):
        first, cases = cases_of(kind)
        target = HERE / f"{kind}.png"
        shown = next((case for case in cases if any("@ picture" in line for line in case.setup)), cases[0])
        size = photograph(fragment(kind, [first, cases[0].setup, shown.setup], list(shown.answers), sample), target)
        sys.stdout.write(f"{target.name}: {size[0]} x {size[1]}, {target.stat().st_size / 1000:.0f} kB\n")


# --- What is posted ------------------------------------------------------------------------------------------------


def fragment(kind: str, setups: list[list[str]], answers: list[str], sample: str) -> str:
    """The usual article as that kind's platform shows it, with our picture for the one that it names or uploads."""
    usual, article, shown = (
        tomllib.loads("\n".join(line[2:] for line in lines if line[:1] == "@")) for lines in setups
    )
    entry = CALL | shown["entry"][0] | article["entry"][0]
    link, sent = entry["link"], list(requests(kind, usual | shown | {"entry": [entry]}, answers))
    marks = link.encode(), quote(link, safe="").encode()
    request = next((each for each in sent if any(mark in each.content for mark in marks)), sent[-1])
    html = face(kind, request.content, request.headers, at="09:00").replace(' decoding="async"', "")
    image, named = f'<img class="picture" src="{sample}" alt="">', escape(entry["picture"])
    return BOX.sub(image, html.replace(f'src="{named}"', f'src="{sample}"'))


def requests(kind: str, setup: dict[str, Any], answers: list[str]) -> Iterator[httpx.Request]:
    """All that a case sends."""
    verbs = setup.get("do", "publish")
    attempt = Attempt(NOW, setup.get("prepared", {}), setup.get("kept", {}), images_of(setup))
    for verb in [verbs] if isinstance(verbs, str) else verbs:
        value = yield from sent_by(begin(load(kind), verb, setup, attempt), verb, answers)
        ready = {"prepare": "prepared", "renew": "kept"}.get(verb)
        attempt = replace(attempt, **{ready: value}) if ready else attempt


def sent_by(flow: Flow[Any], verb: str, answers: list[str]) -> Generator[httpx.Request, None, Any]:
    """The requests of one flow, which is told the answers one by one; its value at the end."""
    try:
        request = next(flow)
        while True:
            yield request
            told = answer_of(answers.pop(0), request, verb)
            request = flow.throw(told) if isinstance(told, Problem) else flow.send(told)
    except StopIteration as end:
        return end.value


# --- The picture ---------------------------------------------------------------------------------------------------


def pokal() -> str:
    """What the sample article's picture shows, four people with a cup, drawn plainly; as an address."""
    image = Image.new("RGB", (960, 540), "#dfe9ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 430, 960, 540), fill="#b8cbd3")
    for left, colour in zip((130, 300, 570, 740), ("#2f6f8f", "#c46a4a", "#4d7f5c", "#6a5a8f"), strict=True):
        draw.rounded_rectangle((left - 70, 250, left + 160, 560), 80, fill=colour)
        draw.ellipse((left - 15, 120, left + 105, 250), fill="#e9c3a2")
        draw.pieslice((left - 20, 110, left + 110, 240), 180, 360, fill="#4a3628")
    draw.ellipse((395, 250, 445, 330), outline="#c9cfd6", width=14)
    draw.ellipse((515, 250, 565, 330), outline="#c9cfd6", width=14)
    draw.pieslice((420, 120, 540, 400), 0, 180, fill="#d7dce2")
    draw.rectangle((420, 240, 540, 262), fill="#eef1f4")
    draw.rectangle((468, 390, 492, 450), fill="#c9cfd6")
    draw.rectangle((430, 446, 530, 474), fill="#8d97a3")
    data = BytesIO()
    image.save(data, "PNG")
    return f"data:image/png;base64,{b64encode(data.getvalue()).decode()}"


def photograph(fragment: str, target: Path) -> tuple[int, int]:
    """Show the fragment in a browser, and keep what it looks like, with nothing around it; its size."""
    html = f'<!doctype html><meta charset="utf-8"><style>{styles()}{AROUND}</style><article class="message">{fragment}'
    with TemporaryDirectory() as folder:
        page, shot = Path(folder, "page.html"), Path(folder, "shot.png")
        page.write_text(html, "utf-8")
        looks = ["--hide-scrollbars", f"--force-device-scale-factor={SHARPNESS}", f"--window-size={WIDTH},{HEIGHT}"]
        where = [f"--user-data-dir={folder}/profile", f"--screenshot={shot}", page.as_uri()]
        subprocess.run([*CHROMIUM, *looks, *where], check=True, capture_output=True)  # noqa: S603
        image = Image.open(shot).convert("RGB")
    blank = Image.new("RGB", image.size, "#ffffff")
    image = image.crop(ImageChops.difference(image, blank).getbbox())
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LARGEST:
            break
    return image.size


if __name__ == "__main__":
    main()
