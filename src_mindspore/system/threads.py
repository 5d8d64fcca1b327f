"""How many threads a process may use: one number, which every library in it obeys.

An entry point calls ``use_threads`` once, before anything numeric is loaded: OpenMP, OpenBLAS and
OpenCV read their number from the environment, when they are loaded, and child processes inherit it.
Everything else asks ``thread_count``.
"""

import os
import socket
from collections.abc import Iterator
from functools import cache
from math import ceil
from pathlib import Path

from src_mindspore.system.errors import UserError

VARIABLE = "OMP_NUM_THREADS"
# Libraries that have a variable of their own, which would have precedence
OTHER_VARIABLES = ("OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
CGROUPS = "sys/fs/cgroup"
RULE = "a whole number from 1 on"


def parse_threads(text: str) -> int:
    """A number of threads as a user writes it.

    Raises:
        ValueError: it is none; the text says what is accepted.
    """
    # OpenMP takes a list as well, "4,2": the second is for teams inside of teams
    first = text.partition(",")[0].strip()
    if not (first.isascii() and first.isdigit() and len(first) <= 9 and int(first)):
        raise ValueError(f"{RULE} is accepted; got {text[:80]!r}")
    return int(first)


def use_threads(wanted: int | None = None) -> int:
    """Settles the number of threads of this process and its children; returns it.

    Args:
        wanted: what the user asked for, from 1 on; None takes ``thread_count``.

    Raises:
        UserError: nothing is asked for and ``OMP_NUM_THREADS`` holds no number of threads.
    """
    count = min(wanted, _cores()) if wanted else thread_count()
    os.environ.update(dict.fromkeys((VARIABLE, *OTHER_VARIABLES), str(count)))
    return count


def thread_count() -> int:
    """Threads that this process may use, at most its CPUs.

    ``OMP_NUM_THREADS`` where it is set, else the CPUs that the process may run on, or as many as
    its control group has time for, rounded up.

    Raises:
        UserError: the variable holds no number of threads.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return min(_cores(), ceil(cpu_quota() or _cores()))
    try:
        return min(parse_threads(text), _cores())
    except ValueError as error:
        raise UserError(
            f"the variable {VARIABLE} is the number of threads: {error}; unset it, or use --threads"
        ) from None


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def cpu_quota(root: Path = Path("/")) -> float | None:
    """CPUs whose time the control groups of this process may use, above 0; None is no limit.

    A container and a batch job are such groups. Every group above this one may set a limit of its
    own, so that the smallest counts. Both versions are read: ``cpu.max`` and ``cpu.cfs_quota_us``.

    Args:
        root: where ``proc`` and ``sys`` lie.
    """
    return min(filter(None, map(_limit, _groups(root))), default=None)


def _groups(root: Path) -> Iterator[Path]:
    """The folders of the groups that this process is in, upwards to that which holds them all."""
    try:
        lines = (root / "proc/self/cgroup").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    paths = {"": "/", "cpu": "/"}  # inside of a container the group may be mounted as the root
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers or "cpu" in controllers.split(","):
            paths[controllers] = path
    for controllers, path in paths.items():
        for place in (controllers, "cpu") if controllers else ("", "unified"):
            folder = root / CGROUPS / place
            parts = [part for part in path.split("/") if part not in ("", "..")]
            yield from (folder.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1))


def _limit(group: Path) -> float | None:
    """CPUs that one group may use."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = (
                (group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # no such group; "max" is no number
        return None


def stay_on_one_cpu() -> None:
    """Keeps this process, and the threads that it makes from now on, on one CPU.

    It is for a library whose threads cannot be reduced to one. Processes that ask for it take
    different CPUs; where none is left this one stays where it was, on a machine that is full. A
    quota of one CPU needs nothing: it holds by itself, and its container may not see who is where.
    """
    if _cores() > 1 and (cpu_quota() or 2) > 1 and (cpu := _own_cpu()) is not None:
        os.sched_setaffinity(0, {cpu[0]})


@cache  # held until the process ends
def _own_cpu() -> tuple[int, socket.socket] | None:
    """A CPU and what marks it as taken: a name that one socket of the machine can have.

    The first to be asked for is that on which the system has this process run now.
    """
    here = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[36])
    for cpu in sorted(os.sched_getaffinity(0), key=lambda cpu: (cpu < here, cpu)):
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            mark.bind(f"\0pocketlens-cpu-{cpu}")
        except OSError:
            mark.close()
            continue
        return cpu, mark
    return None
