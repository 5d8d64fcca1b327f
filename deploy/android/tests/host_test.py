#!/usr/bin/env python3
"""Runs the Java classes and their native library on this computer: no phone, no Android SDK.

Example:
    python deploy/android/tests/host_test.py --model export/model.ms --table expected.tsv \
        --mslite-home ~/.cache/pocketlens/mindspore-lite-2.0.0/mindspore_lite

The table is made by the caller, from another implementation of the same model; one photo a line,
with tabs between: ``image`` (a JPEG or PNG file), ``rgb`` or ``rgba`` (bytes without a header);
path; width and height (0 for ``image``); expected class; expected score. It needs one line of the
kind ``rgba``, of an opaque photo that is not square or not symmetric.

Needs a JDK 8 or newer, CMake, a C++17 compiler and what deploy/cpp needs. Exit status 0 when all
tests passed, 1 when one failed, 2 when something is missing.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ANDROID = TESTS.parent
HOST = TESTS / "host"


def need(*programs: str) -> None:
    """Ends with status 2 if a program is not on the path."""
    missing = [p for p in programs if shutil.which(p) is None]
    if missing:
        print(f"missing: {', '.join(missing)} (a JDK, CMake)", file=sys.stderr)
        sys.exit(2)


def jdk() -> Path:
    """The JDK that javac belongs to."""
    return Path(shutil.which("javac") or "javac").resolve().parents[1]


def build_library(build: Path, mslite_home: Path) -> Path:
    """Builds libpocketlens_jni.so for this computer and returns its folder."""
    native = build / "native"
    configure = [
        "cmake",
        "-S",
        str(ANDROID / "classifier"),
        "-B",
        str(native),
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DMSLITE_HOME={mslite_home}",
        f"-DJAVA_HOME={jdk()}",
        f"-DHOST_SOURCE={HOST / 'bitmap.c'}",
        f"-DHOST_INCLUDE={HOST / 'include'}",
    ]
    subprocess.run(configure, check=True)
    subprocess.run(["cmake", "--build", str(native), "--target", "pocketlens_jni"], check=True)
    return native


def build_classes(build: Path) -> Path:
    """Compiles the library module and the test; every warning is an error."""
    classes = build / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir(parents=True)
    sources = [*(ANDROID / "classifier/src/main/java").rglob("*.java"), *HOST.rglob("*.java")]
    javac = ["javac", "--release", "8", "-encoding", "UTF-8", "-Xlint:all,-options", "-Werror"]
    subprocess.run([*javac, "-d", str(classes), *map(str, sorted(sources))], check=True)
    return classes


def main() -> int:
    """Builds and runs; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a .ms file")
    parser.add_argument("--spec", type=Path, help="spec.json beside the model by default")
    parser.add_argument("--table", type=Path, required=True, help="expected labels and scores")
    parser.add_argument("--mslite-home", type=Path, default=os.environ.get("MSLITE_HOME"))
    parser.add_argument("--build", type=Path, default=ANDROID / "build/host_test")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of a score (%(default)s)")
    parser.add_argument("--cycles", type=int, default=1000, help="open and close (%(default)s)")
    args = parser.parse_args()
    if args.mslite_home is None:
        parser.error("give --mslite-home or set MSLITE_HOME")
    need("cmake", "java", "javac")
    try:
        native = build_library(args.build, args.mslite_home.resolve())
        classes = build_classes(args.build)
    except subprocess.CalledProcessError as error:
        print(f"the build failed: {' '.join(error.cmd[:2])} ...", file=sys.stderr)
        return 1
    spec = args.spec or args.model.with_name("spec.json")
    run = [
        "java",
        "-Xcheck:jni",
        # The heap is taken at once: what grows later is native memory.
        *("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC"),
        f"-XX:ErrorFile={args.build.resolve() / 'crash_%p.log'}",
        "-Dfile.encoding=UTF-8",
        f"-Djava.library.path={native}",
        "-cp",
        str(classes),
        "HostTest",
        str(args.model.resolve()),
        str(spec.resolve()),
        str(args.table),
        str(args.tolerance),
        str(args.cycles),
    ]
    done = subprocess.run(run, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    print(done.stdout, end="")
    # The JVM only prints what its checks of JNI calls find.
    misuse = [s for s in done.stdout.splitlines() if "WARNING in native" in s or "FATAL" in s]
    return 1 if misuse else done.returncode


if __name__ == "__main__":
    sys.exit(main())
