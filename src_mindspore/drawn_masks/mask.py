"""Masks as surfaces in front of a head: which forms there are, and how they sit."""

from dataclasses import dataclass

import numpy as np

FORMS = ("surgical", "cloth", "ffp2")
OVER_NOSE, UNDER_NOSE, UNDER_CHIN = PLACEMENTS = ("over_nose", "under_nose", "under_chin")

# Millimetres on the head of ``pose.LANDMARKS``: the middle line of a mask from its upper to its
# lower edge (y, z), and its side edge: x, upper and lower y, z. The nose's tip is at y 40, z 28,
# its lower end at y 48, the mouth at 70, the chin at 115.
_MIDDLE = {
    OVER_NOSE: ((13, 19), (38, 36), (60, 29), (84, 25), (108, 18), (120, 2)),
    UNDER_NOSE: ((50, 22), (66, 25), (84, 24), (106, 18), (118, 5), (122, -4)),
    UNDER_CHIN: ((95, 19), (103, 21), (112, 21), (121, 15), (129, 3), (134, -8)),
}
_SIDE = {
    OVER_NOSE: (64.0, 34.0, 90.0, -33.0),
    UNDER_NOSE: (63.0, 50.0, 94.0, -33.0),
    UNDER_CHIN: (62.0, 72.0, 104.0, -38.0),
}
# Upper and lower end of the side edge are drawn together by so much of their distance, and the
# middle stands out by so many millimetres.
_TAPER = {"surgical": 0.0, "cloth": 0.12, "ffp2": 0.38}
_BULGE = {"surgical": 2.0, "cloth": 3.0, "ffp2": 14.0}
ROUND = 1.25  # radians from the middle to the side edge, around the head
EAR = ((77.0, 20.0, -72.0), (75.0, 50.0, -68.0))  # where the straps go, upper and lower
BEHIND = 62.0  # millimetres from the pupils back to the axis of the head


@dataclass(frozen=True)
class Mask:
    """A mask on a head.

    Attributes:
        form: one of ``FORMS``.
        placement: one of ``PLACEMENTS``.
        middle: (6, 2), y and z of its middle line in millimetres, from the upper edge down.
        side: x, upper y, lower y, z of its side edges.
        slant: millimetres by which the right edge hangs lower than the left one.
        peak: exponent of the edges' curve: the lower the more they are pointed in the middle.
    """

    form: str
    placement: str
    middle: np.ndarray
    side: tuple[float, float, float, float]
    slant: float = 0.0
    peak: float = 1.5

    def surface(self, across: np.ndarray, down: np.ndarray) -> np.ndarray:
        """Points of the mask, (..., 3) in millimetres of the head.

        Args:
            across: -1 (left edge) to 1, any shape.
            down: 0 (upper edge) to 1, of the same shape.
        """
        x_side, top, bottom, z_side = self.side
        steps = np.linspace(0, 1, len(self.middle))
        y_middle, z_middle = (np.interp(down, steps, self.middle[:, i]) for i in (0, 1))
        if self.placement != UNDER_CHIN:
            z_middle = z_middle + _BULGE[self.form] * np.clip(np.sin(np.pi * down), 0, None) ** 0.7
        angle = across * ROUND
        near = (np.cos(angle) - np.cos(ROUND)) / (1 - np.cos(ROUND))
        bend = self.peak * (1 - down) + 2.2 * down
        inward = 1 - np.abs(across) ** bend
        y_side = top + (bottom - top) * down
        y = y_side + (y_middle - y_side) * inward + self.slant * across / 2
        # cloth hangs over the bridge of a nose and does not follow it further out
        z = z_side + (z_middle - z_side) * near
        return np.stack([x_side * np.sin(angle) / np.sin(ROUND), y, z], -1)

    def straps(self, points: int = 40) -> list[np.ndarray]:
        """The loops around the ears: four lines of (points, 3) millimetres, left ones first."""
        x_side, top, bottom, z_side = self.side
        along = np.linspace(0, 1, points)[:, None]
        lines = []
        for sign in (-1, 1):
            for height, ear in zip((top, bottom), EAR, strict=True):
                start = np.array([sign * x_side, height + self.slant * sign / 2, z_side])
                end = np.array([sign * ear[0], ear[1], ear[2]])
                line = start + (end - start) * along
                line[:, :1] += sign * 7 * np.sin(np.pi * along)  # over the cheek bone
                lines.append(line)
        return lines


def draw_mask(form: str, placement: str, rng: np.random.Generator) -> Mask:
    """A mask of a form, with the small differences between two that are worn.

    Args:
        form: one of ``FORMS``.
        placement: one of ``PLACEMENTS``.
        rng: of all that is drawn.
    """
    middle = np.array(_MIDDLE[placement], np.float64)
    x_side, top, bottom, z_side = _SIDE[placement]
    size = rng.uniform(0.94, 1.08)
    limits = {OVER_NOSE: (-4, 8), UNDER_NOSE: (-1, 12), UNDER_CHIN: (-4, 8)}[placement]
    upper = rng.uniform(*limits)
    middle[:, 0] += np.linspace(upper, rng.uniform(-3, 6), len(middle))
    middle[:, 1] += rng.uniform(-2, 4)
    taper = _TAPER[form] * rng.uniform(0.7, 1.2) * (bottom - top) / 2
    side = (
        x_side * size * (0.96 if form == "ffp2" else 1.0),
        top + taper + rng.uniform(-5, 5),
        bottom - taper + rng.uniform(-5, 5),
        z_side + rng.uniform(-6, 4),
    )
    return Mask(form, placement, middle, side, rng.normal(0, 2.5), rng.uniform(1.2, 1.9))
