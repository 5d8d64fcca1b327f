"""Curves and bars: what is drawn stands where its numbers say."""

import re
from xml.etree import ElementTree

import pytest

from src_mindspore.report.charts import BOTTOM, HEIGHT, TOP, curves, nice_ticks, reliability
from src_mindspore.report.language import words

FLOOR, CEILING = HEIGHT - BOTTOM, TOP  # heights of the lowest and the highest value


def parsed(picture: str) -> ElementTree.Element:
    """A picture, which has to be well-formed XML."""
    return ElementTree.fromstring(picture)  # noqa: S314 - our own


def lines(count: int, second: int = 0) -> list[dict]:
    rows = []
    for i in range(count + second):
        top1 = 0.5 + 0.5 * i / (count + second)
        rows.append(
            {
                "stage": "head" if i < count else "finetune",
                "lr": 0.1 / (i + 1),
                **{"train_top1": top1, "train_loss": 2 - i / 50, "val_top1": 0.6, "val_loss": 1.0},
            }
        )
    return rows


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (91.3, 100, [92, 94, 96, 98, 100]),
        (1, 40, [10, 20, 30, 40]),
        (1, 1, [1]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "second"), [(1, 0), (12, 5), (3000, 0)])
def test_curves_are_svg_with_a_point_for_each_epoch(count: int, second: int) -> None:
    top1, loss, rate = map(parsed, curves(lines(count, second)))
    for picture in (top1, loss, rate):
        (text,) = [p.get("d") for p in picture.iter("path") if "line" in p.get("class", "")][:1]
        points = re.findall(r"[\d.]+ [\d.]+", text)
        assert len(points) == (count + second if count < 400 else 375)
    stages = [p for p in top1.iter("path") if p.get("class") == "stage"]
    assert len(stages) == (1 if second else 0)
    named = [t.text for t in top1.iter("text") if "start" in t.get("class", "")]
    assert named == (["head", "分类头", "fine-tuning", "微调"] if second else [])


def test_a_value_stands_at_its_height() -> None:
    picture = parsed(curves(lines(1))[0])
    (training,) = [c for c in picture.iter("circle") if c.get("class") == "train"]
    # 45 % is the floor, 100 % the ceiling
    expected = FLOOR + (CEILING - FLOOR) * (50 - 45) / 55
    assert float(training.get("cy")) == pytest.approx(expected, abs=0.06)


def test_bars_of_reliability() -> None:
    bins = [
        {"low": 0.0, "high": 0.5, "n": 0},
        {"low": 0.5, "high": 1.0, "n": 4, "accuracy": 0.75, "accuracy_interval": [0.3, 0.95]},
    ]
    picture = parsed(reliability(words("before", ece="0.1"), bins))
    (bar,) = picture.iter("rect")
    assert float(bar.get("height")) == pytest.approx(0.75 * (FLOOR - CEILING), abs=0.1)
    assert [t.text for t in picture.iter("title")] == ["0.50–1.00: 75 %, n=4"]
