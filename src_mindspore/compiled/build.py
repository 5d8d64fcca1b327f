"""A small library, made by this machine's C++ compiler at its first use.

The cached library is named by a hash of all that decides what is in it: the sources, the flags, the
compiler and the processor, whose own instructions it uses. It is run on no other.
"""

import ctypes
import hashlib
import logging
import platform
import time
from functools import cache
from pathlib import Path

from src_mindspore.system.cache import cache_dir, temporary_folder, writing_cache
from src_mindspore.system.child import run_child
from src_mindspore.system.compiler import compiler
from src_mindspore.system.errors import UserError
from src_mindspore.system.plain_path import lasting_plain_folder
from src_mindspore.system.write import put_in_place

log = logging.getLogger(__name__)

SHARED = Path(__file__).resolve().parent  # headers that every library may include
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fopenmp", "-fPIC", "-shared")
BUILD_SECONDS = 300.0


def library(folder: Path, what: str, flags: tuple[str, ...] = FLAGS) -> Path:
    """The shared library of all ``.cc`` files in a folder, from the cache or compiled now.

    Args:
        folder: the sources; those in ``compiled/`` can be included as well.
        what: plural, for messages.
        flags: of the compiler.

    Returns:
        A plain path: MindSpore splits one at a colon.

    Raises:
        UserError: there is no compiler, it fails, or what it made cannot be loaded.
    """
    command = compiler()
    path = cache_dir() / f"kernels-{_key(tuple(command), folder, flags)}.so"
    if not path.is_file():
        with writing_cache(), temporary_folder(path.parent) as unfinished:
            _compile(command, folder, what, flags, unfinished / path.name)
            put_in_place(unfinished / path.name, path)
    path = lasting_plain_folder(path.parent) / path.name
    _load(path, what)
    return path


@cache
def _key(command: tuple[str, ...], folder: Path, flags: tuple[str, ...]) -> str:
    version = run_child([*command, "--version"], {}, BUILD_SECONDS)
    digest = hashlib.sha256(f"{command}\n{version.log}\n{flags}\n{_processor()}\n".encode())
    for file in (*_files(folder, ".cc", ".h"), *_files(SHARED, ".h")):
        digest.update(f"{file.name}\n{file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _files(folder: Path, *suffixes: str) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in suffixes)


def _processor() -> str:
    """What ``-march=native`` goes by: the machine, the model and its instruction sets."""
    wanted = ("model name", "flags", "cpu part", "features")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    own = {line for line in lines if line.split(":")[0].strip().lower() in wanted}
    return "\n".join([platform.machine(), *sorted(own)])


def _compile(
    command: list[str], folder: Path, what: str, flags: tuple[str, ...], path: Path
) -> None:
    start = time.monotonic()
    sources = [str(file) for file in _files(folder, ".cc")]
    arguments = [*flags, f"-I{SHARED}", *sources, "-o", str(path)]
    ended = run_child([*command, *arguments], {}, BUILD_SECONDS)
    if (how := ended.failure()) is not None:
        raise UserError(f"the {what} could not be compiled: {how}\n{ended.describe()}")
    if not path.is_file():
        raise UserError(f"the compiler made no library\n{ended.describe()}")
    log.info("compiled the %s in %.0f s, once", what, time.monotonic() - start)


def _load(path: Path, what: str) -> None:
    # MindSpore loads its own later by itself, and would end the run where that fails.
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        raise UserError(f"the compiled {what} cannot be loaded: {error}") from error
