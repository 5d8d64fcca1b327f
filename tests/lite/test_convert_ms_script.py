"""The shell script for users of the official MindSpore Lite package."""

import subprocess
from pathlib import Path

import pytest
from lite_fakes import fake_converter

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "convert_ms.sh"


@pytest.fixture
def models(tmp_path):
    for name in ("model.onnx", "model.mindir"):
        (tmp_path / name).write_bytes(b"a model")
    return tmp_path / "model.onnx", tmp_path / "model.mindir"


def run_script(*arguments, **environment):
    return subprocess.run(
        ["bash", str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_script_without_the_package(models):
    done = run_script(models[1])
    assert done.returncode == 2
    assert "converter_lite is missing: set MSLITE_HOME" in done.stderr
    assert run_script("--help").stdout.startswith("Usage: scripts/convert_ms.sh INPUT")
    assert run_script(models[1], MSLITE_HOME="/nowhere").returncode == 2


def test_script_converts_a_folder(tmp_path, models):
    package = tmp_path / "with space" / "mindspore-lite-2.6.0-linux-x64"
    tool = fake_converter(package / "tools" / "converter" / "converter")
    (package / "tools" / "converter" / "lib").mkdir()
    done = run_script(tmp_path, MSLITE_HOME=str(package))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.ms").read_text() == f"MINDIR by {tool}\n"
    assert f"LD={package}/tools/converter/lib\n" == (tool.parent / "environment").read_text()
    done = run_script(
        models[0], tmp_path / "o.ms", "--", "--fp16=on", POCKETLENS_CONVERTER=str(tool)
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o.ms").read_text() == f"ONNX by {tool}\n"
    assert (tool.parent / "arguments").read_text().endswith("--saveType=MINDIR_LITE\n--fp16=on\n")
    assert not list(tmp_path.glob(".convert*"))
    (tmp_path / "o.ms").write_text("mine")
    done = run_script(models[0], tmp_path / "o.ms", POCKETLENS_CONVERTER=str(tool))
    assert done.returncode == 2
    assert "o.ms is there: move it away" in done.stderr
    assert (tmp_path / "o.ms").read_text() == "mine"


def test_script_tells_of_a_failure(tmp_path, models):
    tool = fake_converter(tmp_path / "bin", "exit 3\n")
    done = run_script(tmp_path, POCKETLENS_CONVERTER=str(tool))
    assert done.returncode == 1
    assert "(exit status 3)" in done.stderr
    assert "give it the .onnx file instead" in done.stderr
    assert not (tmp_path / "model.ms").exists()
    assert not list(tmp_path.glob(".convert*"))
    assert "must end in .ms" in run_script(tmp_path, "a.bin").stderr
    assert "holds neither" in run_script(tmp_path / "bin").stderr
