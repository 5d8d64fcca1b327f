"""The one training loop, for the head on cached features and for the backbone alike."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from src_mindspore.batched import Part, Sliceable, run_batched
from src_mindspore.classifier import Top, batch_norms
from src_mindspore.distributed import ALONE, Workers
from src_mindspore.errors import UserError
from src_mindspore.inputs import DROPOUT, TrainingInputs
from src_mindspore.kernels.cells import CompiledTop
from src_mindspore.metrics import summary
from src_mindspore.progress import progress

log = logging.getLogger(__name__)


class TrainStep(nn.Cell):
    """One optimiser step on a batch; the graph is compiled once, for one batch shape.

    Inputs: values at the cut (B, ...), labels (B,) int32, sample weights (B,) float32 with 0 for
    padding, dropout factors (see ``ClassifierHead.dropout_mask``). Outputs: loss (scalar) and
    logits (B, classes), both from before the step. Of several workers each gets its rows of the
    batch; loss and step are those of the whole batch.
    """

    def __init__(
        self,
        top: Top | CompiledTop,
        loss: nn.Cell,
        optimizer: nn.Optimizer,
        workers: Workers = ALONE,
    ) -> None:
        super().__init__(auto_prefix=False)
        self.top = top
        self.loss = loss
        self.optimizer = optimizer
        self.forward_and_gradients = ops.value_and_grad(
            self.forward, None, optimizer.parameters, has_aux=True
        )
        self.sum = workers.sum()
        self.gradient_sum = workers.gradient_sum(optimizer.parameters)

    def forward(
        self, x: Tensor, labels: Tensor, weights: Tensor, keep: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss and logits."""
        logits = self.top(x, keep)
        return self.loss(logits, labels, weights), logits

    def construct(
        self, x: Tensor, labels: Tensor, weights: Tensor, keep: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See the class."""
        (loss, logits), gradients = self.forward_and_gradients(x, labels, weights, keep)
        if self.sum is not None:
            loss = self.sum(loss)
            gradients = self.gradient_sum(gradients)
        self.optimizer(gradients)
        return loss, logits


@dataclass
class Progress:
    """How far a stage is; with the weights and the optimiser all that a resume needs.

    ``best_top1`` and ``best_loss`` are validation scores over all stages so far.
    """

    epoch: int = 0  # epochs done
    stale: int = 0  # epochs since the last better one
    best_top1: float = -1.0
    best_loss: float = math.inf

    def improves(self, top1: float, loss: float) -> bool:
        """Whether a score is better than the best: top-1 first, loss where that is equal."""
        return (top1, -loss) > (self.best_top1, -self.best_loss)


@dataclass
class Stage:
    """A stage ready to run.

    ``class_weights`` is (classes,) float32; ``lr`` is (steps,) float32 over all epochs, as given
    to the optimiser; ``val`` are the values at the cut of the validation photos (an array, or
    anything that gives arrays when sliced) and their labels (n,), scored as ``val_loss`` says (see
    ``metrics.summary``).
    """

    name: str
    top: Top | CompiledTop
    step: TrainStep
    inputs: TrainingInputs
    val: tuple[Sliceable, np.ndarray]
    val_loss: str
    lr: np.ndarray
    class_weights: np.ndarray
    epochs: int
    batch_size: int
    patience: int
    freeze_bn_statistics: bool = True
    workers: Workers = ALONE
    progress: Progress = field(default_factory=Progress)


def steps_per_epoch(photos: int, batch_size: int) -> int:
    """Optimiser steps in an epoch; the short last batch is one."""
    return -(-photos // batch_size)


def fit(stage: Stage, after_epoch: Callable[[Stage, dict, bool], None]) -> None:
    """Trains a stage to its end, from where ``stage.progress`` says it is.

    After every epoch the whole validation split is scored, ``stage.progress`` is brought up to
    date and ``after_epoch(stage, line, better)`` is called, ``line`` being the epoch's entry for
    ``log.jsonl``.

    Raises:
        UserError: a loss or a logit that is not finite; the text has the step and learning rate.
    """
    state = stage.progress
    while state.epoch < stage.epochs:
        if stage.patience and state.stale >= stage.patience:
            log.info("%s: no better epoch in %d: stopped early", stage.name, stage.patience)
            return
        began = time.perf_counter()
        train_loss, train_top1 = _train_epoch(stage)
        done = (state.epoch + 1) * steps_per_epoch(stage.inputs.photos, stage.batch_size)
        scores = _validate(stage, done)
        better = state.improves(scores["top1"], scores["loss"])
        if better:
            state.best_top1, state.best_loss, state.stale = scores["top1"], scores["loss"], 0
        else:
            state.stale += 1
        state.epoch += 1
        line = {
            "stage": stage.name,
            "epoch": state.epoch,
            "step": done,
            "lr": float(stage.lr[done - 1]),
            "train_n": stage.inputs.photos,
            "train_loss": train_loss,
            "train_top1": train_top1,
            "val_n": len(stage.val[1]),
            "val_loss": scores["loss"],
            "val_top1": scores["top1"],
            "val_top5": scores["top5"],
            "best": better,
            "seconds": round(time.perf_counter() - began, 3),
        }
        log.info("%s", _sentence(line, stage.epochs))
        after_epoch(stage, line, better)


def _sentence(line: dict, epochs: int) -> str:
    """An epoch's entry of ``log.jsonl`` for people."""
    return (
        f"{line['stage']} {line['epoch']}/{epochs}  lr {line['lr']:.5f}  "
        f"train loss {line['train_loss']:.4f} top-1 {line['train_top1']:.2%} "
        f"(n={line['train_n']})  "
        f"val loss {line['val_loss']:.4f} top-1 {line['val_top1']:.2%} (n={line['val_n']})"
        f"{' *' if line['best'] else ''}  {line['seconds']:.1f} s"
    )


def _validate(stage: Stage, done: int) -> dict[str, float]:
    """Scores the whole validation split; of several workers each does a part of it.

    They go by what the first makes of it, so that none stops while others go on.
    """
    values, labels = stage.val
    if stage.workers.size == 1:
        logits = predict(stage.top, values, stage.batch_size)
    else:
        logits = np.zeros((len(labels), len(stage.class_weights)), np.float32)
        part = Part(values, stage.workers.part(len(labels)))
        if len(part):
            logits[part.rows] = predict(stage.top, part, stage.batch_size // stage.workers.size)
        logits = stage.workers.add(logits)
    scores = summary(logits, labels, stage.val_loss)
    largest = float(np.abs(logits).max())
    largest, *agreed = stage.workers.gather((largest, *scores.values()))[0].tolist()
    _check_finite(stage, "largest validation logit", largest, done)
    return dict(zip(scores, agreed, strict=True))


def _train_epoch(stage: Stage) -> tuple[float, float]:
    """Loss and top-1 over the training batches, as the network was when it saw them."""
    stage.step.set_train(True)
    if stage.freeze_bn_statistics:
        for cell in batch_norms(stage.top):
            cell.set_train(False)
    epoch, photos = stage.progress.epoch, stage.inputs.photos
    size, workers = stage.batch_size, stage.workers
    rows = workers.rows(size)
    first = epoch * steps_per_epoch(photos, size)
    loss_sum = weight_sum = 0.0
    hits = 0
    with progress(photos, f"{stage.name} {epoch + 1}/{stage.epochs}", quiet=True) as advance:
        for number, (values, labels) in enumerate(stage.inputs.batches(epoch, size, workers)):
            real = workers.real(min(size, photos - number * size), size)
            weights = np.where(np.arange(len(labels)) < real, stage.class_weights[labels], 0)
            rng = np.random.default_rng([*stage.inputs.seed, epoch, DROPOUT, number])
            keep = stage.top.head.dropout_mask(size, rng)
            keep = Tensor(keep[rows] if len(keep) == size else keep)  # one row where none is drawn
            batch = _padded(values, labels, weights, size // workers.size)
            loss, logits = stage.step(*batch, keep)
            loss_value = float(loss.asnumpy())
            _check_finite(stage, "loss", loss_value, first + number + 1)
            loss_sum += loss_value * float(weights.sum())
            weight_sum += float(weights.sum())
            hits += int((logits.asnumpy()[:real].argmax(1) == labels[:real]).sum())
            advance(min(size, photos - number * size))
    loss_sum, weight_sum, hits = workers.gather((loss_sum, weight_sum, hits)).sum(0).tolist()
    return loss_sum / weight_sum, hits / photos


def _check_finite(stage: Stage, what: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise UserError(
            f"the {what} of {stage.name} became {value} at step {step} "
            f"with learning rate {stage.lr[step - 1]:.6g}: a smaller "
            f"{stage.name}_stage.lr.max or a longer warm-up is needed"
        )


def _padded(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Fills a short batch up with repeats of weight 0: one graph, and no photo is dropped."""
    rows = np.arange(size) % len(labels)
    full = np.where(np.arange(size) < len(labels), weights[rows], 0)
    return Tensor(values[rows]), Tensor(labels[rows]), Tensor(full.astype(np.float32))


def predict(top: Top | CompiledTop, values: Sliceable, batch_size: int) -> np.ndarray:
    """Logits (n, classes) for values at the cut (n, ...), in inference mode."""
    top.set_train(False)
    return run_batched(top, values, batch_size)


def trainable(top: Top, freeze_head: bool = False) -> list[Parameter]:
    """Parameters behind the cut that a stage trains; frozen ones keep no gradient."""
    head = {id(p) for p in top.head.get_parameters()}
    return [p for p in top.trainable_params() if not (freeze_head and id(p) in head)]
