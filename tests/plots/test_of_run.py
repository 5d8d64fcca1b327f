"""The pictures are PNGs of a sensible size that show something."""

import warnings

import numpy as np
import pytest
from PIL import Image

from src_mindspore.evaluation import confusion
from src_mindspore.evaluation.calibration import CalibrationOptions, calibrate
from src_mindspore.evaluation.metrics import report
from src_mindspore.plots import of_run as plots
from src_mindspore.plots.of_run import (
    LARGEST,
    draw_confusion,
    draw_curves,
    draw_reliability,
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def check_border(image: np.ndarray) -> None:
    """Nothing is cut off at the edge."""
    for edge in (image[:3], image[-3:], image[:, :3], image[:, -3:]):
        assert (edge == 255).all()


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
    check_border(image)
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


def rows(table) -> np.ndarray:
    return confusion.read({"confusion": np.asarray(table, int)})


@pytest.mark.parametrize(("classes", "low", "high"), [(2, 500, 700), (26, 1200, 1700)])
def test_confusion(tmp_path, classes, low, high):
    table = np.eye(classes, dtype=int) * 7
    table[0] = [0, 1] + [0] * (classes - 2)
    names = ["cost_$^$", "", *(f"class {i}" for i in range(classes))][:classes]
    draw_confusion(tmp_path / "confusion.png", rows(table), names)
    image = pixels(tmp_path / "confusion.png")
    assert image.shape[0] == image.shape[1]
    assert low < image.shape[0] < high
    dark_blue = (np.abs(image - (8, 48, 107)) < 12).all(-1)  # the upper end of "Blues"
    assert 0.1 / classes < dark_blue.mean() < 1 / classes


def test_long_names_leave_the_table_its_place(tmp_path):
    draw_confusion(tmp_path / "c.png", rows(np.eye(2)), ["W" * 40, "M" * 40])
    dark_blue = (np.abs(pixels(tmp_path / "c.png") - (8, 48, 107)) < 12).all(-1)
    assert dark_blue.mean() > 0.3**2 / 2 - 0.01  # two cells of the four


def test_names_and_numbers_are_within_the_picture(tmp_path):
    found = {}
    for name in ("", "a name that is long"):
        draw_confusion(tmp_path / "c.png", rows(np.eye(3)), [name, "b", "c"])
        image = pixels(tmp_path / "c.png")
        check_border(image)
        found[name] = (np.abs(image - (8, 48, 107)) < 12).all(-1).sum()
    assert found["a name that is long"] < 0.9 * found[""]  # the table makes room


def test_a_class_without_images(tmp_path):
    draw_confusion(tmp_path / "confusion.png", rows(np.zeros((3, 3))), ["a", "b", "c"])
    assert pixels(tmp_path / "confusion.png").min() < 100  # the frame and the names


def test_many_classes_stay_within_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("src_mindspore.plots.of_run.LARGEST", 6.0)
    assert LARGEST * 120 < 2**13
    draw_confusion(tmp_path / "c.png", rows(np.zeros((40, 40))), [f"class {i}" for i in range(40)])
    assert pixels(tmp_path / "c.png").shape == (720, 720, 3)


def test_characters_without_a_font_are_one_line(tmp_path, caplog):
    draw_confusion(tmp_path / "c.png", rows(np.eye(2)), ["\U0001f600\U000e0fff", "b"])
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("c.png: no font here has all characters")


def test_of_many_classes_the_most_confused_are_shown(tmp_path, monkeypatch, caplog):
    """Names of a size that can be read, and no word of the font library."""
    drawn = []
    monkeypatch.setattr(plots, "_draw_table", lambda *what: drawn.append(what))
    own = [[i, i, 3] for i in range(5000)]
    found = np.array([*own, [7, 4000, 2], [4000, 7, 9], [4999, 100, 4], [4999, 4999, 1]])
    draw_confusion(tmp_path / "c.png", found, [f"class {i}" for i in range(5000)])
    (_, table, shares, names, title) = drawn[0]
    assert len(names) == plots.SOME == len(set(names))
    assert {"class 7", "class 4000", "class 4999", "class 100"} <= set(names)
    here = {name: place for place, name in enumerate(names)}
    assert table[here["class 4000"], here["class 7"]] == 9
    assert shares[here["class 4000"], here["class 7"]] == 9 / 12
    assert "15001 of 15016 images right" in title
    assert "the 40 of 5,000 classes most often taken for one another" in title
    drawn.clear()
    draw_confusion(tmp_path / "c.png", np.array(own), [f"class {i}" for i in range(5000)])
    assert drawn[0][3] == [f"class {i}" for i in range(plots.SOME)]  # none is confused


def test_a_picture_of_many_classes_is_small_and_silent(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(plots, "SOME", 4)
    names = ["x" * 200, *(f"class {i}" for i in range(2999))]
    found = np.array([[i, (i + 1) % 3000, 1] for i in range(3000)])
    draw_confusion(tmp_path / "c.png", found, names)
    assert pixels(tmp_path / "c.png").shape == (600, 600, 3)
    assert (tmp_path / "c.png").stat().st_size < 100_000
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("count", [1, 200])
def test_reliability(tmp_path, count):
    logits = np.random.default_rng(0).normal(0, 2, (count, 4))
    labels = np.arange(count) % 4
    calibration = calibrate(logits, labels, "logits", CalibrationOptions(), "val", "00")[1]
    draw_reliability(tmp_path / "r.png", calibration, report(logits, labels, "abcd"))
    image = pixels(tmp_path / "r.png")
    assert image.shape == (720, 1200, 3)
    check_border(image)
