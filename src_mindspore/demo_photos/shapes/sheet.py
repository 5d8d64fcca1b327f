"""The transparent square sheet on which an object of the embedded data set is drawn.

Coordinates run from 0 to 100 on both axes, y downwards, whatever the sheet's size in pixels. A
drawer gets an empty `Sheet` and leaves its object on it; pose, light, background and camera are
the business of `src_mindspore.demo_photos`. Proportions and colours are by eye.
"""

import colorsys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 400
"""Pixels a side of a sheet: about twice an object's size in a finished photo."""

Colour = tuple[int, ...]
Points = Sequence[tuple[float, float]] | np.ndarray


def jitter(rng: np.random.Generator, colour: Sequence[int], spread: float = 18) -> Colour:
    """`colour` (0..255 a channel, alpha untouched) moved by up to `spread` a channel."""
    moved = np.asarray(colour[:3]) + rng.uniform(-spread, spread, 3)
    return (*(int(v) for v in np.clip(moved, 0, 255)), *colour[3:])


def vivid(rng: np.random.Generator) -> Colour:
    """A saturated RGB colour of any hue."""
    rgb = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.55, 0.95), rng.uniform(0.5, 0.95))
    return tuple(int(255 * v) for v in rgb)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Value noise of `shape`, -1..1: a `cells` x `cells` random grid, bicubically enlarged."""
    grid = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(grid.resize(shape[::-1], Image.Resampling.BICUBIC))


def curve(points: Points, steps: int = 24) -> np.ndarray:
    """Bezier curve of any order, by De Casteljau's repeated interpolation, (steps, 2)."""
    t = np.linspace(0, 1, steps)[:, None]
    level = [np.broadcast_to(np.asarray(p, float), (steps, 2)) for p in points]
    while len(level) > 1:
        level = [(1 - t) * a + t * b for a, b in pairwise(level)]
    return level[0]


def ribbon(middle: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Outline of a strip along `middle` (n, 2) whose full width at each point is `widths` (n,)."""
    along = np.gradient(middle, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    side = np.stack([-along[:, 1], along[:, 0]], 1) * widths[:, None] / 2
    return np.concatenate([middle + side, (middle - side)[::-1]])


class Sheet:
    """A transparent square canvas with the few marks the drawers need.

    Args:
        rng: source of every random choice made on this sheet.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.image = Image.new("RGBA", (SIDE, SIDE))
        self.pen = ImageDraw.Draw(self.image)

    def _pixels(self, points: Points) -> list[tuple[float, float]]:
        return [(x * SIDE / 100, y * SIDE / 100) for x, y in points]

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill the outline `points`."""
        self.pen.polygon(self._pixels(points), colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse of radii `rx`, `ry` around (x, y)."""
        self.pen.ellipse(sum(self._pixels([(x - rx, y - ry), (x + rx, y + ry)]), ()), colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, r: float = 0) -> None:
        """Fill a box whose corners are rounded with radius `r`."""
        corners = sum(self._pixels([(x0, y0), (x1, y1)]), ())
        self.pen.rounded_rectangle(corners, r * SIDE / 100, colour)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """Stroke with round ends."""
        pixels, wide = self._pixels(points), max(1, round(width * SIDE / 100))
        self.pen.line(pixels, colour, wide, joint="curve")
        if wide > 3:
            for x, y in (pixels[0], pixels[-1]):
                r = wide / 2 - 0.5
                self.pen.ellipse((x - r, y - r, x + r, y + r), colour)

    def text(self, x: float, y: float, words: str, height: float, colour: Colour) -> None:
        """`words` centred on (x, y)."""
        font = ImageFont.load_default(height * SIDE / 100)
        self.pen.text(self._pixels([(x, y)])[0], words, colour, font, anchor="mm")

    def gain(self, field: np.ndarray, x: float = 0, y: float = 0) -> None:
        """Multiply colour by `field` (0..2, 1 = unchanged) laid with its corner at (x, y)."""
        left, top = round(x * SIDE / 100), round(y * SIDE / 100)
        x0, y0, x1, y1 = self.image.getbbox() or (0, 0, 0, 0)
        x0, x1 = max(x0, left), min(x1, left + field.shape[1])
        y0, y1 = max(y0, top), min(y1, top + field.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        # Fixed point with 7 fraction bits: 255 * 2 * 128 just fits 16 bits; twice float's speed.
        factor = np.clip(field[y0 - top : y1 - top, x0 - left : x1 - left], 0, 2) * 128
        pixels = np.array(self.image.crop((x0, y0, x1, y1)))
        lit = pixels[..., :3] * factor.astype(np.uint16)[..., None] >> 7
        pixels[..., :3] = np.minimum(lit, 255)
        self.image.paste(Image.fromarray(pixels), (x0, y0))

    def cylinder(self, x0: float, x1: float, y0: float, y1: float, gloss: float = 0.5) -> None:
        """Shade a box like an upright cylinder: dark edges, one bright streak."""
        wide, high = round((x1 - x0) * SIDE / 100), round((y1 - y0) * SIDE / 100)
        u = np.linspace(-1, 1, wide)
        streak = self.rng.uniform(-0.5, 0.5)
        profile = 0.45 + 0.6 * np.sqrt(np.clip(1 - (0.8 * u - 0.4 * streak) ** 2, 0, 1))
        profile += gloss * np.exp(-(((u - streak) / 0.13) ** 2))
        self.gain(np.broadcast_to(profile, (high, wide)), x0, y0)

    def puff(self, depth: float = 1.0, radius: float = 2.0) -> None:
        """Shade everything drawn as if its middle bulged: blurred alpha taken as height."""
        small = self.image.getchannel("A").reduce(4)
        blurred = small.filter(ImageFilter.GaussianBlur(radius * SIDE / 400))
        dy, dx = np.gradient(np.asarray(blurred, np.float32) / 255)
        turn = self.rng.uniform(0, 2 * np.pi)
        slope = (np.cos(turn) * dx + np.sin(turn) * dy) * radius * 2.5
        field = np.clip(1 + depth * slope, 0.4, 1.6)
        self.gain(np.asarray(Image.fromarray(field).resize((SIDE, SIDE))))

    def speckle(self, amount: float, cells: int = 90) -> None:
        """Mottle everything drawn by +-`amount`."""
        self.gain(1 + amount * smooth_noise(self.rng, (SIDE, SIDE), cells))
