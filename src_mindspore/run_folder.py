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
from src_mindspore.distributed import launched
from src_mindspore.doctor.plan import parse_entries
from src_mindspore.errors import UserError
from src_mindspore.files import sweep_temporaries, write_json, write_text
from src_mindspore.reading import brief, read_json
from src_mindspore.records import Exclusion
from src_mindspore.run_lock import RunLock
from src_mindspore.schema import SCHEMA
from src_mindspore.spec import FILE_NAME as SPEC
from src_mindspore.spec import FileSpec, ModelSpec, load_spec
from src_mindspore.stages import STAGES
from src_mindspore.trainer import EMPTY, Progress, Stage

CONFIG = "config.yaml"
SPLITS = "splits.json"
LOG = "log.jsonl"
CHOICE = "budget.json"  # what was chosen where the config says auto
UNTRAINED = {CONFIG, SPLITS, SPEC, LOG, CHOICE}  # what there is before the first checkpoint
METRICS = "metrics.json"
CURVES, CONFUSION, RELIABILITY = "curves.png", "confusion.png", "reliability.png"
# all that is written here through a temporary name
WRITTEN = (
    *(CONFIG, SPLITS, SPEC, LOG, CHOICE, METRICS, CURVES, CONFUSION, RELIABILITY),
    *(checkpoint.MODEL, checkpoint.LAST),
)
EPOCH_NUMBERS = ("epoch", "lr", "train_loss", "train_top1", "val_loss", "val_top1")


class RunFolder:
    """The files of one training run.

    The best weights are kept in memory as well and both checkpoints are written together, the
    model first: whenever ``last.ckpt`` exists and knows of a best epoch, ``model.ckpt`` is that
    one's or a better one's that the resumed run finds again.

    Where ``writes`` is false nothing is written: another worker does it. ``save_every`` are the
    seconds between checkpoints.
    """

    def __init__(self, path: Path, save_every: float = 0.0) -> None:
        self.path = path
        self.writes = True
        self.lock = RunLock(path)
        self.best: dict[str, np.ndarray] = {}
        self._stored = self.best  # what model.ckpt holds
        self._lines: list[dict[str, Any]] = []
        self._save_every = save_every
        self._saved = time.monotonic()

    @classmethod
    def create(cls, path: Path, config: EasyDict) -> "RunFolder":
        """A new run. What a run left that failed before its first epoch does not stand in the way.

        Raises:
            UserError: the folder already holds something, cannot be written, or another process
                works on it.
        """
        _check_free(path)
        run = cls(path, config.save_every)
        try:
            path.mkdir(parents=True, exist_ok=True)
            run.claim()
            _check_free(path)  # another process may have had it until now
            (path / CHOICE).unlink(missing_ok=True)
            write_text(path / CONFIG, resolved_yaml(config))
        except OSError as error:
            run.lock.release()
            raise _unwritable(path, error) from None
        except UserError:
            run.lock.release()
            raise
        return run

    @classmethod
    def reopen(cls, path: Path) -> tuple["RunFolder", EasyDict]:
        """A run that has begun, and its config.

        Raises:
            UserError: it cannot be written, or another process works on it.
        """
        config = load_config(path / CONFIG)
        run = cls(path, config.save_every)
        if not run.finished:
            try:
                run.claim()
            except OSError as error:
                raise _unwritable(path, error) from None
        return run, config

    def claim(self) -> None:
        """Keeps other processes out; of several workers the first does so once they have met."""
        if launched():
            self.lock.look()
        else:
            self.hold()

    def hold(self) -> None:
        """Takes the lock and clears away what a killed process left half written."""
        self.lock.take()
        sweep_temporaries(self.path, WRITTEN)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return (self.path / METRICS).is_file()

    def metrics(self) -> dict[str, Any]:
        """What ``metrics.json`` of a finished run holds."""
        path = self.path / METRICS
        metrics = read_json(path)
        val = metrics.get("val") if isinstance(metrics, dict) else None
        if not isinstance(val, dict) or not all(
            type(val.get(key)) in (int, float) for key in ("n", "top1", "top5")
        ):
            raise UserError(
                f"{path} is damaged: it must have n, top1 and top5 under val; got {brief(val)}. "
                f"Without the file, --resume scores the run again"
            )
        return metrics

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
        if trained and read_json(path) != splits:
            raise UserError(
                f"the photos in {data.root} are not those that {self.path} was begun with, see "
                f"its {SPLITS}: a new run takes a new folder"
            )
        if self.writes:
            write_json(path, splits)

    def choice(self) -> dict[str, Any] | None:
        """What this run chose before it was stopped."""
        path = self.path / CHOICE
        if not path.is_file():
            return None
        choice = read_json(path)
        fields = {key: SCHEMA["finetune_stage"][key] for key in ("from_block", "epochs")}
        known = isinstance(choice, dict) and choice.keys() == fields.keys()
        if not known or not all(rule.check(choice[key]) for key, rule in fields.items()):
            raise UserError(f"{path} is damaged: it has from_block and epochs; got {brief(choice)}")
        return choice

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

        ``log.jsonl`` is written anew, with the epochs that the state knows of.
        """
        if not (self.path / checkpoint.LAST).is_file():
            self._write_log(())
            return None, {}
        state, arrays = checkpoint.read_state(self.path / checkpoint.LAST)
        if not _is_state(state):
            raise UserError(
                f"the state in {self.path / checkpoint.LAST} is not of this version: {brief(state)}"
            )
        self._write_log(state["lines"])
        if state["progress"]["best_top1"] >= 0:  # there has been a best epoch
            self.best = self._stored = checkpoint.read_arrays(self.path / checkpoint.MODEL)
        return state, arrays

    def log(self, line: dict[str, Any]) -> None:
        """Adds one epoch to ``log.jsonl``."""
        self._lines.append(line)
        if not self.writes:
            return
        path = self.path / LOG
        try:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _write_log(self, lines: Iterable[dict[str, Any]]) -> None:
        self._lines = list(lines)
        if self.writes:
            write_text(self.path / LOG, "".join(json.dumps(line) + "\n" for line in self._lines))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What ``log.jsonl`` holds."""
        return self._lines

    def due(self) -> bool:
        """Whether the last checkpoint is ``save_every`` seconds old."""
        return time.monotonic() - self._saved >= self._save_every

    def save(self, classifier: Classifier, stage: Stage, force: bool = False) -> None:
        """Writes both checkpoints, unless that was done a moment ago."""
        if not self.writes:
            return
        if not (force or self.due()) and (self.path / checkpoint.LAST).exists():
            return
        if self.best is not self._stored:
            checkpoint.save_arrays(self.path / checkpoint.MODEL, self.best)
            self._stored = self.best
        state = {
            "stage": stage.name,
            "progress": asdict(stage.progress),
            "lines": self._lines,
        }
        checkpoint.save_state(self.path / checkpoint.LAST, classifier, stage.step.optimizer, state)
        self._saved = time.monotonic()

    def finish(self, spec: ModelSpec, metrics: dict[str, Any]) -> ModelSpec:
        """Writes ``spec.json`` with the final file and ``metrics.json``.

        ``log.jsonl`` comes first, to the disk: with ``metrics.json`` the run is finished.
        """
        self._write_log(self._lines)
        spec = spec.with_files(FileSpec.of(self.path / checkpoint.MODEL))
        spec.save(self.path)
        write_json(self.path / METRICS, metrics)
        return spec


def _check_free(path: Path) -> None:
    if path.exists() and (not path.is_dir() or _visible(path) - UNTRAINED):
        what = "a run: --resume goes on with it" if (path / CONFIG).exists() else "not empty"
        raise UserError(f"{path} is {what}; a new run takes a new or an empty folder")


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"the run folder {path} cannot be written: {error.strerror}")


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
        _same_config(path, load_config(path / CONFIG), asked, data)
        return RunFolder.reopen(path)
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


def _is_state(state: dict[str, Any]) -> bool:
    """Whether a run can go on from it, see ``RunFolder.save``."""
    progress, kinds = state["progress"], {k: type(v) for k, v in asdict(Progress()).items()}
    return (
        state["stage"] in STAGES
        and isinstance(progress, dict)
        and {key: type(value) for key, value in progress.items()} == kinds
        and all(isinstance(row, list) and len(row) == len(EMPTY) for row in progress["sums"])
        and all(type(number) in (int, float) for row in progress["sums"] for number in row)
        and isinstance(state["lines"], list)
        and all(map(_is_epoch, state["lines"]))
    )


def _is_epoch(line: Any) -> bool:
    """Whether a line has what is drawn and compared."""
    return (
        isinstance(line, dict)
        and isinstance(line.get("stage"), str)
        and all(type(line.get(key)) in (int, float) for key in EPOCH_NUMBERS)
    )


def known_splits(model_path: Path) -> dict[str, list[str]] | None:
    """The splits of the run that a model file or folder belongs to, where they can be told.

    An exported file lies in ``RUN/export``, a checkpoint in the run folder itself.
    """
    photos = _photos_of(model_path)
    return photos["splits"] if photos else None


def known_exclusions(model_path: Path) -> tuple[Exclusion, ...]:
    """The photos that this run was told to leave out; none where that cannot be told."""
    entries = (_photos_of(model_path) or {}).get("excluded", [])
    return parse_entries(SPLITS, entries if isinstance(entries, list) else [entries])


def _photos_of(model_path: Path) -> dict[str, Any] | None:
    folder = (model_path if model_path.is_dir() else model_path.parent).resolve()
    for place in (folder, folder.parent):
        path = place / SPLITS
        if not path.is_file() or not (place / CONFIG).is_file():
            continue
        table = read_json(path)
        splits = table.get("splits") if isinstance(table, dict) else None
        if not isinstance(splits, dict) or not all(
            isinstance(paths, list) and all(isinstance(p, str) for p in paths)
            for paths in splits.values()
        ):
            raise UserError(f"{path} is damaged: it has no table of splits and their photos")
        return table
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
