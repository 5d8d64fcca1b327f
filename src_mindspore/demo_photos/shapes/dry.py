"""Dry (other) garbage: lighter, broom, toothbrush."""

import numpy as np

from src_mindspore.demo_photos.shapes.sheet import Sheet, curve, jitter, ribbon, vivid


def lighter(sheet: Sheet) -> None:
    """Disposable lighter: translucent coloured body, metal hood, wheel and thumb lever."""
    rng = sheet.rng
    half, body = rng.uniform(11, 14), vivid(rng)
    sheet.box(50 - half, 30, 50 + half, 96, (*body, 235), 3)
    level = rng.uniform(36, 70)
    if rng.uniform() < 0.6:
        sheet.box(50 - half + 2, level, 50 + half - 2, 93, (*(int(v * 0.75) for v in body), 245), 2)
        sheet.line([(50, 32), (50, 92)], (*(int(v * 0.6) for v in body), 240), 1.2)
    if rng.uniform() < 0.4:
        sheet.box(50 - half + 3, 55, 50 + half - 3, 82, jitter(rng, (235, 235, 230)), 1)
        sheet.text(50, 68, "GAS", 7, vivid(rng))
    steel = jitter(rng, (185, 187, 190), 12)
    sheet.box(50 - half * 0.9, 12, 50 + half * 0.35, 31, steel, 1)
    for x in (0.6, 0.3, 0.0):
        sheet.ellipse(50 - half * x, 20, 0.9, 2.2, (70, 70, 74))
    sheet.cylinder(50 - half, 50 + half, 10, 97, rng.uniform(0.3, 0.8))
    lever = [
        (50 + half * 0.35, 22),
        (50 + half * 1.1, 20),
        (50 + half * 0.95, 30),
        (50 + half * 0.35, 30),
    ]
    red = rng.uniform() < 0.5
    sheet.polygon(lever, jitter(rng, (195, 40, 40) if red else (40, 40, 42)))
    sheet.ellipse(50 + half * 0.4, 15, 5, 5, (95, 95, 98))
    for angle in np.linspace(0, 2 * np.pi, 14):
        tip = (50 + half * 0.4 + 5 * np.cos(angle), 15 + 5 * np.sin(angle))
        sheet.line([(50 + half * 0.4, 15), tip], (50, 50, 52), 0.5)
    sheet.ellipse(50 + half * 0.4, 15, 2, 2, (150, 150, 155))


def broom(sheet: Sheet) -> None:
    """Broom: long stick, cross block, a fan of bristles."""
    rng = sheet.rng
    stick = jitter(rng, (190, 150, 100)) if rng.uniform() < 0.5 else vivid(rng)
    neck, foot = rng.uniform(56, 66), rng.uniform(90, 97)
    top, spread = rng.uniform(6, 14), rng.uniform(15, 26)
    straw = rng.uniform() < 0.5
    hair = jitter(rng, (205, 170, 95), 25) if straw else vivid(rng)
    sheet.line([(50, 3), (50, neck)], stick, rng.uniform(2.2, 3.4))
    sheet.cylinder(47.5, 52.5, 2, neck + 2, 0.3)
    lean = rng.uniform(-6, 6)
    tones = np.clip(np.array(hair) * rng.uniform(0.6, 1.15, (190, 1)), 0, 255).astype(int)
    for x, tone, (dx, dy) in zip(
        rng.uniform(-1, 1, 190), tones.tolist(), rng.normal(0, 1.2, (190, 2)), strict=True
    ):
        knee = (50 + x * (0.75 * top + 0.3 * spread), (neck + foot) / 2)
        end = (50 + lean + x * spread + dx, foot + dy - 4 * abs(x) * straw)
        sheet.line([(50 + x * top, neck), knee, end], tuple(tone), 0.7)
    if straw:
        knot = [
            (48, neck - 12),
            (52, neck - 12),
            (50 + top + 2, neck + 4),
            (50 - top - 2, neck + 4),
        ]
        sheet.polygon(knot, jitter(rng, (180, 140, 75)))
        for i in range(3):
            y = neck - 5 + 4 * i
            reach = 2 + (top * (y - neck + 12)) / 16
            sheet.line([(50 - reach, y), (50 + reach, y)], vivid(rng), 1)
    else:
        sheet.box(50 - top - 3, neck - 4, 50 + top + 3, neck + 3, stick, 1.5)
        sheet.box(47, neck - 10, 53, neck - 3, stick, 1)


def toothbrush(sheet: Sheet) -> None:
    """Toothbrush: thin bent handle, a short head with tufts, seen from the side or from above."""
    rng = sheet.rng
    colour, white = vivid(rng), jitter(rng, (238, 240, 242), 8)
    second = white if rng.uniform() < 0.6 else vivid(rng)
    bend = rng.uniform(-6, 6)
    middle = curve([(50, 97), (50 + bend, 70), (50 - bend, 45), (50, 30), (50, 5)], 50)
    widths = np.interp(
        np.linspace(0, 1, 50),
        [0, 0.05, 0.4, 0.62, 0.74, 0.8, 0.98, 1],
        [2.5, 5.5, 6, 3, 2.6, 5.5, 5.5, 3],
    )
    above = rng.uniform() < 0.45
    tuft = [white, (120, 180, 230), (150, 215, 170), vivid(rng)]
    hair = [tuft[i] for i in rng.integers(0, 4, 2)]
    if not above:
        reach = rng.uniform(8, 11)
        for i, y in enumerate(np.arange(6, 25, 0.55)):
            tone = jitter(rng, hair[(i // 6) % 2], 12)
            sheet.line(
                [(50, y), (50 + reach + rng.normal(0, 0.4), y + rng.normal(0, 0.4))], tone, 0.6
            )
        widths[middle[:, 1] < 28] *= 0.65
    sheet.polygon(ribbon(middle, widths), colour)
    grip = middle[6:24]
    sheet.polygon(ribbon(grip, widths[6:24] * rng.uniform(0.3, 0.6)), second)
    sheet.puff(0.9, 1.5)
    if above:
        for i, y in enumerate(np.arange(7, 25, 2.1)):
            for x in (-1.9, 0, 1.9):
                sheet.ellipse(50 + x, y, 0.95, 0.95, jitter(rng, hair[i % 2], 12))
