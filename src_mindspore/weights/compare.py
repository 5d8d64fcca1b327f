"""What two sets of named arrays have in common, and whether they are numbers."""

from collections.abc import Iterable, Mapping

import numpy as np

from src_mindspore.system.errors import UserError

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
