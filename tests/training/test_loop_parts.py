"""Training on small networks: what is learned, and what stays as it was."""

import mindspore as ms
import numpy as np
import pytest
from helpers import mode

from src_mindspore.network.classifier import Classifier, Top, build_classifier
from src_mindspore.training import loop as trainer
from src_mindspore.training.epoch import padded
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import fit
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.stage import Stage
from src_mindspore.training.stages import trainable
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict

CLASSES, WIDTH = 3, 1280
LR = 0.003


@pytest.fixture(scope="module", autouse=True)
def graph_mode():
    with mode(ms.GRAPH_MODE):
        yield


@pytest.fixture(scope="module")
def network() -> tuple[Classifier, dict[str, np.ndarray]]:
    """A small classifier, and its weights before any test trained it."""
    ms.set_seed(0)
    classifier = build_classifier({"width_mult": 0.35}, {}, CLASSES, 32)
    return classifier, arrays_of(classifier)


@pytest.fixture
def classifier(network) -> Classifier:
    assign_strict(network[0], network[1], "the beginning")
    return network[0]


def step_of(top: Top, lr: float, steps: int = 100, freeze_head: bool = False) -> TrainStep:
    rates = np.full(steps, lr, np.float32)
    optimizer = build_optimizer(
        "momentum", trainable(top, top.head if freeze_head else None), rates
    )
    return TrainStep(top, ClassificationLoss(CLASSES, None), optimizer)


def stage_of(classifier: Classifier, cut: str, features: np.ndarray, **options) -> Stage:
    """A stage on features (photos, ...) of which photo i shows class i % CLASSES."""
    freeze_head = options.pop("freeze_head", False)
    labels = (np.arange(len(features)) % CLASSES).astype(np.int32)
    top = Top(classifier, cut)
    return Stage(
        name="head",
        classifier=classifier,
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
    lines = [line for _, line in calls]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert [line["step"] for line in lines] == [3, 6, 9, 12]  # 20 photos are 8 + 8 + 4
    assert set(lines[0]) == {
        *("stage", "epoch", "step", "lr", "train_n", "train_loss", "train_top1"),
        *("val_n", "val_loss", "val_top1", "val_top5", "best", "seconds"),
    }
    assert {(line["train_n"], line["val_n"]) for line in lines} == {(20, len(stage.val[1]))}
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
        batch = padded(x, labels, weights, size)
        got_loss, got_logits = step(*batch, ms.Tensor(keep[:size]))
        after = arrays_of(classifier)
        assert float(got_loss.asnumpy()) == pytest.approx(loss, rel=1e-5)
        np.testing.assert_allclose(got_logits.asnumpy()[:5], logits, atol=1e-5)
        for name, gradient in (("weight", delta.T @ kept), ("bias", delta.sum(0))):
            expected = start[f"head.0.{name}"] - 0.5 * gradient
            np.testing.assert_allclose(after[f"head.0.{name}"], expected, atol=1e-5)


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
        frozen = classifier.head if freeze_head else None
        assert [p.name for p in trainable(Top(classifier, cut), frozen)] == expected
    assert len(trainable(Top(classifier, "image"))) == 156 + 2


def test_predict_scores_in_inference_mode_and_drops_the_padding(classifier):
    values = clusters(11, 112, 2, 2)
    top = Top(classifier, "features.17").set_train(True)
    got = trainer.predict(top, values, 4)
    assert got.shape == (11, CLASSES)
    with mode(ms.PYNATIVE_MODE):
        np.testing.assert_allclose(
            got, top.set_train(False)(ms.Tensor(values)).asnumpy(), atol=1e-5
        )
