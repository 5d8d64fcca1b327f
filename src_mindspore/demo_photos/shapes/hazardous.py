"""Hazardous garbage: battery, fluorescent lamp, tablets and capsules."""

import numpy as np

from src_mindspore.demo_photos.shapes.sheet import Colour, Sheet, curve, jitter, vivid


def battery(sheet: Sheet) -> None:
    """One to four round cells side by side, two-coloured, with the plus pole's knob."""
    rng = sheet.rng
    count = int(rng.choice([1, 1, 2, 3, 4]))
    half, high = rng.uniform(7.5, 9), rng.uniform(46, 62)
    if count == 1:
        half = rng.uniform(9, 16)
    name = str(rng.choice(["AA", "AAA", "LR6", "1.5V", "POWER"]))
    band, main = vivid(rng), jitter(rng, (45, 45, 48)) if rng.uniform() < 0.55 else vivid(rng)
    if rng.uniform() < 0.5:
        band = jitter(rng, (205, 150, 80))
    split = rng.uniform(0.2, 0.4)
    for i in range(count):
        x = 50 + (i - (count - 1) / 2) * (2 * half + 1)
        shift, up = rng.uniform(-3, 3), rng.uniform() < 0.75
        y0, y1 = 50 - high / 2 + shift, 50 + high / 2 + shift
        steel = jitter(rng, (200, 200, 204), 8)
        knob = y0 - 3 if up else y1
        sheet.box(x - half * 0.35, knob - 0.5, x + half * 0.35, knob + 3.5, steel, 0.8)
        sheet.box(x - half, y0, x + half, y1, steel, 1.5)
        sheet.box(x - half, y0 + 1.5, x + half, y1 - 1.5, main)
        edge = y0 + high * split if up else y1 - high * split
        sheet.box(
            x - half, *((y0 + 1.5, x + half, edge) if up else (edge, x + half, y1 - 1.5)), band
        )
        white = (240, 240, 240)
        sheet.text(x, edge + (-5 if up else 5), "+", half * 1.1, white)
        sheet.text(
            x, edge + (high * 0.3 if up else -high * 0.3), name, half * 2.4 / (len(name) + 1), white
        )
        sheet.cylinder(x - half, x + half, y0 - 4, y1 + 5, rng.uniform(0.5, 1))


def lamp(sheet: Sheet) -> None:
    """Fluorescent lamp: straight tubes, or a compact one with bent or wound tubes on a base."""
    rng = sheet.rng
    glass, steel = jitter(rng, (238, 240, 240), 8), jitter(rng, (180, 180, 184), 12)
    style = rng.integers(3)
    if style == 0:
        for i in range(int(rng.integers(1, 4))):
            x, half = 44 + 8 * i, rng.uniform(2, 2.8)
            shift = rng.uniform(-4, 4)
            sheet.box(x - half, 6 + shift, x + half, 94 + shift, glass, 1)
            for y in (5, 90):
                sheet.box(x - half, y + shift, x + half, y + 5 + shift, steel, 0.6)
            for y in (2.5, 95):
                for side in (-1, 0.4):
                    sheet.box(x + side, y + shift, x + side + 0.6, y + 2.5 + shift, (150, 130, 80))
            sheet.cylinder(x - half, x + half, 2, 98, 0.2)
        return
    if style == 1:
        wide = rng.uniform(12, 16)
        for y in np.arange(14, 56, rng.uniform(7.5, 9)):
            path = curve(
                [(50 - wide, y), (50 - wide, y + 8), (50 + wide, y + 8), (50 + wide, y + 4)], 16
            )
            sheet.line(
                curve(
                    [
                        (50 - wide, y),
                        (50 - wide * 0.6, y - 4),
                        (50 + wide * 0.6, y - 3),
                        (50 + wide, y + 3),
                    ],
                    12,
                ),
                jitter(rng, (190, 192, 194), 6),
                3.6,
            )
            sheet.line(path, (215, 218, 220), 5.4)
            sheet.line(path - (0, 0.6), glass, 3.2)
    else:
        count = int(rng.integers(2, 4))
        for i in range(count):
            x = 50 + (i - (count - 1) / 2) * 10.5
            top = 12 + rng.uniform(0, 2)
            sheet.line(
                [(x - 2.6, 60), (x - 2.6, top + 3), (x, top), (x + 2.6, top + 3), (x + 2.6, 60)],
                (205, 208, 212),
                4.4,
            )
            sheet.line([(x - 3, 60), (x - 3, top + 3)], glass, 2.2)
            sheet.line([(x + 2.2, 60), (x + 2.2, top + 3)], glass, 2.2)
    base = jitter(rng, (225, 225, 222), 12)
    sheet.polygon([(33, 58), (67, 58), (64, 70), (58, 78), (42, 78), (36, 70)], base)
    for y in np.arange(78, 91, 2.8):
        sheet.box(43, y, 57, y + 2.2, jitter(rng, (190, 185, 170)), 1)
    sheet.box(46, 91, 54, 94, (90, 88, 85), 1)
    sheet.cylinder(33, 67, 58, 95, 0.4)


def _pill(sheet: Sheet, x: float, y: float, size: float, kind: int, colours: list[Colour]) -> None:
    """Round tablet (kind 0), tablet with a groove (1) or two-coloured capsule (2)."""
    rng, turn = sheet.rng, sheet.rng.uniform(0, np.pi)
    way = np.array([np.cos(turn), np.sin(turn)])
    at = np.array([x, y])
    dark = tuple(int(v * 0.72) for v in colours[0])
    if kind == 2:
        ends = [at - way * size, at + way * size]
        sheet.line([ends[0], at], colours[0], size * 1.15)
        sheet.line([at, ends[1]], colours[1], size * 1.15)
        shine = np.array([way[1], -way[0]]) * size * 0.22
        sheet.line([ends[0] + shine, ends[1] + shine], (250, 250, 250), size * 0.16)
        return
    sheet.ellipse(x + 0.5, y + 0.7, size, size * 0.95, dark)
    sheet.ellipse(x, y, size * 0.95, size * 0.9, colours[0])
    if kind == 1:
        sheet.line([at - way * size * 0.7, at + way * size * 0.7], dark, size * 0.14)
    sheet.ellipse(
        x - size * 0.3, y - size * 0.3, size * 0.22, size * 0.15, jitter(rng, (252, 252, 252), 3)
    )


def tablets(sheet: Sheet) -> None:
    """Pills: a blister pack, or loose tablets and capsules."""
    rng = sheet.rng
    pale = [(240, 240, 236), (245, 225, 160), (240, 190, 190), (190, 215, 240)]
    colours = [jitter(rng, pale[rng.integers(4)], 8), vivid(rng)]
    kind = int(rng.integers(3))
    if rng.uniform() < 0.6:
        columns, rows = int(rng.integers(2, 4)), int(rng.integers(4, 6))
        step = 17
        x0, y0 = 50 - columns * step / 2, 50 - rows * step / 2
        foil = (
            jitter(rng, (188, 190, 195), 12)
            if rng.uniform() < 0.75
            else jitter(rng, (205, 170, 110))
        )
        sheet.box(x0 - 2, y0 - 2, x0 + columns * step + 2, y0 + rows * step + 2, foil, 3)
        sheet.speckle(0.13, 45)
        for i in range(columns * rows):
            x, y = x0 + step * (i % columns + 0.5), y0 + step * (i // columns + 0.5)
            bubble = tuple(int(v * 0.82) for v in foil)
            sheet.ellipse(x, y, 7.2, 7.2, bubble)
            sheet.ellipse(x - 0.5, y - 0.5, 6.4, 6.4, tuple(min(255, int(v * 1.12)) for v in foil))
            if rng.uniform() < 0.85:
                _pill(sheet, x, y, 3.8 if kind == 2 else 5, kind, colours)
            else:
                sheet.ellipse(x, y, 4.5, 4.5, (95, 95, 98))
        return
    spots = [(x, y) for x in (18, 40, 62, 84) for y in (18, 40, 62, 84)]
    count = int(rng.integers(4, 12))
    for i in rng.permutation(16)[:count]:
        x, y = np.array(spots[i]) + rng.uniform(-3, 3, 2)
        if kind < 2 and rng.uniform() < 0.2:
            kind = 2
        _pill(sheet, x, y, rng.uniform(7.5, 8.5), kind, colours)
    sheet.puff(0.5, 1.2)
