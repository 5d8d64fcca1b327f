"""The C++ library of ``deploy/cpp``, compiled for the tests and kept as long as nothing changes."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cmake
import nlohmann_json
import pytest
from lite_fakes import fetched_or_skip
from workplace import REPOSITORY

from src_mindspore.lite.library import DeviceLibrary
from src_mindspore.lite.package import LITE, lite_home

SOURCES = REPOSITORY / "deploy" / "cpp"
BUILD_SECONDS = 900
KEPT_SECONDS = 24 * 3600  # a build of other sources, which another test run may be using

# Without optimising and without debug information the sanitized build takes 25 seconds of a
# processor in place of 130; the programs are left out of it for the same reason.
KINDS = {
    "plain": ["-DCMAKE_BUILD_TYPE=Release"],
    "sanitized": [
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_C_FLAGS_DEBUG=-O0",
        "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
        "-DPOCKETLENS_SANITIZE=ON",
        "-DPOCKETLENS_PROGRAMS=OFF",
    ],
}
SANITIZERS = "-fsanitize=address,undefined"
# As in deploy/cpp/tests/CMakeLists.txt, where the reasons are.
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "allocator_may_return_null=1",
    "LSAN_OPTIONS": f"suppressions={SOURCES / 'tests' / 'lsan.supp'}",
}

# What must be here, and the package of Debian and Ubuntu that brings it.
PROGRAMS = {"make": "make", "cc": "gcc", "c++": "g++"}
HEADERS = {
    "jpeglib.h": "libjpeg-dev",
    "png.h": "libpng-dev",
    "doctest/doctest.h": "doctest-dev",
}


@dataclass(frozen=True)
class CppBuild:
    """A compiled ``deploy/cpp``: ``build/`` is CMake's, ``installed/`` what ``install`` made."""

    folder: Path

    @property
    def library(self) -> DeviceLibrary:
        """The installed library with ``serve``; unlike the project's own it decodes photos."""
        return DeviceLibrary(platform.machine(), self.folder / "installed", ())

    def run(self, program: str, *arguments: object, seconds: int = 120, **environment: str):
        """Runs an installed program, or one of the tests, to its end."""
        places = (self.folder / "installed" / "bin", self.folder / "build" / "tests")
        file = next(place / program for place in places if (place / program).is_file())
        return self._run([file, *arguments], seconds, environment)

    def ctest(self, names: str, **environment: str):
        """Runs the tests whose names match, with all that they print."""
        program = Path(cmake.CMAKE_BIN_DIR) / "ctest"
        folder = self.folder / "build"
        return self._run([program, "--test-dir", folder, "-V", "-R", names], 300, environment)

    def _run(self, command: list, seconds: int, environment: dict[str, str]):
        return subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=seconds,
            env={**os.environ, **SANITIZER_OPTIONS, "GLOG_v": "3", **environment},
        )


def build_or_skip(kind: str, root: Path) -> CppBuild:
    """A build of one of ``KINDS``, from ``root`` if nothing has changed, else made there now."""
    skip_without_tools()
    home = fetched_or_skip(lambda: lite_home(platform.machine()))
    configure = [f"-DMSLITE_HOME={home}", "-DPOCKETLENS_TESTS=ON", *KINDS[kind]]
    configure += [f"-DNLOHMANN_JSON_INCLUDE={Path(nlohmann_json.__file__).parent / 'include'}"]
    folder = root / f"{kind}-{_key(configure)}"
    with _locked(root / f"{kind}.lock"):
        if kind == "sanitized":
            _skip_without_sanitizers(root)
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _compile(configure, folder)
        (folder / "complete").touch()
        _forget_old_builds(root, kind)
    return CppBuild(folder)


def skip_without_tools() -> None:
    """Skips the test, with what is missing and how to have it, where C++ cannot be compiled."""
    if platform.machine() not in LITE:
        pytest.skip(f"there is no MindSpore Lite for {platform.machine()}")
    lacking = {name: package for name, package in PROGRAMS.items() if shutil.which(name) is None}
    if "c++" not in lacking:
        lacking |= {header: HEADERS[header] for header in HEADERS if not _is_found(header)}
    if lacking:
        pytest.skip(
            f"deploy/cpp cannot be compiled here without {', '.join(lacking)}: apt-get install "
            f"{' '.join(lacking.values())} (or scripts/install_device_tools.sh)"
        )


def _is_found(header: str) -> bool:
    source = f"#include <cstdio>\n#include <{header}>\n"
    compiler = ["c++", "-std=c++17", "-fsyntax-only", "-x", "c++", "-"]
    return subprocess.run(compiler, input=source, text=True, capture_output=True).returncode == 0


def _skip_without_sanitizers(root: Path) -> None:
    """Some compilers come without their libraries, and old ones fail on newer kernels."""
    program = root / "sanitizer-probe"
    compiler = ["c++", SANITIZERS, "-x", "c++", "-", "-o", str(program)]
    for command, source in ((compiler, "int main() { return 0; }\n"), ([str(program)], "")):
        done = subprocess.run(command, input=source, text=True, capture_output=True, timeout=60)
        if done.returncode != 0:
            reason = (done.stderr.strip() or f"status {done.returncode}").splitlines()[0]
            pytest.skip(f"a program compiled with {SANITIZERS} does not run here: {reason}")


def _key(configure: list[str]) -> str:
    """Names a build by all that goes into it, and by where the sources are."""
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True)
    digest = hashlib.sha256("\n".join([compiler.stdout, str(SOURCES), *configure]).encode())
    for file in sorted(p for p in SOURCES.rglob("*") if p.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(SOURCES)}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock ends with its process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(configure: list[str], folder: Path) -> None:
    program, build = str(Path(cmake.CMAKE_BIN_DIR) / "cmake"), str(folder / "build")
    jobs = str(len(os.sched_getaffinity(0)))
    for command in (
        [program, "-S", str(SOURCES), "-B", build, "-G", "Unix Makefiles", *configure],
        [program, "--build", build, "--parallel", jobs],
        [program, "--install", build, "--prefix", str(folder / "installed")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}"


def _forget_old_builds(root: Path, kind: str) -> None:
    for other in root.glob(f"{kind}-*"):
        used = other / "complete"
        if used.is_file() and time.time() - used.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(other)
