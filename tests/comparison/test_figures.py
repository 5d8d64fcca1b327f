"""Rows of the table from known answers, and the report in words."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from src_mindspore.comparison.figures import Answers, Scored, compared, cross_fitted, doubtful
from src_mindspore.comparison.table import markdown
from src_mindspore.evaluation.calibration import fit_temperature

N, CLASSES = 120, ("a", "b", "c")


def scored(folds: int = 4) -> Scored:
    rng = np.random.default_rng(1)
    return Scored(rng.integers(0, 3, N), np.arange(N), np.arange(N) % folds, CLASSES)


def answers(name: str, wrong: int, seeds: int = 1, seed: int = 0) -> Answers:
    """Right in all but ``wrong`` photos of every seed, with confidences of all sizes."""
    rng = np.random.default_rng(seed)
    logits = np.zeros((seeds, N, 3), np.float32)
    labels = scored().labels
    for one in logits:
        said = labels.copy()
        places = rng.choice(N, wrong, replace=False)
        said[places] = (said[places] + 1) % 3
        one[np.arange(N), said] = rng.uniform(0.5, 4, N)
    return Answers(name, logits, "logits", [2.0] * seeds)


def test_a_row_of_known_answers() -> None:
    given = scored()
    (row,) = compared([answers("A", 12)], given)
    assert (row["errors"], row["errors_sd"], row["difference"]) == ([12], None, None)
    assert row["accuracy"] == pytest.approx(0.9)
    assert row["accuracy_interval"] == pytest.approx([0.8333, 0.9418], abs=1e-3)
    logits = answers("A", 12).logits[0].astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    own = shares[np.arange(N), given.labels]
    assert row["loss"] == pytest.approx(-np.log(own).mean())
    assert row["seconds"] == 2.0


def test_seeds_are_averaged_and_their_spread_is_said() -> None:
    both = np.concatenate([answers("A", 6).logits, answers("A", 10).logits])
    (row,) = compared([Answers("A", both, "logits", [1.0, 3.0])], scored())
    assert (row["errors"], row["errors_mean"]) == ([6, 10], 8)
    assert row["errors_sd"] == pytest.approx(math.sqrt(8))
    assert row["seconds"] == 2.0


def test_a_temperature_has_not_seen_the_photos_that_it_is_used_on() -> None:
    given, logits = scored(), answers("A", 12).logits[0]
    scaled = cross_fitted(logits, given.labels, given.folds, "logits", 0)
    for fold in range(4):
        part = given.folds == fold
        used = logits[part].max() / scaled[part].max()
        expected = fit_temperature(logits[~part], given.labels[~part])
        assert used == pytest.approx(expected, rel=1e-5)
    others = given.labels.copy()
    others[given.folds == 0] = 0  # its own labels decide nothing
    again = cross_fitted(logits, others, given.folds, "logits", 0)
    assert np.array_equal(again[given.folds == 0], scaled[given.folds == 0])
    assert not np.array_equal(again, scaled)
    one = cross_fitted(logits, given.labels, np.zeros(N, int), "logits", 0)
    assert not np.array_equal(one, logits)


def test_photos_that_all_get_wrong_are_named() -> None:
    a, b = answers("A", 12, seeds=2, seed=1), answers("B", 30, seeds=2, seed=2)
    labels = scored().labels
    expected = [
        i for i in range(N) if all(z[i].argmax() != labels[i] for z in (*a.logits, *b.logits))
    ]
    assert doubtful([a, b], labels).tolist() == expected


def report(rows) -> dict:
    for row in rows:
        row["costs"] = {"parameters": 2_260_000, "photos_per_second": 250.0}
    return {
        "rows": rows,
        "about": ["120 photos", "2 folds"],
        "scored": N,
        "seeds": [1],
        "always_wrong": ["a/1.jpg"],
    }


def test_the_report_in_markdown() -> None:
    rows = compared([answers("A|x", 40), answers("B", 12, seed=3)], scored())
    assert json.loads(json.dumps(rows, allow_nan=False)) == json.loads(json.dumps(rows))
    text = markdown(report(rows))
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) == 8
    assert len({line.count("|") - 2 * line.count("\\|") + line.count("\\|") for line in tables[:4]})
    assert "| A\\|x | 40 | 66.67% (57.8% to 74.5%) |" in text
    found = rows[1]["difference"]
    assert f"| -28.0 ± {found['error']:.1f} (-23.33 ± {found['points_error']:.2f} points) |" in text
    assert "- B is better than A\\|x (p " in text
    assert "| 2.26 | – | – | 250 | 2.0 |" in text
    assert "labels are worth a look: 1 photos: a/1.jpg" in text


def test_names_are_no_markup() -> None:
    rows = compared([answers("a<b>*c*", 40), answers("B", 40)], scored())
    given = report(rows) | {"about": ["class <i>"], "always_wrong": ["x|y/</td>.jpg"]}
    text = markdown(given)
    assert "| a\\<b>\\*c\\* | 40 |" in text
    assert text.startswith("# a\\<b>\\*c\\*, B\n\n- class \\<i>\n")
    assert "B and a\\<b>\\*c\\* are right and wrong on the same" in text
    assert text.endswith("x\\|y/\\</td>.jpg\n")


def test_a_loss_of_another_kind_is_said_where_both_are_there() -> None:
    one, other = answers("A", 12), answers("B", 12, seed=3)
    sigmoid = replace(other, kind="sigmoid_logits")
    said = (
        "- NLL of B, with sigmoid outputs, is the binary cross entropy, mean over the classes; it"
    )
    for found, expected in (([one, sigmoid], True), ([one, other], False), ([sigmoid], False)):
        assert (said in markdown(report(compared(found, scored())))) is expected
