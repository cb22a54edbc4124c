"""A picture is made to fit what a kind takes, and what can't be one is nothing."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from bot.kinds import Pictures
from bot.model import Image
from bot.posts.fit import MOST_PIXELS, fit

SMALL = Pictures(upload=True, types=("image/png", "image/jpeg"), bytes=20_000, side=300, pixels=60_000)


def drawn(form: str, size: tuple[int, int], mode: str = "RGB", **how: object) -> bytes:
    """A picture that compresses badly."""
    canvas = Pillow.effect_noise(size, 90).convert(mode)
    held = BytesIO()
    canvas.save(held, form, **how)
    return held.getvalue()


def opened(image: Image | None) -> Pillow.Image:
    assert image is not None
    canvas = Pillow.open(BytesIO(image.content))
    canvas.load()
    return canvas


def test_what_fits_stays_as_it_is() -> None:
    content = drawn("PNG", (80, 60))
    assert fit(content, SMALL) == Image(content, "image/png", 80, 60)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]),
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
    st.sampled_from(["RGB", "L", "P"]),
)
def test_every_picture_comes_within_all_limits(form: str, size: tuple[int, int], mode: str) -> None:
    made = fit(drawn(form, size, "RGB" if form in ("WEBP", "JPEG") else mode), SMALL)
    if made is None:  # Smaller than a stamp would help nobody.
        assert min(size) < 64
        return
    canvas = opened(made)
    assert canvas.size == (made.width, made.height)
    assert made.type in SMALL.types and len(made.content) <= 20_000
    assert max(canvas.size) <= 300 and canvas.width * canvas.height <= 61_000


def test_a_picture_that_lies_on_its_side_stands_up() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    assert fit(drawn("JPEG", (800, 400), exif=exif), SMALL) is not None
    canvas = opened(fit(drawn("JPEG", (800, 400), exif=exif), SMALL))
    assert canvas.height > canvas.width


def test_what_shines_through_stays_so_or_becomes_white() -> None:
    clear = Pillow.new("RGBA", (900, 900), (0, 0, 0, 0))
    held = BytesIO()
    clear.save(held, "PNG")
    assert opened(fit(held.getvalue(), SMALL)).mode == "RGBA"
    flat = opened(fit(held.getvalue(), Pictures(upload=True, types=("image/jpeg",), side=300)))
    assert flat.getpixel((1, 1)) == (255, 255, 255)


def test_of_a_film_the_first_picture_is_shown() -> None:
    frames = [Pillow.new("RGB", (400, 400), colour) for colour in ("red", "blue")]
    held = BytesIO()
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:])
    red, green, _ = opened(fit(held.getvalue(), SMALL)).convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > green


@pytest.mark.parametrize("cut", [0, 10, 60, 2000])
def test_a_broken_picture_is_none(cut: int) -> None:
    assert fit(drawn("PNG", (700, 700))[:cut], SMALL) is None


@settings(max_examples=60)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF0000WEBP"]),
)
def test_no_bytes_are_too_strange(content: bytes, beginning: bytes) -> None:
    assert fit(beginning + content, SMALL) is None


def test_a_picture_that_would_fill_the_memory_is_none() -> None:
    held = BytesIO()
    Pillow.new("1", (MOST_PIXELS // 1000 + 1, 1001)).save(held, "PNG")
    assert fit(held.getvalue(), SMALL) is None
