"""The folder of a comparison: what each fold gave, kept as soon as it is there, and the report.

A fold's file is named by all that its content depends on: recipe, photos with their classes in
each part, seed. What is found under that name is what training again would give, whichever
comparison it was made for; another recipe or photo is another name.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.runs.lock import RunLock
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest

COMMAND = "compare.py"
FOLDS = "folds"  # the folder of the fold files
REPORT, FIGURES, PLOT, DIVISION = "compare.md", "compare.json", "compare.png", "folds.json"
WRITTEN = (REPORT, FIGURES, PLOT, DIVISION)
FORMAT = 1  # of fold files, and of what training makes of a recipe: another number, another name


@dataclass(frozen=True)
class FoldResult:
    """What one recipe made of one fold with one seed.

    Attributes:
        logits: (m, classes) float32 of the scored photos, in their order.
        seconds: that training and scoring took, without features.
        epochs: how many every stage ran, by name.
    """

    logits: np.ndarray
    seconds: float
    epochs: Mapping[str, int] = field(default_factory=dict)


def fold_key(
    recipe: str,
    parts: Mapping[str, Sequence[tuple[str, int]]],
    about: Mapping[str, Any],
    seed: int,
) -> str:
    """The name of a result: 32 hexadecimal digits of a SHA-256.

    Args:
        recipe: ``Contender.digest``.
        parts: by name of the part its photos in their order: SHA-256 of the file, and class.
        about: what else of the photos decides: names of the classes, range of values.
        seed: of training.
    """
    table = {
        "format": FORMAT,
        "recipe": recipe,
        "parts": {name: [list(photo) for photo in photos] for name, photos in parts.items()},
        "about": dict(about),
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:32]


class ComparisonFolder:
    """Where a comparison is written: a new folder, or one of an earlier comparison.

    Fold files of other comparisons stay, so that adding a config costs that config alone.

    Args:
        path: the folder.

    Raises:
        UserError: it holds what ``compare.py`` did not write, or another process works in it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        what = "a comparison takes a new or an empty folder, or that of another one"
        self.files = Manifest(path, COMMAND, WRITTEN)
        self.files.refuse_folder(what)
        self.files.refuse_others(WRITTEN, "move them away, or name another folder with --out")
        (path / FOLDS).mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(path)
        self._lock.take()
        self.files.note({})  # from now on it is known as one of ours
        self._folds = Manifest(path / FOLDS, COMMAND)

    def close(self) -> None:
        """Lets other processes work in the folder."""
        self._lock.release()

    def find(self, key: str) -> FoldResult | None:
        """The result of ``fold_key``, where it is there as it was written."""
        if not self._folds.wrote(_file(key)):
            return None
        with np.load(self._folds.folder / _file(key), allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            return FoldResult(arrays["logits"], about["seconds"], about["epochs"])

    def check_free(self, keys: Sequence[str]) -> None:
        """Raises UserError, before any work, where files of others are in the way of results."""
        self._folds.refuse_others(map(_file, keys), "move or delete them")

    def keep(self, key: str, result: FoldResult, about: Mapping[str, Any]) -> None:
        """Writes a result; ``about`` says to people what it is of."""
        table = {**about, "seconds": result.seconds, "epochs": dict(result.epochs)}
        if not np.isfinite(result.logits).all():
            raise UserError(f"logits of {about} are no numbers; a smaller learning rate is needed")
        with self._folds.path(_file(key)) as temporary:
            np.savez(temporary, logits=result.logits, about=np.array(json.dumps(table)))


def _file(key: str) -> str:
    return f"{key}.npz"
