"""The Android app without a phone: its Java driven on this computer, its package checked."""

import fcntl
import os
import subprocess
import sys
import zlib
from pathlib import Path

import cmake
import nlohmann_json
import numpy as np
import pytest
from cpp_build import skip_without_tools
from lite_fakes import fetched_or_skip
from PIL import Image
from workplace import REPOSITORY

from src_mindspore.evaluation.model import Model, load_model
from src_mindspore.lite.package import lite_home
from src_mindspore.photos.tensors import read_photos

TESTS = REPOSITORY / "deploy" / "android" / "tests"
ORIENTATION = 274  # EXIF 2.3, table 4
MISSING_TOOL = 2  # exit status of the scripts


def run_script(name: str, *arguments: object, seconds: int = 600) -> str:
    """Runs a script of deploy/android/tests; skips where it says what it lacks."""
    done = subprocess.run(
        [sys.executable, TESTS / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        env={**os.environ, "PATH": f"{cmake.CMAKE_BIN_DIR}{os.pathsep}{os.environ['PATH']}"},
    )
    if done.returncode == MISSING_TOOL and done.stderr.startswith("missing: "):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def drive(telling_run, cpp_builds):
    """Drives the Java classes on a table of photos: ``drive(table, cycles, ends)``."""
    skip_without_tools()
    home = fetched_or_skip(lite_home)
    headers = Path(nlohmann_json.__file__).parent / "include"
    # Kept, so that only what has changed is compiled again; CMake ties a build to its sources.
    build = cpp_builds / f"jni-{zlib.crc32(str(REPOSITORY).encode()):08x}"

    def run(table: Path, cycles: int, ends: int, seconds: int = 600) -> str:
        return run_script(
            "host_test.py",
            *("--model", telling_run / "export" / "model.ms", "--table", table),
            *("--mslite-home", home, "--json-include", headers, "--build", build),
            *("--cycles", cycles, "--ends", ends),
            seconds=seconds,
        )

    with build.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one pytest at a time
        yield run


@pytest.fixture(scope="module")
def model(telling_run) -> Model:
    """The checkpoint of which the app gets the ``.ms`` file."""
    return load_model(telling_run)


def write_table(model: Model, photos: list[Path], folder: Path) -> Path:
    """What Python says of photos: of the files, and of the first one's bare pixels as well."""
    probabilities = model.probabilities(model.run(read_photos(photos, model.spec.input)))
    best = probabilities.argmax(1)
    assert len(set(best)) > 2  # the model does tell them apart
    lines = []
    for photo, index, scores in zip(photos, best, probabilities, strict=True):
        lines.append(["image", photo, 0, 0, model.spec.classes[index], scores[index]])
        if len(lines) == 1:
            image = Image.open(photo)
            for kind in ("rgba", "rgb"):
                pixels = folder / f"pixels.{kind}"
                pixels.write_bytes(np.asarray(image.convert(kind.upper())).tobytes())
                lines.append([kind, pixels, *image.size, *lines[0][-2:]])
    table = folder / "expected.tsv"
    table.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines), "utf-8")
    return table


@pytest.fixture(scope="module")
def table(workplace, model, tmp_path_factory) -> Path:
    """The drawn photos, and one of them in other forms: cut, turned, grey, half transparent."""
    folder = tmp_path_factory.mktemp("photos")
    photos = sorted((workplace.folder / "photos" / "val").glob("*/*"))
    whole = Image.open(photos[0]).convert("RGB")
    cut = whole.crop((0, 0, whole.width, whole.height * 2 // 3))
    clear = cut.copy()
    clear.putalpha(Image.linear_gradient("L").resize(cut.size))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    cut.save(folder / "cut.png")
    cut.rotate(90, expand=True).save(folder / "turned.jpg", quality=95, exif=exif)
    cut.convert("L").save(folder / "grey.png")
    clear.save(folder / "clear.png")
    others = [folder / name for name in ("cut.png", "turned.jpg", "grey.png", "clear.png")]
    return write_table(model, others + photos, folder)


def test_java_says_what_python_says(drive, table):
    said = drive(table, cycles=20, ends=4)
    assert "30 photos, largest difference of a score" in said
    assert "15 passed, 0 failed" in said
    assert "ok   ended while it works, 4 times" in said


def test_java_says_what_python_says_of_real_photos(drive, model, shared_data, tmp_path):
    photos = sorted((shared_data / "garbage_26x100" / "val").glob("*/*"))
    said = drive(write_table(model, photos, tmp_path), cycles=2, ends=0)
    assert "129 photos, largest difference of a score" in said
    assert "15 passed, 0 failed" in said


@pytest.mark.long
def test_java_gives_its_memory_back(drive, table):
    said = drive(table, cycles=1000, ends=200, seconds=3600)
    assert "ok   open and close 1000 times" in said
    assert "ok   ended while it works, 200 times" in said


def test_package_is_sound():
    assert "8 passed, 0 failed" in run_script("package_test.py")
