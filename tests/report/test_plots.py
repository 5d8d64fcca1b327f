"""The pictures are PNGs of a sensible size that show something."""

import warnings

import numpy as np
import pytest
from PIL import Image

from src_mindspore.evaluation.calibration import CalibrationOptions, calibrate
from src_mindspore.evaluation.metrics import report
from src_mindspore.report.plots import LARGEST, draw_confusion, draw_curves, draw_reliability


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def lines(stages: list[str]) -> list[dict]:
    return [
        {
            "stage": stage,
            "epoch": i + 1,
            "lr": 0.1 / (i + 1),
            "train_loss": 2.0 / (i + 1),
            "val_loss": 2.5 / (i + 1),
            "train_top1": 1 - 0.5 / (i + 1),
            "val_top1": 1 - 0.6 / (i + 1),
        }
        for i, stage in enumerate(stages)
    ]


@pytest.mark.parametrize("stages", [["head"], ["head"] * 3 + ["finetune"] * 2, ["head"] * 50])
def test_curves(tmp_path, stages):
    draw_curves(tmp_path / "curves.png", lines(stages))
    image = pixels(tmp_path / "curves.png")
    assert image.shape == (960, 1080, 3)
    assert [p.name for p in tmp_path.iterdir()] == ["curves.png"]


def test_the_curves_mark_where_a_stage_begins(tmp_path):
    columns = []
    for stages in (["head"] * 4, ["head"] * 2 + ["finetune"] * 2):
        draw_curves(tmp_path / "curves.png", lines(stages))
        image = pixels(tmp_path / "curves.png")
        grey = (np.ptp(image, -1) == 0) & (image[..., 0] > 100) & (image[..., 0] < 200)
        columns.append(grey.sum(0) > 250)  # a dashed line through all three plots
    assert not columns[0].any()
    (places,) = np.nonzero(columns[1])
    assert 0.4 < places.min() / 1080 < places.max() / 1080 < 0.65


@pytest.mark.parametrize(("classes", "low", "high"), [(2, 500, 700), (26, 1200, 1700)])
def test_confusion(tmp_path, classes, low, high):
    confusion = np.eye(classes, dtype=int) * 7
    confusion[0] = [0, 1] + [0] * (classes - 2)
    names = ["cost_$^$", "", *(f"class {i}" for i in range(classes))][:classes]
    draw_confusion(tmp_path / "confusion.png", confusion, names)
    image = pixels(tmp_path / "confusion.png")
    assert image.shape[0] == image.shape[1]
    assert low < image.shape[0] < high
    dark_blue = (np.abs(image - (8, 48, 107)) < 12).all(-1)  # the upper end of "Blues"
    assert 0.1 / classes < dark_blue.mean() < 1 / classes


def test_a_class_without_images(tmp_path):
    draw_confusion(tmp_path / "confusion.png", np.zeros((3, 3), int), ["a", "b", "c"])
    assert pixels(tmp_path / "confusion.png").min() < 100  # the frame and the names


def test_many_classes_stay_within_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("src_mindspore.report.plots.LARGEST", 6.0)
    assert LARGEST * 120 < 2**13
    draw_confusion(tmp_path / "c.png", np.zeros((40, 40), int), [f"class {i}" for i in range(40)])
    assert pixels(tmp_path / "c.png").shape == (720, 720, 3)


def test_characters_without_a_font_are_one_line(tmp_path, caplog):
    draw_confusion(tmp_path / "c.png", np.eye(2, dtype=int), ["\U0001f600\U000e0fff", "b"])
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("c.png: no font here has all characters")


@pytest.mark.parametrize("count", [1, 200])
def test_reliability(tmp_path, count):
    logits = np.random.default_rng(0).normal(0, 2, (count, 4))
    labels = np.arange(count) % 4
    calibration = calibrate(logits, labels, "logits", CalibrationOptions(), "val", "00")[1]
    draw_reliability(tmp_path / "r.png", calibration, report(logits, labels, "abcd"))
    assert pixels(tmp_path / "r.png").shape == (720, 1200, 3)
