"""Giving a network its parameters by full name and exact shape, or saying what does not fit.

``mindspore.load_param_into_net`` matches names by suffix and only reports what it left out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from mindspore import Tensor, nn

from src_mindspore.system.errors import UserError
from src_mindspore.system.write import atomic_path
from src_mindspore.weights.array_files import write_ckpt

Shapes = Mapping[str, tuple[int, ...]]

MAX_LINES = 12  # of a difference in a message


def shapes_of(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    """Name -> shape."""
    return {name: array.shape for name, array in arrays.items()}


def difference(file: Shapes, model: Shapes) -> list[str]:
    """What a file lacks (-), has besides (+) and has in another shape (!), a line each."""

    def text(shape: Iterable[int]) -> str:
        return "(" + ",".join(map(str, shape)) + ")"

    lines = [f" - {name} {text(shape)}" for name, shape in model.items() if name not in file]
    lines += [f" + {name} {text(shape)}" for name, shape in file.items() if name not in model]
    lines += [
        f" ! {name} file {text(file[name])} model {text(shape)}"
        for name, shape in model.items()
        if name in file and file[name] != shape
    ]
    return lines


def explain(lines: list[str]) -> str:
    """A difference for a message: the first lines, then how many more there are."""
    shown = [
        "(- missing in the file, + only in the file, ! other shape)",
        *lines[:MAX_LINES],
    ]
    if len(lines) > MAX_LINES:
        shown.append(f" ... and {len(lines) - MAX_LINES} more")
    return "\n".join(shown)


def check_numbers(arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Refuses texts, NaN and infinity."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise UserError(f"{source}: {name} must hold numbers, got type {array.dtype}")
        if not np.isfinite(array).all():
            raise UserError(f"{source}: {name} holds NaN or infinity; such weights are of no use")


def assign_strict(cell: nn.Cell, arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Gives every parameter of ``cell`` its value; all or nothing.

    Args:
        cell: any network; parameters are matched by their full name.
        arrays: name -> array of exactly the parameter's shape, converted to its type.
        source: what the arrays are, for messages.

    Raises:
        UserError: a parameter without an array, an array without a parameter, another shape, or
            a value that is not finite.
    """
    parameters = cell.parameters_dict()
    model = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    if lines := difference(shapes_of(arrays), model):
        raise UserError(f"{source}: the parameters are not the network's:\n{explain(lines)}")
    check_numbers(arrays, source)
    for name, parameter in parameters.items():
        parameter.set_data(Tensor(arrays[name], parameter.dtype))


def arrays_of(cell: nn.Cell) -> dict[str, np.ndarray]:
    """Copies of all parameters of a cell, by name."""
    return {name: p.asnumpy().copy() for name, p in cell.parameters_dict().items()}


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as a MindSpore checkpoint, atomically."""
    with atomic_path(path) as temporary:
        write_ckpt(temporary, arrays)
