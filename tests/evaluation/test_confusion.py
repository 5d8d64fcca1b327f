"""Confusions without a table of all pairs, and scores of many classes in little memory."""

import json
import tracemalloc

import numpy as np
import pytest

from src_mindspore.evaluation import confusion, metrics
from src_mindspore.evaluation.calibration import fit_temperature
from src_mindspore.evaluation.metrics import confidences, mean_loss, report, summary
from src_mindspore.evaluation.probabilities import probabilities

TRUE, SAID = np.array([0, 2, 2, 1, 2]), np.array([0, 1, 2, 1, 1])


def test_pairs_that_occur_are_counted():
    found = confusion.count_confusion(TRUE, SAID, 3)
    assert found.tolist() == [[0, 0, 1], [1, 1, 1], [2, 1, 2], [2, 2, 1]]


@pytest.mark.parametrize(
    ("classes", "form", "values"),
    [
        (3, "table", [[1, 0, 0], [0, 1, 0], [0, 2, 1]]),
        (201, "triples", [[0, 0, 1], [1, 1, 1], [2, 1, 2], [2, 2, 1]]),
    ],
)
def test_what_is_written_is_read(classes, form, values):
    found = confusion.count_confusion(TRUE, SAID, classes)
    result = json.loads(json.dumps(confusion.written(found, classes)))
    assert result == {"confusion_form": form, "confusion": values}
    assert confusion.read(result).tolist() == found.tolist()


def test_files_of_before_have_a_table():
    assert confusion.read({"confusion": [[1, 0], [2, 0]]}).tolist() == [[0, 0, 1], [1, 0, 2]]


def test_nothing_confused():
    none = np.zeros(0, np.int64)
    result = confusion.written(confusion.count_confusion(none, none, 300), 300)
    assert confusion.read(result).shape == (0, 3)


def test_up_to_so_many_classes_there_is_a_table():
    classes = confusion.TABLE_CLASSES
    assert len(confusion.written(confusion.count_confusion(TRUE, SAID, classes), classes)) == 2
    assert report(np.eye(classes), np.arange(classes), ["x"] * classes)["confusion_form"] == "table"


def test_a_report_of_many_classes_is_small():
    classes = 4000
    labels = np.arange(0, classes, 20)
    scores = np.random.default_rng(0).normal(size=(len(labels), classes)).astype(np.float32)
    tracemalloc.start()
    result = report(scores, labels, [f"c{i}" for i in range(classes)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6  # a table of integers takes 128 MB
    assert len(json.dumps(result)) < 600_000
    assert sum(images for _, _, images in result["confusion"]) == len(labels)


@pytest.mark.parametrize("kind", ["logits", "sigmoid_logits"])
def test_rows_worked_on_apart_give_the_same_numbers(monkeypatch, kind):
    rng = np.random.default_rng(1)
    scores, labels = rng.normal(0, 3, (50, 30)).astype(np.float32), rng.integers(0, 30, 50)
    whole = summary(scores, labels, kind), fit_temperature(scores, labels, kind)
    np.testing.assert_array_equal(
        confidences(scores, kind), probabilities(scores, kind).max(1), strict=True
    )
    monkeypatch.setattr(metrics, "CELLS", 100)
    assert (summary(scores, labels, kind), fit_temperature(scores, labels, kind)) == whole
    assert mean_loss(scores, labels, kind) == whole[0]["loss"]


def test_ranks_are_those_of_a_stable_sort():
    rng = np.random.default_rng(2)
    scores, labels = rng.integers(0, 4, (200, 9)).astype(np.float32), rng.integers(0, 9, 200)
    scores[3], scores[5, 2] = np.nan, np.nan
    order = np.argsort(-scores, axis=1, kind="stable")
    expected = (order == labels[:, None]).argmax(1)
    np.testing.assert_array_equal(metrics._ranks(scores, labels), expected)
