"""The picture of a comparison: how good each recipe is, over how fast."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from src_mindspore.plots.of_run import LARGEST, NAME, label_fonts, save, short_name

APART = 0.015  # of the axis, between recipes whose intervals would lie on one another
COLOURS, MARKERS = 10, "osD^v"  # Matplotlib's own colours; the eleventh recipe has the next marker


def draw_accuracy_over_speed(path: Path, rows: Sequence[dict[str, Any]], speed: str) -> None:
    """Each recipe of a comparison as a point: photos a second, accuracy with its 95 % interval.

    Args:
        path: the PNG to write.
        rows: ``name``, ``accuracy`` and ``accuracy_interval`` (0..1), ``speed`` above 0.
        speed: what the speed is, for the axis.
    """
    height = max(6.0, 0.6 + 0.23 * len(rows))  # of the legend, a line each
    figure = Figure(figsize=(9, min(height, LARGEST)), layout="constrained")
    axes = figure.subplots()
    names = _short_apart([row["name"] for row in rows])
    speeds = np.array([row["speed"] for row in rows], float)
    left, right = 0.7 * speeds.min(), speeds.max() / 0.7
    places = left * (right / left) ** _apart(np.log(speeds / left) / np.log(right / left))
    for place, row in enumerate(rows):
        low, high = (abs(end - row["accuracy"]) * 100 for end in row["accuracy_interval"])
        axes.errorbar(
            places[place],
            100 * row["accuracy"],
            [[low], [high]],
            fmt=MARKERS[place // COLOURS % len(MARKERS)],
            ms=7,
            capsize=4,
            color=f"C{place % COLOURS}",
            label=f"{names[place]}: {row['accuracy']:.2%}",
        )
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    # of a decade as many numbers as have room beside each other; a range within one has them all
    steps = (1.0, 2.0, 5.0) if right > 4 * left else tuple(range(1, 10))
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(speed)
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.3, which="both")
    style = {"family": label_fonts()}
    legend = figure.legend(loc="outside right upper", prop=style)
    for text in legend.get_texts():
        text.set_parse_math(False)
    save(figure, path)


def _short_apart(names: Sequence[str]) -> list[str]:
    """Names of such a length, which tell recipes apart: long ones may differ at their ends."""
    half = (NAME - 1) // 2
    ends = [n if len(n) <= NAME else f"{n[:half]}…{n[half + 1 - NAME :]}" for n in names]
    found = [short_name(name) for name in names]
    found = [end if found.count(f) > 1 else f for f, end in zip(found, ends, strict=True)]
    return [
        f"{f} ({found[: place + 1].count(f)})" if found.count(f) > 1 else f
        for place, f in enumerate(found)
    ]


def _apart(places: np.ndarray) -> np.ndarray:
    """Places 0..1 along an axis; those that are too near each other side by side, in order."""
    order = np.argsort(places, kind="stable")
    moved = places.copy()
    gaps = np.diff(places[order])
    for group in np.split(order, np.flatnonzero(gaps >= APART) + 1):
        moved[group] = places[group].mean() + APART * (np.arange(len(group)) - (len(group) - 1) / 2)
    return moved
