"""Python's side of the C++ library: the real runtime, and how its failures are told."""

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src_mindspore.evaluation.model import load_model
from src_mindspore.lite import library, runtime
from src_mindspore.lite.library import device_library, why_not
from src_mindspore.lite.runtime import LiteModel, LiteProcess
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.system.errors import UserError

SIZE = 64  # of the workplace's networks


def library_or_skip(machine: str | None = None) -> library.DeviceLibrary:
    try:
        return device_library(machine)
    except UserError as error:
        pytest.skip(f"the device library cannot be had here: {error}")


@pytest.fixture(scope="module")
def file(run_folder):
    return run_folder / "export" / "model.ms"


@pytest.fixture(scope="module")
def process(file):
    opened = LiteProcess(library_or_skip(), file, threads=1)
    yield opened
    opened.close()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(5, 3, SIZE, SIZE)).astype(np.float32)


def test_it_says_what_onnx_says(file, process, images):
    expected = load_model(file.with_suffix(".onnx")).run(images)
    answers = [process.run(image) for image in images]
    # far from photos, where both round more: 1.3e-5 on a processor without AVX-512
    np.testing.assert_allclose([a.values for a in answers], expected, atol=5e-5)
    assert all(0 < a.milliseconds < 1000 for a in answers)
    assert (process.classes, process.height, process.width) == (expected.shape[1], SIZE, SIZE)


def test_a_model_keeps_the_order_of_many_images(file, images):
    model = load_model(file)
    assert model.runtime == f"MindSpore Lite 2.0.0 {os.uname().machine}"
    many = np.concatenate([images + shift for shift in range(8)])
    expected = load_model(file.with_suffix(".onnx")).run(many)
    # far from photos, where both round more; images differ from each other by far more
    np.testing.assert_allclose(model.run(many), expected, atol=1e-4)
    assert np.abs(np.diff(expected, axis=0)).max(1).min() > 1e-3


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (63, 65), (64, 64), (431, 277)])
def test_pixels_are_prepared_as_in_python(file, process, size):
    height, width = size
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    spec = load_model(file.with_suffix(".onnx")).spec.input
    expected = normalise(prepare(Image.fromarray(pixels), spec)[None], spec)[0]
    np.testing.assert_array_equal(process.prepare_pixels(pixels), expected)
    turned = process.prepare_pixels(np.rot90(pixels), orientation=6)  # 90 degrees clockwise
    np.testing.assert_array_equal(turned, expected)


def test_refusals_leave_it_usable(process, images):
    with pytest.raises(ValueError, match=r"an image is \(3, 64, 64\) float32; got \(3, 2, 2\) fl"):
        process.run(images[0, :, :2, :2])
    with pytest.raises(ValueError, match="float64"):
        process.run(images[0].astype(np.float64))
    with pytest.raises(UserError, match="orientation"):
        process.prepare_pixels(np.zeros((2, 2, 3), np.uint8), orientation=9)
    with pytest.raises(UserError, match="decodes no image files"):
        process.prepare_image(b"\xff\xd8\xff")
    assert np.isfinite(process.run(images[0]).values).all()


def test_aarch64_under_qemu_says_the_same(file, images):
    model = LiteModel(library_or_skip("aarch64"), file)
    expected = load_model(file.with_suffix(".onnx")).run(images)
    np.testing.assert_allclose(model.run(images), expected, atol=1e-4)


def test_a_file_that_is_not_the_described_one(file, tmp_path):
    (tmp_path / "spec.json").write_bytes((file.parent / "spec.json").read_bytes())
    (tmp_path / "model.ms").write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"is not a file that its spec\.json describes"):
        LiteProcess(library_or_skip(), tmp_path / "model.ms", threads=1)


def test_a_process_that_dies(file, images):
    process = LiteProcess(library_or_skip(), file, threads=1)
    process._process.send_signal(signal.SIGKILL)
    process._process.wait()
    with pytest.raises(UserError, match=r"model\.ms: MindSpore Lite ended with SIGKILL$"):
        process.run(images[0])
    process.close()


def test_a_process_that_hangs(file, images, monkeypatch):
    process = LiteProcess(library_or_skip(), file, threads=1)
    process._process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(runtime, "ANSWER_SECONDS", 0.2)
    with pytest.raises(UserError, match="no answer of MindSpore Lite in 0 s"):
        process.run(images[0])
    assert process._process.wait(5) == -signal.SIGKILL
    process.close()


def test_a_request_that_is_none(file):
    command = [*library_or_skip().serve, str(file)]
    done = subprocess.run(command, input=b"?" * 24, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"standard input is no request\n")


def test_nothing_stays_behind(file):
    model = LiteModel(library_or_skip(), file, processes=2)
    assert len(model._opened) == 1  # the other when there are images for it
    model.run(np.zeros((2, 3, model._opened[0].height, model._opened[0].width), np.float32))
    numbers = [process._process.pid for process in model._opened]
    assert len(numbers) == 2
    del model
    assert not any(Path(f"/proc/{number}").exists() for number in numbers)


def test_without_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "absent-c++ -m64")
    machine = os.uname().machine
    with pytest.raises(UserError) as caught:
        device_library()
    assert str(caught.value) == (
        f"Running a .ms file for {machine} takes a small C++ library that is compiled when it is "
        "first needed, and there is no absent-c++ here (Debian, Ubuntu: apt install g++ make). "
        "All other model files can be used without it."
    )


def test_a_cached_build_needs_no_compiler(monkeypatch):
    expected = library_or_skip()
    monkeypatch.setenv("CXX", "absent-c++")
    assert device_library() == expected


def test_a_machine_that_cannot_be_run():
    assert why_not("riscv64").startswith("MindSpore Lite for riscv64 cannot be run on this")
    assert why_not(os.uname().machine) is None or "there is no" in why_not(os.uname().machine)


def test_a_compilation_that_fails(monkeypatch, tmp_path):
    library_or_skip()
    sources = tmp_path / "cpp"
    sources.mkdir()
    (sources / "CMakeLists.txt").write_text('message(FATAL_ERROR "no such luck")\n')
    monkeypatch.setattr(library, "SOURCES", sources)
    with pytest.raises(UserError, match="could not be compiled: exit status 1") as caught:
        device_library()
    assert "no such luck" in str(caught.value)
    assert not library._cached(os.uname().machine).exists()
