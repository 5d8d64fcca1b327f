"""Running a program that may crash or hang, and telling well how it ended."""

import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import BinaryIO

# What is kept of a program's output: this much of its beginning and as much of its end.
_LOG_BYTES = 32 << 10
_SHOWN_LINES = 6
_SHOWN_COLUMNS = 300

# How MindSpore starts a line: [LEVEL] MODULE(process,thread,name):time [file:line] function]
_MINDSPORE_PREFIX = re.compile(r"^\[(\w+)\] \w+\([^)]*\):\S+ \[[^\]]*\] (\S+)\] ")


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        command: what was run.
        code: its exit status, the negated signal number if a signal ended it, or None when it
            was ended because its time was over.
        seconds: how long it ran.
        log: what it printed on both outputs; the middle of a long one is left out.
    """

    command: list[str]
    code: int | None
    seconds: float
    log: str

    def failure(self) -> str | None:
        """In words how it failed, or None for exit status 0."""
        if self.code == 0:
            return None
        if self.code is None:
            return f"not finished after {self.seconds:.0f} s, so it was ended"
        if self.code < 0:
            return f"killed by {_signal_name(-self.code)}"
        # A shell reports the signal of its child this way. Above SIGTERM it would be a guess:
        # converter_lite ends with its own negative codes, 255 for -1.
        if 128 < self.code <= 128 + signal.SIGTERM:
            return f"exit status {self.code} (128 + {_signal_name(self.code - 128)})"
        return f"exit status {self.code}"

    def describe(self) -> str:
        """The command and what it said, indented: the first and the last of its distinct lines.

        A converter repeats itself, and the reason comes first: of two hundred lines ten differ.
        """
        lines = (_MINDSPORE_PREFIX.sub(r"[\1] \2: ", s).strip() for s in self.log.splitlines())
        distinct = [line[:_SHOWN_COLUMNS] for line in dict.fromkeys(lines) if line]
        if len(distinct) > 2 * _SHOWN_LINES:
            distinct = [*distinct[:_SHOWN_LINES], "...", *distinct[-_SHOWN_LINES:]]
        shown = [f"    {line}" for line in distinct or ["(it printed nothing)"]]
        return "\n".join([f"  command: {shlex.join(self.command)}", "  it printed:", *shown])


def run_child(command: list[str], environment: dict[str, str], timeout: float) -> Ended:
    """Runs a program to its end, at most ``timeout`` seconds; never raises for how it ended.

    The program gets a process group of its own, which is killed as a whole when the time is over
    or the caller is interrupted. Its output goes to a file and not to a pipe: a grandchild that
    keeps a pipe open would hold up the caller.

    Args:
        command: the program and its arguments.
        environment: variables that are added to those of this process.
        timeout: seconds.

    Returns:
        How it ended; status 127 when it could not be started, with the reason as its log.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        except OSError as error:
            return Ended(command, 127, 0.0, f"cannot be started: {error}")
        code: int | None = None
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if code is None:
                _kill_group(process)
        return Ended(command, code, time.monotonic() - start, _ends(output))


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The group has the number of its first process. While that is not waited for, the number
    # cannot belong to anybody else.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ends(output: BinaryIO) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(0)
    if size <= 2 * _LOG_BYTES:
        return output.read().decode(errors="replace")
    begin = output.read(_LOG_BYTES).decode(errors="replace")
    output.seek(-_LOG_BYTES, os.SEEK_END)
    return f"{begin}\n...\n{output.read().decode(errors='replace')}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
