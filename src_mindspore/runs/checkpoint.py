"""The files of a run folder that hold weights: ``model.ckpt`` and ``last.ckpt``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.runs.names import LAST
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import brief, parse_json
from src_mindspore.weights.array_files import read_arrays, save_arrays
from src_mindspore.weights.compare import check_numbers

STATE = {"stage", "progress", "lines"}  # keys of what ``RunFolder.save`` keeps beside the weights
STATE_KEY = "state.json"  # JSON as bytes: one file, so that weights and state cannot part


def save_state(
    path: Path,
    weights: Mapping[str, np.ndarray],
    optimizer: Mapping[str, np.ndarray],
    state: Mapping[str, Any],
) -> None:
    """Writes ``last.ckpt``.

    Args:
        path: the file.
        weights: all of the network, by name.
        optimizer: its moments, step and learning rates, by name.
        state: ``STATE``, as JSON has it.

    Raises:
        UserError: a weight or moment is not finite; what was there stays.
    """
    encoded = np.frombuffer(json.dumps(state).encode(), np.uint8)
    arrays = {**optimizer, **weights, STATE_KEY: encoded}
    check_numbers(arrays, "the training has diverged")
    save_arrays(path, arrays)


def read_state(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The state in ``last.ckpt`` and the arrays beside it.

    Raises:
        UserError: the file is missing, damaged or no ``last.ckpt``.
    """
    arrays = read_arrays(path)
    if STATE_KEY not in arrays:
        raise UserError(f"{path} holds no training state; it is not a {LAST} of this version")
    encoded = arrays.pop(STATE_KEY)
    text = encoded.tobytes().decode(errors="replace") if encoded.dtype == np.uint8 else ""
    state = parse_json(text, f"{path}: {STATE_KEY}")
    if not isinstance(state, dict):
        raise UserError(f"{path}: {STATE_KEY} must be a table; got {brief(state)}")
    if missing := sorted(STATE - state.keys()):
        raise UserError(f"{path} was written by another version; it has no {missing}")
    return state, arrays
