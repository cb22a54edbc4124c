"""Fits a picture to what a kind takes: its types, its sides, its pixels, its size. Pure: bytes in, bytes out."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from bot.model import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Canvas

    from bot.kinds import Pictures

MOST_PIXELS = 50_000_000  # What unpacks to more is meant to fill the memory.
WIDEST = 4096
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "AVIF": "image/avif"}
QUALITIES = (90, 82, 74, 65)
SMALLER, SMALLEST = 0.8, 64


def fit(content: bytes, limits: Pictures) -> Image | None:
    """The picture as it is if it fits, else turned, scaled and written anew; None when it can't be read."""
    from PIL import Image as Pillow  # Imported late, for only kinds that upload need it.

    try:
        with Pillow.open(BytesIO(content)) as canvas:
            if canvas.width * canvas.height > MOST_PIXELS:
                return None
            kind = TYPES.get(canvas.format or "", "")
            if _fits(kind, len(content), canvas.size, limits):
                canvas.verify()
                return Image(content, kind, *canvas.size)
            return _written(_scaled(canvas, limits), limits)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return None  # Pillow says of broken files whatever their decoders say.


def _fits(kind: str, size: int, sides: tuple[int, int], limits: Pictures) -> bool:
    return (
        kind in limits.types
        and (limits.bytes is None or size <= limits.bytes)
        and (limits.side is None or max(sides) <= limits.side)
        and (limits.pixels is None or sides[0] * sides[1] <= limits.pixels)
    )


def _scaled(canvas: Canvas, limits: Pictures) -> Canvas:
    """The picture upright and in colours that can be written, its sides and pixels within the limits."""
    from PIL import ImageOps

    side = min(limits.side or WIDEST, WIDEST)
    canvas.draft("RGB", (side, side))
    upright = ImageOps.exif_transpose(canvas)
    clear = "A" in upright.getbands() or "transparency" in upright.info
    fitted = upright.convert("RGBA" if clear else "RGB")
    if limits.pixels:
        over = fitted.width * fitted.height / limits.pixels
        side = min(side, int(max(fitted.size) / max(over, 1) ** 0.5))
    fitted.thumbnail((side, side))
    return fitted


def _written(canvas: Canvas, limits: Pictures) -> Image | None:
    """The picture as PNG where something shines through and that fits, else as JPEG, smaller and smaller."""
    if canvas.mode == "RGBA" and "image/png" in limits.types:
        content = _saved(canvas, "PNG", optimize=True)
        if limits.bytes is None or len(content) <= limits.bytes:
            return Image(content, "image/png", *canvas.size)
    flat = _on_white(canvas)
    while max(flat.size) >= SMALLEST:
        for quality in QUALITIES:
            content = _saved(flat, "JPEG", quality=quality, optimize=True, progressive=True)
            if limits.bytes is None or len(content) <= limits.bytes:
                return Image(content, "image/jpeg", *flat.size)
        flat = flat.resize((max(1, int(flat.width * SMALLER)), max(1, int(flat.height * SMALLER))))
    return None


def _on_white(canvas: Canvas) -> Canvas:
    from PIL import Image as Pillow

    if canvas.mode != "RGBA":
        return canvas
    white = Pillow.new("RGB", canvas.size, "white")
    white.paste(canvas, mask=canvas.getchannel("A"))
    return white


def _saved(canvas: Canvas, form: str, **how: object) -> bytes:
    held = BytesIO()
    canvas.save(held, form, **how)
    return held.getvalue()
