"""What a network needs to know about weights besides their values."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.weights.compare import check_numbers, difference, explain, shapes_of

PREFIX = "convention."


class Convention(NamedTuple):
    """Padding, batch-norm epsilon, and input = (pixel - mean) / std, pixels in 0..255."""

    padding: str
    bn_eps: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


# x / 127.5 - 1: keras/applications/imagenet_utils.py, mode "tf"
KERAS = Convention("same", 1e-3, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
# of a network that starts from random weights
PLAIN = KERAS
# ImageNet's mean (0.485, 0.456, 0.406) and std (0.229, 0.224, 0.225), times 255
IMAGENET = Convention("symmetric", 1e-5, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
# tensorflow/tpu, models/official/efficientnet/lite/efficientnet_lite_builder.py
EFFICIENTNET_LITE = Convention("same", 1e-3, (127.0, 127.0, 127.0), (128.0, 128.0, 128.0))


def to_arrays(convention: Convention) -> dict[str, np.ndarray]:
    """Arrays to be stored beside the parameters.

    ``convention.padding_same`` (1,) 1 or 0, ``convention.bn_eps`` (1,), ``convention.mean`` (3,),
    ``convention.std`` (3,).
    """
    values: dict[str, Iterable[float]] = {
        "padding_same": [convention.padding == "same"],
        "bn_eps": [convention.bn_eps],
        "mean": convention.mean,
        "std": convention.std,
    }
    return {PREFIX + name: np.asarray(value, np.float32) for name, value in values.items()}


def from_arrays(path: Path, stored: Mapping[str, np.ndarray]) -> Convention:
    """What ``to_arrays`` gave.

    Raises:
        UserError: other arrays, or impossible values; ``path`` is named.
    """
    wanted = {"padding_same": (1,), "bn_eps": (1,), "mean": (3,), "std": (3,)}
    wanted = {PREFIX + name: shape for name, shape in wanted.items()}
    if lines := difference(shapes_of(stored), wanted):
        raise UserError(f"{path}: the convention beside the weights is wrong:\n{explain(lines)}")
    check_numbers(stored, str(path))
    # through text: the shortest decimal that names the float32 is the number that was meant
    same, eps, mean, std = (
        tuple(float(str(number)) for number in stored[name].astype(np.float32)) for name in wanted
    )
    if same[0] not in (0, 1) or eps[0] <= 0 or min(std) <= 0:
        raise UserError(f"{path}: the convention beside the weights is impossible: {stored}")
    return Convention("same" if same[0] else "symmetric", eps[0], mean, std)
