"""Learning-rate schedules: one value for every optimiser step, as a plain NumPy array."""

import math
from dataclasses import dataclass

import numpy as np

PLATEAU = "plateau"
DECAYS = ("cosine", "square", "exponential", "linear", "constant", PLATEAU)
FLAT = ("constant", PLATEAU)  # shapes of a table that stays at its peak
# a score counts as better from this share above the best: ReduceLROnPlateau's default
PLATEAU_THRESHOLD = 1e-4


def build_lr(
    total_steps: int,
    lr_init: float = 0.0,
    lr_end: float = 0.0,
    lr_max: float = 0.1,
    warmup_steps: int = 0,
    decay_type: str = "cosine",
) -> np.ndarray:
    """Linear warm-up to ``lr_max``, then a decay towards ``lr_end``.

    Step ``i`` of the warm-up has ``lr_init + (lr_max - lr_init) * (i + 1) / warmup_steps``, so the
    first step is never 0 and the last warm-up step has ``lr_max``. After it, with ``p`` the passed
    share of the decay steps (0 at the first, below 1 at the last)::

        cosine       lr_end + (lr_max - lr_end) * (1 + cos(pi p)) / 2   (arXiv:1608.03983, eq. 5)
        square       lr_end + (lr_max - lr_end) * (1 - p)^2
        linear       lr_end + (lr_max - lr_end) * (1 - p)
        exponential  lr_max * (lr_end / lr_max)^p
        constant     lr_max
        plateau      lr_max, until a ``Plateau`` lowers what is left of the table

    Args:
        total_steps: optimiser steps of the whole run, at least 1.
        lr_init: where the warm-up starts from, 0 to ``lr_max``.
        lr_end: what the decay runs towards, 0 to ``lr_max``; above 0 for ``exponential``.
        lr_max: the peak, above 0.
        warmup_steps: 0 to ``total_steps``.
        decay_type: one of ``DECAYS``.

    Returns:
        ``(total_steps,)`` float32.

    Raises:
        ValueError: an argument outside these ranges.
    """
    if total_steps < 1:
        raise ValueError(f"total_steps must be at least 1; got {total_steps}")
    if not 0 <= warmup_steps <= total_steps:
        raise ValueError(
            f"warmup_steps must be 0 to total_steps ({total_steps}); got {warmup_steps}"
        )
    if lr_max <= 0 or not 0 <= lr_init <= lr_max or not 0 <= lr_end <= lr_max:
        raise ValueError(
            f"0 <= lr_init, lr_end <= lr_max and lr_max > 0 must hold; "
            f"got lr_init={lr_init}, lr_end={lr_end}, lr_max={lr_max}"
        )
    if decay_type not in DECAYS:
        raise ValueError(f"decay_type must be one of {', '.join(DECAYS)}; got {decay_type!r}")
    if decay_type == "exponential" and lr_end == 0:
        raise ValueError("lr_end must be above 0 for the exponential decay; got 0")

    def decayed(p: float) -> float:
        if decay_type == "exponential":
            return lr_max * (lr_end / lr_max) ** p
        share = {
            "cosine": (1 + math.cos(math.pi * p)) / 2,
            "square": (1 - p) ** 2,
            "linear": 1 - p,
            **dict.fromkeys(FLAT, 1.0),
        }[decay_type]
        floor = lr_max if decay_type in FLAT else lr_end
        return floor + (lr_max - floor) * share

    warmup = [lr_init + (lr_max - lr_init) * (i + 1) / warmup_steps for i in range(warmup_steps)]
    decay_steps = total_steps - warmup_steps
    return np.array(warmup + [decayed(i / decay_steps) for i in range(decay_steps)], np.float32)


@dataclass
class Plateau:
    """Lowers a rate whenever a score has stopped rising.

    As PyTorch's ``torch.optim.lr_scheduler.ReduceLROnPlateau`` with ``mode="max"``, its relative
    threshold of 1e-4 and no cooldown: where more than ``patience`` epochs in a row brought no score
    above ``best * (1 + 1e-4)``, the rate is multiplied by ``factor`` and the count begins anew.

    Attributes:
        rate: the rate of now, above 0; at first the peak.
        factor: above 0 and below 1.
        patience: epochs without a better score that are borne, 0 or more.
        lowest: what the rate does not fall below, 0 or more.
        best: the best score so far.
        stale: epochs since then, or since the rate was lowered.
    """

    rate: float
    factor: float
    patience: int
    lowest: float = 0.0
    best: float = -math.inf
    stale: int = 0

    def after_epoch(self, score: float) -> float:
        """The rate from now on; ``score`` is that of the epoch, 0 or more."""
        if score > self.best * (1 + PLATEAU_THRESHOLD):
            self.best, self.stale = score, 0
        else:
            self.stale += 1
        if self.stale > self.patience:
            self.rate, self.stale = max(self.rate * self.factor, self.lowest), 0
        return self.rate
