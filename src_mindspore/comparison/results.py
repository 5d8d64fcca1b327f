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

from src_mindspore.comparison.kept_folder import KeptFolder
from src_mindspore.system.errors import UserError

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


class ComparisonFolder(KeptFolder):
    """Where a comparison is written: a new folder, or one of an earlier comparison.

    Fold files of other comparisons stay, so that adding a config costs that config alone.

    Args:
        path: the folder.

    Raises:
        UserError: it holds what ``compare.py`` did not write, or another process works in it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, COMMAND, WRITTEN, FOLDS, "a comparison")

    def find(self, key: str) -> FoldResult | None:
        """The result of ``fold_key``, where it is there as it was written."""
        if not self.parts.wrote(_file(key)):
            return None
        with np.load(self.parts.folder / _file(key), allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            return FoldResult(arrays["logits"], about["seconds"], about["epochs"])

    def check_free(self, keys: Sequence[str]) -> None:
        """Raises UserError, before any work, where files of others are in the way of results."""
        self.parts.refuse_others(map(_file, keys), "move or delete them")

    def keep(self, key: str, result: FoldResult, about: Mapping[str, Any]) -> None:
        """Writes a result; ``about`` says to people what it is of."""
        table = {**about, "seconds": result.seconds, "epochs": dict(result.epochs)}
        if not np.isfinite(result.logits).all():
            raise UserError(f"logits of {about} are no numbers; a smaller learning rate is needed")
        with self.parts.path(_file(key)) as temporary:
            np.savez(temporary, logits=result.logits, about=np.array(json.dumps(table)))


def _file(key: str) -> str:
    return f"{key}.npz"
