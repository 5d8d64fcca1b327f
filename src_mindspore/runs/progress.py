"""How far a run is: what ``last.ckpt`` keeps."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from src_mindspore.runs.names import LOG

EPOCH_NUMBERS = ("epoch", "lr", "train_loss", "train_top1", "val_loss", "val_top1")


class EpochSums(NamedTuple):
    """What an epoch's training batches add up to, as the network was when it saw them.

    Attributes:
        loss: of the samples, each times its weight.
        weight: of the samples: class weights, 0 for padding and for photos that are gone.
        hits: samples whose likeliest class is right.
        photos: samples that count.
    """

    loss: float = 0.0
    weight: float = 0.0
    hits: float = 0.0
    photos: float = 0.0

    def plus(self, other: Sequence[float]) -> "EpochSums":
        """Field by field."""
        return EpochSums(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass
class StageProgress:
    """How far a stage is; with the weights and the optimiser all that a resume needs.

    ``best_top1`` and ``best_loss`` are validation scores over all stages so far. ``sums`` has the
    numbers of ``EpochSums`` for every worker, in the middle of an epoch only.
    """

    epoch: int = 0  # epochs done
    step: int = 0  # steps done of the next one
    sums: list[list[float]] = field(default_factory=list)
    stale: int = 0  # epochs since the last better one
    best_top1: float = -1.0
    best_loss: float = math.inf

    def sums_of(self, rank: int, workers: int) -> EpochSums:
        """What worker ``rank`` has summed up: its own row, or, of another number, its part."""
        total = EpochSums()
        for row in self.sums[rank::workers]:
            total = total.plus(row)
        return total

    def improves(self, top1: float, loss: float) -> bool:
        """Whether a score is better than the best: top-1 first, loss where that is equal."""
        return (top1, -loss) > (self.best_top1, -self.best_loss)


@dataclass(frozen=True)
class State:
    """Where a stopped run goes on.

    Attributes:
        stage: name of the stage.
        progress: how far it was.
        arrays: weights and optimiser, by name.
        best: the weights of the best epoch so far, by name; None before there is one.
    """

    stage: str
    progress: StageProgress
    arrays: Mapping[str, np.ndarray]
    best: Mapping[str, np.ndarray] | None


def is_state(state: dict[str, Any], stages: Sequence[str]) -> bool:
    """Whether a run of these stages can go on from it, see ``RunFolder.save``."""
    progress, kinds = state["progress"], {k: type(v) for k, v in asdict(StageProgress()).items()}
    return (
        state["stage"] in stages
        and isinstance(progress, dict)
        and {key: type(value) for key, value in progress.items()} == kinds
        and all(isinstance(row, list) and len(row) == len(EpochSums()) for row in progress["sums"])
        and all(type(number) in (int, float) for row in progress["sums"] for number in row)
        and isinstance(state["lines"], list)
        and all(map(_is_epoch, state["lines"]))
    )


def is_own_log(folder: Path, name: str = LOG) -> bool:
    """Whether the file is a ``log.jsonl`` of a run and nothing else is in it.

    Its last line may be cut short, by a full disk or a kill.
    """
    if name != LOG:
        return False
    try:
        *lines, last = (folder / name).read_text(encoding="utf-8").split("\n")
        return all(_is_epoch(json.loads(line)) for line in lines) and last[:1] in ("", "{")
    except (OSError, ValueError, RecursionError):
        return False


def _is_epoch(line: Any) -> bool:
    """Whether a line has what is drawn and compared."""
    return (
        isinstance(line, dict)
        and isinstance(line.get("stage"), str)
        and all(type(line.get(key)) in (int, float) for key in EPOCH_NUMBERS)
    )
