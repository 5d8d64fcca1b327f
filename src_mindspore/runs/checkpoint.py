"""The files of a run folder that hold weights: ``model.ckpt`` and ``last.ckpt``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn

from src_mindspore.network.classifier import Classifier
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import brief, parse_json
from src_mindspore.weights.array_files import read_arrays
from src_mindspore.weights.assign import arrays_of, assign_strict, check_numbers, save_arrays

STATE = {"stage", "progress", "lines"}  # keys of what ``RunFolder.save`` keeps beside the weights
MODEL = "model.ckpt"
LAST = "last.ckpt"
STATE_KEY = "state.json"  # JSON as bytes: one file, so that weights and state cannot part


def load_classifier(classifier: Classifier, path: Path) -> None:
    """Loads ``model.ckpt``; every parameter must be there, with its shape.

    Raises:
        UserError: the file is missing, damaged or of another model.
    """
    assign_strict(classifier, read_arrays(path), str(path))


def save_state(
    path: Path, classifier: Classifier, optimizer: nn.Optimizer, state: Mapping[str, Any]
) -> None:
    """Writes ``last.ckpt``: all weights, the optimiser's moments and step, and ``state``.

    Raises:
        UserError: a weight or moment is not finite; what was there stays.
    """
    encoded = np.frombuffer(json.dumps(state).encode(), np.uint8)
    arrays = {**arrays_of(optimizer), **arrays_of(classifier), STATE_KEY: encoded}
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


def restore(
    classifier: Classifier, optimizer: nn.Optimizer, arrays: Mapping[str, np.ndarray], source: str
) -> None:
    """Puts the arrays of ``last.ckpt`` back into the network and the optimiser, strictly."""
    for cell in (classifier, optimizer):
        names = cell.parameters_dict()
        assign_strict(cell, {n: a for n, a in arrays.items() if n in names}, source)
