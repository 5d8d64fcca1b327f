"""The folder of the page: what is in it, whose it is, and what a failure leaves."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import unquote

import numpy as np
import onnx
import onnxruntime
import pytest
from lite_fakes import fetched_or_skip
from onnx import TensorProto, helper, numpy_helper
from web_page import write_photos
from web_site import colour_probabilities, colour_spec, write_colour_model

from src_mindspore.export.parity import refuse_disagreement
from src_mindspore.export.web import in_page, stored_for_page
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.web import address, node, runtime
from src_mindspore.web.folder import WebFolder
from src_mindspore.web.fp16 import store_fp16
from src_mindspore.web.page import SOURCE
from src_mindspore.web.renames import undone_on_failure

NOT_LISTED = {"files.js", "service_worker.js", "parity.json", "written.json"}


def add(folder: Path, name: str, temperature: float = 0.5, detector: dict | None = None) -> None:
    """What an export does with a page: a model, its spec, and how it compares."""
    with WebFolder(folder, name, detector=detector).filled() as model:
        write_colour_model(model / "made", colour_spec())
        for file in ("model.onnx", "spec.json"):
            shutil.move(model / "made" / file, model / file)
        (model / "parity.json").write_text(json.dumps({"of": name, "temperature": temperature}))


def files_of(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in found}


def listed(folder: Path) -> dict:
    text = (folder / "files.js").read_text().partition(" = ")[2]
    return json.loads(text.rstrip(";\n"))


def models(folder: Path) -> list[tuple[str, str]]:
    table = json.loads((folder / "models.json").read_text())
    return [(model["name"], model["folder"]) for model in table["models"]]


@pytest.fixture(scope="module", autouse=True)
def _verified_once() -> Iterator[None]:
    """The runtime is read and hashed once, not for each of the pages made here."""
    files = fetched_or_skip(runtime.runtime_files)
    with mock.patch("src_mindspore.web.page.runtime_files", return_value=files):
        yield


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "new" / "web"
    add(folder, "垃圾 #1%")
    return folder


@pytest.fixture
def own(page, tmp_path) -> Path:
    """A page of this test's own."""
    return Path(shutil.copytree(page, tmp_path / "web"))


def test_every_file_is_listed_with_its_hash(page) -> None:
    there = files_of(page)
    table = listed(page)
    assert {unquote(url): digest for url, digest in table["files"].items()} == {
        name: digest for name, digest in there.items() if name not in NOT_LISTED
    }
    assert all(re.fullmatch(r"[\w./%-]+", url) for url in table["files"])
    assert set(there) >= NOT_LISTED
    first = (page / "service_worker.js").read_text().partition("\n")[0]
    assert first == f'self.POCKETLENS_VERSION = "{table["version"]}";'
    assert models(page) == [("垃圾 #1%", "models/%E5%9E%83%E5%9C%BE%20%231%25")]


def test_the_page_finds_all_that_it_names_in_its_folder(page) -> None:
    named = 0
    for script in page.rglob("*.js"):
        if script.parent.name == "runtime":
            continue
        for path in re.findall(r'(?:from|import) "(\.[^"]+)"', script.read_text()):
            assert (script.parent / path).is_file(), (script, path)
            named += 1
    for path in re.findall(r'(?:src|href)="([^"#]+)"', (page / "index.html").read_text()):
        assert (page / path).is_file(), path
    manifest = json.loads((page / "manifest.webmanifest").read_text())
    assert all((page / icon["src"]).is_file() for icon in manifest["icons"])
    assert named > 10


def test_the_policy_is_the_same_online_and_offline() -> None:
    worker = (SOURCE / "service_worker.js").read_text()
    between = worker.partition("Security-Policy")[2].partition("Cross-Origin")[0]
    policy = "".join(re.findall(r'(?m)^ +"([^"]*)"', between))
    assert f'content="{policy}"' in (SOURCE / "index.html").read_text()
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy


def test_a_page_takes_a_second_model_and_replaces_one_of_the_same_name(own) -> None:
    before = files_of(own)
    (own / "CNAME").write_text("a host's own file\n")
    add(own, "second")
    assert [name for name, _ in models(own)] == ["垃圾 #1%", "second"]
    after = files_of(own)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == NOT_LISTED | {"models.json"}
    assert after["CNAME"]
    add(own, "垃圾 #1%", temperature=0.7)
    assert [name for name, _ in models(own)] == ["垃圾 #1%", "second"]
    reports = json.loads((own / "parity.json").read_text())["models"]
    assert {name: report["temperature"] for name, report in reports.items()} == {
        "垃圾 #1%": 0.7,
        "second": 0.5,
    }
    assert listed(own)["files"]["models/second/model.onnx"] == after["models/second/model.onnx"]


def test_the_same_export_gives_the_same_bytes(page, own) -> None:
    add(own, "垃圾 #1%")
    assert files_of(own) == files_of(page)


def test_the_network_for_faces_stays_while_a_model_labels_them(own) -> None:
    add(own, "faces", detector={"centerface.onnx": b"network", "faces.json": b"{}"})
    add(own, "second")
    assert (own / "faces/centerface.onnx").read_bytes() == b"network"
    assert listed(own)["files"]["faces/faces.json"] == sha256_of(own / "faces/faces.json")
    table = json.loads((own / "models.json").read_text())["models"]
    assert [model["faces"] for model in table] == [False, True, False]
    add(own, "faces")
    assert not (own / "faces").exists()
    assert "faces/faces.json" not in listed(own)["files"]


def test_what_an_older_page_had_goes(own, monkeypatch) -> None:
    folder = WebFolder(own, "second")
    (own / "app/old").mkdir()
    (own / "app/old/view.js").write_text("old")
    folder._files.adopt(["app/old/view.js"])
    add(own, "second")
    assert not (own / "app/old").exists()
    assert (own / "app").is_dir()


@pytest.mark.parametrize("name", ["", ".", ".hidden", "a/b", " ", "x" * 300])
def test_a_name_that_is_none_of_a_folder(tmp_path, name) -> None:
    with pytest.raises(UserError, match=r"^the name of a model in the page is one of a folder"):
        WebFolder(tmp_path / "web", name)


def test_a_folder_of_others_is_left_as_it_is(tmp_path, own) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/index.html").write_text("mine")
    with pytest.raises(UserError, match=r"--web did not fill it: it has index\.html"):
        WebFolder(tmp_path / "mine", "a")
    with pytest.raises(UserError, match=r"index\.html is a file; --web takes a new or empty"):
        WebFolder(tmp_path / "mine/index.html", "a")
    (own / "app.css").write_text("mine")
    with pytest.raises(UserError, match=r"somebody has changed since: app\.css; move or delete"):
        WebFolder(own, "a")
    with pytest.raises(UserError, match=r"--web-weights takes fp32, fp16; got 'int8'"):
        WebFolder(tmp_path / "web2", "a", "int8")
    assert files_of(tmp_path / "mine") == {"index.html": sha256_of(tmp_path / "mine/index.html")}


def half(folder: WebFolder) -> None:
    with folder.filled() as model:
        (model / "model.onnx").write_bytes(b"half")
        raise KeyboardInterrupt


def test_a_failure_leaves_the_old_page_and_no_new_one(tmp_path, own) -> None:
    before = files_of(own)
    for folder in (own, tmp_path / "new/web"):
        with pytest.raises(KeyboardInterrupt):
            half(WebFolder(folder, "a"))
    assert files_of(own) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("stops_at", [0, 1, 3])
def test_a_failure_between_two_renames_brings_back_both(own, stops_at, monkeypatch) -> None:
    before, renamed = files_of(own), []
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if "staged" in source.parts:
            if len(renamed) == stops_at:
                renamed.append(target)
                raise OSError(28, "No space left on device", str(target))
            renamed.append(target)
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="No space left"):
        add(own, "second", temperature=stops_at)
    assert len(renamed) == stops_at + 1
    assert files_of(own) == before
    assert sorted(p.name for p in (own / "models").iterdir()) == ["垃圾 #1%"]


def interrupted(folder: Path) -> None:
    with undone_on_failure(folder, folder / "before", ["a/b/new"]) as replace:
        replace(folder / "new", "a/b/new")
        raise KeyboardInterrupt


def test_a_failure_takes_away_what_was_not_there(tmp_path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "new").write_text("new")
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert not (tmp_path / "a").exists()


def network(path: Path, weights: np.ndarray) -> Path:
    """One dense layer, its bias, and metadata."""
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "weights", "bias"], ["y"], transB=1)],
        "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, weights.shape[1]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, len(weights)])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.arange(len(weights), dtype=np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"classes": "[]"})
    onnx.save(model, path)
    return path


def test_fp16_stores_half_the_bytes_and_computes_in_float32(tmp_path) -> None:
    random = np.random.default_rng(3)
    weights = random.normal(size=(100, 200)).astype(np.float32)
    path = network(tmp_path / "model.onnx", weights)
    size = path.stat().st_size
    assert store_fp16(path) == weights.size
    assert path.stat().st_size < 0.52 * size
    x = random.normal(size=(3, 200)).astype(np.float32)
    (got,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    rounded = weights.astype(np.float16).astype(np.float32)
    assert np.allclose(got, x @ rounded.T + np.arange(100), atol=1e-4)
    assert not np.allclose(got, x @ weights.T + np.arange(100), atol=1e-4)
    assert [(p.key, p.value) for p in onnx.load(path).metadata_props] == [("classes", "[]")]


def test_fp16_leaves_what_it_cannot_hold(tmp_path) -> None:
    weights = np.full((8, 8), 70000, np.float32)
    path = network(tmp_path / "model.onnx", weights)
    before = path.read_bytes()
    assert store_fp16(path) == 0
    assert onnx.load(path) == onnx.load_from_string(before)


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    return list(write_photos(tmp_path).values())


def test_the_page_s_code_says_what_the_model_says(page, tmp_path, photos) -> None:
    spec = colour_spec()
    write_colour_model(tmp_path / "model", spec)
    file = in_page(stored_for_page(tmp_path / "model/model.onnx", "fp32"), page / "runtime", spec)
    assert file.outside.name == "ONNX Runtime Web (node)"
    expected = np.stack([colour_probabilities(photo, spec) for photo in photos])
    assert np.abs(file.outside.said(photos) - expected).max() < 1e-6
    (tmp_path / "model/model.onnx").write_bytes(b"another")
    with pytest.raises(UserError, match=r"the page's code failed on .*/model \(exit status 2\): "):
        file.outside.said(photos)


def test_without_node_the_row_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("POCKETLENS_NODE", str(tmp_path / "none.whl"))
    monkeypatch.setenv("POCKETLENS_NODE_AARCH64", str(tmp_path / "none.whl"))
    file = in_page(stored_for_page(tmp_path / "model.onnx", "fp32"), tmp_path, colour_spec())
    assert file.outside.said is None
    assert "none.whl, which does not exist" in file.outside.reason


def test_a_file_of_fewer_bits_is_refused_only_where_no_runtime_scored_it() -> None:
    row = {"name": "model.onnx", "quant": "fp16", "sha256": "1", "runtime": "a"}
    checkpoint = {"top1": 0.9}
    unchecked = {**row, "runtime": "b", "reason": "no node"}
    scored = {**row, "top1": 0.9}
    refuse_disagreement({"n": 9, "files": [checkpoint, scored, unchecked]}, 0.5)
    with pytest.raises(UserError, match="must be scored before it is exported"):
        refuse_disagreement({"n": 9, "files": [checkpoint, unchecked]}, 0.5)
    worse = {**row, "top1": 0.8}
    with pytest.raises(UserError, match=r"a loss of 10\.00 points"):
        refuse_disagreement({"n": 9, "files": [checkpoint, scored, worse]}, 0.5)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(runtime.ENV, raising=False)
    return tmp_path / "cache"


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_a_runtime_that_cannot_be_had(empty_cache, tmp_path, monkeypatch) -> None:
    program(tmp_path / "bin", "npm", "echo 'npm error network is unreachable' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(UserError, match=r"(?s)network is unreachable.*\n    npm pack onnxrun") as e:
        runtime.runtime_files()
    assert "export POCKETLENS_ORT_WEB=/path/to/onnxruntime-web-1.30.0.tgz" in str(e.value)
    program(tmp_path / "bin", "npm", "exit 0")
    with pytest.raises(UserError, match=r"npm wrote \[\], not onnxruntime-web-1\.30\.0\.tgz"):
        runtime.runtime_files()
    assert not list(empty_cache.iterdir())


def test_a_tarball_that_is_another(empty_cache, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(runtime.ENV, str(tmp_path / "none.tgz"))
    with pytest.raises(UserError, match=r"must name the file onnxruntime-web-1\.30\.0\.tgz; got"):
        runtime.runtime_files()
    (tmp_path / "none.tgz").write_bytes(b"another")
    with pytest.raises(UserError, match=r"not the expected onnxruntime-web-1\.30\.0\.tgz: its SHA"):
        runtime.runtime_files()


def test_a_node_that_is_too_old_is_not_taken(tmp_path, monkeypatch) -> None:
    for text, expected in (("echo v17.9.1", 17), ("echo v20.1.0", 20), ("exit 1", 0)):
        program(tmp_path / "bin", "node", text)
        assert node._major(str(tmp_path / "bin/node")) == expected
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(node, "WHEELS", {})
    with pytest.raises(UserError, match=r"^Node.js 18 or newer is not on the path, and for "):
        node.node_program()


def test_how_it_is_served(monkeypatch) -> None:
    monkeypatch.setattr(address, "local_address", lambda: "192.168.1.20")
    lines = "\n".join(address.serving_lines(Path("a b/web")))
    assert "python -m http.server 8000 -d 'a b/web'" in lines
    assert "http://192.168.1.20:8000/" in lines
    assert "\x1b" not in lines  # no terminal, no picture
    monkeypatch.setattr(address, "local_address", lambda: None)
    assert "same network" not in "\n".join(address.serving_lines(Path("web")))


def test_the_code_of_the_address_is_what_the_library_draws() -> None:
    segno = pytest.importorskip("segno", reason="requirements-web.txt is not installed")
    url = "http://192.168.1.20:8000/"
    code = segno.make_qr(url)
    text = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in address._qr_lines(url)]
    halves = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}
    rows = [[halves[c][half] for c in line] for line in text for half in (0, 1)]
    expected = [list(map(int, row)) for row in code.matrix_iter(border=2)]
    assert rows[: len(expected)] == expected
