"""What runs a checkpoint: ONNX Runtime, compared with MindSpore once, or MindSpore itself."""

import json
import os
import subprocess
import sys

import mindspore as ms
import numpy as np
import pytest
from helpers import input_spec, mode, write_photos
from mindspore import Tensor
from workplace import REPOSITORY

from src_mindspore.evaluation import open_checkpoint
from src_mindspore.evaluation.kept_models import KeptLogits
from src_mindspore.evaluation.model import load_model
from src_mindspore.evaluation.predict import predictions
from src_mindspore.network.classifier import build_classifier
from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import save_arrays
from src_mindspore.weights.assign import arrays_of

BACKBONE = {"width_mult": 0.35, "padding": "same", "bn_eps": 1e-3}
X = np.random.default_rng(0).uniform(-1, 1, (9, 3, 32, 32)).astype(np.float32)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own, and MindSpore's mode as it was."""
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "cache"))
    with mode(ms.PYNATIVE_MODE):
        yield tmp_path / "cache" / "models"


def made(folder, activation=None, temperature=1.0):
    """A run folder with random weights; its expected outputs for ``X``."""
    folder.mkdir()
    head = {"activation": activation}
    classifier = build_classifier(BACKBONE, head, 3, 32).set_train(False)
    save_arrays(folder / "model.ckpt", arrays_of(classifier))
    file = FileSpec.of(folder / "model.ckpt")
    spec = ModelSpec(
        ("a", "b", "c"),
        ({}, {}, {}),
        input_spec(32),
        "probabilities" if activation else "logits",
        {"backbone": BACKBONE, "head": head},
        (file,),
        CalibrationSpec("val", 60, file.sha256, model_temperature=temperature),
    )
    spec.save(folder)
    logits = classifier(Tensor(X)) / temperature
    return folder, classifier.head.activate(logits).asnumpy()


@pytest.fixture
def run(tmp_path):
    return made(tmp_path / "run")


@pytest.mark.parametrize(
    ("engine", "activation"),
    [
        ("auto", None),
        ("auto", "softmax"),
        pytest.param("auto", "sigmoid", marks=pytest.mark.long),
        pytest.param("onnxruntime", None, marks=pytest.mark.long),
        ("mindspore", "softmax"),
    ],
)
def test_every_engine_says_the_same(tmp_path, engine, activation):
    folder, expected = made(tmp_path / "run", activation, temperature=1.5 if activation else 1.0)
    model = load_model(folder, engine=engine)
    np.testing.assert_allclose(model.run(X), expected, atol=1e-5)
    assert model.run(X[:1]).dtype == np.float32
    assert model.runtime.startswith("MindSpore" if engine == "mindspore" else "ONNX Runtime")


def test_the_comparison_is_said_and_made_once(run, cache, caplog):
    folder, expected = run
    caplog.set_level("INFO")
    load_model(folder).run(X)
    assert "from MindSpore on 4 photos" in caplog.text
    assert sorted(p.suffix for p in cache.iterdir()) == [".json", ".onnx"]
    caplog.clear()
    np.testing.assert_allclose(load_model(folder).run(X), expected, atol=1e-5)
    assert "from MindSpore at its first photos" in caplog.text
    assert "device" not in caplog.text


@pytest.mark.long
def test_other_weights_are_another_file(tmp_path, cache):
    ms.set_seed(1)
    for name in ("one", "other"):
        load_model(made(tmp_path / name)[0]).run(X)
    assert len(list(cache.glob("*.onnx"))) == 2


def test_a_classifier_can_be_exported_again(run):
    """As in a search, or where the cache was emptied: MindSpore exports a cell only once."""
    folder, expected = run
    spec = load_spec(folder / "spec.json")
    classifier = open_checkpoint.classifier_of(spec, folder / "model.ckpt").classifier
    for sha256 in ("0" * 64, "1" * 64):
        runner = open_checkpoint.logits_runner(classifier, spec, sha256, "CPU")
        np.testing.assert_allclose(runner.run(X), expected, atol=1e-5)
        assert runner.runtime.startswith("ONNX Runtime")


DAMAGE = {
    "cut short": lambda onnx, note: onnx.write_bytes(onnx.read_bytes()[:-9]),
    "gone": lambda onnx, note: onnx.unlink(),
    "another's": lambda onnx, note: onnx.write_bytes(b"x"),
    "no note": lambda onnx, note: note.unlink(),
    "no JSON": lambda onnx, note: note.write_text("{"),
    "a list": lambda onnx, note: note.write_text("[]"),
    "no number": lambda onnx, note: note.write_text(
        json.dumps({**json.loads(note.read_text()), "difference": "0"})
    ),
}


def test_a_damaged_file_is_made_again(run, cache, caplog):
    folder, expected = run
    spec = load_spec(folder / "spec.json")
    kept = KeptLogits.of(spec, spec.files[0].sha256)
    load_model(folder).run(X)
    onnx, note = kept.onnx.read_bytes(), kept.note.read_bytes()
    assert kept.difference() is not None
    for name, damage in DAMAGE.items():
        damage(kept.onnx, kept.note)
        assert kept.difference() is None, name
        kept.onnx.write_bytes(onnx)
        kept.note.write_bytes(note)
    assert kept.difference() is not None
    DAMAGE["cut short"](kept.onnx, kept.note)
    caplog.set_level("INFO")
    np.testing.assert_allclose(load_model(folder).run(X), expected, atol=1e-5)
    assert "from MindSpore on 4 photos" in caplog.text
    assert kept.difference() is not None


def test_a_network_that_is_no_onnx(run, monkeypatch, caplog):
    def fails(*_):
        raise NotImplementedError("no such cell\nand pages more")

    folder, expected = run
    monkeypatch.setattr("src_mindspore.network.onnx_graph.logits_graph", fails)
    np.testing.assert_allclose(load_model(folder).run(X), expected, atol=1e-5)
    assert "it cannot be written as ONNX: no such cell: MindSpore scores" in caplog.text


def test_a_cache_that_cannot_be_written_is_no_error(run, cache):
    folder, expected = run
    cache.parent.write_text("a file in its place")
    np.testing.assert_allclose(load_model(folder).run(X), expected, atol=1e-5)


def test_where_they_disagree(run, monkeypatch, caplog, cache):
    folder, expected = run
    monkeypatch.setattr(open_checkpoint, "MAX_DIFFERENCE", -1.0)
    model = load_model(folder)
    np.testing.assert_allclose(model.run(X), expected, atol=1e-5)
    assert "MindSpore scores the checkpoint" in caplog.text
    assert model.runtime.startswith("MindSpore")
    assert not model.runner.concurrent
    assert not cache.exists()
    with pytest.raises(UserError, match=r"differs from MindSpore by .*; the engine can be minds"):
        load_model(folder, engine="onnxruntime").run(X)


def test_an_engine_for_what_has_none_is_refused(run, tmp_path):
    (tmp_path / "run/model.onnx").touch()
    with pytest.raises(UserError, match=r"the engine \(mindspore\) can be chosen for a run folder"):
        load_model(tmp_path / "run/model.onnx", engine="mindspore")


def test_labels_of_many_photos_are_in_order(run, tmp_path):
    folder, _ = run
    photos = write_photos(tmp_path / "photos", [f"{i:02}.png" for i in range(11)])
    (photos / "05.png").write_bytes(b"no photo")
    (photos / "00.png").write_bytes(b"")
    paths = sorted(photos.iterdir())
    good = [path for path in paths if path.name not in ("00.png", "05.png")]
    seen, model = [], load_model(folder)
    with pytest.raises(UserError, match="2 of 11 images could not be read"):
        seen.extend(predictions(model, paths, 3))
    assert [p["path"] for p in seen] == [
        str(p) for p in paths if p.name not in ("00.png", "05.png")
    ]
    plain = load_model(folder, engine="mindspore")
    for one, other in zip(seen, predictions(plain, good, 3), strict=True):
        assert (one["path"], one["label"]) == (other["path"], other["label"])
        assert one["score"] == pytest.approx(other["score"], abs=1e-5)


@pytest.mark.parametrize("form", ["run", "run/export/model.onnx"])
def test_a_photo_is_labelled_without_mindspore(tmp_path, form):
    """An ONNX file, and a checkpoint that was compared before, take none of its seconds."""
    made(tmp_path / "run")
    photo = write_photos(tmp_path / "photos", ["a.png"]) / "a.png"
    load_model(tmp_path / "run").run(X)
    (kept,) = (tmp_path / "cache/models").glob("*.onnx")
    export = tmp_path / "run/export"
    export.mkdir()
    (export / "model.onnx").write_bytes(kept.read_bytes())
    load_spec(tmp_path / "run/spec.json").with_files(FileSpec.of(export / "model.onnx")).save(
        export
    )
    code = (
        "import sys, runpy; sys.argv = ['predict.py', *sys.argv[1:]]\n"
        "try: runpy.run_path('predict.py', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'mindspore' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / form), str(photo)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(photo) in done.stdout
