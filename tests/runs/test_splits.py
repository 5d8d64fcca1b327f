"""Which photos a run had, and whether a resumed one has them still."""

import hashlib
import json
from dataclasses import replace

import pytest
from helpers import input_spec

from src_mindspore.photos.identity import RunPhotos
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.read import run_photos
from src_mindspore.runs.splits import splits_table
from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import write_json


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    (folder / "config.yaml").touch()
    return RunFolder(folder)


def photos(train, val=(), **others) -> RunPhotos:
    """Photos whose content is the text behind the '=': ``a/1.png=red``."""
    pairs = {
        name: [p.split("=") for p in part] for name, part in {"train": train, "val": val}.items()
    }
    digests = {path: sha(text) for part in pairs.values() for path, text in part}
    left_out = [p.split("=") for p in others.pop("left_out", ())]
    digests |= {path: sha(text) for path, text in left_out}
    splits = {name: [path for path, _ in part] for name, part in pairs.items()}
    return RunPhotos(splits, digests, [path for path, _ in left_out], **others)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_photos_are_found_from_every_file_of_a_run(tmp_path, run, monkeypatch):
    expected = photos(["a/1.png=1", "b/ü.png=2"], ["a/2.png=3"], left_out=["a/3.png=4"])
    run.write_splits(tmp_path, expected)
    table = json.loads((run.path / "splits.json").read_text())
    assert table["left_out"] == ["a/3.png"]
    assert table["sha256"]["b/ü.png"] == sha("2")
    export = run.path / "export"
    export.mkdir()
    for path in (run.path, run.path / "model.ckpt", export, export / "model.onnx"):
        assert run_photos(path) == expected
    monkeypatch.chdir(export)
    assert run_photos(type(export)("model.onnx")) == expected
    for path in (tmp_path, tmp_path / "model.onnx", export / "deeper" / "model.onnx"):
        assert run_photos(path) is None
    (run.path / "config.yaml").unlink()
    assert run_photos(run.path) is None


def test_an_export_of_another_run_in_the_folder_is_not_of_this_one(tmp_path, run):
    run.write_splits(tmp_path, photos(["a/1.png=1"]))
    spec = ModelSpec(("a", "b"), ({"en": "A"}, {"en": "B"}), input_spec(32), "logits", {})
    for folder, checkpoint in ((run.path, "0" * 64), (run.path / "export", "1" * 64)):
        folder.mkdir(exist_ok=True)
        replace(spec, calibration=CalibrationSpec("val", 1, checkpoint)).save(folder)
    assert run_photos(run.path) is not None
    assert run_photos(run.path / "export" / "model.onnx") is None


def test_an_average_of_runs_has_the_photos_of_all_beside_it(tmp_path, run):
    run.write_splits(tmp_path, photos(["a/1.png=1"], ["a/2.png=2"]))
    average = run.path / "export"  # in the folder of one of them
    average.mkdir()
    model = {"ensemble": [], "activation": "softmax"}
    ModelSpec(("a", "b"), ({}, {}), input_spec(8), "probabilities", model).save(average)
    assert run_photos(average / "model.onnx") is None
    both = photos(["a/1.png=1", "a/3.png=3"], ["a/2.png=2"])
    write_json(average / "splits.json", splits_table(both))
    assert run_photos(average / "model.onnx") == both


def test_splits_of_an_earlier_version_have_no_hashes(tmp_path, run, caplog):
    old = {"splits": {"train": ["a/1.png"], "val": []}, "left_out": ["a/3.png"]}
    (run.path / "splits.json").write_text(json.dumps(old))
    run.files.adopt(["splits.json"])  # as a run that is resumed does with an earlier version's
    assert run_photos(run.path) == RunPhotos(old["splits"], left_out=["a/3.png"])
    (run.path / "last.ckpt").touch()
    run.files.adopt(["splits.json"])  # as ``reopen_run`` does
    run.write_splits(tmp_path, photos(["a/1.png=1"], left_out=["a/3.png=2"]))
    assert "kept no hashes of its photos: they are compared by name" in caplog.text
    assert run_photos(run.path).digests["a/1.png"] == sha("1")  # from now on there are some


@pytest.mark.parametrize(
    "sha256", [3, ["a"], {"a/1.png": "1"}, {"a/2.png": "0" * 64}, {"a/1.png": 1}]
)
def test_damaged_hashes(run, sha256):
    table = {"splits": {"train": ["a/1.png"]}, "left_out": [], "sha256": sha256}
    (run.path / "splits.json").write_text(json.dumps(table))
    with pytest.raises(UserError, match=r"splits\.json is damaged: sha256 has not 64 digits for"):
        run_photos(run.path)


BEGUN = photos(["a/1.png=1", "a/2.png=2", "b/1.png=3"], ["b/2.png=4"], left_out=["b/é.png=5"])


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (
            photos(["a/1.png=x", "a/2.png=2", "b/1.png=y"], ["b/2.png=4"], left_out=["b/é.png=5"]),
            r"2 replaced \(a/1\.png, b/1\.png\)",
        ),
        (
            photos(["a/1.png=1", "a/3.png=6", "b/1.png=3"], ["b/2.png=4"], left_out=["b/é.png=5"]),
            r"1 added \(a/3\.png\), 1 removed \(a/2\.png\)",
        ),
        (
            photos(["a/1.png=2", "a/2.png=1", "b/1.png=3"], ["b/2.png=4"], left_out=["b/é.png=5"]),
            r"2 replaced \(a/1\.png, a/2\.png\)",
        ),
        (
            photos(["a/2.png=2", "a/9.png=1", "b/1.png=3"], ["b/2.png=4"], left_out=["b/é.png=5"]),
            "the same files have other names, classes or splits, and another order",
        ),
        (
            photos(["a/1.png=1", "b/0.png=2", "b/1.png=3"], ["b/2.png=4"], left_out=["b/é.png=5"]),
            "the same files have other names, classes or splits",
        ),
        (photos(["a/1.png=1", "a/2.png=2", "b/1.png=3"], ["b/2.png=4"]), r"1 removed \(b/é\.png\)"),
    ],
)
def test_a_resumed_run_wants_the_photos_it_began_with(tmp_path, run, now, text):
    run.write_splits(tmp_path, BEGUN)
    run.write_splits(tmp_path, now)  # nothing is trained yet
    run.write_splits(tmp_path, BEGUN)
    (run.path / "last.ckpt").touch()
    run.write_splits(tmp_path / "moved", BEGUN)
    with pytest.raises(UserError, match=rf"are not those that .*runs/a was begun with.*{text}"):
        run.write_splits(tmp_path, now)
    assert run_photos(run.path) == BEGUN


def test_a_resumed_run_takes_other_names_of_the_same_order(tmp_path, run):
    run.write_splits(tmp_path, BEGUN)
    (run.path / "last.ckpt").touch()
    now = photos(
        ["a/1.jpg=1", "a/2.png=2", "b/1.png=3"], ["b/2.png=4"], left_out=["b/e\u0301.png=5"]
    )
    run.write_splits(tmp_path, now)
    assert run_photos(run.path) == now
