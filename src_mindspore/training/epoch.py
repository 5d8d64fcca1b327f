"""An epoch of a stage: every training photo once, step by step or in one compiled call."""

from collections.abc import Callable, Sequence

import numpy as np
from mindspore import Tensor

from src_mindspore.network.classifier import batch_norms
from src_mindspore.runs.progress import EpochSums
from src_mindspore.system.progress import progress
from src_mindspore.system.rows import blank
from src_mindspore.training.draws import DROPOUT
from src_mindspore.training.fast_head import NotFiniteError
from src_mindspore.training.inputs import Batch
from src_mindspore.training.stage import Stage, check_finite, steps_per_epoch
from src_mindspore.weights.assign import assign_strict

LOOK_EVERY = 16  # steps between looks at the clock, where several workers must agree on it


def train_epoch(
    stage: Stage, due: Callable[[], bool], after_step: Callable[[Stage], None]
) -> EpochSums:
    """Trains on every photo once, from ``stage.progress.step`` on; the sums of all workers."""
    stage.step.set_train(True)
    if stage.freeze_bn_statistics:
        for cell in batch_norms(stage.step.top):
            cell.set_train(False)
    state, photos = stage.progress, stage.inputs.photos
    size, workers = stage.batch_size, stage.workers
    sums = state.sums_of(workers.rank, workers.size)
    first = state.epoch * steps_per_epoch(photos, size)
    with progress(photos, f"{stage.name} {state.epoch + 1}/{stage.epochs}", quiet=True) as advance:
        advance(min(state.step * size, photos))
        batches = stage.inputs.batches(state.epoch, size, workers, state.step)
        for number, batch in enumerate(batches, start=state.step):
            sums = sums.plus(_train_step(stage, batch, number, first + number + 1))
            advance(min(size, photos - number * size))
            if (number + 1) % (LOOK_EVERY if workers.size > 1 else 1):
                continue
            table = workers.gather((due(), *sums))
            if table[0, 0]:
                check_finite(stage, "largest weight", _largest_weight(stage), first + number + 1)
                state.step, state.sums = number + 1, table[:, 1:].tolist()
                after_step(stage)
    return EpochSums(*workers.gather(sums).sum(0).tolist())


def fast_epoch(stage: Stage) -> EpochSums:
    """What ``train_epoch`` does, in one compiled call."""
    state, inputs = stage.progress, stage.inputs
    try:
        sums = stage.fast.train_epoch(
            inputs.features,
            inputs.labels,
            stage.class_weights,
            inputs.seed,
            state.epoch,
            stage.batch_size,
            first=state.step,
        )
    except NotFiniteError as error:
        check_finite(stage, "loss", error.loss, error.step)
        raise
    assign_strict(stage.step.optimizer, stage.fast.arrays(), "the compiled head")
    return state.sums_of(0, 1).plus(sums)


def _train_step(stage: Stage, batch: Batch, number: int, step: int) -> EpochSums:
    """Trains on batch ``number`` of an epoch; what it adds to the epoch's sums."""
    values, labels, *targets = batch
    size, workers = stage.batch_size, stage.workers
    real = np.arange(len(labels)) < workers.real(
        min(size, stage.inputs.photos - number * size), size
    )
    gone = blank(values)
    values[gone], real[gone] = 0, False
    weights = np.where(real, stage.class_weights[labels], 0)
    rng = np.random.default_rng([*stage.inputs.seed, stage.progress.epoch, DROPOUT, number])
    keep = stage.step.top.head.dropout_mask(size, rng)
    # one row where none is drawn
    keep = Tensor(keep[workers.rows(size)] if len(keep) == size else keep)
    tensors = padded(values, labels, weights, size // workers.size)
    taught = _repeated(targets, size // workers.size)
    loss, logits = stage.step(*tensors, keep, *taught)
    loss_value, weight = float(loss.asnumpy()), float(weights.sum())
    check_finite(stage, "loss", loss_value, step)
    logits = logits.asnumpy()[: len(labels), : len(stage.class_weights)]
    hits = (logits.argmax(1) == labels)[real]
    return EpochSums(loss_value * weight, weight, float(hits.sum()), float(len(hits)))


def padded(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Fills a short batch up with repeats of weight 0: one graph, and no photo is dropped."""
    rows = np.arange(size) % len(labels)
    full = np.where(np.arange(size) < len(labels), weights[rows], 0)
    return *_repeated((values, labels), size), Tensor(full.astype(np.float32))


def _repeated(arrays: Sequence[np.ndarray], size: int) -> list[Tensor]:
    """The rows of a short batch over and over, as in ``padded``."""
    return [Tensor(array[np.arange(size) % len(array)]) for array in arrays]


def _largest_weight(stage: Stage) -> float:
    """Absolute, of what is trained and of the optimiser's moments."""
    largest = [np.abs(p.asnumpy()).max() for p in stage.step.optimizer.get_parameters()]
    return float(np.max(largest))  # unlike Python's, NumPy's maximum is NaN where any is
