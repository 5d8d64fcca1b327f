"""The parent's side of benchmarks/training.py: children that take turns, and whole runs."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from src_mindspore.system.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.02  # seconds between two looks at what a run has written


@dataclass(frozen=True)
class Party:
    """A script and what runs it.

    ``environment`` is added to this process's own; None there takes a variable away.
    """

    script: Path
    python: Path = Path(sys.executable)
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The environment of the child."""
        merged = {**os.environ, "PYTHONPATH": str(ROOT), "GLOG_v": "3", **self.environment}
        return {name: value for name, value in merged.items() if value is not None}


class Child:
    """A process that serves one piece (see ``serve``); a context manager, which ends it."""

    def __init__(self, party: Party, piece: str, settings: Mapping[str, Any]) -> None:
        self.about: dict[str, Any] = {}
        self._name = f"{party.script.name} {piece}"
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [str(party.python), str(party.script), piece, json.dumps(dict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env=party.variables(),
        )

    def __enter__(self) -> "Child":
        """Waits until the piece is prepared.

        Raises:
            UserError: the process ended; the text has what it wrote last.
        """
        try:
            self.about = self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the process; its own children end when its pipes close."""
        self._process.kill()
        self._process.communicate()
        self._messages.close()

    def turn(self, number: int) -> tuple[float, int]:
        """Seconds and photos of turn ``number``."""
        answer = self._ask(f"turn {number}")
        return answer["seconds"], answer["photos"]

    def peak_mb(self) -> float:
        """The largest resident memory of the process so far, in MiB."""
        return self._ask("peak")["peak_mb"]

    def _ask(self, line: str) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # it has died; what it wrote before says why
            print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        status = self._process.wait()
        self._messages.seek(0)
        text = self._messages.read().decode(errors="replace").strip()
        raise UserError(f"{self._name} ended with status {status}: {text[-2000:] or 'no message'}")


@dataclass(frozen=True)
class Run:
    """What a whole run wrote: events with the seconds since its start, and its peak memory."""

    events: tuple[dict[str, Any], ...]
    peak_mb: float


def run_until(
    party: Party,
    arguments: Sequence[object],
    file: Path,
    enough: Callable[[dict[str, Any]], bool],
    limit: float,
) -> Run:
    """Runs a script until ``enough`` says so of an event, it ends, or the time is up.

    Args:
        party: the script.
        arguments: of the script.
        file: where the script appends its events, one JSON object a line.
        enough: whether an event ends the run.
        limit: seconds after which it is ended.

    Returns:
        All events with ``at``, the seconds from the start of the process until the line was there.

    Raises:
        UserError: the script failed; the text has what it wrote last.
    """
    command = [str(party.python), str(party.script), *map(str, arguments)]
    events: list[dict[str, Any]] = []
    with tempfile.TemporaryFile() as messages:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=messages, stderr=messages, env=party.variables(), cwd=ROOT
        )
        pid, status, usage = 0, 0, None
        try:
            while not pid and time.perf_counter() - began < limit:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                fresh = list(_new_events(file, len(events)))
                events += [{**event, "at": time.perf_counter() - began} for event in fresh]
                if any(enough(event) for event in fresh):
                    break
                time.sleep(0 if pid else POLL)
        finally:
            if not pid:
                process.kill()
                _, _, usage = os.wait4(process.pid, 0)
            process.returncode = status
        messages.seek(0)
        text = messages.read().decode(errors="replace").strip()
    if pid and status:
        raise UserError(f"{party.script.name} failed: {text[-2000:] or 'no message'}")
    return Run(tuple(events), usage.ru_maxrss / 1024)


def _new_events(file: Path, known: int) -> Iterator[dict[str, Any]]:
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        yield from (json.loads(line) for line in lines[known:] if line.endswith("\n"))
