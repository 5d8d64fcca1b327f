"""The folder of a search: what every trial gave, kept while it goes on, and the report.

A trial is named by all that its result depends on: features, labels, folds, seed, settings of the
head, epochs, fold. What is found under that name is what training again would give. Trials are
written many to a file: there are thousands of them, of a few hundred bytes each.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from src_mindspore.comparison.kept_folder import KeptFolder
from src_mindspore.search.settings import HeadSettings
from src_mindspore.search.trial import Ground, Outcome

COMMAND = "tune.py"
TRIALS = "trials"  # the folder of their files
REPORT, FIGURES, PLOT, BEST = "tune.md", "tune.json", "tune.png", "best.yaml"
WRITTEN = (REPORT, FIGURES, PLOT, BEST)
FORMAT = 1  # of these files, and of what training makes of settings: another number, another name


def ground_key(ground: Ground) -> str:
    """SHA-256 of what all heads are tried on."""
    table = {
        "format": FORMAT,
        "features": ground.features.digest(),
        "labels": ground.labels.tolist(),
        "folds": ground.folds.of_photo.tolist(),
        "classes": ground.classes,
        "seed": ground.seed,
    }
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def trial_key(ground: str, settings: HeadSettings, epochs: int, fold: int) -> str:
    """The name of a trial: 32 hexadecimal digits of a SHA-256."""
    told = f"{ground} {settings.digest()} {epochs} {fold}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


class SearchFolder(KeptFolder):
    """Where a search is written: a new folder, or one of an earlier search.

    Args:
        path: the folder.

    Raises:
        UserError: it holds what ``tune.py`` did not write, or another process works in it.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, COMMAND, WRITTEN, TRIALS, "a search")

    def found(self) -> dict[str, Outcome]:
        """All trials that are there as they were written, by name."""
        found: dict[str, Outcome] = {}
        for name in self.parts.names:
            if self.parts.wrote(name):
                found |= _read(self.parts.folder / name)
        return found

    def keep(self, outcomes: Mapping[str, Outcome]) -> None:
        """Writes trials, by name, as one file."""
        if not outcomes:
            return
        sizes = [len(one.wrong) for one in outcomes.values()]
        with self.parts.path(self._free_name("".join(outcomes))) as temporary:
            np.savez(
                temporary,
                names=np.array(list(outcomes)),
                ends=np.cumsum(sizes),
                wrong=np.packbits(np.concatenate([one.wrong for one in outcomes.values()])),
                losses=np.concatenate([one.losses for one in outcomes.values()]),
                seconds=np.array([one.seconds for one in outcomes.values()]),
            )

    def _free_name(self, told: str) -> str:
        """A name that no file has: a damaged one of the same trials stays where it is."""
        while True:
            told = hashlib.sha256(told.encode()).hexdigest()[:32]
            if not (self.parts.folder / f"{told}.npz").exists():
                return f"{told}.npz"


def _read(path: Path) -> dict[str, Outcome]:
    with np.load(path, allow_pickle=False) as arrays:
        losses, ends = arrays["losses"], arrays["ends"]
        wrong = np.unpackbits(arrays["wrong"], count=len(losses)).astype(bool)
        parts = zip(
            arrays["names"].tolist(),
            np.split(wrong, ends[:-1]),
            np.split(losses, ends[:-1]),
            arrays["seconds"].tolist(),
            strict=True,
        )
        return {name: Outcome(w, loss, seconds) for name, w, loss, seconds in parts}
