"""Recyclable garbage: plastic bottle, newspaper, can, basketball."""

import numpy as np

from src_mindspore.demo_photos.shapes.sheet import SIDE, Sheet, curve, jitter, smooth_noise, vivid


def bottle(sheet: Sheet) -> None:
    """Plastic bottle: see-through, waisted, with cap and label."""
    rng = sheet.rng
    tone = [(150, 200, 235), (190, 220, 235), (120, 190, 130), (215, 225, 225), (225, 170, 90)]
    body = (*jitter(rng, tone[rng.integers(5)]), int(rng.uniform(110, 190)))
    half, shoulder = rng.uniform(12, 17), rng.uniform(26, 38)
    y = np.array([11, 17, shoulder, shoulder + 12, 62, 72, 92, 96])
    wide = half * np.array([0.36, 0.4, 0.93, 1, rng.uniform(0.75, 1), 0.97, 1, 0.85])
    fine = np.linspace(11, 96, 60)
    smooth = np.interp(fine, y, wide) + rng.uniform(0, 0.5) * np.sin(fine * rng.uniform(0.8, 1.6))
    dent = smooth_noise(rng, (60, 2), 4) * rng.choice([0.3, 2.5])
    left, right = 50 - smooth + dent[:, 0], 50 + smooth + dent[:, 1]
    sheet.polygon([*zip(left, fine, strict=True), *zip(right[::-1], fine[::-1], strict=True)], body)
    dark = (*(int(v * 0.7) for v in body[:3]), 200)
    for ring in np.arange(shoulder + 4, 94, rng.uniform(4, 8)):
        at = np.searchsorted(fine, ring)
        bend = curve([(left[at], ring), (50, ring + 2.5), (right[at], ring)], 8)
        sheet.line(bend, dark, 0.5)
    if rng.uniform() < 0.75:
        top, bottom = shoulder + rng.uniform(3, 8), rng.uniform(60, 72)
        rows = (fine >= top) & (fine <= bottom)
        outline = [*zip(left[rows], fine[rows], strict=True)]
        outline += [*zip(right[rows][::-1], fine[rows][::-1], strict=True)]
        label = vivid(rng)
        sheet.polygon(outline, (*label, 255))
        middle = (top + bottom) / 2
        sheet.ellipse(50, middle, half * 0.6, 5, jitter(rng, (235, 235, 235)))
        sheet.text(50, middle, str(rng.choice(["AQUA", "COLA", "TEA", "LIMO"])), 6, (*label, 255))
    cap = vivid(rng) if rng.uniform() < 0.7 else (235, 235, 235)
    if rng.uniform() < 0.85:
        sheet.box(50 - half * 0.45, 4, 50 + half * 0.45, 12, (*cap, 255), 1)
    sheet.cylinder(50 - half - 3, 50 + half + 3, 4, 97, rng.uniform(0.3, 0.9))


def _page(sheet: Sheet, x0: float, y0: float, x1: float, y1: float, title: bool) -> None:
    """One printed newspaper page: title, headlines, columns of lines, grey pictures."""
    rng, ink = sheet.rng, jitter(sheet.rng, (60, 58, 58), 15)
    sheet.box(x0, y0, x1, y1, jitter(rng, (222, 218, 205), 14))
    y = y0 + 3
    if title:
        words = str(rng.choice(["DAILY NEWS", "THE TIMES", "MORNING POST", "CITY HERALD"]))
        sheet.text((x0 + x1) / 2, y + 3.5, words, (x1 - x0) / 7.5, ink)
        sheet.line([(x0 + 2, y + 8), (x1 - 2, y + 8)], ink, 0.5)
        y += 10
    count = int(rng.integers(3, 6))
    wide = (x1 - x0 - 4) / count
    for column in range(count):
        row, left = y, x0 + 2 + column * wide
        while row < y1 - 4:
            tall = rng.uniform(7, 14)
            if rng.uniform() < 0.18 and row + tall < y1 - 3:
                sheet.box(
                    left,
                    row,
                    left + wide - 1,
                    row + tall,
                    jitter(rng, (rng.uniform(80, 165),) * 3, 8),
                )
                row += tall + 1.5
            elif rng.uniform() < 0.2:
                sheet.box(left, row, left + wide * rng.uniform(0.5, 0.9), row + 1.6, ink)
                row += 3.2
            for _ in range(int(rng.integers(3, 9))):
                if row < y1 - 3:
                    end = left + (wide - 1) * rng.uniform(0.8, 1)
                    sheet.line([(left, row), (end, row)], ink, 0.42)
                row += 1.35
            row += 0.8


def newspaper(sheet: Sheet) -> None:
    """Newspaper: a folded front page, perhaps with a second sheet, or spread open."""
    rng = sheet.rng
    if rng.uniform() < 0.4:
        _page(sheet, 4, 18, 50, 82, True)
        _page(sheet, 50, 18, 96, 82, False)
        u = np.abs(np.linspace(-1, 1, SIDE))
        field = np.broadcast_to(0.72 + 0.28 * np.minimum(1, u * rng.uniform(3, 8)), (SIDE, SIDE))
    else:
        if rng.uniform() < 0.5:
            _page(sheet, 23, 14, 85, 92, False)
        _page(sheet, 18, 8, 80, rng.uniform(70, 90), True)
        fold = np.abs(np.linspace(0, 1, SIDE)[:, None] - rng.uniform(0.4, 0.6))
        field = np.broadcast_to(0.75 + 0.25 * np.minimum(1, fold * 12), (SIDE, SIDE))
    crumple = smooth_noise(rng, (SIDE, SIDE), int(rng.integers(4, 9)))
    sheet.gain(field * (1 + rng.uniform(0.05, 0.2) * crumple))


def can(sheet: Sheet) -> None:
    """Drink or food can, standing, seen a little from above."""
    rng = sheet.rng
    half, top, bottom = rng.uniform(19, 24), rng.uniform(14, 24), rng.uniform(78, 90)
    flat = half * rng.uniform(0.15, 0.4)
    silver, food = jitter(rng, (190, 192, 196), 10), rng.uniform() < 0.3
    body = vivid(rng)
    sheet.ellipse(50, bottom, half * 0.9, flat * 0.9, silver)
    sheet.box(50 - half, top + 3, 50 + half, bottom - 3, (*(silver if food else body),))
    sheet.ellipse(50, bottom - 3, half, flat, silver if food else body)
    if food:
        sheet.box(50 - half, top + 10, 50 + half, bottom - 10, body)
        sheet.ellipse(50, bottom - 10, half, flat, body)
    middle, other = (top + bottom) / 2 + flat / 2, vivid(rng)
    style = rng.integers(3)
    if style == 0:
        wave = [
            (53 - half, middle - 8),
            (40, middle + 16),
            (60, middle - 16),
            (47 + half, middle + 8),
        ]
        sheet.line(curve(wave), (240, 240, 240), rng.uniform(4, 10))
    elif style == 1:
        sheet.ellipse(50, middle, half * 0.7, 11, other)
    else:
        for i in range(4):
            y = top + 16 + 9 * i
            stripe = curve([(50 - half, y), (50, y + 2 * flat), (50 + half, y)])
            sheet.line(stripe, other, 2.5)
    name = str(rng.choice(["COLA", "BEER", "SODA", "BEANS", "TUNA"]))
    sheet.text(50, middle, name, 10, (250, 250, 250))
    sheet.cylinder(50 - half, 50 + half, top, bottom + flat, rng.uniform(0.4, 0.9))
    sheet.ellipse(50, top + 2, half, flat, jitter(rng, (150, 152, 158), 10))
    sheet.ellipse(50, top, half * 0.95, flat * 0.95, jitter(rng, (222, 223, 226), 8))
    sheet.ellipse(50, top + 0.6, half * 0.84, flat * 0.8, jitter(rng, (168, 170, 175), 14))
    if not food:
        hole = jitter(rng, (45, 45, 48) if rng.uniform() < 0.6 else (150, 150, 155))
        sheet.ellipse(50, top + flat * 0.42, half * 0.26, flat * 0.25, hole)
        sheet.ellipse(50, top - flat * 0.05, half * 0.2, flat * 0.3, jitter(rng, (225, 225, 228)))


def basketball(sheet: Sheet) -> None:
    """Basketball: seams are circles on a randomly turned sphere, of which the near half shows."""
    rng = sheet.rng
    tone = [(205, 105, 45), (180, 85, 40), (220, 125, 60), (150, 75, 45)][rng.integers(4)]
    sheet.ellipse(50, 50, 44, 44, jitter(rng, tone))
    sheet.speckle(0.16, 120)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    t = np.linspace(0, 2 * np.pi, 120)
    zero = np.zeros_like(t)
    circles = [np.stack([np.cos(t), np.sin(t), zero]), np.stack([zero, np.cos(t), np.sin(t)])]
    for away in (-1, 1):
        bow = away * (0.62 - 0.16 * np.cos(2 * t))
        ring = np.sqrt(1 - bow**2)
        circles.append(np.stack([ring * np.sin(t), bow, ring * np.cos(t)]))
    dark = jitter(rng, (35, 28, 25), 10)
    for circle in circles:
        x, y, z = turn @ circle
        near = np.flatnonzero(z > 0)
        for run in np.split(near, np.flatnonzero(np.diff(near) > 1) + 1):
            if len(run) > 1:
                sheet.line(50 + 43.5 * np.stack([x[run], y[run]], 1), dark, 1.7)
    # In radii of the ball (44 of 100 units), from the sheet's middle.
    grid = np.linspace(-50 / 44, 50 / 44, SIDE, dtype=np.float32)
    lx, ly = rng.uniform(-0.5, 0.5, 2)
    far = (grid[None] - lx) ** 2 + (grid[:, None] - ly) ** 2
    sheet.gain(np.clip(1.2 - 0.42 * far, 0.3, 1.2) + 0.35 * np.exp(-far / 0.04))
