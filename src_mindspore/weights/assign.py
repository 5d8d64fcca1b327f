"""Giving a network its parameters by full name and exact shape, or saying what does not fit.

``mindspore.load_param_into_net`` matches names by suffix and only reports what it left out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from mindspore import Tensor, nn

from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import read_arrays
from src_mindspore.weights.compare import check_numbers, difference, explain, shapes_of


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


def load_parameters(cell: nn.Cell, path: Path) -> None:
    """Gives a network the arrays of a checkpoint; every parameter must be there, with its shape.

    Raises:
        UserError: the file is missing, damaged or of another network.
    """
    assign_strict(cell, read_arrays(path), str(path))


def restore(cells: Iterable[nn.Cell], arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Gives several cells, strictly, those of the arrays that are theirs by name.

    Raises:
        UserError: see ``assign_strict``.
    """
    for cell in cells:
        names = cell.parameters_dict()
        assign_strict(cell, {n: a for n, a in arrays.items() if n in names}, source)
