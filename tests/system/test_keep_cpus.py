"""A program that is kept to some CPUs, and asks for all of them."""

import os
import subprocess
import sys

import pytest

from src_mindspore.system import keep_cpus
from src_mindspore.system.keep_cpus import CALLS, keep_to_cpus

# Asks for every CPU of the machine, for itself and from a thread, and has a child ask as well.
GREEDY = """
import os, subprocess, sys, threading
everything = range(os.cpu_count())
def ask():
    os.sched_setaffinity(0, everything)
    print(len(os.sched_getaffinity(0)), flush=True)
ask()
thread = threading.Thread(target=ask)
thread.start()
thread.join()
again = "import os; os.sched_setaffinity(0, range(os.cpu_count())); print(os.sched_getaffinity(0))"
subprocess.run([sys.executable, "-I", "-S", "-c", again], check=True)
sys.exit(7)
"""


@pytest.fixture
def larger_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with more CPUs than any count of these tests."""
    if sys.platform != "linux" or keep_cpus.platform.machine() not in CALLS:
        pytest.skip("system calls are filtered on x86-64 and 64-bit ARM Linux")
    monkeypatch.setattr(os, "cpu_count", lambda: 100_000)


def ran(count: int, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        keep_to_cpus(count, command), capture_output=True, text=True, timeout=120, cwd="/"
    )


def test_a_program_does_not_leave_its_cpus(larger_machine: None) -> None:
    before = os.sched_getaffinity(0)
    done = ran(1, sys.executable, "-I", "-S", "-c", GREEDY)
    assert (done.returncode, done.stderr) == (7, "")
    first, second, child = done.stdout.splitlines()
    assert (first, second) == ("1", "1")
    assert child in {f"{{{cpu}}}" for cpu in before}
    assert os.sched_getaffinity(0) == before


def test_more_than_there_are_is_all(larger_machine: None) -> None:
    done = ran(99_999, sys.executable, "-I", "-S", "-c", GREEDY)
    assert done.stdout.splitlines()[0] == str(len(os.sched_getaffinity(0)))


def test_signals_are_the_programs_own(larger_machine: None) -> None:
    assert ran(1, "sh", "-c", "kill -ABRT $$").returncode == -6


def test_a_program_that_is_not_there(larger_machine: None) -> None:
    done = ran(1, "/no/such/program", "an argument")
    assert done.returncode == 127
    assert done.stderr.startswith("/no/such/program cannot be started: [Errno 2]")


def test_a_whole_machine_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert keep_to_cpus(4, ["a", "b"]) == ["a", "b"]
    assert keep_to_cpus(3, ["a", "b"])[-3:] == ["3", "a", "b"]


def test_where_nothing_is_filtered_the_work_is_done_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    started, kept = [], []
    monkeypatch.setattr(os, "execvp", lambda *what: started.append(what))
    monkeypatch.setattr(os, "sched_setaffinity", lambda *what: kept.append(what), raising=False)
    monkeypatch.setattr(keep_cpus.platform, "machine", lambda: "riscv64")
    keep_cpus.main(["1", "tool", "-x"])
    assert started == [("tool", ["tool", "-x"])]
    assert len(kept[0][1]) == 1
    said = capsys.readouterr().err
    assert said == "tool may use more CPUs than 1: riscv64 is not among x86_64, aarch64\n"
