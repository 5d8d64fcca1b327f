"""An average of recipes: its logits, and temperatures that have not seen what they are used on."""

import numpy as np
import pytest

from src_mindspore.comparison.averages import averaged, log_mean
from src_mindspore.comparison.figures import Answers, Scored, compared
from src_mindspore.evaluation.calibration import fit_temperature

N, FOLDS, SEEDS = 120, 3, 2
LABELS = np.random.default_rng(1).integers(0, 3, N)
SCORED = Scored(LABELS, np.arange(N), np.arange(N) % FOLDS, ("a", "b", "c"))


def member(seed: int, sharpness: float, kind: str = "logits") -> Answers:
    """Right more often than not, as sure as is said."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (SEEDS, N, 3)) + 1.5 * np.eye(3)[LABELS]
    return Answers(f"{seed}", (sharpness * logits).astype(np.float32), kind, [1.0, 2.0] * FOLDS)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def test_logits_are_the_logarithm_of_the_mean_probability() -> None:
    a, b, c = (member(i, 1).logits[0].astype(float) for i in range(3))
    mean = (softmax(a) + softmax(b) + softmax(c)) / 3
    np.testing.assert_allclose(log_mean([a, b, c], "logits"), np.log(mean), rtol=1e-12)
    mean = (sigmoid(a) + sigmoid(b)) / 2
    odds = np.log(mean / (1 - mean))
    np.testing.assert_allclose(log_mean([a, b], "sigmoid_logits"), odds, rtol=1e-9, atol=1e-12)
    # two classes, 0.9 and 0.5 of the first: the mean is 0.7
    two = [np.array([[np.log(9.0), 0.0]]), np.zeros((1, 2))]
    assert np.exp(log_mean(two, "logits")) == pytest.approx(np.array([[0.7, 0.3]]))
    for kind in ("logits", "sigmoid_logits"):
        far = log_mean([np.array([[900.0, -900.0]])] * 2, kind)
        assert np.isfinite(far).all()
        assert far.argmax() == 0


@pytest.mark.parametrize("kind", ["logits", "sigmoid_logits"])
def test_members_are_averaged_after_temperatures_of_the_other_folds(kind) -> None:
    members = [member(1, 0.3, kind), member(2, 5, kind)]
    found = averaged("both", members, SCORED)
    assert found.seconds == [2.0, 4.0] * FOLDS
    assert (found.name, found.kind) == ("both", kind)
    probability = softmax if kind == "logits" else sigmoid
    for seed in range(SEEDS):
        for fold in range(FOLDS):
            part = SCORED.folds == fold
            rest = ~part
            parts = [m.logits[seed] for m in members]
            own = [fit_temperature(z[rest], LABELS[rest], kind) for z in parts]
            assert own[0] < 1 < own[1]
            each = [probability(z.astype(float) / t) for z, t in zip(parts, own, strict=True)]
            mean = np.mean(each, axis=0)
            expected = np.log(mean) if kind == "logits" else np.log(mean / (1 - mean))
            np.testing.assert_allclose(found.logits[seed][part], expected[part], 1e-5, 1e-5)
            last = fit_temperature(expected[rest], LABELS[rest], kind)
            np.testing.assert_allclose(found.scaled[seed][part], expected[part] / last, 1e-4, 1e-5)


def test_the_labels_of_a_fold_decide_nothing_of_it() -> None:
    members, part = [member(1, 0.3), member(2, 5)], SCORED.folds == 0
    before = averaged("both", members, SCORED)
    labels = np.where(part, (LABELS + 1) % 3, LABELS)
    after = averaged("both", members, Scored(labels, SCORED.groups, SCORED.folds, SCORED.classes))
    for one, other in ((before.logits, after.logits), (before.scaled, after.scaled)):
        assert np.array_equal(one[:, part], other[:, part])
        assert not np.array_equal(one, other)


def test_a_single_fold_is_divided_and_few_photos_have_no_temperature() -> None:
    members = [member(1, 0.3), member(2, 5)]
    plain = log_mean([m.logits[0] for m in members], "logits")
    single = Scored(LABELS, SCORED.groups, np.zeros(N, int), SCORED.classes)
    found = averaged("both", members, single)
    assert not np.allclose(found.logits[0], plain)
    assert not np.array_equal(found.scaled, found.logits)
    few = [Answers(m.name, m.logits[:, :40], m.kind, m.seconds) for m in members]
    part = Scored(LABELS[:40], SCORED.groups[:40], SCORED.folds[:40], SCORED.classes)
    found = averaged("both", few, part)
    assert np.array_equal(found.logits[0], plain[:40])


def test_its_row_is_like_the_others() -> None:
    members = [member(1, 0.3), member(2, 5)]
    rows = compared([*members, averaged("both", members, SCORED)], SCORED)
    assert rows[2]["seconds"] == rows[0]["seconds"] + rows[1]["seconds"]
    assert rows[2]["loss"] < min(rows[0]["temperature"]["loss"], rows[1]["temperature"]["loss"])
    assert rows[2]["errors_mean"] < rows[0]["errors_mean"]
    # calibrated members make an average that is less sure than it could be
    assert rows[2]["temperature"]["loss"] < rows[2]["loss"] - 0.05
    assert rows[2]["difference"]["verdict"]
