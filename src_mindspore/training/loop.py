"""The one training loop, for the head on cached features and for the backbone alike."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from src_mindspore.evaluation.metrics import summary
from src_mindspore.network.forward import run_batched
from src_mindspore.network.kernels.cells import AnyTop
from src_mindspore.system.errors import UserError
from src_mindspore.system.memory import batch_of
from src_mindspore.system.rows import Part, Readable, Sliceable
from src_mindspore.training.epoch import fast_epoch, train_epoch
from src_mindspore.training.stage import Stage, check_finite, follow_plateau, steps_per_epoch
from src_mindspore.weights.assign import arrays_of

log = logging.getLogger(__name__)

ROWS = 4096  # of features that the compiled head takes at once: 21 MB of 1280


def _never() -> bool:
    return False


def fit(
    stage: Stage,
    after_epoch: Callable[[Stage, dict], None],
    due: Callable[[], bool] = _never,
    after_step: Callable[[Stage], None] = lambda _: None,
) -> None:
    """Trains a stage to its end, from where ``stage.progress`` says it is.

    After every epoch the whole validation split, if there is one, is scored, ``stage.progress``
    and ``stage.best`` are brought up to date and ``after_epoch(stage, line)`` is called, ``line``
    being the epoch's entry for ``log.jsonl``. Inside an epoch ``after_step(stage)`` is called, with
    the same right to go on from there, when ``due()`` of the first worker says so.

    Raises:
        UserError: a loss or a logit that is not finite, with the step and learning rate; no memory
            for a batch.
    """
    state = stage.progress
    if stage.fast:
        stage.fast.load(arrays_of(stage.step.optimizer))
    while state.epoch < stage.epochs:
        if stage.patience and state.stale >= stage.patience:
            log.info("%s: no better epoch in %d: stopped early", stage.name, stage.patience)
            return
        began = time.perf_counter()
        with batch_of(stage.name, stage.batch_size):
            sums = fast_epoch(stage) if stage.fast else train_epoch(stage, due, after_step)
            done = (state.epoch + 1) * steps_per_epoch(stage.inputs.photos, stage.batch_size)
            scores = _validate(stage, done) if stage.val else {}
        if scores:
            _keep_best(stage, scores)
        state.epoch, state.step, state.sums = state.epoch + 1, 0, []
        line = {
            "stage": stage.name,
            "epoch": state.epoch,
            "step": done,
            "lr": float(stage.lr[done - 1]),
            "train_n": stage.inputs.photos,
            "train_loss": sums.loss / sums.weight,
            "train_top1": sums.hits / sums.photos,
            **_validation_entries(stage, scores),
            "seconds": round(time.perf_counter() - began, 3),
        }
        log.info("%s", _sentence(line, stage.epochs))
        if scores:
            follow_plateau(stage, scores["top1"], done)
        after_epoch(stage, line)


def _keep_best(stage: Stage, scores: Mapping[str, float]) -> None:
    """Keeps the weights where they are the best so far."""
    state = stage.progress
    if state.improves(scores["top1"], scores["loss"]):
        state.best_top1, state.best_loss, state.stale = scores["top1"], scores["loss"], 0
        stage.best = arrays_of(stage.classifier)
    else:
        state.stale += 1


def _validation_entries(stage: Stage, scores: Mapping[str, float]) -> dict[str, Any]:
    """Those of an epoch's line; none where nothing is scored."""
    if not scores:
        return {}
    named = {f"val_{key}": scores[key] for key in ("loss", "top1", "top5")}
    return {"val_n": len(stage.val[1]), **named, "best": not stage.progress.stale}


def _sentence(line: dict, epochs: int) -> str:
    """An epoch's entry of ``log.jsonl`` for people."""
    scored = ""
    if "val_n" in line:
        scored = (
            f"val loss {line['val_loss']:.4f} top-1 {line['val_top1']:.2%} (n={line['val_n']})"
            f"{' *' if line['best'] else ''}  "
        )
    return (
        f"{line['stage']} {line['epoch']}/{epochs}  lr {line['lr']:.5f}  "
        f"train loss {line['train_loss']:.4f} top-1 {line['train_top1']:.2%} "
        f"(n={line['train_n']})  {scored}{line['seconds']:.1f} s"
    )


def _validate(stage: Stage, done: int) -> dict[str, float]:
    """Scores the whole validation split; of several workers each does a part of it.

    They go by what the first makes of it, so that none stops while others go on.
    """
    values, labels = stage.val
    workers = stage.workers
    mine = workers.rows(len(labels))
    part = Readable(values if workers.size == 1 else Part(values, mine))
    # in the last column whether the photo can still be read
    table = np.zeros((len(labels), len(stage.class_weights) + 1), np.float32)
    if len(part):
        table[mine, :-1] = stage_logits(stage, part)
        table[mine, -1] = part.mask
    table = workers.add(table)
    logits, labels = (rows[table[:, -1] > 0] for rows in (table[:, :-1], labels))
    if not len(labels):
        raise UserError("no validation photo can be read any more")
    scores = summary(logits, labels, stage.val_loss)
    largest = float(np.abs(logits).max())
    largest, *agreed = workers.gather((largest, *scores.values()))[0].tolist()
    check_finite(stage, "largest validation logit", largest, done)
    return dict(zip(scores, agreed, strict=True))


def stage_logits(stage: Stage, values: Sliceable) -> np.ndarray:
    """Logits (n, classes) of a stage as it is now, for values at its cut (n, ...)."""
    if stage.fast is None:
        return predict(stage.step.top, values, stage.batch_size // stage.workers.size)
    starts = range(0, len(values), ROWS)
    return np.concatenate([stage.fast.logits(values[i : i + ROWS]) for i in starts])


def predict(top: AnyTop, values: Sliceable, batch_size: int) -> np.ndarray:
    """Logits (n, classes) for values at the cut (n, ...), in inference mode."""
    top.set_train(False)
    return run_batched(top, values, batch_size)
