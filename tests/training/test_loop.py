"""The training loop without a network: padding, scores, the best epoch, and when it ends."""

import contextlib
import json
from dataclasses import asdict
from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from src_mindspore.runs.progress import EpochSums, StageProgress
from src_mindspore.system.errors import UserError
from src_mindspore.training import loop as trainer
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.limits import settings_named
from src_mindspore.training.loop import fit
from src_mindspore.training.stage import Stage, steps_per_epoch


@pytest.mark.parametrize(("photos", "size", "steps"), [(1, 8, 1), (8, 8, 1), (9, 8, 2), (16, 8, 2)])
def test_steps_per_epoch(photos, size, steps):
    assert steps_per_epoch(photos, size) == steps


class FakeStep:
    """Notes what it is given; gives the losses of a list and always class 0."""

    def __init__(self, losses: list[float]):
        self.losses = list(losses)
        self.batches, self.keeps = [], []
        self.optimizer = SimpleNamespace(get_parameters=lambda: [ms.Tensor([0.5])])

    def set_train(self, _):
        return self

    def __call__(self, *batch):
        x, labels, weights, keep = (array.asnumpy() for array in batch)
        self.batches.append((x, labels, weights))
        self.keeps.append(keep)
        logits = np.tile([1.0, 0.0], (len(labels), 1))
        return ms.Tensor(self.losses.pop(0), ms.float32), ms.Tensor(logits, ms.float32)


def played(monkeypatch, scores=None, losses=None, **options) -> Stage:
    """A stage of 5 photos in batches of 4 whose losses and validation scores are given."""
    scores = iter(scores or [(0.5, 1.0)] * 100)
    monkeypatch.setattr(trainer, "predict", lambda *_: np.zeros((1, 2), np.float32))
    monkeypatch.setattr(
        trainer,
        "summary",
        lambda *_: dict(zip(("top1", "loss"), next(scores), strict=True), top5=1),
    )
    values = np.arange(5, dtype=np.float32)[:, None, None]
    labels = np.array([0, 0, 1, 1, 1], np.int32)
    step = FakeStep(losses or [1.0] * 100)
    step.top = nn.Cell()
    step.top.head = SimpleNamespace(dropout_mask=lambda rows, rng: rng.random((rows, 3)))
    defaults = {"epochs": 5, "patience": 0, "lr": np.arange(1, 11, dtype=np.float32) / 100}
    return Stage(
        name="finetune",
        classifier=nn.Cell(),
        step=step,
        inputs=CachedInputs(values, labels, (1, 0)),
        val=(np.zeros((1, 1), np.float32), np.zeros(1, np.int32)),
        val_loss="logits",
        class_weights=np.array([1, 2], np.float32),
        batch_size=4,
        **{**defaults, **options},
    )


def test_a_short_batch_is_filled_with_repeats_of_weight_0(monkeypatch):
    stage = played(monkeypatch, epochs=1, losses=[1.0, 3.0])
    lines = []
    fit(stage, lambda _, line: lines.append(line))
    (first, last), photos = stage.step.batches, []
    for x, labels, weights in (first, last):
        assert x.shape == (4, 1)
        assert x.dtype == weights.dtype == np.float32
        assert (labels == (x[:, 0] >= 2)).all()
        photos += x[weights > 0, 0].tolist()
        np.testing.assert_array_equal(weights[weights > 0], (labels + 1)[weights > 0])
    assert sorted(photos) == [0, 1, 2, 3, 4]
    assert (last[2] > 0).sum() == 1
    assert len(set(last[0].ravel())) == 1
    total = [first[2].sum(), last[2].sum()]
    assert sum(total) == 8
    expected = (total[0] * 1 + total[1] * 3) / 8  # the mean over photos, by their weights
    assert lines[0]["train_loss"] == pytest.approx(expected)
    assert lines[0]["train_top1"] == pytest.approx(2 / 5)
    assert lines[0]["lr"] == pytest.approx(0.02)
    assert (lines[0]["train_n"], lines[0]["val_n"]) == (5, 1)


# validation top-1 and loss of each epoch -> which are better than all before
BEST = [
    ([(0.5, 1.0), (0.6, 2.0), (0.55, 0.1), (0.7, 9.0)], [True, True, False, True]),
    ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.9), (0.5, 1.0)], [True, True, False, False]),
    ([(0.0, 5.0), (0.0, 6.0), (0.0, 4.0), (0.1, 7.0)], [True, False, True, True]),
]


@pytest.mark.parametrize(("scores", "expected"), BEST)
def test_the_best_epoch(monkeypatch, scores, expected):
    stage, seen = played(monkeypatch, scores, epochs=4), []
    fit(stage, lambda s, line: seen.append((line["best"], s.progress.epoch)))
    assert seen == [(better, epoch) for epoch, better in enumerate(expected, 1)]
    best = [score for score, better in zip(scores, expected, strict=True) if better][-1]
    assert (stage.progress.best_top1, stage.progress.best_loss) == best


def test_the_best_of_an_earlier_stage_counts(monkeypatch):
    stage = played(monkeypatch, [(0.9, 0.5), (0.9, 0.4)], epochs=2)
    stage.progress = StageProgress(best_top1=0.9, best_loss=0.45)
    better = []
    fit(stage, lambda _, line: better.append(line["best"]))
    assert better == [False, True]


@pytest.mark.parametrize(("patience", "epochs"), [(0, 5), (1, 2), (2, 4), (9, 5)])
def test_early_stopping(monkeypatch, patience, epochs):
    scores = [(0.5, 1.0), (0.4, 1.0), (0.3, 1.0), (0.2, 1.0), (0.1, 1.0)]
    if patience == 2:  # a better one in between starts the count anew
        scores[1] = (0.6, 1.0)
    stage, seen = played(monkeypatch, scores, patience=patience), []
    fit(stage, lambda *_: seen.append(1))
    assert len(seen) == stage.progress.epoch == epochs
    fit(stage, lambda *_: seen.append(1))  # as a resumed run would
    assert len(seen) == epochs


def test_a_stage_goes_on_where_it_was(monkeypatch):
    stage = played(monkeypatch)
    stage.progress = StageProgress(epoch=3)
    lines = []
    fit(stage, lambda _, line: lines.append(line))
    assert [(line["epoch"], line["step"]) for line in lines] == [(4, 8), (5, 10)]
    assert [line["lr"] for line in lines] == pytest.approx([0.08, 0.10])
    whole = played(monkeypatch)
    fit(whole, lambda *_: None)
    for ours, theirs in zip(stage.step.batches, whole.step.batches[6:], strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(stage.step.keeps, whole.step.keeps[6:])
    assert len({keep.tobytes() for keep in whole.step.keeps}) == 10  # fresh masks in every step


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number(monkeypatch, value):
    stage, epochs = played(monkeypatch, losses=[1.0, 1.0, 1.0, 1.0, value]), []
    with pytest.raises(UserError) as info:
        fit(stage, lambda *_: epochs.append(1))
    assert str(info.value) == (
        f"the loss of finetune became {value} at step 5 with learning rate 0.05: "
        "a smaller finetune_stage.lr.max or a longer warm-up is needed, in a new run (--run), "
        "which uses the cached features again; --resume would come to the same step"
    )
    assert len(epochs) == 2


def test_validation_that_is_no_number_is_never_the_best(monkeypatch):
    stage, epochs = played(monkeypatch), []
    monkeypatch.setattr(trainer, "predict", lambda *_: np.array([[0, np.nan]], np.float32))
    with pytest.raises(UserError, match=r"logit of finetune became nan at step 2 .* rate 0\.02: "):
        fit(stage, lambda *_: epochs.append(1))
    assert (epochs, stage.progress) == ([], StageProgress())


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_epoch_goes_on_from_a_step(monkeypatch, at):
    def run(
        progress: StageProgress, stop: int | None
    ) -> tuple[Stage, list[dict], list[StageProgress]]:
        losses = [float(i) for i in range(1, 11)][2 * progress.epoch + progress.step :]
        stage, lines, saved = played(monkeypatch, losses=losses), [], []
        stage.progress = progress

        def after_step(stage: Stage) -> None:
            saved.append(StageProgress(**json.loads(json.dumps(asdict(stage.progress)))))
            if len(saved) == stop:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt):
            log = lambda _, line: lines.append({**line, "seconds": 0})  # noqa: E731
            fit(stage, log, lambda: True, after_step)
        return stage, lines, saved

    whole, expected, _ = run(StageProgress(), None)
    first, begun, saved = run(StageProgress(), at)
    second, rest, _ = run(saved[-1], None)
    assert begun + rest == expected
    keeps = first.step.keeps[:at] + second.step.keeps
    np.testing.assert_array_equal(keeps, whole.step.keeps)


def test_sums_of_workers():
    rows = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 9.0, 9.0, 9.0]]
    progress = StageProgress(sums=rows)
    assert [list(progress.sums_of(rank, 3)) for rank in range(3)] == rows
    assert list(progress.sums_of(0, 1)) == np.sum(rows, 0).tolist()
    parts = [progress.sums_of(rank, 4) for rank in range(4)]
    np.testing.assert_array_equal(np.sum(parts, 0), np.sum(rows, 0))
    assert StageProgress().sums_of(0, 1) == EpochSums()


def test_a_photo_that_has_gone_has_no_weight(monkeypatch):
    stage = played(monkeypatch, epochs=1, losses=[1.0, 3.0])
    stage.inputs.features[3] = np.nan
    lines = []
    fit(stage, lambda _, line: lines.append(line))
    weights = np.concatenate([weights for _, _, weights in stage.step.batches])
    values = np.concatenate([x[:, 0] for x, _, _ in stage.step.batches])
    assert np.isfinite(values).all()
    assert sorted(values[weights > 0]) == [0, 1, 2, 4]
    assert lines[0]["train_top1"] == 2 / 4


def test_validation_photos_that_have_gone_are_not_scored(monkeypatch):
    stage, seen = played(monkeypatch, epochs=1), []
    values = np.arange(4, dtype=np.float32)[:, None]
    values[1] = np.nan
    stage.val = values, np.array([0, 1, 0, 1], np.int32)
    monkeypatch.setattr(trainer, "predict", lambda _, v, __: np.repeat(v[0:4], 2, 1))

    def score(logits, labels, _):
        seen.append((logits[:, 0].tolist(), labels.tolist()))
        return {"top1": 0.5, "top5": 1.0, "loss": 1.0}

    monkeypatch.setattr(trainer, "summary", score)
    fit(stage, lambda *_: None)
    assert seen == [([0, 2, 3], [0, 0, 1])]
    values[:] = np.nan
    with pytest.raises(UserError, match="no validation photo can be read any more"):
        fit(played_on(stage), lambda *_: None)


def played_on(stage: Stage) -> Stage:
    """The same stage from its beginning."""
    stage.progress, stage.step.losses = StageProgress(), [1.0] * 10
    return stage


def test_no_memory_for_a_batch(monkeypatch):
    for error in (MemoryError(), RuntimeError("Unknown Error!\n\nAt:\n"), RuntimeError("no op")):
        stage = played(monkeypatch)
        stage.step.losses = SimpleNamespace(pop=raiser(error))
        expected = RuntimeError if "op" in str(error) else UserError
        with pytest.raises(expected) as info, settings_named():
            fit(stage, lambda *_: None)
        if "op" not in str(error):
            assert str(info.value).startswith("there is no memory for a batch of 4 (finetune: ")
            assert "a smaller finetune_stage.batch_size than 4 is needed" in str(info.value)


def raiser(error: Exception):
    def pop(_):
        raise error

    return pop
