"""Pictures of a run: curves over the epochs and the confusion matrix."""

import logging
import warnings
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from src_mindspore.system.write import atomic_path

log = logging.getLogger(__name__)

DPI = 120
PAD = 0.05  # inches around a picture
LEAST = 0.3  # of a side that a picture's axes keep, however long the names beside them are
LARGEST = 40.0  # inches of a side: 23 megapixels
MOST = 100  # classes whose names can be read in such a picture
SOME = 40  # classes that are shown where there are more
NAME = 40  # characters of a name beside the picture

# fonts with Chinese characters; Matplotlib's own has none
CHINESE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Droid Sans Fallback"),
    *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Microsoft YaHei", "PingFang SC"),
)


def chinese_fonts() -> list[str]:
    """Font families with Chinese characters that this machine has."""
    there = set(font_manager.get_font_names())
    return [name for name in CHINESE_FONTS if name in there]


def label_fonts() -> list[str]:
    """Font families of class names: the default one, then what this machine has for Chinese."""
    return ["DejaVu Sans", *chinese_fonts()]


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG; says where a font has no characters for a name."""
    FigureCanvasAgg(figure)  # no display, and no state shared with a caller's pyplot
    with atomic_path(path) as temporary, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(temporary, dpi=DPI)
    if any("missing from font" in str(warning.message) for warning in caught):
        log.warning(
            "%s: no font here has all characters of the class names; a Chinese one, such as the "
            "package fonts-noto-cjk, would",
            path.name,
        )


def draw_curves(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Loss, top-1 and learning rate over all epochs of all stages, from ``log.jsonl``.

    Args:
        path: the PNG to write.
        lines: entries of ``log.jsonl``, at least one.
    """
    # margins that are wide enough: Matplotlib takes longer to find them than to draw
    figure = Figure(figsize=(9, 8))
    losses, accuracies, rates = figure.subplots(3, 1, sharex=True)
    figure.subplots_adjust(left=0.105, right=0.985, bottom=0.065, top=0.985, hspace=0.06)
    epochs = np.arange(1, len(lines) + 1)
    stages = [line["stage"] for line in lines]
    few = "o-" if len(lines) < 40 else "-"

    def column(name: str, factor: float = 1.0) -> list[float]:
        return [line[name] * factor for line in lines]

    losses.plot(epochs, column("train_loss"), few, ms=3, label="training (as optimised)")
    losses.plot(epochs, column("val_loss"), few, ms=3, label="validation")
    losses.set_ylabel("loss")
    accuracies.plot(epochs, column("train_top1", 100), few, ms=3, label="training, augmented")
    accuracies.plot(epochs, column("val_top1", 100), few, ms=3, label="validation")
    best = max(range(len(lines)), key=lambda i: (lines[i]["val_top1"], -lines[i]["val_loss"]))
    accuracies.plot(
        epochs[best],
        100 * lines[best]["val_top1"],
        "k*",
        ms=11,
        label=f"best: {lines[best]['val_top1']:.2%}, {stages[best]} {lines[best]['epoch']}",
    )
    accuracies.set_ylabel("top-1, %")
    rates.plot(epochs, column("lr"), few, ms=3, color="tab:green")
    rates.set_ylabel("learning rate")
    rates.set_yscale("log")
    if max(line["lr"] for line in lines) > 10 * min(line["lr"] for line in lines):
        rates.minorticks_off()  # there are others
    rates.set_xlabel("epoch, all stages")
    for axes in (losses, accuracies, rates):
        _mark_stages(axes, stages)
        axes.grid(alpha=0.3)
    losses.legend()
    accuracies.legend(loc="lower right")
    save(figure, path)


def _mark_stages(axes: Axes, stages: Sequence[str]) -> None:
    for i in range(1, len(stages)):
        if stages[i] != stages[i - 1]:
            axes.axvline(i + 0.5, color="grey", ls="--", lw=1)
            axes.annotate(
                f" {stages[i]}", (i + 0.5, 1), xycoords=("data", "axes fraction"), va="top"
            )


def draw_confusion(path: Path, confusion: np.ndarray, labels: Sequence[str]) -> None:
    """The confusion matrix: a row per true class, in share of its images, counts written in.

    Of more than ``MOST`` classes it has the ``SOME`` that are most often taken for one another,
    and says so.

    Args:
        path: the PNG to write.
        confusion: ``(m, 3)``, rows of true class, predicted class and images.
        labels: display names of all classes.
    """
    true, predicted, images = np.asarray(confusion, np.int64).reshape(-1, 3).T
    right, total = int(images[true == predicted].sum()), int(images.sum())
    title = f"{right} of {total} images right ({right / max(total, 1):.2%})"
    shown = np.arange(len(labels))
    if len(labels) > MOST:
        shown = most_confused(confusion, len(labels), SOME)
        title += (
            f"\nthe {len(shown)} of {len(labels):,} classes most often taken for one another\n"
            f"(shares are of all images of a class)"
        )
    place = np.full(len(labels), -1)
    place[shown] = np.arange(len(shown))
    table = np.zeros((len(shown), len(shown)), np.int64)
    inside = (place[true] >= 0) & (place[predicted] >= 0)
    table[place[true[inside]], place[predicted[inside]]] = images[inside]
    of_class = np.bincount(true, images, len(labels))[shown]
    shares = table / np.maximum(of_class, 1)[:, None]
    _draw_table(path, table, shares, [short_name(labels[i]) for i in shown], title)


def most_confused(confusion: np.ndarray, classes: int, count: int) -> np.ndarray:
    """The classes of the most frequent confusions: ``count`` sorted indices.

    Where fewer are confused the first of the others join them.
    """
    wrong = confusion[confusion[:, 0] != confusion[:, 1]]
    chosen: set[int] = set()
    for pair in wrong[np.argsort(-wrong[:, 2], kind="stable"), :2].tolist():
        if len(chosen.union(pair)) <= count:
            chosen.update(pair)
        if len(chosen) == count:
            break
    others = (i for i in range(classes) if i not in chosen)
    return np.array(sorted([*chosen, *islice(others, count - len(chosen))]))


def short_name(label: str) -> str:
    """A name of a length that leaves room for the picture."""
    return label if len(label) <= NAME else f"{label[: NAME - 1]}…"


def _draw_table(
    path: Path, table: np.ndarray, shares: np.ndarray, names: Sequence[str], title: str
) -> None:
    # inches; above the limit the tick labels shrink instead
    size = min(max(5.0, 2.5 + 0.36 * len(names)), LARGEST)
    figure = Figure(figsize=(size, size))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(table), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = str(table[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, size=8)
    ticks = range(len(names))
    points = min(10.0, 72 * 0.6 * size / len(names))
    style = {"size": points, "parse_math": False, "fontfamily": label_fonts()}  # "$" is a "$"
    axes.set_xticks(ticks, names, rotation=90, **style)
    axes.set_yticks(ticks, names, **style)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ``save`` says what a font lacks
        _fill(figure, axes)
    save(figure, path)


def _fill(figure: Figure, axes: Axes) -> None:
    """Makes room for the names around the only axes of a figure.

    They are measured once, which a layout of Matplotlib's does several times.
    """
    inner = axes.get_window_extent()
    outer = axes.get_tightbbox(FigureCanvasAgg(figure).get_renderer(), for_layout_only=True)
    width, height = figure.bbox.size
    pad = PAD * figure.dpi
    right, top = outer.x1 - inner.x1 + pad, outer.y1 - inner.y1 + pad
    left = min(inner.x0 - outer.x0 + pad, (1 - LEAST) * width - right)
    bottom = min(inner.y0 - outer.y0 + pad, (1 - LEAST) * height - top)
    axes.set_position(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )


def draw_reliability(path: Path, calibration: dict[str, Any], final: dict[str, Any]) -> None:
    """Accuracy over confidence, before and after the temperature, and how many photos say so.

    Args:
        path: the PNG to write.
        calibration: of ``metrics.json``, see ``calibration.calibrate``.
        final: its ``val``, see ``score.figures``.
    """
    figure = Figure(figsize=(10, 6))
    rows = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    figure.subplots_adjust(
        left=0.075, right=0.985, bottom=0.145, top=0.87, wspace=0.07, hspace=0.08
    )
    sides = (
        ("before", "before", calibration["reliability_before"]),
        ("after", f"after, temperature {calibration['temperature']:.3f}", final["reliability"]),
    )
    for (key, title, bins), top, bottom in zip(sides, *rows, strict=True):
        filled = [row for row in bins if row["n"]]
        middles = [(row["low"] + row["high"]) / 2 for row in filled]
        width = bins[0]["high"] - bins[0]["low"]
        ends = [row["accuracy_interval"] for row in filled]
        heights = np.array([row["accuracy"] for row in filled])
        top.bar(middles, heights, width, color="tab:blue", alpha=0.6, label="accuracy")
        spread = np.abs(np.array(ends).T - heights)
        top.errorbar(middles, heights, spread, fmt="none", color="grey", lw=1, label="95 %")
        top.plot([row["confidence"] for row in filled], heights, "k.", label="at mean confidence")
        top.plot([0, 1], [0, 1], "k--", lw=1)
        top.set_title(f"{title}: ECE {calibration[key]['ece']:.4f}")
        bottom.bar(middles, [row["n"] for row in filled], width, color="grey")
        for x, row in zip(middles, filled, strict=True):
            bottom.text(x, row["n"], str(row["n"]), ha="center", va="bottom", size=8)
        bottom.set_xlabel("confidence: probability of the class that is said")
        bottom.margins(y=0.25)
        top.set_xlim(0, 1)
        top.set_ylim(0, 1.02)
    rows[0, 0].set_ylabel("accuracy")
    rows[1, 0].set_ylabel("photos")
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    chance = calibration["by_chance"]
    figure.suptitle(
        f"{calibration['split']}, n={calibration['n']}, {len(final['reliability'])} bins of equal "
        f"width; perfectly calibrated, chance alone gives an ECE of {chance['low']:.3f} to "
        f"{chance['high']:.3f}"
    )
    save(figure, path)
