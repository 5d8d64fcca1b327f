"""The child's side of benchmarks/training.py: a process that waits for its turns.

A script calls ``serve(pieces)`` and is started as ``SCRIPT.py PIECE SETTINGS``, SETTINGS being
JSON. It prepares the piece (loads, compiles, warms up), writes one line of JSON about it, and then
answers every line on standard input: ``turn N`` with the seconds and photos of turn number N,
``peak`` with the largest memory that this process ever had. Only the standard library is used:
the script may run in any environment.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ready:
    """A piece that is ready to be measured.

    ``turn`` does turn number N and returns (seconds, photos); what only prepares it, such as
    loading the photos, is not in these seconds. ``about`` has ``version``, and perhaps
    ``difference``, the largest one from the project's features.
    """

    turn: Callable[[int], tuple[float, int]]
    about: dict[str, Any] = field(default_factory=dict)


def serve(pieces: Mapping[str, Callable[[dict[str, Any]], Ready]]) -> None:
    """See the module."""
    name, settings = sys.argv[1:]
    # what libraries print must not get between the answers
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    ready = pieces[name](json.loads(settings))
    print(json.dumps(ready.about), file=answers)
    for line in sys.stdin:
        command, *number = line.split()
        if command == "turn":
            seconds, photos = ready.turn(int(number[0]))
            answer = {"seconds": seconds, "photos": photos}
        else:
            answer = {"peak_mb": _peak_mb()}
        print(json.dumps(answer), file=answers)


def _peak_mb() -> float:
    """The largest resident memory of this program; ``getrusage`` would count its parent's."""
    with Path("/proc/self/status").open(encoding="ascii") as stream:
        (line,) = (line for line in stream if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
