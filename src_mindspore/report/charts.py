"""Curves and bars as SVG inside the page: they follow its language, and light and dark."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from src_mindspore.report.language import Both, words

WIDTH, HEIGHT = 420, 236  # units; shown at about so many pixels, so that text stays readable
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 26, 30
DOTS = 45  # epochs up to which each has a dot
TICKS = 5  # about so many on an axis
SAMPLES = 400  # epochs that are drawn; of more every second, third ... one

Place = Callable[[float], float]


def nice_ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round numbers from ``low`` to ``high``, about ``count`` of them."""
    span = (high - low) or 1.0
    rough = span / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 10) for k in range(first, last + 1)]


def _scales(low: float, high: float, right: float) -> tuple[Place, Place]:
    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / right

    def y(value: float) -> float:
        share = (value - low) / ((high - low) or 1.0)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    return x, y


def _text(text: Both, x: float, y: float, kind: str) -> Markup:
    """Words in both languages, of which one is shown."""
    parts = [("en", text.en)] if text.en == text.zh else [("en", text.en), ("zh", text.zh)]
    one = len(parts) == 1
    return Markup("").join(
        Markup('<text x="{:.1f}" y="{:.1f}" class="{}"{}>{}</text>').format(
            *(x, y, kind, "" if one else Markup(' lang="{}"').format(language), part)
        )
        for language, part in parts
    )


def _frame(title: Both, marks: Sequence[tuple[float, str]], y: Place) -> Markup:
    lines = Markup("").join(
        Markup(
            '<path class="grid" d="M{} {y:.1f}H{}"/><text class="tick" x="{}" y="{t:.1f}">{}</text>'
        ).format(LEFT, WIDTH - RIGHT, LEFT - 6, text, y=y(value), t=y(value) + 4)
        for value, text in marks
    )
    return lines + _text(title, LEFT - 38, 13, "name")


def _svg(parts: Sequence[Markup], title: Both) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title.plain, Markup("").join(parts)
    )


def curves(lines: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """Top-1, loss and learning rate over all epochs of all stages.

    Args:
        lines: entries of ``log.jsonl``, at least one.

    Returns:
        Three pictures.
    """
    both = ("train", "val")
    rows = [[100 * line[f"{name}_top1"] for line in lines] for name in both]
    losses = [[line[f"{name}_loss"] for line in lines] for name in both]
    best = max(range(len(lines)), key=lambda i: (lines[i]["val_top1"], -lines[i]["val_loss"]))
    stages = [line["stage"] for line in lines]
    floor = max(0.0, min(map(min, rows)) - 5)
    return [
        _lines(words("chart_top1"), both, rows, (floor, 100.0), stages, best),
        _lines(words("chart_loss"), both, losses, (0.0, max(map(max, losses)) * 1.04), stages),
        _lines(
            words("chart_lr"),
            ("rate",),
            [[line["lr"] for line in lines]],
            (0.0, max(line["lr"] for line in lines) * 1.04 or 1.0),
            stages,
        ),
    ]


def _lines(
    title: Both,
    names: Sequence[str],
    rows: Sequence[Sequence[float]],
    ends: tuple[float, float],
    stages: Sequence[str],
    best: int | None = None,
) -> Markup:
    """Lines over the epochs; the best epoch has a ring."""
    epochs = len(stages)
    x, y = _scales(*ends, max(epochs + 1, 2))
    parts = [_frame(title, [(v, f"{v:g}") for v in nice_ticks(*ends)], y)]
    for i, stage in enumerate(stages):
        if i and stage != stages[i - 1]:
            parts.append(
                Markup('<path class="stage" d="M{:.1f} {}V{}"/>').format(
                    x(i + 0.5), TOP, HEIGHT - BOTTOM
                )
            )
        if stage != stages[-1 if i == 0 else i - 1]:  # the only one needs no name
            name = words(f"stage_{stage}")
            parts.append(_text(name, x(i + 0.5) + 4, HEIGHT - BOTTOM - 6, "tick start"))
    chosen = range(0, epochs, -(-epochs // SAMPLES))
    for name, values in zip(names, rows, strict=True):
        points = [(x(i + 1), y(values[i])) for i in chosen]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(Markup('<path class="line {}" d="M{}"/>').format(name, path))
        if epochs <= DOTS:
            for i, (a, b) in zip(chosen, points, strict=True):
                text = f"{i + 1}: {values[i]:.4g}"
                parts.append(
                    Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="2.6"><title>{}</title>'
                           "</circle>").format(name, a, b, text)
                )  # fmt: skip
    if best is not None:
        place = x(best + 1), y(rows[-1][best])
        parts.append(Markup('<circle class="best" cx="{:.1f}" cy="{:.1f}" r="6"/>').format(*place))
    for tick in nice_ticks(1, epochs):
        if tick == int(tick) >= 1:
            parts.append(_tick(x(tick), f"{tick:g}"))
    return _svg(parts, title)


def _tick(x: float, text: str) -> Markup:
    return Markup('<text class="tick middle" x="{:.1f}" y="{}">{}</text>').format(
        x, HEIGHT - BOTTOM + 16, text
    )


def reliability(title: Both, bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Accuracy over confidence in bins, with their 95 % intervals.

    Args:
        title: above it.
        bins: of ``evaluation.reliability.bins``.
    """
    x, y = _scales(0.0, 1.0, 1.0)
    parts = [_frame(title, [(v, f"{100 * v:g}") for v in (0, 0.25, 0.5, 0.75, 1)], y)]
    for row in bins:
        if not row["n"]:
            continue
        left, right, top = x(row["low"]) + 1, x(row["high"]) - 1, y(row["accuracy"])
        low, high = map(y, row["accuracy_interval"])
        text = f"{row['low']:.2f}–{row['high']:.2f}: {100 * row['accuracy']:.0f} %, n={row['n']}"
        parts.append(
            Markup(
                '<g><title>{}</title><rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                'height="{:.1f}"/><path class="whisker" d="M{m:.1f} {:.1f}V{:.1f}"/></g>'
            ).format(
                *(text, left, top, right - left, HEIGHT - BOTTOM - top, low, high),
                m=(left + right) / 2,
            )
        )
    parts.append(
        Markup('<path class="ideal" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(
            x(0), y(0), x(1), y(1)
        )
    )
    parts += [_tick(x(v), f"{100 * v:g}") for v in (0, 0.25, 0.5, 0.75, 1)]
    return _svg(parts, title)
