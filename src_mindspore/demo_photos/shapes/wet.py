"""Wet garbage: orange peel, banana peel."""

import numpy as np

from src_mindspore.demo_photos.shapes.sheet import Sheet, curve, jitter, ribbon, smooth_noise


def orange_peel(sheet: Sheet) -> None:
    """Orange peel: a wound strip, an opened flower of petals, or torn pieces, pith showing."""
    rng = sheet.rng
    rind, pith = jitter(rng, (238, 140, 30), 22), jitter(rng, (245, 222, 175), 10)
    style = rng.integers(3)
    if style == 0:
        t = np.linspace(0, rng.uniform(2.6, 4.4) * np.pi, 120)
        r = 38 - 24 * t / t[-1]
        middle = np.stack([50 + r * np.cos(t), 50 + r * np.sin(t) * rng.uniform(0.7, 1)], 1)
        wide = rng.uniform(7, 10) * (0.25 + np.sin(np.linspace(0.1, np.pi - 0.1, 120)) ** 0.5)
        sheet.polygon(ribbon(middle + np.array([0.9, 1.2]), wide + 2), pith)
        sheet.polygon(ribbon(middle, wide), rind)
    elif style == 1:
        count = int(rng.integers(4, 7))
        for i in range(count):
            turn = 2 * np.pi * i / count + rng.uniform(-0.25, 0.25)
            way, reach = np.array([np.cos(turn), np.sin(turn)]), rng.uniform(32, 44)
            middle = curve(
                [(50, 50), 50 + way * reach * 0.6 + rng.uniform(-5, 5, 2), 50 + way * reach], 20
            )
            wide = 24 * np.sin(np.linspace(0.35, np.pi, 20)) ** 0.8
            sheet.polygon(ribbon(middle, wide + 3), rind)
            if rng.uniform() < 0.65:
                sheet.polygon(ribbon(middle, wide), pith)
        sheet.ellipse(50, 50, 7, 7, pith)
    else:
        for _ in range(int(rng.integers(2, 6))):
            x, y = rng.uniform(26, 74, 2)
            t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            r = rng.uniform(13, 20) * (1 + 0.3 * smooth_noise(rng, (40, 1), 5)[:, 0])
            shape = np.stack([r * np.cos(t), r * rng.uniform(0.5, 0.9) * np.sin(t)], 1)
            outside = rng.uniform() < 0.6
            sheet.polygon(shape + np.array([x, y]), pith if outside else rind)
            sheet.polygon(shape * 0.9 + np.array([x - 0.8, y - 0.8]), rind if outside else pith)
    sheet.puff(rng.uniform(0.7, 1.2), 3)
    sheet.speckle(0.12, 110)


def banana_peel(sheet: Sheet) -> None:
    """Banana peel: strips spread from the stem, outside yellow with brown, inside cream."""
    rng = sheet.rng
    skin, inside = jitter(rng, (232, 200, 55), 22), jitter(rng, (240, 226, 170), 10)
    if rng.uniform() < 0.3:
        skin = jitter(rng, (175, 135, 50))
    brown = jitter(rng, (95, 65, 30))
    hub = np.array([50, rng.uniform(28, 48)])
    count = int(rng.integers(3, 6))
    start = rng.uniform(-0.3, 0.3)
    for i in rng.permutation(count):
        turn = start + np.pi * (i + 0.5) / count + rng.uniform(-0.2, 0.2)
        way = np.array([np.cos(turn), np.sin(turn)])
        side, reach = np.array([-way[1], way[0]]), rng.uniform(36, 50)
        bow = rng.uniform(-16, 16)
        middle = curve(
            [hub, hub + way * reach * 0.5 + side * bow, hub + way * reach + side * bow * 0.2], 30
        )
        wide = rng.uniform(11, 15) * np.interp(
            np.linspace(0, 1, 30), [0, 0.35, 0.8, 1], [0.75, 1, 0.7, 0.12]
        )
        sheet.polygon(ribbon(middle, wide), skin)
        if rng.uniform() < 0.5:
            sheet.polygon(ribbon(middle[3:] + side * rng.uniform(-1, 1), wide[3:] * 0.78), inside)
            sheet.line(middle[5:-3] + side, jitter(rng, (215, 190, 120)), 0.5)
        else:
            sheet.line(
                middle[3:-2] + side * wide[3:-2, None] * 0.2, jitter(rng, (185, 150, 45)), 0.7
            )
        for _ in range(int(rng.integers(0, 9))):
            x, y = middle[rng.integers(4, 28)] + rng.uniform(-3, 3, 2)
            sheet.ellipse(x, y, rng.uniform(0.4, 1.4), rng.uniform(0.4, 1.2), brown)
        sheet.line(middle[-3:], brown, 1.6)
    stem = curve(
        [hub, hub + rng.uniform((-4, -12), (4, -9)), hub + rng.uniform((-9, -22), (9, -17))], 10
    )
    sheet.polygon(ribbon(stem, np.linspace(9, 3.5, 10)), jitter(rng, (205, 180, 60)))
    sheet.line(stem[-2:], brown, 3.6)
    sheet.puff(rng.uniform(0.6, 1.1), 2.5)
    sheet.speckle(0.1, 40)
