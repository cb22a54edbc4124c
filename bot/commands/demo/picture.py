"""Draws the sample site's pictures: a fjord by day and by night, as PNG, made by arithmetic alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sin

WIDTH, HEIGHT = 960, 540
SHORE = 350  # The line at which the water begins.
SHADES = 96  # Of the sky, and as many of the water.
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """The colours of a landscape, each as red, green and blue; `sun` is where it stands."""

    above: Colour
    horizon: Colour
    light: Colour
    far: Colour
    middle: Colour
    near: Colour
    water: Colour
    sun: tuple[int, int, int]
    aurora: bool = False


SCENES = {
    "morning": Scene(
        (126, 178, 214), (253, 226, 190), (255, 247, 222), (142, 166, 190), (84, 118, 148), (38, 66, 88), (58, 98, 122),
        (640, 262, 46),
    ),
    "evening": Scene(
        (88, 74, 128), (250, 162, 98), (255, 226, 160), (150, 98, 122), (98, 62, 96), (44, 34, 60), (60, 48, 86),
        (330, 296, 58),
    ),
    "noon": Scene(
        (70, 148, 214), (208, 232, 244), (255, 252, 236), (134, 172, 176), (78, 138, 106), (38, 92, 62), (36, 98, 148),
        (760, 96, 40),
    ),
    "night": Scene(
        (8, 14, 36), (26, 62, 78), (232, 240, 248), (30, 48, 66), (18, 32, 48), (8, 16, 28), (10, 24, 40),
        (170, 90, 20), aurora=True,
    ),
}  # fmt: skip


def picture(name: str) -> bytes:
    """The scene of that name as PNG; the morning for a name that is not known."""
    scene = SCENES.get(name, SCENES["morning"])
    columns = b"".join(_column(x, scene) for x in range(WIDTH))
    # A row is every HEIGHTth byte of the columns; PNG begins each row with the number of its filter.
    rows = b"".join(b"\0" + columns[y::HEIGHT] for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = (b"IHDR", head), (b"PLTE", bytes(_palette(scene))), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


LIGHT, FAR, MIDDLE, NEAR, GLOW = 2 * SHADES, 2 * SHADES + 1, 2 * SHADES + 2, 2 * SHADES + 3, 2 * SHADES + 4
GLOWS = 40


def _palette(scene: Scene) -> list[int]:
    """The sky's shades, the water's, the light, the three ridges, and the shades of the aurora."""
    sky = [_between(scene.above, scene.horizon, at / SHADES) for at in range(SHADES)]
    deep = _between(scene.water, (0, 0, 0), 0.35)
    water = [_between(_between(scene.horizon, scene.water, 0.55), deep, at / SHADES) for at in range(SHADES)]
    dark = _between(scene.above, scene.horizon, 0.5)
    glow = [_between(dark, (92, 226, 150), at / GLOWS * 0.85) for at in range(GLOWS)]
    colours: Sequence[Colour] = [*sky, *water, scene.light, scene.far, scene.middle, scene.near, *glow]
    return [part for colour in colours for part in colour]


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


SKY = bytes(min(SHADES - 1, y * SHADES // SHORE) for y in range(SHORE))
WATER = bytes(SHADES + min(SHADES - 1, y * SHADES // (HEIGHT - SHORE)) for y in range(HEIGHT - SHORE))


def _column(x: int, scene: Scene) -> bytes:
    """One column of the picture, from the top down."""
    column = bytearray(SKY + WATER)
    if scene.aurora:
        _hang(column, x)
    left, top, radius = scene.sun
    if abs(x - left) < radius:
        half = int((radius**2 - (x - left) ** 2) ** 0.5)
        column[top - half : top + half] = bytes([LIGHT]) * (2 * half)
    for shade, crest in ((FAR, _far(x)), (MIDDLE, _middle(x)), (NEAR, _near(x))):
        column[crest:SHORE] = bytes([shade]) * max(SHORE - crest, 0)
    _glitter(column, x, scene)
    return bytes(column)


def _hang(column: bytearray, x: int) -> None:
    """A curtain of northern light in this column."""
    foot = int(215 + 40 * sin(x / 130) + 14 * sin(x / 41))
    height = int(150 + 40 * sin(x / 23) + 20 * sin(x / 7))
    for step in range(min(height, foot)):
        strength = exp(-step / 60) * min(1, step / 16) * (0.75 + 0.25 * sin(x / 11))
        column[foot - step] = GLOW + max(0, min(GLOWS - 1, int(strength * GLOWS)))


def _glitter(column: bytearray, x: int, scene: Scene) -> None:
    """The light on the water below the sun, broken by waves."""
    for y in range(SHORE + 6, HEIGHT, 7):
        reach = scene.sun[2] * (0.5 + (y - SHORE) / 130) * (0.6 + 0.4 * sin(y * 1.7))
        if abs(x - scene.sun[0] - 9 * sin(y / 9)) < reach:
            column[y : y + 2] = bytes([LIGHT, LIGHT])


def _far(x: int) -> int:
    return int(SHORE - 78 - 42 * sin(x / 97 + 1) - 24 * sin(x / 37) - 7 * abs(sin(x / 11)))


def _middle(x: int) -> int:
    slope = abs(x - 520) / 520
    return int(SHORE + 14 - 150 * slope - 20 * abs(sin(x / 29 + 2)) * slope - 9 * abs(sin(x / 13)))


def _near(x: int) -> int:
    slope = max(0.0, (x - 700) / 260, (200 - x) / 200)
    return int(SHORE + 4 - 120 * slope - 12 * abs(sin(x / 17)) * slope - 4 * abs(sin(x / 5)) * slope)
