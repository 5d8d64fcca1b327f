"""A run folder: what training leaves behind, and what a resumed run starts from."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from easydict import EasyDict

from src_mindspore import checkpoint
from src_mindspore.classifier import Classifier
from src_mindspore.config import load_config, resolved_yaml
from src_mindspore.dataset import DataSet
from src_mindspore.errors import UserError
from src_mindspore.files import write_json, write_text
from src_mindspore.spec import FileSpec, ModelSpec, load_spec
from src_mindspore.trainer import Stage

CONFIG = "config.yaml"
SPLITS = "splits.json"
LOG = "log.jsonl"
METRICS = "metrics.json"
SAVE_EVERY = 10.0  # seconds; head epochs take less than writing 18 MB to a slow disk


class RunFolder:
    """The files of one training run.

    The best weights are kept in memory as well and both checkpoints are written together, the
    model first: whenever ``last.ckpt`` exists, ``model.ckpt`` is the best that it knows of or a
    better one that the resumed run finds again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best: dict[str, np.ndarray] = {}
        self._lines: list[dict[str, Any]] = []
        self._saved = -float("inf")

    @classmethod
    def create(cls, path: Path, config: EasyDict) -> "RunFolder":
        """A new run.

        Raises:
            UserError: the folder already holds something, or cannot be written.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            what = "a run: --resume goes on with it" if (path / CONFIG).exists() else "not empty"
            raise UserError(f"{path} is {what}; a new run takes a new or an empty folder")
        try:
            path.mkdir(parents=True, exist_ok=True)
            write_text(path / CONFIG, resolved_yaml(config))
        except OSError as error:
            raise UserError(f"the run folder {path} cannot be written: {error.strerror}") from None
        return cls(path)

    @classmethod
    def reopen(cls, path: Path) -> tuple["RunFolder", EasyDict]:
        """A run that was begun, and its config.

        Raises:
            UserError: ``path`` is no run folder.
        """
        if not (path / CONFIG).is_file():
            raise UserError(f"--resume takes a run folder; {path} has no {CONFIG}")
        return cls(path), load_config(path / CONFIG)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return (self.path / METRICS).is_file()

    def write_splits(self, data: DataSet) -> None:
        """Records which photo is in which split."""
        table = {name: [r.path for r in records] for name, records in data.splits.items()}
        write_json(self.path / SPLITS, {"splits": table, "left_out": list(data.left_out)})

    def begin(self) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
        """State and arrays of ``last.ckpt`` to go on from; without one None and nothing.

        ``log.jsonl`` is cut back to the epochs that the state knows of.
        """
        if not (self.path / checkpoint.LAST).is_file():
            self._write_log(())
            return None, {}
        state, arrays = checkpoint.read_state(self.path / checkpoint.LAST)
        self._write_log(read_log(self.path)[: state["epochs_logged"]])
        self.best = checkpoint.read_arrays(self.path / checkpoint.MODEL)
        return state, arrays

    def log(self, line: dict[str, Any]) -> None:
        """Adds one epoch to ``log.jsonl``."""
        self._lines.append(line)
        with (self.path / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def _write_log(self, lines: Iterable[dict[str, Any]]) -> None:
        self._lines = list(lines)
        write_text(self.path / LOG, "".join(json.dumps(line) + "\n" for line in self._lines))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What ``log.jsonl`` holds."""
        return self._lines

    def save(self, classifier: Classifier, stage: Stage, force: bool = False) -> None:
        """Writes both checkpoints, unless that was done a moment ago."""
        if not force and time.monotonic() - self._saved < SAVE_EVERY:
            return
        checkpoint.save_arrays(self.path / checkpoint.MODEL, self.best)
        state = {
            "stage": stage.name,
            "progress": asdict(stage.progress),
            "epochs_logged": len(self._lines),
        }
        checkpoint.save_state(self.path / checkpoint.LAST, classifier, stage.step.optimizer, state)
        self._saved = time.monotonic()

    def finish(self, spec: ModelSpec, metrics: dict[str, Any]) -> ModelSpec:
        """Writes ``spec.json`` with the final file and ``metrics.json``."""
        spec = spec.with_files(FileSpec.of(self.path / checkpoint.MODEL))
        spec.save(self.path)
        write_json(self.path / METRICS, metrics)
        return spec


def read_log(run: Path) -> list[dict[str, Any]]:
    """The epochs of a run; a last line cut short by a crash is passed over."""
    path = run / LOG
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def known_splits(model_path: Path) -> dict[str, list[str]] | None:
    """The splits of the run that a model file or folder belongs to, where they can be told.

    An exported file lies in ``RUN/export``, a checkpoint in the run folder itself.
    """
    folder = model_path if model_path.is_dir() else model_path.parent
    for place in (folder, folder.parent):
        if (place / SPLITS).is_file() and (place / CONFIG).is_file():
            return json.loads((place / SPLITS).read_text(encoding="utf-8"))["splits"]
    return None


def load_run(path: Path) -> tuple[EasyDict, ModelSpec]:
    """Config and spec of a run folder whose training has ended.

    Raises:
        UserError: ``path`` is no run folder, or its training has not ended.
    """
    if not (path / CONFIG).is_file():
        raise UserError(f"{path} is no run folder: it has no {CONFIG}")
    if not (path / METRICS).is_file():
        raise UserError(f"the training of {path} has not ended; train.py --resume goes on with it")
    return load_config(path / CONFIG), load_spec(path / "spec.json")
