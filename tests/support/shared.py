"""What the processes of one test run (pytest-xdist) share, and which tests go to which."""

import fcntl
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# The modules that take longest, longest first: begun last, one of them would keep a process busy
# while the other has nothing left. The kernels come second, so that they are computed by one
# process while the other trains what most of the others wait for.
FIRST = (
    "commands/test_commands.py",
    "network/test_kernels.py",
)


@dataclass(frozen=True)
class Shared:
    """A folder, and what was made in it by the first process that asked for it."""

    folder: Path

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` returns, as JSON; another process waits for it and does not make it."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = self.folder / f"{name}.json"
            if not made.exists():
                made.write_text(json.dumps(make()))
            return json.loads(made.read_text())


def grouped(item: pytest.Item) -> str:
    """Tests of a module stay in one process: they share its fixtures, and files by name."""
    return _module(item)


def order(item: pytest.Item) -> int:
    """Sorts modules by ``FIRST``; those beside it keep their order."""
    name = _module(item)
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _module(item: pytest.Item) -> str:
    return str(Path(item.path).relative_to(Path(__file__).parents[1]))
