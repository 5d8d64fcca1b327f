"""How far a run is: what ``last.ckpt`` keeps beside weights and optimiser."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from src_mindspore.training.workers import Workers

EMPTY = (0.0, 0.0, 0.0, 0.0)  # sums of an epoch: loss times weight, weight, hits, photos
EPOCH_NUMBERS = ("epoch", "lr", "train_loss", "train_top1", "val_loss", "val_top1")


@dataclass
class Progress:
    """How far a stage is; with the weights and the optimiser all that a resume needs.

    ``best_top1`` and ``best_loss`` are validation scores over all stages so far. ``sums`` has a
    row like ``EMPTY`` for every worker, in the middle of an epoch only.
    """

    epoch: int = 0  # epochs done
    step: int = 0  # steps done of the next one
    sums: list[list[float]] = field(default_factory=list)
    stale: int = 0  # epochs since the last better one
    best_top1: float = -1.0
    best_loss: float = math.inf

    def sums_of(self, workers: Workers) -> np.ndarray:
        """What a worker has summed up: its own row, or, of another number of workers, its part."""
        rows = np.array(self.sums or [EMPTY], np.float64)
        return rows[workers.rank :: workers.size].sum(0)

    def improves(self, top1: float, loss: float) -> bool:
        """Whether a score is better than the best: top-1 first, loss where that is equal."""
        return (top1, -loss) > (self.best_top1, -self.best_loss)


def is_state(state: dict[str, Any], stages: Sequence[str]) -> bool:
    """Whether a run of these stages can go on from it, see ``RunFolder.save``."""
    progress, kinds = state["progress"], {k: type(v) for k, v in asdict(Progress()).items()}
    return (
        state["stage"] in stages
        and isinstance(progress, dict)
        and {key: type(value) for key, value in progress.items()} == kinds
        and all(isinstance(row, list) and len(row) == len(EMPTY) for row in progress["sums"])
        and all(type(number) in (int, float) for row in progress["sums"] for number in row)
        and isinstance(state["lines"], list)
        and all(map(_is_epoch, state["lines"]))
    )


def _is_epoch(line: Any) -> bool:
    """Whether a line has what is drawn and compared."""
    return (
        isinstance(line, dict)
        and isinstance(line.get("stage"), str)
        and all(type(line.get(key)) in (int, float) for key in EPOCH_NUMBERS)
    )
