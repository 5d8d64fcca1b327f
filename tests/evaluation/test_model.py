"""A trained model in each form, from its files to scores; and the files that are refused."""

import re
from dataclasses import asdict, replace

import mindspore as ms
import numpy as np
import onnx
import pytest
from helpers import input_spec, mode, write_photos
from mindspore import Tensor, nn, ops
from onnx import TensorProto, helper
from PIL import Image

from src_mindspore.evaluation.model import BATCH, Model, Runner, load_model
from src_mindspore.evaluation.predict import predictions, threshold_of
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.evaluation.score import evaluate, score_photos
from src_mindspore.evaluation.statement import statement
from src_mindspore.network.classifier import build_classifier
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import read_photos
from src_mindspore.spec.calibration import CalibrationSpec, OperatingPoint
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.weights.array_files import save_arrays
from src_mindspore.weights.assign import arrays_of

NAMES = ("model.ckpt", "model.onnx", "model.mindir")
MODEL = {
    "backbone": {"width_mult": 0.35, "padding": "same", "bn_eps": 1e-3},
    "head": {"reduction": "mean", "activation": "softmax"},
}
SPEC = ModelSpec(
    classes=("red", "green", "blue"),
    labels=({}, {}, {}),
    input=input_spec(32),
    output="probabilities",
    model=MODEL,
)


@pytest.fixture(autouse=True)
def pynative():
    """Operator by operator: compiling the network would take longer than all of these tests."""
    with mode(ms.PYNATIVE_MODE):
        yield


class ChannelMeans(nn.Cell):
    """Says how red, green and blue an image is."""

    def construct(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3)."""
        return ops.mean(x, (2, 3))


def write_onnx(path):
    """The same as ``ChannelMeans``, for any batch."""
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["image"], ["scores"], axes=[2, 3], keepdims=0)],
        "means",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)


def write_mindir(path):
    ms.export(
        ChannelMeans(),
        Tensor(np.zeros((1, 3, 32, 32), np.float32)),
        file_name=str(path),
        file_format="MINDIR",
    )


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3, 32, 32)).astype(np.float32)


@pytest.mark.parametrize(("name", "write"), [(NAMES[1], write_onnx), (NAMES[2], write_mindir)])
@pytest.mark.parametrize("finished", [True, False])
def test_exported_files(tmp_path, name, write, finished):
    write(tmp_path / name)
    entry = FileSpec.of(tmp_path / name)
    replace(SPEC, files=(entry,) if finished else ()).save(tmp_path)
    renamed = (tmp_path / name).rename(tmp_path / f"my {name}")  # told by its content
    model = load_model(renamed)
    assert model.file.sha256 == entry.sha256
    assert model.file.name == (name if finished else renamed.name)
    x = images(BATCH + 3)
    np.testing.assert_allclose(model.run(x), x.mean((2, 3)), atol=1e-6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder with random weights, and the network they are from."""
    folder = tmp_path_factory.mktemp("run")
    with mode(ms.PYNATIVE_MODE):
        classifier = build_classifier(MODEL["backbone"], MODEL["head"], 3, 32)
    save_arrays(folder / "model.ckpt", arrays_of(classifier))
    SPEC.with_files(FileSpec.of(folder / "model.ckpt")).save(folder)
    return folder, classifier


def test_a_checkpoint_gives_what_was_saved(trained):
    folder, classifier = trained
    x = images(BATCH + 1)
    logits = classifier.set_train(False)(Tensor(x)).asnumpy()
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.ptp(expected, axis=0).min() > 0
    for path in (folder, folder / "model.ckpt"):
        model = load_model(path)
        assert (model.path, model.file.name) == (folder / "model.ckpt", "model.ckpt")
        np.testing.assert_allclose(model.run(x), expected, atol=1e-6)


def refusal(path) -> str:
    with pytest.raises(UserError) as info:
        load_model(path)
    return str(info.value)


def test_the_machine_is_for_lite_files_only(tmp_path):
    with pytest.raises(UserError, match=r"machine \(aarch64\) can be chosen for a \.ms file only"):
        load_model(tmp_path / "model.onnx", "aarch64")


@pytest.mark.parametrize("name", ["model", "photo.jpg", "absent.tflite"])
def test_other_suffixes(tmp_path, name):
    assert refusal(tmp_path / name) == (
        "a model is a run folder or a file that ends in .ckpt, .mindir, .onnx, .ms; "
        f"got {tmp_path / name}, which does not exist"
    )
    (tmp_path / name).touch()
    assert refusal(tmp_path / name).endswith(f"got {tmp_path / name}")


def test_what_is_not_there(tmp_path):
    folder, file = tmp_path, tmp_path / "model.onnx"
    assert refusal(folder) == f"{folder}/model.ckpt does not exist: {folder} is no run folder"
    assert refusal(file) == f"{file} does not exist"
    write_onnx(file)
    (tmp_path / "model.ms").touch()
    assert refusal(folder) == (
        f"{folder}/model.ckpt does not exist: {folder} is no run folder; of an export one file is "
        f"named, here model.ms, model.onnx"
    )
    assert refusal(file) == (
        f"{tmp_path}/spec.json is missing: a model is read together with its spec.json"
    )


def test_a_file_of_another_run(tmp_path):
    file = tmp_path / "model.onnx"
    write_onnx(file)
    SPEC.with_files(replace(FileSpec.of(file), sha256="0" * 64)).save(tmp_path)
    assert refusal(file) == (
        f"{file} is not a file that {tmp_path}/spec.json describes (model.onnx, told by their "
        "SHA-256): the model and its description must come from the same run"
    )


DAMAGED = [
    ("model.onnx", "is not an ONNX file: "),
    ("model.mindir", "is not a MINDIR file: "),
    ("model.ckpt", ": damaged"),
]


@pytest.mark.parametrize(("name", "text"), DAMAGED)
@pytest.mark.parametrize("content", [b"no model at all", bytes(100)])
def test_damaged_files(tmp_path, name, text, content):
    SPEC.save(tmp_path)
    (tmp_path / name).write_bytes(content)
    message = refusal(tmp_path / name)
    assert message.startswith(str(tmp_path / name))
    assert text in message
    assert "\n" not in message


NO_NETWORK = [
    ({}, "backbone must be a table; got None; head must be a table"),
    ({**MODEL, "head": {"reduction": "median"}}, "head.reduction must be one of mean, max, no"),
    ({**MODEL, "backbone": {"depth": 3}}, "unknown key backbone.depth; the nearest is"),
]


@pytest.mark.parametrize(("described", "text"), NO_NETWORK)
def test_a_spec_that_describes_no_network(trained, tmp_path, described, text):
    (tmp_path / "model.ckpt").write_bytes((trained[0] / "model.ckpt").read_bytes())
    replace(SPEC, model=described).save(tmp_path)
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path}/spec.json describes no network: ")
    assert text in message


def test_a_checkpoint_of_another_network(trained, tmp_path):
    (tmp_path / "model.ckpt").write_bytes((trained[0] / "model.ckpt").read_bytes())
    replace(SPEC, classes=("a", "b"), labels=({}, {})).save(tmp_path)
    assert "! head.0.weight file (3,1280) model (2,1280)" in refusal(tmp_path)


def model_of(run, output="probabilities", activation="softmax") -> Model:
    described = {**MODEL, "head": {"activation": activation}}
    spec = replace(SPEC, output=output, model=described)
    return Model(None, spec, FileSpec("m.onnx", 1, "ab"), Runner(run, "NumPy"))


@pytest.mark.parametrize(
    ("output", "activation", "loss"),
    [
        ("logits", None, "logits"),
        ("probabilities", "softmax", "probabilities"),
        ("probabilities", "sigmoid", "sigmoid_probabilities"),
    ],
)
def test_how_scores_are_read(output, activation, loss):
    model = model_of(None, output, activation)
    assert model.loss == loss
    scores = np.array([[0.0, 1.0, 3.0]], np.float32)
    expected = scores
    if output == "logits":
        expected = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(model.probabilities(scores), expected, rtol=1e-6)


FITTED = CalibrationSpec("val", 60, "ab", 0.5, precision=0.9, threshold=0.8)


def test_a_temperature_divides_logits_and_leaves_the_rest(tmp_path):
    model = model_of(None, "logits", None)
    model = replace(model, spec=replace(model.spec, calibration=FITTED))
    scores = np.array([[0.0, 1.0, 3.0]], np.float32)
    np.testing.assert_allclose(model.calibrated(scores), scores / 0.5)
    expected = np.exp(2 * scores) / np.exp(2 * scores).sum()
    np.testing.assert_allclose(model.probabilities(scores), expected, rtol=1e-6)
    inside = replace(model, spec=replace(model.spec, calibration=FITTED.folded()))
    np.testing.assert_array_equal(inside.calibrated(scores), scores)


def test_sigmoid_logits_are_shown_as_what_they_mean():
    model = model_of(None, "logits", "sigmoid")
    got = model.probabilities(np.array([[0.0, np.log(3), -800.0]], np.float32))
    np.testing.assert_allclose(got, [[0.5, 0.75, 0]], rtol=1e-6)


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid"])
def test_the_network_holds_its_temperature(trained, tmp_path, activation):
    """A checkpoint has weights alone: what it is divided by stands in the spec."""
    (tmp_path / "model.ckpt").write_bytes((trained[0] / "model.ckpt").read_bytes())
    described = {**MODEL, "head": {"activation": activation}}
    output = "probabilities" if activation else "logits"
    plain = replace(SPEC, model=described, output=output)
    x, shown = images(5), []
    for calibration in (None, FITTED.folded()) if activation else (None, FITTED, FITTED.folded()):
        replace(plain, calibration=calibration).save(tmp_path)
        model = load_model(tmp_path)
        shown.append(model.probabilities(model.run(x)))
    before, *after = shown
    logits = np.log(before / (1 - before)) if activation == "sigmoid" else np.log(before)
    kind = "sigmoid_logits" if activation == "sigmoid" else "logits"
    for got in after:
        np.testing.assert_allclose(got, probabilities(logits / 0.5, kind), rtol=1e-4)
        np.testing.assert_array_equal(got.argsort(1), before.argsort(1))


def test_red_is_red_to_the_end(tmp_path):
    """A reader or a model that swaps the channels would call it blue."""
    for index, name in enumerate(("red", "green", "blue")):
        colour = tuple(255 * (i == index) for i in range(3))
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.jpg")
    model = model_of(lambda x: x.mean((2, 3)) / 2 + 0.5)
    paths = sorted(tmp_path.glob("*.*"))
    assert [p["label"] for p in predictions(model, paths, 1)] == [path.stem for path in paths]
    records = [Record(path.name, SPEC.classes.index(path.stem)) for path in paths]
    assert evaluate(model, PhotoReader(tmp_path, len(records)), records, "test")["top1"] == 1


def test_abstaining(tmp_path):
    write_photos(tmp_path, [f"{i}.png" for i in range(3)])
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    scores = np.array([[0.79, 0.2, 0.01], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    model = model_of(lambda _: scores)
    for threshold, expected in ((0, [False] * 3), (0.8, [True, False, False]), (1, [True] * 3)):
        said = list(predictions(model, paths, 2, threshold))
        assert [p["abstained"] for p in said] == expected
        assert [p["label"] for p in said] == ["red", "red", "blue"]  # the guess stays
        assert [p["label"] for p in said] == [p["topk"][0]["label"] for p in said]
    model = replace(model, spec=replace(model.spec, calibration=FITTED.folded()))
    records = [Record(f"{i}.png", 0) for i in range(3)]
    reader = PhotoReader(tmp_path, len(records), note=True)
    digests = {r.path: sha256_of(tmp_path / r.path) for r in records}
    run = RunPhotos({"val": list(digests)}, digests)
    got = evaluate(model, reader, records, "val", run)
    assert (got["selected_on"], got["temperature"]) == ("val", 0.5)
    kept = got["abstaining"]
    assert (kept["threshold"], kept["answered"], kept["right"]) == (0.8, 2, 1)
    lines = statement(got)
    assert "val top-1 66.67% (n=3, 95% interval 20.8% to 93.9%)" in lines[0]
    assert "temperature 0.500" in lines[1]
    assert lines[2].startswith("val answered 2 of 3 (66.67%) with a score of 0.8000 or more, 1 ri")
    assert lines[3] == "of m.onnx, sha256 ab, NumPy"
    assert lines[4].startswith("epoch, temperature and threshold were chosen on these photos")
    assert len(lines) == 5


def said_of(seen: dict, n: int = 4) -> str:
    about = dict.fromkeys(("top1", "top5", "macro_f1", "loss", "ece", "ece_adaptive"), 0.5)
    result = {"split": "val", "n": n, "top1_interval": (0, 1), "reliability": [], "temperature": 1}
    result |= {"abstaining": None, "model": {"file": "m", "sha256": "0", "runtime": "r"}}
    chosen = "val" if seen.get("val") else None
    lines = statement({**about, **result, "selected_on": chosen, "identity": seen})
    return "\n".join(lines[3:])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"val": 4}, "epoch, temperature and threshold were chosen on these photos"),
        ({"val": 1, "new": 3}, "chosen on 1 of these 4 photos .*\n3 of 4 photos are new"),
        ({"train": 3, "new": 1}, "WARNING: 3 of 4 photos are ones that the model was trained on"),
        ({"new": 4}, "^all 4 photos are new: the run had none of them$"),
        ({"test": 4}, "^all 4 photos are the run's test photos: nothing was chosen on them$"),
    ],
)
def test_a_score_says_whose_photos_it_is_of(counts, expected):
    assert re.search(expected, said_of({"checked": True, **counts}))


def test_a_score_says_where_nothing_is_known_of_its_photos():
    said = said_of({"checked": False, "reason": "because"})
    assert said == "whether the model has seen these photos cannot be told: because"


def test_the_threshold_that_counts():
    points = (OperatingPoint(0.0, 60, 50), OperatingPoint(0.7, 40, 38))
    spec = replace(SPEC, calibration=replace(FITTED.folded(), points=points))
    assert threshold_of(SPEC) == 0
    assert threshold_of(spec) == 0.8
    assert threshold_of(spec, min_score=0.3) == 0.3
    assert threshold_of(spec, precision=0.9) == 0.7
    assert threshold_of(spec, precision=0.5) == 0
    with pytest.raises(UserError, match=r"of 0\.99: the best is 38 of 40 right \(0\.9500\), of 60"):
        threshold_of(spec, precision=0.99)
    with pytest.raises(UserError, match="this one has none: --min-score sets one"):
        threshold_of(SPEC, precision=0.9)


def test_every_photo_is_scored_once_and_in_order(tmp_path):
    count = 4 * BATCH + 3
    paths = [f"{i:03}.png" for i in range(count)]
    write_photos(tmp_path, paths)
    sizes = []

    def run(x):
        sizes.append(len(x))
        return x.mean((2, 3))

    got = score_photos(model_of(run), [tmp_path / path for path in paths])
    expected = read_photos([tmp_path / path for path in paths], SPEC.input).mean((2, 3))
    np.testing.assert_array_equal(got, expected)
    assert sizes == [2 * BATCH, 2 * BATCH, 3]


def test_evaluate(tmp_path):
    write_photos(tmp_path, [f"{i}.png" for i in range(4)])
    records = [Record("0.png", 0), Record("1.png", 1), Record("2.png", 1), Record("3.png", 2)]
    scores = [[0.5, 0.3, 0.2], [0.5, 0.25, 0.25], [0.2, 0.7, 0.1], [0.2, 0.4, 0.4]]
    reader = PhotoReader(tmp_path, len(records))
    got = evaluate(model_of(lambda _: np.array(scores)), reader, records, "test")
    assert got["skipped"] == []
    assert (got["split"], got["model"]) == (
        "test",
        {"file": "m.onnx", "sha256": "ab", "runtime": "NumPy"},
    )
    assert (got["n"], got["top1"], got["top5"]) == (4, 0.5, 1)
    assert got["loss"] == pytest.approx(-np.log([0.5, 0.25, 0.7, 0.4]).mean())
    assert got["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert [row["label"] for row in got["per_class"]] == ["red", "green", "blue"]
    assert asdict(SPEC)["classes"] == tuple(row["label"] for row in got["per_class"])


def test_what_cannot_be_read_is_not_counted(tmp_path):
    write_photos(tmp_path, [f"{i}.png" for i in range(3)])
    (tmp_path / "1.png").write_bytes(b"")
    records = [Record(f"{i}.png", i) for i in range(3)]
    model = model_of(lambda images: np.eye(3)[: len(images)])
    got = evaluate(model, PhotoReader(tmp_path, 3), records, "val")
    assert (got["n"], got["top1"], got["skipped"]) == (2, 1, ["1.png"])
    assert [row["n"] for row in got["per_class"]] == [1, 0, 1]
    with pytest.raises(UserError, match="no photo of the split val can be read"):
        evaluate(model, PhotoReader(tmp_path, 3), records[1:2], "val")
    (tmp_path / "2.png").unlink()
    with pytest.raises(UserError, match=r"2 of 3 photos cannot be read any more; up to 1 \(1%"):
        evaluate(model, PhotoReader(tmp_path, 3), records, "val")
