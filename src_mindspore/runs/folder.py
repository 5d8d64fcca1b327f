"""A run folder: what training leaves behind, and what a resumed run starts from.

``open.py`` makes or finds one for training, ``read.py`` reads a finished one.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.config.schema import SCHEMA
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.runs import checkpoint
from src_mindspore.runs.event_log import EventLog
from src_mindspore.runs.lock import RunLock
from src_mindspore.runs.names import (
    CHOICE,
    COMMAND,
    CONFIG,
    CONFUSION,
    CURVES,
    DOCTOR,
    LAST,
    LOG,
    METRICS,
    MODEL,
    RELABEL_LIST,
    RELABEL_PAGE,
    RELIABILITY,
    REPORT,
    SPLITS_FILE,
)
from src_mindspore.runs.progress import StageProgress, State, is_state
from src_mindspore.runs.splits import check_same, read_splits, splits_table
from src_mindspore.spec.model import FILE_NAME, FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.launcher import launched
from src_mindspore.system.manifest import Manifest
from src_mindspore.system.read import brief, read_json
from src_mindspore.system.write import sweep_temporaries, write_text

log = logging.getLogger(__name__)

# all that is written here through a temporary name
WRITTEN = (
    *(CONFIG, SPLITS_FILE, FILE_NAME, LOG, CHOICE, METRICS, CURVES, CONFUSION, RELIABILITY),
    *(MODEL, LAST, RELABEL_PAGE, RELABEL_LIST, REPORT, DOCTOR),
)


class RunFolder:
    """The files of one training run.

    Both checkpoints are written together, the model first: whenever ``last.ckpt`` exists and knows
    of a best epoch, ``model.ckpt`` is that one's, or a better one's that the resumed run finds
    again.

    Where ``writes`` is false nothing is written: another worker does it. ``save_every`` are the
    seconds between checkpoints. ``files`` knows which of the files are the run's own; checkpoints
    and log are known by what is in them. ``moved_config`` is the text of ``config.yaml`` where its
    places have changed: it is written once the photos are known to be the same. ``watchers`` are
    called after every epoch, with what ``log.jsonl`` holds. ``log_events`` asks for TensorBoard's
    files beside it.
    """

    def __init__(self, path: Path, save_every: float = 0.0) -> None:
        self.path = path
        self.writes = True
        self.lock = RunLock(path)
        self.files = Manifest(path, COMMAND, WRITTEN)
        self.moved_config: str | None = None
        self.watchers: list[Callable[[Sequence[dict[str, Any]]], None]] = []
        self.log_events = False
        self._events: EventLog | None = None
        self._stored: Mapping[str, np.ndarray] | None = None  # what model.ckpt holds
        self._lines: list[dict[str, Any]] = []
        self._save_every = save_every
        self._saved = time.monotonic()

    def claim(self) -> None:
        """Keeps other processes out; of several workers the first does so once they have met."""
        if launched():
            self.lock.look()
        else:
            self.hold()

    def hold(self) -> None:
        """Takes the lock and clears away what a killed process left half written."""
        self.lock.take()
        self.files = Manifest(self.path, COMMAND, WRITTEN)  # what others had written until now
        sweep_temporaries(self.path, WRITTEN)

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return (self.path / METRICS).is_file()

    def write_splits(self, root: Path, photos: RunPhotos) -> None:
        """Records which photo is in which split, and its content.

        Args:
            root: the data folder, for messages.
            photos: of this run.

        Raises:
            UserError: a resumed run finds other photos than it was trained on.
        """
        path = self.path / SPLITS_FILE
        if (self.path / LAST).is_file():  # it has been trained
            check_same(read_splits(path), photos, root, self.path)
        if self.writes:
            self.files.write_json(SPLITS_FILE, splits_table(photos))

    def write_findings(self, findings: dict[str, Any]) -> None:
        """Keeps what the check of the photos found; a resumed run has checked them again."""
        if self.writes:
            self.files.write_json(DOCTOR, findings)

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
            self.files.write_json(CHOICE, choice)

    def save_spec(self, spec: ModelSpec) -> None:
        """Writes ``spec.json``."""
        if self.writes:
            with self.files.path(FILE_NAME) as path:
                spec.save(path.parent)

    def begin(self, stages: Sequence[str]) -> State | None:
        """What ``last.ckpt`` says to go on from; None without one.

        ``log.jsonl`` is written anew, with the epochs that the state knows of.

        Args:
            stages: names of the stages that a run may be in.

        Raises:
            UserError: a checkpoint is damaged or of another version.
        """
        self._move()
        last = self.path / LAST
        if not last.is_file():
            self._begin_log(())
            return None
        state, arrays = checkpoint.read_state(last)
        if not is_state(state, stages):
            raise UserError(f"the state in {last} is not of this version: {brief(state)}")
        self._begin_log(state["lines"])
        progress = StageProgress(**state["progress"])
        if progress.best_top1 >= 0:  # there has been a best epoch
            self._stored = checkpoint.read_arrays(self.path / MODEL)
        return State(state["stage"], progress, arrays, self._stored)

    def _move(self) -> None:
        """Keeps the new places, if the file is not one that somebody has edited."""
        if self.moved_config is None or not self.writes:
            return
        if self.files.wrote(CONFIG):
            with self.files.path(CONFIG) as path:
                write_text(path, self.moved_config)
        else:
            log.warning("%s has been edited, it keeps the places that it names", CONFIG)

    def log(self, line: dict[str, Any]) -> None:
        """Adds one epoch to ``log.jsonl``."""
        self._lines.append(line)
        if not self.writes:
            return
        if self._events:
            self._events.epoch(line)
        path = self.path / LOG
        try:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        for watch in self.watchers:
            watch(self._lines)

    def _begin_log(self, lines: Sequence[dict[str, Any]]) -> None:
        self._write_log(lines)
        if self.log_events and self.writes:
            self._events = EventLog(self.path, len(lines))

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

    @property
    def wants_checkpoint(self) -> bool:
        """Whether ``save`` should be called: it is due, or there is no checkpoint yet."""
        return self.writes and (self.due() or not (self.path / LAST).exists())

    def save(
        self,
        stage: str,
        progress: StageProgress,
        weights: Mapping[str, np.ndarray],
        optimizer: Mapping[str, np.ndarray],
        best: Mapping[str, np.ndarray] | None,
    ) -> None:
        """Writes both checkpoints.

        Args:
            stage: name of the stage that is being trained.
            progress: how far it is.
            weights: all of the network, by name.
            optimizer: its arrays, by name.
            best: the weights of the best epoch so far; None before there is one. The same object
                as in the last call is not written again.
        """
        if not self.writes:
            return
        if best is not None and best is not self._stored:
            checkpoint.save_arrays(self.path / MODEL, best)
            self._stored = best
        state = {"stage": stage, "progress": asdict(progress), "lines": self._lines}
        checkpoint.save_state(self.path / LAST, weights, optimizer, state)
        self._saved = time.monotonic()

    def finish(self, spec: ModelSpec, metrics: dict[str, Any]) -> ModelSpec:
        """Writes ``spec.json`` with the final file and ``metrics.json``.

        ``log.jsonl`` comes first, to the disk: with ``metrics.json`` the run is finished.
        """
        self._write_log(self._lines)
        if self._events:
            self._events.picture("confusion", self.path / CONFUSION)
            self._events.close()
        spec = spec.with_files(FileSpec.of(self.path / MODEL))
        self.save_spec(spec)
        self.files.write_json(METRICS, metrics)
        return spec
