"""Engines side by side: a process for each, and turns in rounds.

The machine's other work then slows all of them alike, and no idle thread of one engine takes time
from another.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from src_mindspore.system.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).resolve().with_name("worker.py")


@dataclass(frozen=True)
class Contestant:
    """An engine, the model file that it runs, its number of threads, and what runs it.

    ``python`` is the interpreter that has the engine; ``library`` is ``libpocketlens.so``, for
    MindSpore Lite.
    """

    engine: str
    model: Path
    threads: int
    python: Path = Path(sys.executable)
    library: Path | None = None


class Worker:
    """The process of a contestant; a context manager, which ends it."""

    def __init__(self, contestant: Contestant, images: Path) -> None:
        self.contestant = contestant
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        arguments = [contestant.engine, contestant.model, contestant.threads, images]
        arguments += [contestant.library] if contestant.library else []
        self._process = subprocess.Popen(
            [str(contestant.python), str(WORKER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "GLOG_v": "3"},
        )
        self.version = ""

    def __enter__(self) -> "Worker":
        """Waits until the engine has loaded its model and warmed up."""
        try:
            self.version = self._answer()["version"]
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
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._messages.close()

    def scores(self, folder: Path) -> np.ndarray:
        """Raw outputs of all images: (n, classes) float32."""
        file = folder / f"{self.contestant.engine}-{self.contestant.threads}.npy"
        self._ask(f"scores {file}")
        return np.load(file)

    def turn(self, first: int, count: int) -> list[float]:
        """Milliseconds of ``count`` calls, from image ``first`` on."""
        return self._ask(f"turn {first} {count}")["ms"]

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
        raise UserError(
            f"{self.contestant.engine} with {self.contestant.threads} threads ended with status"
            f" {status} on {self.contestant.model}: {text[-2000:] or 'no message'}"
        )
