"""Parallel coordinates: many settings and what each of them led to, a line each."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from src_mindspore.plots.of_run import save

WORST = 0.75  # share of the lines that the colours tell apart; the others look like the last
JITTER = 0.03  # of an axis: lines through one value lie side by side
Line = tuple[Sequence[Any], int, bool]


def draw_parallel(
    path: Path, names: Sequence[str], scaled: Sequence[str], lines: Sequence[Line], photos: int
) -> None:
    """Draws them; the last axis is the number of errors, where it was measured to the end.

    Args:
        path: the PNG to write.
        names: of the axes.
        scaled: those of them with a logarithmic scale, whose values are 0 or more; the others have
            a place for each value.
        lines: by line its value on every axis, its errors, and whether it was trained to the end.
        photos: that errors are counted on.
    """
    figure = Figure(figsize=(14, 7), layout="constrained")
    axes = figure.subplots()
    columns = [
        _scale([line[0][i] for line in lines]) if name in scaled else _places(lines, i)
        for i, name in enumerate(names)
    ]
    complete = sorted(errors for _, errors, done in lines if done)
    low, high = complete[0], max(complete[int(WORST * (len(complete) - 1))], complete[0] + 1)
    colours = ScalarMappable(Normalize(low, high), "viridis_r")
    order = sorted(range(len(lines)), key=lambda i: (lines[i][2], -lines[i][1]))  # the best on top
    for rank, number in enumerate(order):
        _, errors, done = lines[number]
        shift = JITTER * (rank / max(1, len(order) - 1) - 0.5)
        heights = [heights[number] + shift for heights, _ in columns]
        if done:
            heights.append(_height(errors, low, high))
        colour = colours.to_rgba(errors) if done else "lightgrey"
        width = 3 if rank == len(order) - 1 else 1.2 if done else 0.5
        axes.plot(range(len(heights)), heights, color=colour, lw=width, alpha=0.9 if done else 0.6)
    for place, (_, ticks) in enumerate(columns):
        _axis(axes, place, ticks)
    middle = (low + high) // 2
    ticks = {_height(n, low, high): f"{n}" for n in (low, middle, high)}
    _axis(axes, len(names), ticks)
    axes.set_xticks(range(len(names) + 1), [*names, f"errors\nof {photos:,}"], rotation=30)
    axes.set_yticks([])
    axes.set_xlim(-0.3, len(names) + 0.6)
    axes.set_title(
        f"{len(lines)} heads; grey: not trained to the end, others were better; thick: the best"
    )
    for side in ("top", "left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    figure.colorbar(colours, ax=axes, label="errors", extend="max", pad=0.01)
    save(figure, path)


def _height(errors: int, low: int, high: int) -> float:
    """Fewer errors are higher; those beyond the colours lie at the foot."""
    return 1 - min(1.05, (errors - low) / (high - low))


def _places(lines: Sequence[Line], axis: int) -> tuple[list[float], dict[float, str]]:
    """Heights 0..1 of every line, and what stands there: a place for each value."""
    found = {line[0][axis] for line in lines}
    numbers = all(isinstance(value, int | float) for value in found)
    values = sorted(found) if numbers else sorted(found, key=str)
    heights = {v: i / (len(values) - 1) if len(values) > 1 else 0.5 for i, v in enumerate(values)}
    ticks = {h: f"{v:g}" if numbers else str(v) for v, h in heights.items()}
    return [heights[line[0][axis]] for line in lines], ticks


def _scale(values: Sequence[float]) -> tuple[list[float], dict[float, str]]:
    """Likewise, logarithmic; 0 stands a little below the smallest."""
    logs = [math.log10(value) for value in values if value > 0] or [0.0]
    low, high = min(logs), max(logs)
    span = (high - low) or 1.0
    zero = -0.1 if 0 in values else 0.0

    def height(value: float) -> float:
        share = (math.log10(value) - low) / span if value > 0 else zero
        return (share - zero) / (1 - zero)

    decades = range(math.ceil(low), math.floor(high) + 1)
    ticks = {height(10.0**n): f"{10.0**n:g}" for n in decades}
    if zero:
        ticks[0.0] = "0"
    return [height(value) for value in values], ticks


def _axis(axes: Axes, place: int, ticks: dict[float, str]) -> None:
    axes.axvline(place, color="black", lw=0.8, zorder=0)
    for height, text in ticks.items():
        axes.text(
            *(place, height, f" {text}"),
            size=8,
            va="center",
            bbox={"facecolor": "white", "alpha": 0.7, "pad": 0.5, "edgecolor": "none"},
            parse_math=False,
        )
