"""The C++ library of ``deploy/cpp``, compiled when it is first needed and kept in the cache.

It is compiled for this computer, or for 64-bit ARM, where ``qemu-user`` runs it. The cached build
is named by a hash of everything that goes into it, so a changed source is compiled again.
"""

import hashlib
import logging
import os
import platform
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from src_mindspore.lite.package import LITE, lite_home
from src_mindspore.system.cache import cache_dir, temporary_folder, writing_cache
from src_mindspore.system.child import run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.plain_path import plain_folder
from src_mindspore.system.threads import thread_count

log = logging.getLogger(__name__)

SOURCES = Path(__file__).resolve().parents[2] / "deploy" / "cpp"
BUILD_SECONDS = 900.0
_RUNTIME = "runtime"  # a link to MindSpore Lite's libraries beside those of ours
_ARM_COMPILERS = ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++")
_ARM_ROOT = "/usr/aarch64-linux-gnu"  # where Debian and Ubuntu put the libraries of that compiler
# With the dynamic loader of one C library and the threads of another a program hangs, so the cross
# compiler's own comes first.
_ARM_EMULATOR = (
    "qemu-aarch64",
    *("-L", _ARM_ROOT),
    *("-E", f"LD_LIBRARY_PATH={_ARM_ROOT}/lib:/usr/lib/aarch64-linux-gnu"),
)


@dataclass(frozen=True)
class DeviceLibrary:
    """A compiled library and its program ``serve``.

    Attributes:
        machine: the processor it is for, as ``platform.machine()`` names it.
        folder: holds ``lib/libpocketlens.so`` and ``bin/serve``.
        emulator: what comes before the program on the command line; empty on its own processor.
    """

    machine: str
    folder: Path
    emulator: tuple[str, ...]

    @property
    def shared(self) -> Path:
        """The shared library with the C functions of ``pocketlens.h``."""
        return self.folder / "lib" / "libpocketlens.so"

    @property
    def serve(self) -> list[str]:
        """The command that answers requests on standard input; the model is still to be added."""
        return [*self.emulator, str(self.folder / "bin" / "serve")]

    @property
    def runtime(self) -> str:
        """What runs a model, in words."""
        how = f" under {self.emulator[0]}" if self.emulator else ""
        return f"MindSpore Lite 2.0.0 {self.machine}{how}"


def device_library(machine: str | None = None) -> DeviceLibrary:
    """The library for a processor, from the cache or compiled now (about 20 seconds).

    Args:
        machine: ``x86_64`` or ``aarch64``; None is this computer's own.

    Raises:
        UserError: it cannot run here, a tool is missing, or compiling failed.
    """
    machine = machine or platform.machine()
    if reason := why_not(machine):
        raise UserError(reason)
    folder = _cached(machine)
    if not folder.is_dir():
        with writing_cache(), temporary_folder(cache_dir()) as temporary:
            _compile(machine, temporary, folder)
    return DeviceLibrary(machine, folder, () if machine == platform.machine() else _ARM_EMULATOR)


def why_not(machine: str) -> str | None:
    """Why ``device_library`` would not even try for ``machine``, or None."""
    host = platform.machine()
    native = machine == host
    if machine not in LITE or not (native or (host, machine) == ("x86_64", "aarch64")):
        return (
            f"MindSpore Lite for {machine} cannot be run on this computer ({host}); "
            f"x86-64 and 64-bit ARM Linux run their own, and x86-64 can emulate aarch64"
        )
    compilers = [_compiler("CC", "cc"), _compiler("CXX", "c++")] if native else _ARM_COMPILERS
    needed = [] if native else [_ARM_EMULATOR[0]]
    if not _cached(machine).is_dir():
        needed += [*compilers, "make"]
    lacking = [name for name in needed if shutil.which(name) is None]
    if not lacking:
        return None
    packages = "g++ make" if native else "g++-aarch64-linux-gnu qemu-user make"
    return (
        f"Running a .ms file for {machine} takes a small C++ library that is compiled when it is "
        f"first needed, and there is no {', '.join(lacking)} here (Debian, Ubuntu: apt install "
        f"{packages}). All other model files can be used without it."
    )


def _compiler(variable: str, otherwise: str) -> str:
    """The compiler that CMake will take; its variable may hold options as well."""
    return (os.environ.get(variable) or otherwise).split()[0]


def _cached(machine: str) -> Path:
    """Where the build is kept: named by all that is compiled, and where its runtime lies."""
    wheel = LITE[machine].wheel
    lite = f"{wheel.sha256}\n{os.environ.get(wheel.env, '')}\n{cache_dir()}\n"
    digest = hashlib.sha256(os.fsencode(f"{version('nlohmann-json')}\n{lite}"))
    files = [SOURCES / "CMakeLists.txt"]
    for part in ("cmake", "include", "src", "examples"):
        files += sorted(p for p in (SOURCES / part).rglob("*") if p.is_file())
    for file in files:
        digest.update(f"{file.relative_to(SOURCES)}\n{file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return cache_dir() / f"device-{machine}-{digest.hexdigest()[:16]}"


def _compile(machine: str, temporary: Path, folder: Path) -> None:
    """Compiles into ``temporary`` and gives the result the name ``folder``."""
    # here: what is compiled already needs neither, and cmake takes 0.1 s to load
    import cmake
    import nlohmann_json

    home = lite_home(machine)
    log.info("compiling the device library for %s, once", machine)
    start = time.monotonic()
    program = str(Path(cmake.CMAKE_BIN_DIR) / "cmake")
    content = temporary / "content"
    headers = Path(nlohmann_json.__file__).parent / "include"
    with ExitStack() as stack:  # make and the linker take few characters in a path
        ways = (stack.enter_context(plain_folder(p)) for p in (SOURCES, temporary, home, headers))
        sources, below, lite, json = ways
        configure = [program, "-S", str(sources), "-B", str(below / "build")]
        configure += ["-G", "Unix Makefiles", f"-DMSLITE_HOME={lite}", "-DPOCKETLENS_CODECS=OFF"]
        configure += [f"-DNLOHMANN_JSON_INCLUDE={json}"]
        if lite != home:  # a way that ends with this process
            configure += [f"-DPOCKETLENS_RUNTIME_PATH=$ORIGIN/../{_RUNTIME}"]
        if machine != platform.machine():
            toolchain = sources / "cmake" / "aarch64-linux-gnu.cmake"
            configure += [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"]
        jobs = str(thread_count())
        for command in (
            configure,
            [program, "--build", str(below / "build"), "--parallel", jobs],
            [program, "--install", str(below / "build"), "--prefix", str(below / content.name)],
        ):
            ended = run_child(command, {}, BUILD_SECONDS)
            if (how := ended.failure()) is not None:
                raise UserError(
                    f"The device library could not be compiled: {how}\n{ended.describe()}"
                )
    (content / _RUNTIME).symlink_to(home / "lib")
    try:
        content.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster
            raise
    log.info("compiled the device library in %.0f s", time.monotonic() - start)
