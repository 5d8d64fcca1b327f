"""The compiled kernels: one small library, made by this machine's C++ compiler at its first use.

The cached library is named by a hash of all that decides what is in it: the sources, the flags, the
compiler and the processor, whose own instructions it uses. It is run on no other.
"""

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import shutil
import time
from functools import cache
from pathlib import Path

from src_mindspore.system.cache import cache_dir, temporary_folder, writing_cache
from src_mindspore.system.child import run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import put_in_place

log = logging.getLogger(__name__)

SOURCES = Path(__file__).resolve().parent
COMPILED = ("block_forward.cc", "block_backward.cc", "conv.cc", "planes.cc")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fPIC", "-shared")
BUILD_SECONDS = 300.0


def library() -> Path:
    """The shared library, from the cache or compiled now (about 10 seconds).

    Raises:
        UserError: there is no compiler, it fails, or what it made cannot be loaded.
    """
    compiler = shlex.split(os.environ.get("CXX", "")) or ["c++"]
    if shutil.which(compiler[0]) is None:
        raise UserError(
            f"the compiled kernels need a C++ compiler with OpenMP, and there is no {compiler[0]} "
            "here (Debian, Ubuntu: apt install g++; the variable CXX names another one)"
        )
    path = cache_dir() / f"kernels-{_key(tuple(compiler))}.so"
    if not path.is_file():
        with writing_cache(), temporary_folder(path.parent) as folder:
            _compile(compiler, folder / path.name)
            put_in_place(folder / path.name, path)
    _load(path)
    return path


@cache
def _key(compiler: tuple[str, ...]) -> str:
    version = run_child([*compiler, "--version"], {}, BUILD_SECONDS)
    digest = hashlib.sha256(f"{compiler}\n{version.log}\n{FLAGS}\n{_processor()}\n".encode())
    for file in sorted(p for p in SOURCES.iterdir() if p.suffix in (".cc", ".h")):
        digest.update(f"{file.name}\n{file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """What ``-march=native`` goes by: the machine, the model and its instruction sets."""
    wanted = ("model name", "flags", "cpu part", "features")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    own = {line for line in lines if line.split(":")[0].strip().lower() in wanted}
    return "\n".join([platform.machine(), *sorted(own)])


def _compile(compiler: list[str], path: Path) -> None:
    start = time.monotonic()
    sources = [str(SOURCES / name) for name in COMPILED]
    ended = run_child([*compiler, *FLAGS, *sources, "-o", str(path)], {}, BUILD_SECONDS)
    if (how := ended.failure()) is not None:
        raise UserError(f"the kernels could not be compiled: {how}\n{ended.describe()}")
    if not path.is_file():
        raise UserError(f"the compiler made no library\n{ended.describe()}")
    log.info("compiled the kernels in %.0f s, once", time.monotonic() - start)


def _load(path: Path) -> None:
    # MindSpore loads it later by itself, and would end the run where that fails.
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise UserError(f"the compiled kernels cannot be loaded: {error}") from error
