"""The training loop: what is learned, what stays as it was, and when it ends."""

from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import nn

from src_mindspore import trainer
from src_mindspore.checkpoint import arrays_of
from src_mindspore.classifier import Classifier, Top, build_classifier
from src_mindspore.errors import UserError
from src_mindspore.inputs import CachedInputs
from src_mindspore.loss import ClassificationLoss
from src_mindspore.optimizers import build_optimizer
from src_mindspore.strict_load import assign_strict
from src_mindspore.trainer import Progress, Stage, TrainStep, fit, steps_per_epoch, trainable

CLASSES, WIDTH = 3, 1280
LR = 0.003


@pytest.fixture(scope="module", autouse=True)
def graph_mode():
    with mode(ms.GRAPH_MODE):
        yield


@pytest.fixture(scope="module")
def network() -> tuple[Classifier, dict[str, np.ndarray]]:
    """A small classifier, and its weights before any test trained it."""
    classifier = build_classifier({"width_mult": 0.35}, {}, CLASSES, 32)
    return classifier, arrays_of(classifier)


@pytest.fixture
def classifier(network) -> Classifier:
    assign_strict(network[0], network[1], "the beginning")
    return network[0]


def step_of(top: Top, lr: float, steps: int = 100, freeze_head: bool = False) -> TrainStep:
    rates = np.full(steps, lr, np.float32)
    optimizer = build_optimizer("momentum", trainable(top, freeze_head), rates)
    return TrainStep(top, ClassificationLoss(CLASSES, None), optimizer)


def stage_of(classifier: Classifier, cut: str, features: np.ndarray, **options) -> Stage:
    """A stage on features (photos, ...) of which photo i shows class i % CLASSES."""
    freeze_head = options.pop("freeze_head", False)
    labels = (np.arange(len(features)) % CLASSES).astype(np.int32)
    top = Top(classifier, cut)
    return Stage(
        name="head",
        top=top,
        step=step_of(top, LR, freeze_head=freeze_head),
        inputs=CachedInputs(features[:, None], labels, (1, 0)),
        val=(features, labels),
        val_loss="logits",
        lr=np.full(100, LR, np.float32),
        class_weights=np.ones(CLASSES, np.float32),
        epochs=4,
        batch_size=8,
        patience=0,
        **options,
    )


def clusters(count: int, *shape: int) -> np.ndarray:
    """Noise around one centre per class; positive, as after ReLU6."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 1, (CLASSES, *shape))
    values = centres[np.arange(count) % CLASSES] + rng.normal(0, 0.2, (count, *shape))
    return values.astype(np.float32)


def changed(classifier: Classifier, before: dict[str, np.ndarray]) -> set[str]:
    after = arrays_of(classifier)
    return {name for name in before if before[name].tobytes() != after[name].tobytes()}


def test_the_head_learns_and_the_backbone_stays(classifier, network):
    calls = []
    stage = stage_of(classifier, "mean", clusters(20, WIDTH))
    fit(stage, lambda *call: calls.append(call))
    lines = [line for _, line, _ in calls]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert [line["step"] for line in lines] == [3, 6, 9, 12]  # 20 photos are 8 + 8 + 4
    assert set(lines[0]) == {
        *("stage", "epoch", "step", "lr", "train_loss", "train_top1"),
        *("val_loss", "val_top1", "val_top5", "best", "seconds"),
    }
    # before the first step all classes are alike, give or take the first weights; then it falls
    assert 0.3 < lines[0]["train_loss"] < 1.5
    assert lines[-1]["train_loss"] < 0.2 * lines[0]["train_loss"]
    assert lines[-1]["val_loss"] < 0.05
    assert lines[-1]["val_top1"] == lines[-1]["train_top1"] == 1
    assert changed(classifier, network[1]) == {"head.0.weight", "head.0.bias"}


def test_a_padded_step_is_the_step_by_hand(classifier, network):
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (5, WIDTH)).astype(np.float32)
    labels = np.array([0, 2, 1, 0, 2], np.int32)
    weights = np.array([0.5, 2, 1], np.float32)[labels]
    start = network[1]
    keep = rng.choice([0, 2], (12, WIDTH)).astype(np.float32)  # dropout of a half
    # d loss / d logits = weight * (softmax - one-hot) / sum of weights
    kept = x * keep[:5]
    logits = kept @ start["head.0.weight"].T + start["head.0.bias"]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    delta = (shares - np.eye(CLASSES)[labels]) * weights[:, None] / weights.sum()
    loss = -(np.log(shares[np.arange(5), labels]) * weights).sum() / weights.sum()
    for size in (5, 8, 12):
        assign_strict(classifier, start, "the beginning")
        step = step_of(Top(classifier, "mean"), 0.5).set_train(True)
        batch = trainer._padded(x, labels, weights, size)
        got_loss, got_logits = step(*batch, ms.Tensor(keep[:size]))
        after = arrays_of(classifier)
        assert float(got_loss.asnumpy()) == pytest.approx(loss, rel=1e-5)
        np.testing.assert_allclose(got_logits.asnumpy()[:5], logits, atol=1e-5)
        for name, gradient in (("weight", delta.T @ kept), ("bias", delta.sum(0))):
            expected = start[f"head.0.{name}"] - 0.5 * gradient
            np.testing.assert_allclose(after[f"head.0.{name}"], expected, atol=1e-6)


@pytest.mark.parametrize(("freeze_bn", "freeze_head"), [(True, True), (False, False)])
def test_what_fine_tuning_leaves_alone(classifier, network, freeze_bn, freeze_head):
    stage = stage_of(
        classifier,
        "features.17",
        clusters(20, 112, 2, 2),
        freeze_bn_statistics=freeze_bn,
        freeze_head=freeze_head,
    )
    stage.epochs = 1
    fit(stage, lambda *_: None)
    last = "features.18.features."
    expected = {f"{last}0.weight", f"{last}1.gamma", f"{last}1.beta"}
    if not freeze_bn:
        expected |= {f"{last}1.moving_mean", f"{last}1.moving_variance"}
    if not freeze_head:
        expected |= {"head.0.weight", "head.0.bias"}
    assert changed(classifier, network[1]) == expected


def test_trainable(classifier):
    head = ["head.0.weight", "head.0.bias"]
    last = [f"features.18.features.{name}" for name in ("0.weight", "1.gamma", "1.beta")]
    for cut, freeze_head, expected in (
        ("mean", False, head),
        ("features.17", False, last + head),
        ("features.17", True, last),
    ):
        assert [p.name for p in trainable(Top(classifier, cut), freeze_head)] == expected
    assert len(trainable(Top(classifier, "image"))) == 156 + 2


@pytest.mark.parametrize(("photos", "size", "steps"), [(1, 8, 1), (8, 8, 1), (9, 8, 2), (16, 8, 2)])
def test_steps_per_epoch(photos, size, steps):
    assert steps_per_epoch(photos, size) == steps


class FakeStep:
    """Notes what it is given; gives the losses of a list and always class 0."""

    def __init__(self, losses: list[float]):
        self.losses = list(losses)
        self.batches, self.keeps = [], []

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
    top = nn.Cell()
    top.head = SimpleNamespace(dropout_mask=lambda rows, rng: rng.random((rows, 3)))
    defaults = {"epochs": 5, "patience": 0, "lr": np.arange(1, 11, dtype=np.float32) / 100}
    return Stage(
        name="finetune",
        top=top,
        step=FakeStep(losses or [1.0] * 100),
        inputs=CachedInputs(values, labels, (1, 0)),
        val=(None, None),
        val_loss="logits",
        class_weights=np.array([1, 2], np.float32),
        batch_size=4,
        **{**defaults, **options},
    )


def test_a_short_batch_is_filled_with_repeats_of_weight_0(monkeypatch):
    stage = played(monkeypatch, epochs=1, losses=[1.0, 3.0])
    lines = []
    fit(stage, lambda _, line, __: lines.append(line))
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


# validation top-1 and loss of each epoch -> which are better than all before
BEST = [
    ([(0.5, 1.0), (0.6, 2.0), (0.55, 0.1), (0.7, 9.0)], [True, True, False, True]),
    ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.9), (0.5, 1.0)], [True, True, False, False]),
    ([(0.0, 5.0), (0.0, 6.0), (0.0, 4.0), (0.1, 7.0)], [True, False, True, True]),
]


@pytest.mark.parametrize(("scores", "expected"), BEST)
def test_the_best_epoch(monkeypatch, scores, expected):
    stage, seen = played(monkeypatch, scores, epochs=4), []
    fit(stage, lambda s, line, better: seen.append((line["best"], better, s.progress.epoch)))
    assert seen == [(better, better, epoch) for epoch, better in enumerate(expected, 1)]
    best = [score for score, better in zip(scores, expected, strict=True) if better][-1]
    assert (stage.progress.best_top1, stage.progress.best_loss) == best


def test_the_best_of_an_earlier_stage_counts(monkeypatch):
    stage = played(monkeypatch, [(0.9, 0.5), (0.9, 0.4)], epochs=2)
    stage.progress = Progress(best_top1=0.9, best_loss=0.45)
    better = []
    fit(stage, lambda *call: better.append(call[2]))
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
    stage.progress = Progress(epoch=3)
    lines = []
    fit(stage, lambda _, line, __: lines.append(line))
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
        "a smaller finetune_stage.lr.max or a longer warm-up is needed"
    )
    assert len(epochs) == 2


def test_validation_that_is_no_number_is_never_the_best(monkeypatch):
    stage, epochs = played(monkeypatch), []
    monkeypatch.setattr(trainer, "predict", lambda *_: np.array([[0, np.nan]], np.float32))
    with pytest.raises(UserError, match=r"logit of finetune became nan at step 2 .* rate 0\.02: "):
        fit(stage, lambda *_: epochs.append(1))
    assert (epochs, stage.progress) == ([], Progress())


def test_predict_scores_in_inference_mode_and_drops_the_padding(classifier):
    values = clusters(11, 112, 2, 2)
    top = Top(classifier, "features.17").set_train(True)
    got = trainer.predict(top, values, 4)
    assert got.shape == (11, CLASSES)
    with mode(ms.PYNATIVE_MODE):
        np.testing.assert_allclose(
            got, top.set_train(False)(ms.Tensor(values)).asnumpy(), atol=1e-5
        )
