"""One head on one fold: trained on the other folds, in memory, without MindSpore."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from src_mindspore.comparison.folds import Folds
from src_mindspore.evaluation.probabilities import log_softmax, probabilities
from src_mindspore.features.store import Picked
from src_mindspore.lr import build_lr
from src_mindspore.photos.class_weights import class_weights
from src_mindspore.search.features import Features
from src_mindspore.search.settings import HeadSettings
from src_mindspore.training.fast_head import FastHead, NotFiniteError, first_weights

STAGE = 0  # of the head among the stages, for all that is drawn; a test holds it to options.STAGES
WEIGHTS = 5  # stream of the first weights, beside those of `draws.py`
SCORED_AT_ONCE = 4096  # photos
SMALLEST = 1e-12  # probability whose logarithm is taken


@dataclass(frozen=True)
class Outcome:
    """What a head made of the photos of a fold.

    Attributes:
        wrong: (m,) bool.
        losses: (m,) float32, negative log-likelihood of each photo's class; infinite of a head
            that diverged.
        seconds: of training and scoring.
    """

    wrong: np.ndarray
    losses: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Ground:
    """What all heads are tried on.

    Attributes:
        features: of all photos.
        labels: (n,) int32.
        folds: who scores which.
        classes: how many there are.
        seed: of first weights, order, choice of views and dropout.
    """

    features: Features
    labels: np.ndarray
    folds: Folds
    classes: int
    seed: int


class Stopped(Exception):  # noqa: N818 - no error: somebody wants to stop
    """A trial was told to stop."""


def try_head(
    ground: Ground, settings: HeadSettings, epochs: int, fold: int, stop: threading.Event
) -> Outcome:
    """Trains a head on all folds but one, and scores it on that one, its last epoch.

    Args:
        ground: what it is tried on.
        settings: of the head.
        epochs: at most ``settings.epochs``: a shorter schedule of the same shape.
        fold: that scores it.
        stop: ends it after the epoch that it is in.

    Raises:
        Stopped: it was told to.
    """
    began = time.perf_counter()
    scored = ground.folds.scored(fold)
    try:
        head = trained_head(ground, settings, epochs, fold, stop)
        logits = _logits(head, ground, settings, scored)
    except NotFiniteError:
        logits = np.full((len(scored), ground.classes), np.nan, np.float32)
    wrong, losses = answers(logits, ground.labels[scored], settings.activation)
    return Outcome(wrong, losses, time.perf_counter() - began)


def trained_head(
    ground: Ground,
    settings: HeadSettings,
    epochs: int,
    fold: int,
    stop: threading.Event,
    weights: Mapping[str, np.ndarray] | None = None,
) -> FastHead:
    """A head trained on all folds but one; ``weights`` are what it begins with, else drawn.

    Raises:
        NotFiniteError: it diverged.
        Stopped: it was told to.
    """
    trained = ground.folds.trained(fold)
    rows, left = ground.features.of(settings.reduction, settings.normalisation, settings.views > 0)
    inputs, labels = Picked(rows, trained), ground.labels[trained]
    if weights is None:
        rng = np.random.default_rng([ground.seed, STAGE, WEIGHTS])
        weights = first_weights((rows.shape[-1], *settings.hidden, ground.classes), rng)
    head = FastHead(
        weights,
        learning_rates(settings, epochs, len(trained)),
        optimizer=settings.optimizer,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        hidden_activation=settings.hidden_activation,
        dropout=settings.dropout,
        activation=settings.activation,
        label_smoothing=settings.label_smoothing,
        normalisation=left,
        threads=1,
    )
    balance = class_weights(labels, ground.classes, settings.class_weights)
    for epoch in range(epochs):
        if stop.is_set():
            raise Stopped
        head.train_epoch(inputs, labels, balance, (ground.seed, STAGE), epoch, settings.batch_size)
    return head


def learning_rates(settings: HeadSettings, epochs: int, photos: int) -> np.ndarray:
    """The rate of every step, (steps,) float32, as ``stages.build_stage`` has it.

    With fewer epochs than ``settings.epochs`` the warm-up is as much shorter.
    """
    steps = -(-photos // settings.batch_size)
    warmup = settings.warmup_epochs * epochs / settings.epochs
    return build_lr(
        total_steps=steps * epochs,
        lr_init=settings.lr_init,
        lr_end=settings.lr_end,
        lr_max=settings.lr_max,
        warmup_steps=min(round(warmup * steps), steps * epochs),
        decay_type=settings.decay,
    )


def _logits(
    head: FastHead, ground: Ground, settings: HeadSettings, photos: np.ndarray
) -> np.ndarray:
    plain, _ = ground.features.of(settings.reduction, settings.normalisation, views=False)
    parts = [
        head.logits(plain[part, np.zeros_like(part)])
        for part in np.split(photos, range(SCORED_AT_ONCE, len(photos), SCORED_AT_ONCE))
    ]
    return np.concatenate(parts)


def answers(
    logits: np.ndarray, labels: np.ndarray, activation: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Which photos are wrong, and the negative log-likelihood of each: (m,) bool, (m,) float32.

    Of a sigmoid output it is that of its probabilities divided by their sum, so that heads of both
    kinds can be compared. Logits that are no numbers are wrong, with an infinite loss.
    """
    finite = np.isfinite(logits).all(1)
    safe = np.where(finite[:, None], logits, 0).astype(np.float64)
    if activation == "sigmoid":
        shares = probabilities(safe, "sigmoid_logits") + SMALLEST
        logs = np.log(shares / shares.sum(1, keepdims=True))
    else:
        logs = log_softmax(safe)
    losses = -logs[np.arange(len(labels)), labels]
    wrong = (safe.argmax(1) != labels) | ~finite
    return wrong, np.where(finite, losses, np.inf).astype(np.float32)
