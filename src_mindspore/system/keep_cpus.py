"""Runs a program that cannot leave the CPUs it is given, whatever it asks the system for.

Some libraries start a fixed number of threads and put each on a CPU of the library's own choice:
MindSpore Lite's converter does, which no variable and no key of its configuration changes. It
leaves the CPUs of ``taskset`` that way as well. So the program gets its CPUs first, and then a
filter of system calls (seccomp), which it inherits and cannot take off: ``sched_setaffinity`` does
nothing from then on, and reports success.

``keep_to_cpus`` makes the command. This file is what it runs, without the rest of the package, and
it becomes the program: process, signals and exit status are the program's own.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

# platform.machine(): AUDIT_ARCH of linux/audit.h, and the number of sched_setaffinity
CALLS = {"x86_64": (0xC000003E, 203), "aarch64": (0xC00000B7, 122)}

# linux/prctl.h, linux/seccomp.h, linux/bpf_common.h
_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _RESULT = 0x7FFF0000, 0x00050000  # the latter with an error number; 0 is success
_NUMBER, _ARCHITECTURE = 0, 4  # where they are in struct seccomp_data


def keep_to_cpus(count: int, command: Sequence[str]) -> list[str]:
    """The command that runs ``command`` on ``count`` of the CPUs that this process may run on.

    On a machine that has no more CPUs than that it is ``command`` itself. A process that may run
    on a part of them only has its program kept to that part.

    Args:
        count: from 1 on.
        command: a program and its arguments.
    """
    if count >= (os.cpu_count() or 1) or not sys.platform.startswith("linux"):
        return list(command)
    # -I -S: nothing of the user's Python settings, and no packages, is needed to start a program
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(count), *command]


def _filter(architecture: int, call: int) -> bytes:
    """The filter: ``struct sock_filter[6]`` of code, two jumps and a value each."""
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, 3, architecture),  # another one has other numbers: let through
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 0, 1, call),
        (_RETURN, 0, 0, _RESULT),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _stay(count: int) -> None:
    """Keeps this process, and what it becomes, on ``count`` CPUs: from where it is now, upwards.

    Raises:
        OSError: the system takes no filter (some containers forbid it).
    """
    here = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[36])
    cpus = sorted(os.sched_getaffinity(0), key=lambda cpu: (cpu < here, cpu))
    os.sched_setaffinity(0, cpus[:count])
    known = CALLS.get(platform.machine())
    if known is None:
        raise OSError(f"{platform.machine()} is not among {', '.join(CALLS)}")
    code = ctypes.create_string_buffer(_filter(*known))
    program = ctypes.create_string_buffer(  # struct sock_fprog: length, padding, pointer
        struct.pack("@HP", len(_filter(*known)) // 8, ctypes.addressof(code))
    )
    library = ctypes.CDLL(None, use_errno=True)
    long = ctypes.c_ulong
    for option, *values in (
        (_SET_NO_NEW_PRIVILEGES, long(1), long(0), long(0), long(0)),
        (_SET_SECCOMP, long(_MODE_FILTER), program, long(0), long(0)),
    ):
        if library.prctl(option, *values) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def main(arguments: list[str]) -> int:
    """Becomes the program; returns 127 only where that cannot be started."""
    count, command = int(arguments[0]), arguments[1:]
    try:
        _stay(count)
    except OSError as error:  # the work is worth more than the limit
        sys.stderr.write(f"{command[0]} may use more CPUs than {count}: {error}\n")
        sys.stderr.flush()
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell: it is the program that is wanted
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
