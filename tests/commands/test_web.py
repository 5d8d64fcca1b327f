"""``export.py --web`` on a small run: the page, its models, and what is refused."""

import json
import shutil

import pytest
from lite_fakes import fetched_or_skip

from src_mindspore.web.runtime import runtime_files


@pytest.fixture(scope="module")
def run(workplace, run_folder):
    """A run of this module's own, not exported."""
    fetched_or_skip(runtime_files)
    return shutil.copytree(
        run_folder, workplace.folder / "runs/webbed", ignore=shutil.ignore_patterns("export")
    )


def rows(folder, name: str) -> list[dict]:
    return json.loads((folder / "parity.json").read_text())["models"][name]["files"]


def test_a_run_becomes_a_page(workplace, run) -> None:
    done = workplace.call("export.py runs/webbed --web pages/first")
    assert done.returncode == 0, done.stderr
    assert "python -m http.server 8000 -d pages/first\n" in done.stdout
    assert not (run / "export").exists()
    native, page = rows(workplace.folder / "pages/first", "webbed")[1:]
    assert page["runtime"] == "ONNX Runtime Web (node)"
    assert page["max_difference"] < 1e-5
    assert page["other_labels"] == 0
    assert native["sha256"] == page["sha256"]


@pytest.mark.long
def test_a_second_model_of_half_the_size_and_device_files_beside_it(workplace, run) -> None:
    assert workplace.call("export.py runs/webbed --web").returncode == 0
    assert "web/models/webbed/model.onnx" in (run / "report.html").read_text()
    options = (
        "--web --web-weights fp16 --web-name half --max-drop 100 --formats onnx --out runs/beside"
    )
    done = workplace.call(f"export.py runs/webbed {options}")
    assert done.returncode == 0, done.stderr
    assert (workplace.folder / "runs/beside/model.onnx").is_file()
    models = json.loads((run / "web/models.json").read_text())["models"]
    assert [model["name"] for model in models] == ["webbed", "half"]
    full, half = (run / "web/models" / name / "model.onnx" for name in ("webbed", "half"))
    assert half.stat().st_size < 0.6 * full.stat().st_size
    assert [row["quant"] for row in rows(run / "web", "half")] == ["none", "fp16", "fp16"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("runs/mine --faces", "--faces is about the page: it takes --web"),
        ("runs/mine --web-name a", "--web-name is about the page: it takes --web"),
        ("runs/mine --web --quant fp16", "name --formats too; the weights of the page are stored"),
        ("runs/mine --web --android", "--web alone writes none: name --formats too"),
        ("runs/mine --web --web-weights fp8", "--web-weights takes fp32, fp16; got 'fp8'"),
        ("runs/mine --web --web-name ../a", "is one of a folder, without / and no dot in front"),
        ("runs/mine --web photos", "--web did not fill it"),
        ("runs/mine --web runs/mine/export", "--web did not fill it"),
        ("runs/mine runs/mine --web", "name the folder with --web DIR"),
        ("photos --web", "is no run folder"),
    ],
)
def test_what_is_refused(workplace, run_folder, options, text) -> None:
    done = workplace.call(f"export.py {options}")
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (run_folder / "web").exists()
