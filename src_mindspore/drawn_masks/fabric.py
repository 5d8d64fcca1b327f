"""What a mask is made of: colours, patterns, folds and seams, as a function of the place on it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

PATTERNS = ("plain", "stripes", "checks", "dots", "flowers")
# Red, green, blue of what is sold most.
_SURGICAL = (
    (148, 192, 222), (120, 176, 214), (172, 208, 230), (150, 205, 200), (240, 241, 240),
    (232, 236, 238), (238, 190, 205), (38, 38, 42), (56, 60, 68), (196, 186, 222),
)  # fmt: skip
_FFP2 = ((240, 240, 238), (228, 230, 230), (40, 40, 44), (120, 124, 128), (236, 226, 210))
_CLOTH_DARK = 0.4  # share of cloth masks that are black, grey or navy


@dataclass(frozen=True)
class Fabric:
    """The look of one mask.

    Attributes:
        form: of the mask.
        colour: red, green, blue, 0..255.
        second: colour of the pattern.
        pattern: one of ``PATTERNS``.
        pleats: places of horizontal folds, 0 (upper edge) to 1.
        wrinkles: (n, 4) frequency across and down, phase, strength of its small folds.
        spots: (n, 3) across, down and radius of dots and flowers, in widths of the mask.
        valve: -1 or 1, the side that it is on; 0: none.
        strap: colour of its straps.
        grain: standard deviation of its texture, a share.
    """

    form: str
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    pattern: str
    pleats: tuple[float, ...]
    wrinkles: np.ndarray
    spots: np.ndarray
    valve: int
    strap: tuple[float, float, float]
    grain: float

    def colours(self, across: np.ndarray, down: np.ndarray) -> np.ndarray:
        """(..., 3) red, green, blue, 0..255, under even light.

        Args:
            across: -1 to 1, any shape.
            down: 0 to 1, of the same shape.
        """
        second = _PATTERN[self.pattern](self, across, down)[..., None]
        colour, other = (np.asarray(c, across.dtype) for c in (self.colour, self.second))
        colours = colour + (other - colour) * second
        if self.valve:
            away = np.hypot((across - 0.45 * self.valve) * 1.3, (down - 0.55) * 1.1)
            ring = np.exp(-(((away - 0.2) / 0.018) ** 2))
            inside = _step((0.2 - away) / 0.05)
            colours = colours * (1 - 0.14 * inside - 0.25 * ring)[..., None]
        return colours * self.shading(across, down)[..., None]

    def shading(self, across: np.ndarray, down: np.ndarray) -> np.ndarray:
        """What folds, seams and hems do to the light: factors around 1."""
        light = np.ones_like(across)
        for place in self.pleats:
            # a fold laid downwards: bright on its back, dark in the crease below
            bent = place + 0.03 * (1 - across**2)
            light -= 0.2 * np.exp(-(((down - bent - 0.012) / 0.011) ** 2))
            light += 0.07 * np.exp(-(((down - bent + 0.022) / 0.022) ** 2))
        for over, under, phase, strength in self.wrinkles:
            light += strength * np.sin(over * across + under * down + phase)
        edge = np.minimum(np.minimum(down, 1 - down) * 0.75, 1 - np.abs(across))
        light -= 0.13 * np.exp(-(((edge - 0.045) / 0.009) ** 2))  # the hem's seam
        light -= 0.12 * np.exp(-edge / 0.012)
        if self.form == "ffp2" or (self.form == "cloth" and not self.pleats):
            light -= 0.16 * np.exp(-((across / 0.014) ** 2))
            light += 0.03 * np.tanh(across / 0.08) * np.exp(-((across / 0.35) ** 2))
        if self.form == "surgical":  # the wire over the nose
            light += 0.07 * np.exp(-(((down - 0.03) / 0.015) ** 2)) * (np.abs(across) < 0.4)
        return light


def _plain(_: Fabric, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.zeros_like(across)


def _stripes(fabric: Fabric, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    over, under, phase, _ = fabric.wrinkles[0]
    turn = np.hypot(over, under) + 1e-9
    return _step(np.sin(18 * (over * across + under * down) / turn + phase))


def _checks(fabric: Fabric, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    phase = fabric.wrinkles[0][2]
    return (_step(np.sin(24 * across + phase)) + _step(np.sin(24 * down + phase))) / 2


def _dots(fabric: Fabric, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    phase = fabric.wrinkles[0][2]
    return _step(4 * (np.sin(22 * across + phase) * np.sin(22 * down) - 0.55))


def _flowers(fabric: Fabric, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    there = np.zeros_like(across)
    for x, y, radius in fabric.spots:
        angle = np.arctan2(down - y, across - x)
        size = radius * (1 + 0.3 * np.sin(5 * angle + 9 * x))
        there = np.maximum(there, _step(8 * (1 - np.hypot(across - x, down - y) / size)))
    return there


def _step(values: np.ndarray) -> np.ndarray:
    """0 to 1 around 0, without stairs."""
    return 1 / (1 + np.exp(-np.clip(6 * values, -30, 30)))


_PATTERN: dict[str, Callable[[Fabric, np.ndarray, np.ndarray], np.ndarray]] = {
    "plain": _plain,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "flowers": _flowers,
}


def draw_fabric(form: str, rng: np.random.Generator) -> Fabric:
    """A fabric as masks of a form are made of."""
    pattern = "plain"
    pleats: tuple[float, ...] = ()
    if form == "surgical":
        colour = _SURGICAL[rng.integers(len(_SURGICAL))]
        places = np.linspace(0.3, 0.68, 3) + rng.uniform(-0.02, 0.02, 3)
        pleats = tuple(places.tolist())
    elif form == "ffp2":
        colour = _FFP2[rng.integers(len(_FFP2))]
    else:
        colour = _cloth_colour(rng)
        pattern = str(rng.choice(PATTERNS, p=(0.5, 0.12, 0.1, 0.13, 0.15)))
        if rng.random() < 0.25:
            pleats = (0.35, 0.5, 0.65)
    wrinkles = np.column_stack(
        [
            rng.normal(0, 5, 5),
            rng.normal(0, 9, 5),
            rng.uniform(0, 2 * np.pi, 5),
            rng.uniform(0.006, 0.03, 5),
        ]
    )
    spots = np.column_stack(
        [rng.uniform(-1, 1, 22), rng.uniform(0, 1, 22), rng.uniform(0.05, 0.13, 22)]
    )
    colour = tuple(np.clip(np.asarray(colour) + rng.normal(0, 5, 3), 12, 246).tolist())
    dark = sum(colour) < 240
    strap = tuple(
        (np.asarray(colour) * 0.9 if dark or rng.random() < 0.2 else np.full(3, 232.0)).tolist()
    )
    valve = int(rng.choice((-1, 1))) if form == "ffp2" and rng.random() < 0.35 else 0
    second = _cloth_colour(rng)
    if pattern != "plain" and abs(sum(second) - sum(colour)) < 120:  # told apart from the ground
        second = tuple(255.0 - 0.8 * np.asarray(colour))
    grain = rng.uniform(0.003, 0.011)
    return Fabric(form, colour, second, pattern, pleats, wrinkles, spots, valve, strap, grain)


def _cloth_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    if rng.random() < _CLOTH_DARK:
        level = rng.uniform(22, 80)
        return (level, level, level + rng.uniform(0, 25))
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.15, 0.85), rng.uniform(0.4, 0.95)]]])
    red, green, blue = (
        cv2.cvtColor(hsv.astype(np.float32), cv2.COLOR_HSV2RGB)[0, 0] * 255
    ).tolist()
    return (red, green, blue)
