"""MindSpore's launcher, for tests."""

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

from workplace import REPOSITORY


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(folder: Path, logs: str, command: str, workers: int = 2) -> subprocess.Popen:
    """Starts ``SCRIPT.py ARGUMENTS`` in ``folder`` with several workers."""
    script, *arguments = shlex.split(command)
    tools = Path(sys.executable).parent
    return subprocess.Popen(
        [
            tools / "msrun",
            *(f"--worker_num={workers}", f"--local_worker_num={workers}"),
            *(f"--master_port={free_port()}", "--join=True", f"--log_dir={folder / logs}"),
            *(REPOSITORY / script, *arguments),
        ],
        cwd=folder,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},  # it runs "python"
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, logs: str, command: str, workers: int = 2) -> subprocess.CompletedProcess:
    """Runs it to its end; ``stderr`` is what worker 0 wrote, ``stdout`` what the launcher did."""
    process = start(folder, logs, command, workers)
    out = process.communicate(timeout=400)[0]
    log = folder / logs / "worker_0.log"
    err = log.read_text() if log.is_file() else ""
    return subprocess.CompletedProcess(command, process.returncode, out, err)
