"""The page's core, run by node: the same specs, pixels, tensors and answers as in Python."""

import hashlib
import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from broken_specs import RAW, REFUSED, changed, mutate_spec
from helpers import noise
from mutations import mutate_text
from web_core import WebCore, web_core

from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import INTERPOLATIONS, CropSpec, InputSpec, ResizeSpec
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@pytest.fixture(scope="module")
def core() -> Iterator[WebCore]:
    with web_core() as started:
        yield started


def accepted(path: Path) -> bool:
    try:
        load_spec(path)
    except UserError:
        return False
    return True


def agree(core: WebCore, path: Path, text: str | bytes) -> bool:
    """Whether both take a spec; that they agree is asserted."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    reply = core.ask("spec", file=path)
    assert reply["ok"] == accepted(path), (text, reply)
    assert reply["ok"] or reply["code"] in ("spec_bad", "spec_format"), (text, reply)
    return reply["ok"]


def test_a_spec_as_it_is_read(core, tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps(RAW))
    spec = core.good("spec", file=tmp_path / "spec.json")["spec"]
    assert spec == {
        "classes": ["a", "b"],
        "labels": [{"en": "A"}, {"en": "B"}],
        "input": {
            "size": [64, 64],
            "mean": [127.5] * 3,
            "std": [127.5] * 3,
            "resize": {"rule": "stretch", "size": [72, 72], "interpolation": "bilinear"},
            "crop": {"size": [64, 64]},
            "range": None,
        },
        "output": "logits",
        "activation": None,
        "temperature": 0.5,
        "threshold": 0.75,
        "files": [{"name": "model.ckpt", "bytes": 1, "sha256": "00", "layout": "NCHW"}],
    }


OTHER_TEXTS = [
    *(changed("format", value) for value in (3, True, 2.0, "2", None, ...)),
    *("", "{", "[]", "7", "null", json.dumps(RAW) + " x", json.dumps(RAW)[:-1]),
    json.dumps(RAW).replace('"output"', '"format": 2, "output"'),  # a key twice
    json.dumps(RAW).replace('"head": {}', '"head": {"a": NaN, "b": -Infinity, "c": 1e999}'),
    json.dumps(RAW).replace('"head": {}', '"head": [1e5, -0.5E-2, "\\ud83d\\ude00", "\\ud800"]'),
    json.dumps(RAW).replace('"head": {}', '"head": [01]'),
    json.dumps(RAW).replace('"head": {}', '"head": ["\t"]'),
    json.dumps(RAW).replace('"head": {}', '"head": ["\\x"]'),
    json.dumps(RAW).replace('"head": {}', '"head": [1,]'),
    json.dumps(RAW).replace("72, 72", "72.0, 7.2e1"),
    json.dumps(RAW).replace('"n": 127', '"n": 127.0'),
    json.dumps(RAW).replace('"answered": 127', '"answered": 127.0'),
    json.dumps(RAW).replace('"b"]', '"\\ud800"]'),
    json.dumps(RAW).replace('"b"]', '"b/c"]'),
    json.dumps(RAW).replace('"b"]', f'"{"🙂" * 255}"]'),
    json.dumps(RAW).replace('"b"]', f'"{"x" * 256}"]'),
    json.dumps(RAW).replace('"A"', '"A\\u0000"'),
    json.dumps(RAW).replace('"en": "A"', '"group": "A"'),
    json.dumps(RAW).replace('"en": "A"', '"group": {"en": "A", "group": {}}'),
    json.dumps(RAW).replace('"en": "A"', '"group": null'),
    json.dumps(RAW).replace('"head": {}', '"head": {"__proto__": 1, "activation": 5}'),
    "\ufeff" + json.dumps(RAW),
    b"\xff" + json.dumps(RAW).encode(),
]


def test_what_python_refuses_is_refused(core, tmp_path):
    path = tmp_path / "spec.json"
    assert not any(agree(core, path, changed(keys, value)) for keys, value, _ in REFUSED)
    assert 6 <= sum(agree(core, path, text) for text in OTHER_TEXTS) <= 10


def test_a_refusal_names_key_rule_and_value(core, tmp_path):
    path = tmp_path / "spec.json"
    for keys, value, details in (
        ("output", "scores", ["output", "one of logits, probabilities", "scores"]),
        ("input.std", [1, 0, 1], ["input.std", "above 0", "0"]),
        ("input.resize.size", [0, 64], ["input.resize.size", "1 to 4096 whole pixels", "[0,64]"]),
        ("calibration.n", -1, ["calibration.n", "a whole number from 0 on", "-1"]),
        ("files", ..., ["files", "there", "nothing"]),
    ):
        path.write_text(changed(keys, value))
        reply = core.ask("spec", file=path)
        assert [reply["code"], *reply["details"].values()] == ["spec_bad", *details]
    path.write_text(changed("format", 3))
    reply = core.ask("spec", file=path)
    assert (reply["code"], reply["details"]) == ("spec_format", {"got": "3", "accepted": "1, 2"})


@pytest.mark.parametrize("count", [60, pytest.param(900, marks=pytest.mark.long)])
def test_damaged_specs_are_read_alike(core, tmp_path, count):
    rng, good = random.Random(1), 0  # noqa: S311 - no secret
    for number in range(count):
        raw = deepcopy(RAW)
        for _ in range(1 + number % 3):
            mutate_spec(raw, rng)
        good += agree(core, tmp_path / "spec.json", json.dumps(raw))
    assert 1 <= good < count / 4


@pytest.mark.long
def test_damaged_texts_of_specs_are_read_alike(core, tmp_path):
    """The file itself is damaged: most of it is JSON no more."""
    rng, good = random.Random(2), 0  # noqa: S311 - no secret
    text = json.dumps(RAW, indent=1).encode()
    for _ in range(300):
        good += agree(core, tmp_path / "spec.json", mutate_text(text, rng))
    assert 1 <= good < 150


def written(folder: Path, image: InputSpec) -> Path:
    names, labels = ("a", "b"), ({"en": "A"}, {"en": "B"})
    return ModelSpec(names, labels, image, "logits", {}).save(folder)


def inputs(interpolation: str) -> Iterator[InputSpec]:
    stretch = ResizeSpec("stretch", (40, 56), interpolation)
    yield InputSpec((40, 56), MEAN, STD, stretch)
    yield InputSpec((30, 41), MEAN, STD, stretch, CropSpec("center", (30, 41)))
    shorter = ResizeSpec("shorter_side", (48, 48), interpolation)
    yield InputSpec((40, 40), MEAN, STD, shorter, CropSpec("center", (40, 40)))


# on both sides of where Pillow resizes the columns first, odd ones, one pixel, larger and smaller
SIZES = [(1, 1), (1, 777), (777, 1), (8, 800), (8, 801), (31, 90), (127, 129), (341, 257), (40, 56)]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_pixels_and_tensor_are_python_s_bit_for_bit(core, tmp_path, interpolation):
    paths = {name: tmp_path / name for name in ("file", "pixels", "tensor")}
    for image in inputs(interpolation):
        spec = written(tmp_path, image)
        for seed, (width, height) in enumerate(SIZES):
            photo = noise(seed, width, height)
            paths["file"].write_bytes(photo.tobytes())
            core.good("prepare", **paths, width=width, height=height, spec=spec, layout="NCHW")
            expected = prepare(photo, image)
            got = np.frombuffer(paths["pixels"].read_bytes(), np.uint8)
            np.testing.assert_array_equal(got.reshape(expected.shape), expected)
            tensor = np.frombuffer(paths["tensor"].read_bytes(), np.float32)
            planes = normalise(expected[None], image)[0]
            assert tensor.tobytes() == planes.tobytes()


def test_the_other_layout(core, tmp_path):
    image = next(inputs("bilinear"))
    photo = noise(3, 60, 50)
    (tmp_path / "file").write_bytes(photo.tobytes())
    names = {"file": tmp_path / "file", "tensor": tmp_path / "tensor"}
    spec = written(tmp_path, image)
    core.good("prepare", **names, width=60, height=50, spec=spec, layout="NHWC")
    planes = normalise(prepare(photo, image)[None], image)[0]
    assert names["tensor"].read_bytes() == np.ascontiguousarray(planes.transpose(1, 2, 0)).tobytes()


def test_too_long_a_strip_is_refused(core, tmp_path):
    image = replace(list(inputs("bilinear"))[2])
    (tmp_path / "file").write_bytes(bytes(3 * 60_000))
    spec = written(tmp_path, image)
    reply = core.ask("prepare", file=tmp_path / "file", width=1, height=60_000, spec=spec)
    assert reply["code"] == "too_large"
    assert reply["details"] == {"what": "pixels", "got": 48 * 48 * 60_000, "limit": 100_000_000}


SCORES = [
    [1.5, -2.25, 0.125],
    [1000.0, 999.0, -1000.0],
    [3.0, 3.0, 3.0],
    [-80.0, 0.1, 90.0],
    [1e-8, -1e-8, 0.0],
]


@pytest.mark.parametrize("activation", [None, "sigmoid"])
@pytest.mark.parametrize("temperature", [1, 0.7, 3.3])
def test_answers_to_logits(core, activation, temperature):
    kind = "sigmoid_logits" if activation else "logits"
    reading = {"output": "logits", "activation": activation, "temperature": temperature}
    for scores in SCORES:
        logits = np.asarray([scores], np.float32)
        expected = probabilities(logits if temperature == 1 else logits / temperature, kind)[0]
        threshold = float(expected.max())
        reading["threshold"] = threshold * (1 + 1e-9)
        reply = core.good("answer", scores=scores, reading=reading, topk=2)
        np.testing.assert_allclose(reply["probabilities"], expected, rtol=1e-12, atol=1e-300)
        order = np.argsort(-expected, kind="stable")[:2].tolist()
        assert [best["index"] for best in reply["top"]] == order
        assert reply["top"][0]["score"] == pytest.approx(threshold, rel=1e-12)
        assert reply["abstained"]
        reading["threshold"] = threshold * (1 - 1e-9)
        assert not core.good("answer", scores=scores, reading=reading, topk=2)["abstained"]


def test_answers_of_a_model_that_gives_probabilities(core):
    reading = {"output": "probabilities", "activation": "softmax", "temperature": 1}
    reply = core.good("answer", scores=[0.25, 0.5, 0.25], reading=reading, topk=9)
    assert reply["probabilities"] == [0.25, 0.5, 0.25]
    assert [best["index"] for best in reply["top"]] == [1, 0, 2]
    assert not reply["abstained"]  # a model without a threshold never does
    bad = core.ask("answer", scores=[0.5, None, 0.5], reading=reading, topk=1)
    assert bad["ok"]  # null is 0 in JavaScript: what follows is no number at all
    bad = core.ask("answer", scores=[0.5, "x", 0.5], reading=reading, topk=1)
    assert bad["code"] == "model_bad"


@pytest.mark.parametrize("count", [0, 3, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_sha256_where_the_browser_has_none(core, tmp_path, count):
    content = noise(count, 20, 20).tobytes()[:count]
    (tmp_path / "file").write_bytes(content)
    reply = core.good("sha256", file=tmp_path / "file")
    assert reply["plain"] == reply["subtle"] == hashlib.sha256(content).hexdigest()
