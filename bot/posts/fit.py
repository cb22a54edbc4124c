"""Fits a picture to what a kind takes: its types, its sides, its pixels, its size. Pure: bytes in, bytes out."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from bot.model import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Canvas

    from bot.kinds import Pictures

MOST_PIXELS = 50_000_000  # What unpacks to more is meant to fill the memory.
# Pixels that are unpacked to write a picture anew: about 90 MB of memory in each case.
UNPACKED, UNPACKED_CLEAR, UNPACKED_WEBP = 12_500_000, 8_500_000, 5_000_000
WIDEST = 2048  # No network shows more.
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "AVIF": "image/avif"}
QUALITIES = (90, 82, 74, 65)
SMALLER, SMALLEST = 0.8, 64


def fit(content: bytes, limits: Pictures) -> Image | None:
    """The picture as it is if it fits, else turned, scaled and written anew; None when it can't be read."""
    from PIL import Image as Pillow  # Imported late, for only kinds that upload need it.

    try:
        with Pillow.open(BytesIO(content), formats=[*TYPES]) as canvas:
            if canvas.width * canvas.height > MOST_PIXELS:
                return None
            kind = TYPES.get(canvas.format or "", "")
            if _fits(kind, len(content), canvas.size, limits):
                canvas.verify()
                return Image(content, kind, *canvas.size)
            scaled = _scaled(canvas, limits)
            return _written(scaled, limits) if scaled else None
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        return None  # Pillow says of broken files whatever their decoders say.


def _fits(kind: str, size: int, sides: tuple[int, int], limits: Pictures) -> bool:
    return (
        kind in limits.types
        and (limits.bytes is None or size <= limits.bytes)
        and (limits.side is None or max(sides) <= limits.side)
        and (limits.pixels is None or sides[0] * sides[1] <= limits.pixels)
    )


def _scaled(canvas: Canvas, limits: Pictures) -> Canvas | None:
    """The picture upright and in colours that can be written, its sides and pixels within the limits.

    None if unpacking it would fill the memory.
    """
    from PIL import ImageOps

    side = min(limits.side or WIDEST, WIDEST)
    if limits.pixels:
        over = canvas.width * canvas.height / limits.pixels
        side = min(side, int(max(canvas.size) / max(over, 1) ** 0.5))
    colours = "RGBA" if _is_clear(canvas) else "RGB"
    if not _can_unpack(canvas, side):
        return None
    whole = canvas if canvas.mode in ("RGB", "RGBA", "L", "LA", "CMYK") else canvas.convert(colours)
    whole.thumbnail((side, side))
    upright = ImageOps.exif_transpose(whole)
    return upright if upright.mode == colours else upright.convert(colours)


def _can_unpack(canvas: Canvas, side: int) -> bool:
    """Whether the picture does not fill the memory: of a large JPEG only every second point or fewer is unpacked."""
    most = UNPACKED_WEBP if canvas.format == "WEBP" else UNPACKED_CLEAR if _is_clear(canvas) else UNPACKED
    # A progressive one is unpacked as a whole, whatever is wanted of it.
    steps = (1,) if "progressive" in canvas.info else (1, 2, 4, 8)
    step = next((step for step in steps if canvas.width * canvas.height <= most * step**2), 0)
    if step:
        canvas.draft("RGB", (min(side, canvas.width // step) or 1, min(side, canvas.height // step) or 1))
    return bool(step) and canvas.width * canvas.height <= most


def _is_clear(canvas: Canvas) -> bool:
    """Whether something may shine through."""
    return "A" in canvas.getbands() or "transparency" in canvas.info


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
