"""A run folder: what training leaves behind, and what a resumed run starts from."""

import json
import time
from collections.abc import Iterable, Sequence
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
from src_mindspore.records import Exclusion
from src_mindspore.spec import FILE_NAME as SPEC
from src_mindspore.spec import FileSpec, ModelSpec, load_spec
from src_mindspore.trainer import Stage

CONFIG = "config.yaml"
SPLITS = "splits.json"
LOG = "log.jsonl"
CHOICE = "budget.json"  # what was chosen where the config says auto
UNTRAINED = {CONFIG, SPLITS, SPEC, LOG, CHOICE}  # what there is before the first checkpoint
METRICS = "metrics.json"
SAVE_EVERY = 10.0  # seconds; head epochs take less than writing 18 MB to a slow disk


class RunFolder:
    """The files of one training run.

    The best weights are kept in memory as well and both checkpoints are written together, the
    model first: whenever ``last.ckpt`` exists, ``model.ckpt`` is the best that it knows of or a
    better one that the resumed run finds again.

    Where ``writes`` is false nothing is written: another worker does it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writes = True
        self.best: dict[str, np.ndarray] = {}
        self._lines: list[dict[str, Any]] = []
        self._saved = -float("inf")

    @classmethod
    def create(cls, path: Path, config: EasyDict) -> "RunFolder":
        """A new run. What a run left that failed before its first epoch does not stand in the way.

        Raises:
            UserError: the folder already holds something, or cannot be written.
        """
        if path.exists() and (not path.is_dir() or _visible(path) - UNTRAINED):
            what = "a run: --resume goes on with it" if (path / CONFIG).exists() else "not empty"
            raise UserError(f"{path} is {what}; a new run takes a new or an empty folder")
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / CHOICE).unlink(missing_ok=True)
            write_text(path / CONFIG, resolved_yaml(config))
        except OSError as error:
            raise UserError(f"the run folder {path} cannot be written: {error.strerror}") from None
        return cls(path)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return (self.path / METRICS).is_file()

    def metrics(self) -> dict[str, Any]:
        """What ``metrics.json`` of a finished run holds."""
        return json.loads((self.path / METRICS).read_text(encoding="utf-8"))

    def write_splits(self, data: DataSet) -> None:
        """Records which photo is in which split.

        Raises:
            UserError: a resumed run finds other photos than it was trained on.
        """
        table = {name: [r.path for r in records] for name, records in data.splits.items()}
        splits: dict[str, Any] = {"splits": table, "left_out": list(data.left_out)}
        if data.excluded:
            splits["excluded"] = [asdict(exclusion) for exclusion in data.excluded]
        path = self.path / SPLITS
        trained = (self.path / checkpoint.LAST).is_file()
        if trained and json.loads(path.read_text(encoding="utf-8")) != splits:
            raise UserError(
                f"the photos in {data.root} are not those that {self.path} was begun with, see "
                f"its {SPLITS}: a new run takes a new folder"
            )
        if self.writes:
            write_json(path, splits)

    def choice(self) -> dict[str, Any] | None:
        """What this run chose before it was stopped."""
        path = self.path / CHOICE
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def write_choice(self, choice: dict[str, Any]) -> None:
        """Keeps a choice: measured again, it could be another."""
        if self.writes:
            write_json(self.path / CHOICE, choice)

    def save_spec(self, spec: ModelSpec) -> None:
        """Writes ``spec.json``."""
        if self.writes:
            spec.save(self.path)

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
        if not self.writes:
            return
        with (self.path / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def _write_log(self, lines: Iterable[dict[str, Any]]) -> None:
        self._lines = list(lines)
        if self.writes:
            write_text(self.path / LOG, "".join(json.dumps(line) + "\n" for line in self._lines))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What ``log.jsonl`` holds."""
        return self._lines

    def save(self, classifier: Classifier, stage: Stage, force: bool = False) -> None:
        """Writes both checkpoints, unless that was done a moment ago."""
        if not self.writes:
            return
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


def _visible(folder: Path) -> set[str]:
    """Names without the temporary files of another worker that begins the same run."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def open_run(
    path: Path,
    config: Path | None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    resume: bool = False,
) -> tuple[RunFolder, EasyDict]:
    """A new run of ``config``, or with ``resume`` the run in ``path`` if it has begun.

    The same command line may be repeated with ``resume`` until the run has finished; what it says
    of the config must then be what the run was begun with.

    Raises:
        UserError: no data, a folder that cannot be used, or a resumed run of another config.
    """
    begun = (path / CONFIG).is_file()
    source = config or (path / CONFIG if begun else None)
    asked = load_config(source, overrides) if source else None
    if resume and begun:
        ours = load_config(path / CONFIG)
        _same_config(path, ours, asked, data)
        return RunFolder(path), ours
    if asked is None:
        raise UserError(f"--resume takes a run folder; {path} has no {CONFIG}")
    if data:
        asked.data.dir = str(data.resolve())
    if not asked.data.dir:
        raise UserError("no data: --data DIR names the folder of photos, or data.dir in the config")
    if not Path(asked.data.dir).is_dir():
        raise UserError(f"the data folder {asked.data.dir} does not exist or is not a folder")
    return RunFolder.create(path, asked), asked


def _same_config(path: Path, ours: EasyDict, asked: EasyDict, data: Path | None) -> None:
    asked.data.dir = str(data.resolve()) if data else asked.data.dir or ours.data.dir
    if wrong := _differences(ours, asked):
        lines = [f"{key}: {was} there, {now} asked for" for key, was, now in wrong]
        raise UserError(f"{path} was begun with another config:\n  " + "\n  ".join(lines))


def _differences(ours: EasyDict, asked: EasyDict, prefix: str = "") -> list[tuple[str, Any, Any]]:
    found = []
    for key, value in ours.items():
        if isinstance(value, dict):
            found += _differences(value, asked[key], f"{prefix}{key}.")
        elif value != asked[key]:
            found.append((prefix + key, value, asked[key]))
    return found


def read_log(run: Path) -> list[dict[str, Any]]:
    """The epochs of a run; a last line cut short by a crash is passed over."""
    path = run / LOG
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def known_splits(model_path: Path) -> dict[str, list[str]] | None:
    """The splits of the run that a model file or folder belongs to, where they can be told.

    An exported file lies in ``RUN/export``, a checkpoint in the run folder itself.
    """
    photos = _photos_of(model_path)
    return photos["splits"] if photos else None


def known_exclusions(model_path: Path) -> tuple[Exclusion, ...]:
    """The photos that this run was told to leave out; none where that cannot be told."""
    entries = (_photos_of(model_path) or {}).get("excluded", ())
    return tuple(Exclusion(**entry) for entry in entries)


def _photos_of(model_path: Path) -> dict[str, Any] | None:
    folder = (model_path if model_path.is_dir() else model_path.parent).resolve()
    for place in (folder, folder.parent):
        if (place / SPLITS).is_file() and (place / CONFIG).is_file():
            return json.loads((place / SPLITS).read_text(encoding="utf-8"))
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
    return load_config(path / CONFIG), load_spec(path / SPEC)
