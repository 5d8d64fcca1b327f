"""The C++ compiler of this machine, which makes the training kernels."""

import os
import shlex
import shutil

from src_mindspore.system.errors import UserError

VARIABLE = "CXX"


def compiler() -> list[str]:
    """The command that compiles C++: ``$CXX``, which may have arguments, or ``c++``.

    Raises:
        UserError: there is none on the path.
    """
    command = shlex.split(os.environ.get(VARIABLE, "")) or ["c++"]
    if shutil.which(command[0]) is None:
        raise UserError(
            f"the compiled kernels need a C++ compiler with OpenMP, and there is no {command[0]} "
            f"here (Debian, Ubuntu: apt install g++; the variable {VARIABLE} names another one)"
        )
    return command
