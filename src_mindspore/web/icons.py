"""The page's icons, as a home screen shows them: a lens, drawn here."""

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

_GROUND, _RING, _GLASS, _LIGHT = "#14532d", "#f4f7f4", "#4ade80", "#f4f7f4"
_FINER = 4  # drawn so many times larger, then averaged: Pillow draws circles without anti-aliasing
_CORNER = 0.22  # radius of the ground's corners, shares of the side
_BLADES = 6
_OPENING, _RIM = 0.24, 0.5  # of the aperture: where a blade's edge begins, and beyond the glass
_TURN = 1.55  # blades by which an edge turns on its way out: along the opening's next side
_EDGE = 0.05


@dataclass(frozen=True)
class Icon:
    """A PNG file.

    Attributes:
        name: of the file.
        side: pixels.
        rounded: whether the ground has round corners; systems cut others to a shape of their own.
        scale: of the lens. What a system cuts to a circle keeps 0.8 of the side (W3C, Web
            Application Manifest, "maskable").
    """

    name: str
    side: int
    rounded: bool
    scale: float


ICONS = (
    Icon("icon-192.png", 192, True, 1.0),
    Icon("icon-512.png", 512, True, 1.0),
    Icon("maskable-512.png", 512, False, 0.8),
    Icon("apple-touch-icon.png", 180, False, 0.9),
)


def draw_icon(icon: Icon) -> Image.Image:
    """Draws it: RGBA, transparent outside of round corners."""
    side = icon.side * _FINER
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    radius = round(_CORNER * side) if icon.rounded else 0
    draw.rounded_rectangle((0, 0, side - 1, side - 1), radius, _GROUND)
    middle, unit = side / 2, side / 2 * icon.scale

    def disc(x: float, y: float, share: float, colour: str) -> None:
        r = share * unit
        box = (middle + x * unit - r, middle + y * unit - r)
        draw.ellipse((*box, box[0] + 2 * r, box[1] + 2 * r), colour)

    disc(0, 0, 0.72, _RING)
    disc(0, 0, 0.58, _GROUND)
    disc(0, 0, 0.46, _GLASS)
    for blade in range(_BLADES):
        begin, end = (_corner(blade + step) for step in (0, _TURN))
        points = [(middle + unit * x, middle + unit * y) for x, y in (begin, end)]
        draw.line(points, _GROUND, max(1, round(_EDGE * unit)))
    disc(0.30, -0.30, 0.075, _LIGHT)
    return image.reduce(_FINER)


def _corner(blade: float) -> tuple[float, float]:
    """Where the edge of a blade begins, at a whole number, or ends, at another."""
    angle = math.tau * blade / _BLADES
    radius = _OPENING if blade == int(blade) else _RIM
    return radius * math.cos(angle), radius * math.sin(angle)
