"""Runs a reader on damaged files, many in one child process that may die, hang or grow.

A child is one of the ``fuzz_*.py`` beside this file. It calls ``fuzz`` with its cases and prints
what ``fuzz`` returns; ``run_child`` starts it in an empty home and looks at what it left.
"""

import faulthandler
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from in_process import run_main

from src_mindspore.system.errors import UserError

TESTS = Path(__file__).parent
SECONDS = 20  # for one case, on a machine that does other things as well
GIGABYTE = 1 << 30
Case = tuple[str, Path, bytes]  # kind of reader, file to write, its content


def fuzz(cases: Iterable[Case], readers: dict[str, Callable[[Path], Any]]) -> dict[str, Any]:
    """Writes every case and reads it: it is read, or refused with a ``UserError``.

    Any other exception ends the child with a traceback, and leaves the file.
    """
    counts: Counter[str] = Counter()
    messages: Counter[str] = Counter()
    slowest = 0.0
    for kind, path, content in cases:
        path.write_bytes(content)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        began = time.monotonic()
        try:
            readers[kind](path)
            counts["read"] += 1
        except UserError as error:
            counts["refused"] += 1
            text = str(error)
            assert len(text) < 20_000, f"{kind}: a message of {len(text)} characters"
            assert "MemoryError" not in text, f"{kind}: {text[:500]}"
            messages[text.replace(str(path), "").replace(str(path.parent), "")[:60]] += 1
        slowest = max(slowest, time.monotonic() - began)
        faulthandler.cancel_dump_traceback_later()
    return {**counts, "messages": len(messages), "slowest": slowest, "megabytes": peak_memory()}


def peak_memory() -> float:
    """MB of this program's largest resident set.

    ``getrusage`` would count what started it as well: the test process, which may hold 2 GB.
    """
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024  # KB -> MB


def limit_memory(gigabytes: float) -> None:
    """Of this process from now on, as addresses; what asks for more gets ``MemoryError``."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + int(gigabytes * GIGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def run_child(script: str, folder: Path, *arguments: object) -> dict[str, Any]:
    """Runs ``script FOLDER ARGUMENTS``; what it printed, once it has ended well.

    Its home, temporary and working folders are empty ones, and must stay so.
    """
    places = {name: folder / name for name in ("home", "tmp", "cwd", "cases")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(TESTS / script), str(places["cases"]), *map(str, arguments)],
        cwd=places["cwd"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parents[1]))),
            "HOME": str(places["home"]),
            "GLOG_v": "4",  # MindSpore would say the same again beside its exception
            "TMPDIR": str(places["tmp"]),
            "MPLCONFIGDIR": str(places["cases"] / "cache"),
            "POCKETLENS_CACHE": str(places["cases"] / "cache"),
        },
        capture_output=True,
        text=True,
        errors="replace",
        timeout=3600,
    )
    assert done.returncode == 0, f"{script} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    assert "Traceback" not in done.stderr, done.stderr[-4000:]
    left = [p for name in ("home", "tmp", "cwd") for p in places[name].rglob("*")]
    assert not left, f"{script} wrote {left}"
    assert sorted(p.name for p in folder.iterdir()) == sorted(places)
    return json.loads(done.stdout.splitlines()[-1])


def run_command(main: Callable[[], None], arguments: list[str]) -> tuple[int, str, str]:
    """Runs the ``main`` of a command in this process: exit status, both outputs."""
    with os.fdopen(os.dup(2), "w") as own:  # the command's is read only once it has ended
        faulthandler.dump_traceback_later(10 * SECONDS, exit=True, file=own)
        try:
            return run_main(main, "command", *arguments)
        finally:
            faulthandler.cancel_dump_traceback_later()
