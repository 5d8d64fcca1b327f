"""The head stage in compiled calls, an epoch each: for many trainings on a part of the photos.

The numbers are those of ``loop.fit`` up to the rounding of sums, see ``fast_head.py``; it takes
whatever this does not do.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import mindspore
import numpy as np

from src_mindspore.evaluation.metrics import summary
from src_mindspore.features.store import Picked, Rows
from src_mindspore.head import SMALLEST_SQUARE
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import Readable, Sliceable
from src_mindspore.training.fast_head import FastHead
from src_mindspore.training.inputs import CachedInputs
from src_mindspore.training.loop import Stage
from src_mindspore.training.options import StageOptions
from src_mindspore.weights.assign import arrays_of, assign_strict

log = logging.getLogger(__name__)

MOST_BYTES = 1 << 30  # of features in memory


@dataclass(frozen=True)
class FittedHead:
    """A head that was trained so; ``rms``: what it takes is divided by its root mean square."""

    head: FastHead
    rms: bool

    def logits(self, values: Sliceable) -> np.ndarray:
        """(n, classes) float32 for the values at the cut of n photos."""
        return self.head.logits(_normalised(values[0 : len(values)], self.rms))


def fit_fast(stage: Stage, options: StageOptions, label_smoothing: float) -> FittedHead | None:
    """Trains a stage to its end as ``loop.fit`` does; the weights are the classifier's then.

    With validation values that are the best ones, as ``stage.best`` are.

    Args:
        stage: not begun.
        options: what it was built from.
        label_smoothing: of the loss, 0 to below 1.

    Returns:
        The head, for logits; None where ``loop.fit`` has to do it: other layers are trained, the
        features are not cached or too many for memory, or there is no C++ compiler.

    Raises:
        UserError: a loss that is not finite; no validation photo that can be read.
    """
    inputs, head = stage.inputs, stage.classifier.head
    if not _possible(stage, options):
        return None
    rms = head.normalisation == "rms"

    def compiled(weights: Mapping[str, np.ndarray]) -> FastHead:
        return FastHead(
            {name: array for name, array in weights.items() if name.startswith("head.")},
            stage.lr,
            options.optimizer["name"],
            options.optimizer["momentum"],
            options.optimizer["weight_decay"],
            head.hidden_activation,
            head.dropout,
            head.activation,
            label_smoothing,
        )

    first = arrays_of(stage.classifier)
    try:
        fast = compiled(first)
    except UserError as error:
        log.info("heads are trained by MindSpore, which is slower: %s", error)
        return None
    features = _normalised(_in_memory(inputs.features), rms)
    tried = _validation(stage, rms)
    state, seed = stage.progress, inputs.seed
    while state.epoch < stage.epochs:
        if stage.patience and state.stale >= stage.patience:
            break
        fast.train_epoch(
            features, inputs.labels, stage.class_weights, seed, state.epoch, stage.batch_size
        )
        state.epoch += 1
        if tried is None:
            continue
        scores = summary(fast.logits(tried[0]), tried[1], stage.val_loss)
        if state.improves(scores["top1"], scores["loss"]):
            state.best_top1, state.best_loss, state.stale = scores["top1"], scores["loss"], 0
            stage.best = {**first, **fast.weights()}
        else:
            state.stale += 1
    reached = stage.best if stage.best is not None else {**first, **fast.weights()}
    assign_strict(stage.classifier, reached, "the trained head")
    return FittedHead(compiled(reached), rms)


def _possible(stage: Stage, options: StageOptions) -> bool:
    inputs = stage.inputs
    return (
        options.from_block is None
        and isinstance(inputs, CachedInputs)
        and inputs.targets is None
        and stage.workers.size == 1
        and mindspore.get_context("device_target") == "CPU"
        and 4 * float(np.prod(inputs.features.shape)) <= MOST_BYTES
    )


def _in_memory(features: np.ndarray | Rows | Picked) -> np.ndarray:
    """(photos, views, ...) float32."""
    photos, views = features.shape[:2]
    every = np.arange(photos * views)
    rows = features[every // views, every % views]
    return np.ascontiguousarray(rows, np.float32).reshape(features.shape)


def _normalised(values: np.ndarray, rms: bool) -> np.ndarray:
    """See ``ClassifierHead.embed``; the last axes are those of a map, if there is one."""
    if not rms:
        return values
    rows = values.reshape(len(values), *([values.shape[1]] if values.ndim in (3, 5) else []), -1)
    squares = np.mean(rows * rows, axis=-1, keepdims=True)
    return (rows / np.sqrt(squares + np.float32(SMALLEST_SQUARE))).astype(np.float32)


def _validation(stage: Stage, rms: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Values and labels of the photos that an epoch is chosen by, as far as they can be read."""
    if stage.val is None:
        return None
    values = Readable(stage.val[0])
    rows = _normalised(values[0 : len(values)], rms)[values.mask]
    if not len(rows):
        raise UserError("no validation photo can be read any more")
    return rows, stage.val[1][values.mask]
