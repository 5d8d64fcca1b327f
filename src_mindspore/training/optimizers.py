"""Optimisers by name, all with the same arguments."""

from collections.abc import Callable, Sequence

import numpy as np
from mindspore import Parameter, nn

OPTIMIZERS: dict[str, Callable[..., nn.Optimizer]] = {
    "momentum": lambda groups, lr, momentum: nn.Momentum(groups, lr, momentum),
    "sgd": lambda groups, lr, momentum: nn.SGD(groups, lr, momentum=momentum),
    "adam": lambda groups, lr, _: nn.Adam(groups, lr),
    "adamw": lambda groups, lr, _: nn.AdamWeightDecay(groups, lr),
    "rmsprop": lambda groups, lr, momentum: nn.RMSProp(groups, lr, momentum=momentum),
}


def build_optimizer(
    name: str,
    parameters: Sequence[Parameter],
    lr: np.ndarray,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
) -> nn.Optimizer:
    """An optimiser over ``parameters``, as MindSpore has it.

    Its adamw corrects no bias, so that the first steps are up to 3 times the learning rate, and
    its rmsprop starts from a mean square of 1: a warm-up suits both.

    Weight decay acts on weights only, not on biases, batch-norm gamma and beta (arXiv:1812.01187,
    section 3.1).

    Args:
        name: a key of ``OPTIMIZERS``.
        parameters: what is trained.
        lr: ``(steps,)`` float32, the learning rate of every step.
        momentum: of momentum, sgd and rmsprop.
        weight_decay: L2 factor; decoupled for adamw.

    Raises:
        ValueError: an unknown name, or nothing to train.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {name!r}")
    if not parameters:
        raise ValueError("there is nothing to train: every parameter is frozen")
    weights = [p for p in parameters if p.ndim > 1]
    others = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": group, "weight_decay": decay}
        for group, decay in ((weights, weight_decay), (others, 0.0))
        if group
    ]
    return OPTIMIZERS[name](groups, lr.tolist(), float(momentum))  # a config's 0 is an int
