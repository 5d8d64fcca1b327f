#!/usr/bin/env python3
"""Runs the Java classes and their native library on this computer: no phone, no Android SDK.

Example:
    python deploy/android/tests/host_test.py --model export/model.ms --table expected.tsv \
        --mslite-home ~/.cache/pocketlens/mindspore-lite-2.0.0/mindspore_lite

The table is made by the caller, from another implementation of the same model; one photo a line,
with tabs between: ``image`` (a JPEG or PNG file), ``rgb`` or ``rgba`` (bytes without a header);
path; width and height (0 for ``image``); expected class; expected score. It needs one line of the
kind ``rgba``, of an opaque photo that is not square or not symmetric.

Then a JVM is ended a number of times while it opens and classifies: it must end, not crash.

Needs a JDK 8 or newer, CMake, a C++17 compiler and what deploy/cpp needs. Exit status 0 when all
tests passed, 1 when one failed, 2 when a program is missing.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ANDROID = TESTS.parent
HOST = TESTS / "host"
PROGRAMS = {
    "java": "openjdk-17-jdk-headless",
    "javac": "openjdk-17-jdk-headless",
    "cmake": "cmake",
    "cc": "gcc",
    "c++": "g++",
}
ENDED = 128 + signal.SIGTERM  # a JVM's status after SIGTERM
END_SECONDS = 30


def missing_programs() -> str:
    """What is not on the path, and the packages of Debian and Ubuntu that bring it; or ""."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    packages = sorted({PROGRAMS[name] for name in missing})
    return f"{', '.join(missing)}: apt-get install {' '.join(packages)}" if missing else ""


def jdk() -> Path:
    """The JDK that javac belongs to."""
    return Path(shutil.which("javac") or "javac").resolve().parents[1]


def build_library(build: Path, mslite_home: Path, json_include: Path | None) -> Path:
    """Builds libpocketlens_jni.so for this computer and returns its folder."""
    native = build / "native"
    configure = [
        *("cmake", "-S", ANDROID / "classifier", "-B", native),
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DMSLITE_HOME={mslite_home.resolve()}",
        f"-DNLOHMANN_JSON_INCLUDE={json_include.resolve() if json_include else ''}",
        f"-DJAVA_HOME={jdk()}",
        f"-DHOST_SOURCE={HOST / 'bitmap.c'}",
        f"-DHOST_INCLUDE={HOST / 'include'}",
    ]
    subprocess.run(configure, check=True)
    jobs = str(os.cpu_count() or 1)
    make = ["cmake", "--build", native, "--target", "pocketlens_jni", "--parallel", jobs]
    subprocess.run(make, check=True)
    return native


def build_slow_end(build: Path) -> Path:
    """The library that ``end_while_working`` preloads."""
    library = build / "slow_end.so"
    source = HOST / "slow_end.c"
    compiler = ["cc", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*compiler, source, "-o", library], check=True)
    return library


def build_classes(build: Path) -> Path:
    """Compiles the library module and the tests; every warning is an error."""
    classes = build / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir(parents=True)
    sources = [*(ANDROID / "classifier/src/main/java").rglob("*.java"), *HOST.rglob("*.java")]
    javac = ["javac", "--release", "8", "-encoding", "UTF-8", "-Xlint:all,-options", "-Werror"]
    subprocess.run([*javac, "-d", classes, *sorted(sources)], check=True)
    return classes


def java(build: Path, native: Path, classes: Path) -> list[str]:
    """The command line of a JVM up to the class that is run."""
    return [
        "java",
        "-Xcheck:jni",
        # The heap is taken at once: what grows later is native memory.
        *("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC"),
        f"-XX:ErrorFile={build.resolve() / 'crash_%p.log'}",
        "-Dfile.encoding=UTF-8",
        f"-Djava.library.path={native}",
        *("-cp", str(classes)),
    ]


def run_tests(command: list[str]) -> int:
    """Runs HostTest and prints what it says; returns 0 when all is well, else 1."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    print(done.stdout, end="")
    # The JVM only prints what its checks of JNI calls find.
    misuse = [s for s in done.stdout.splitlines() if "WARNING in native" in s or "FATAL" in s]
    return 1 if misuse or done.returncode != 0 else 0


def end_while_working(command: list[str], slow_end: Path, times: int) -> int:
    """Ends JVMs by SIGTERM at random moments of their work; returns 1 if one did not just end."""
    moments = random.Random(times)  # noqa: S311 (not for secrets)
    environment = {**os.environ, "LD_PRELOAD": str(slow_end), "GLOG_v": "3"}
    for _ in range(times):
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
        )
        started = process.stdout.readline() if process.stdout else b""
        time.sleep(moments.uniform(0.1, 0.8))
        process.send_signal(signal.SIGTERM)
        try:
            said = started + process.communicate(timeout=END_SECONDS)[0]
            how = f"status {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            said = started + process.communicate()[0]
            how = f"nothing for {END_SECONDS} s"
        if process.returncode != ENDED:
            print(f"FAILED ended while it works: expected status {ENDED}; got {how}")
            print(said.decode(errors="replace"))
            return 1
    print(f"ok   ended while it works, {times} times")
    return 0


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a .ms file")
    parser.add_argument("--spec", type=Path, help="spec.json beside the model by default")
    parser.add_argument("--table", type=Path, required=True, help="expected labels and scores")
    parser.add_argument("--mslite-home", type=Path, default=os.environ.get("MSLITE_HOME"))
    parser.add_argument("--json-include", type=Path, help="folder that holds nlohmann/json.hpp")
    parser.add_argument("--build", type=Path, default=ANDROID / "build/host_test")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of a score (%(default)s)")
    parser.add_argument("--cycles", type=int, default=1000, help="open and close (%(default)s)")
    parser.add_argument("--ends", type=int, default=50, help="of a working JVM (%(default)s)")
    args = parser.parse_args()
    if args.mslite_home is None:
        parser.error("give --mslite-home or set MSLITE_HOME")
    return args


def main() -> int:
    """Builds and runs; returns the exit status."""
    args = arguments()
    if missing := missing_programs():
        print(f"missing: {missing}", file=sys.stderr)
        return 2
    try:
        native = build_library(args.build, args.mslite_home, args.json_include)
        classes = build_classes(args.build)
        slow_end = build_slow_end(args.build)
    except subprocess.CalledProcessError as error:
        print(f"the build failed: {' '.join(map(str, error.cmd[:2]))} ...", file=sys.stderr)
        return 1
    spec = args.spec or args.model.with_name("spec.json")
    model = [str(args.model.resolve()), str(spec.resolve())]
    jvm = java(args.build, native.resolve(), classes)
    checks = [str(args.table), str(args.tolerance), str(args.cycles)]
    failed = run_tests([*jvm, "HostTest", *model, *checks])
    return failed or end_while_working([*jvm, "Endless", *model], slow_end.resolve(), args.ends)


if __name__ == "__main__":
    sys.exit(main())
