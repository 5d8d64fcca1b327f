"""Figures of benchmarks/training.py: medians, ratios round by round, the table and the plot."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from src_mindspore.system.write import atomic_path


@dataclass(frozen=True)
class Row:
    """One entry's figures: times in the part's unit, ``ratio`` to the first entry's."""

    who: str
    median: float
    minimum: float
    turns: int
    photos: int
    ratio: float
    peak_mb: float
    load: float
    note: str = ""
    difference: float | None = None


def paired_ratio(times: Mapping[int, float], reference: Mapping[int, float]) -> float:
    """Median over the rounds that both took part in of one's time over the other's.

    Raises:
        ValueError: there is no such round.
    """
    rounds = times.keys() & reference.keys()
    if not rounds:
        raise ValueError("no round has both")
    return statistics.median(times[n] / reference[n] for n in rounds)


def rows_of(
    labels: Sequence[str],
    turns: Sequence[Mapping[int, float]],
    photos: Sequence[int],
    peaks: Sequence[float],
    about: Sequence[Mapping[str, Any]],
    loads: Sequence[float],
) -> list[Row]:
    """One row an entry; ``turns`` has each one's times by round."""
    return [
        Row(
            who=label,
            median=statistics.median(times.values()),
            minimum=min(times.values()),
            turns=len(times),
            photos=count,
            ratio=paired_ratio(times, turns[0]),
            peak_mb=round(peak, 1),
            load=round(statistics.median(loads), 2),
            note=str(told.get("version", "")),
            difference=told.get("difference"),
        )
        for label, times, count, peak, told in zip(labels, turns, photos, peaks, about, strict=True)
    ]


@dataclass(frozen=True)
class Wanted:
    """A requirement: the ratio of two rows, or one row's median, against a bound."""

    what: str
    part: str
    row: str
    against: str | None
    at_most: float | None = None
    at_least: float | None = None


WANTED = (
    Wanted(
        "extraction / ONNX Runtime's bare inference",
        "extraction",
        "pocketlens",
        "ONNX Runtime, bare inference",
        at_most=1.25,
    ),
    Wanted(
        "plain MindSpore / extraction", "extraction", "plain MindSpore", "pocketlens", at_least=40
    ),
    Wanted("head epoch, 2,000 photos, s", "head", "pocketlens, with validation", None, at_most=0.1),
    Wanted(
        "PyTorch's whole step / top step",
        "top",
        "PyTorch, whole network",
        "pocketlens, cached maps",
        at_least=5,
    ),
    Wanted(
        "whole step / PyTorch's, statistics learned",
        "whole",
        "pocketlens, learned statistics",
        "PyTorch, learned statistics",
        at_most=1,
    ),
    Wanted(
        "whole step / PyTorch's, statistics frozen",
        "whole",
        "pocketlens, frozen statistics",
        "PyTorch, frozen statistics",
        at_most=1,
    ),
    *(
        Wanted(f"time to the accuracy, {peer} / {own}", "accuracy", peer, own, at_least=bound)
        for own in ("pocketlens", "pocketlens, plain view")
        for peer, bound in (
            ("plain MindSpore", 20),
            ("PyTorch, whole network", 8),
            ("PyTorch, features by hand", 2),
        )
    ),
)


def judged(rows: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    """Every requirement whose rows were measured: wanted, got, and whether it is met."""
    found = []
    for wanted in WANTED:
        by_name = {row.who: row for row in rows.get(wanted.part, ())}
        if wanted.row not in by_name or (wanted.against or wanted.row) not in by_name:
            continue
        row = by_name[wanted.row]
        # the rows' own ratios are medians over rounds, all against the same first row
        got = row.ratio / by_name[wanted.against].ratio if wanted.against else row.median
        met = got <= wanted.at_most if wanted.at_most is not None else got >= wanted.at_least
        bound = f"<= {wanted.at_most:g}" if wanted.at_most is not None else None
        found.append(
            {
                "what": wanted.what,
                "wanted": bound or f">= {wanted.at_least:g}",
                "got": round(got, 3),
                "met": bool(met),
            }
        )
    return found


def table(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = [f"{report['cpu']}, {report['cores']} cores"]
    for part in report["parts"].values():
        lines += ["", f"{part['title']} ({part['unit']})"]
        lines.append(
            f"  {'':34} {'median':>9} {'min':>9} {'ratio':>7} {'turns':>5} {'MiB':>6}  note"
        )
        lines += [
            f"  {row['who']:34} {row['median']:9.3g} {row['minimum']:9.3g} {row['ratio']:7.2f}"
            f" {row['turns']:5d} {row['peak_mb']:6.0f}  {row['note']}"
            for row in part["rows"]
        ]
    if report["required"]:
        lines += ["", "required"]
        lines += [
            f"  {'met ' if r['met'] else 'NOT '} {r['what']}: {r['got']:.3g}, wanted {r['wanted']}"
            for r in report["required"]
        ]
    return "\n".join(lines)


def draw(path: Path, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """One panel of horizontal bars a part, the axis logarithmic, the ratio at every bar.

    Args:
        path: the PNG to write.
        parts: as in the report, at least one.
    """
    columns = min(2, len(parts))
    lines = -(-len(parts) // columns)
    figure = Figure(figsize=(7.5 * columns, 3 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(parts) :]:
        panel.set_visible(False)
    for panel, part in zip(panels, parts.values(), strict=False):
        rows = part["rows"]
        values = [row["median"] for row in rows]
        bars = panel.barh(
            [row["who"] for row in rows],
            values,
            color=["tab:orange" if "pocketlens" in row["who"] else "tab:blue" for row in rows],
        )
        texts = [f"{row['median']:.3g}  ({row['ratio']:.2f}x)" for row in rows]
        panel.bar_label(bars, texts, padding=3, fontsize=8)
        panel.set_xscale("log")
        panel.set_xlim(min(values) / 2, max(values) * 8)
        panel.invert_yaxis()
        panel.set_title(part["title"], fontsize=9)
        panel.set_xlabel(part["unit"], fontsize=8)
        panel.tick_params(labelsize=8)
    FigureCanvasAgg(figure)  # no display, and no state shared with a caller's pyplot
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def as_table(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows for JSON."""
    return [asdict(row) for row in rows]
