"""spec.json: what is written is read back, and everything else is refused in words."""

import copy
import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest

from src_mindspore.spec.calibration import CalibrationSpec, OperatingPoint
from src_mindspore.spec.input import CropSpec, InputSpec, ResizeSpec, ValueRange
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError

MEAN, STD = (127.5, 127.5, 127.5), (60.0, 61.5, 62.0)
PLAIN = InputSpec((96, 80), MEAN, STD, ResizeSpec("stretch", (96, 80), "bilinear"))
CROPPED = InputSpec(
    size=(64, 64),
    mean=MEAN,
    std=STD,
    resize=ResizeSpec("shorter_side", (72, 72), "lanczos"),
    crop=CropSpec("center", (64, 64)),
    layout="NHWC",
)


def spec(image: InputSpec = CROPPED) -> ModelSpec:
    return ModelSpec(
        classes=("00_00", "纸"),
        labels=({"en": "Bottle", "zh": "瓶", "group": {"en": "Dry"}}, {"en": "Paper"}),
        input=image,
        output="logits",
        model={"backbone": {"width_mult": 0.35}, "head": {"hidden": [4]}, "parameters": 7},
        files=(FileSpec("model.ms", 3, "00ff", "NHWC"),),
    )


@pytest.mark.parametrize("image", [PLAIN, CROPPED], ids=["plain", "cropped"])
def test_round_trip(tmp_path, image):
    path = spec(image).save(tmp_path)
    assert path == tmp_path / "spec.json"
    assert load_spec(path) == spec(image)
    assert "纸" in path.read_text(encoding="utf-8")


def test_the_file_in_numbers(tmp_path):
    raw = json.loads(spec().save(tmp_path).read_text(encoding="utf-8"))
    expected_keys = {"format", "classes", "labels", "input", "output", "model", "files"}
    assert set(raw) == {*expected_keys, "calibration"}
    assert raw["format"] == 2
    assert raw["calibration"] is None
    assert raw["input"] == {
        "size": [64, 64],
        "mean": [127.5] * 3,
        "std": [60, 61.5, 62],
        "resize": {
            "rule": "shorter_side",
            "size": [72, 72],
            "interpolation": "lanczos",
            "antialias": True,
        },
        "crop": {"rule": "center", "size": [64, 64]},
        "color": "RGB",
        "layout": "NHWC",
    }
    assert raw["files"] == [{"name": "model.ms", "bytes": 3, "sha256": "00ff", "layout": "NHWC"}]


def test_what_may_be_left_out(tmp_path):
    raw = json.loads(spec(PLAIN).save(tmp_path).read_text(encoding="utf-8"))
    del raw["input"]["crop"], raw["input"]["color"], raw["input"]["layout"]
    del raw["input"]["resize"]["antialias"], raw["files"][0]["layout"]
    (tmp_path / "spec.json").write_text(json.dumps({**raw, "extra": 1}))
    assert load_spec(tmp_path / "spec.json") == spec(PLAIN).with_files(
        FileSpec("model.ms", 3, "00ff")
    )


def test_a_spec_of_format_1_is_one_without_a_calibration(tmp_path):
    raw = json.loads(spec(PLAIN).save(tmp_path).read_text(encoding="utf-8"))
    del raw["calibration"]
    (tmp_path / "spec.json").write_text(json.dumps({**raw, "format": 1}))
    old = load_spec(tmp_path / "spec.json")
    assert old == spec(PLAIN)  # what is made of it is written in the new format
    assert (old.temperature, old.model_temperature, old.threshold) == (1, 1, None)


def test_the_range_of_deep_photos_is_there_only_where_there_is_one(tmp_path):
    plain = spec(PLAIN)
    assert "range" not in json.loads(plain.save(tmp_path).read_text(encoding="utf-8"))["input"]
    deep = replace(plain, input=replace(plain.input, range=ValueRange(-1.5, 4095.0)))
    raw = json.loads(deep.save(tmp_path).read_text(encoding="utf-8"))
    assert raw["input"]["range"] == {"low": -1.5, "high": 4095.0}
    assert load_spec(tmp_path / "spec.json") == deep


POINTS = (OperatingPoint(0.0, 100, 90), OperatingPoint(0.7, 50, 49))
FITTED = CalibrationSpec("val", 100, "ab", 0.5, precision=0.98, threshold=0.7, points=POINTS)


def test_calibration_is_read_back_and_divides_once(tmp_path):
    fitted = replace(spec(), calibration=FITTED)
    assert load_spec(fitted.save(tmp_path)) == fitted
    assert (fitted.temperature, fitted.model_temperature, fitted.threshold) == (0.5, 1, 0.7)
    folded = replace(fitted, calibration=FITTED.folded())
    assert (folded.temperature, folded.model_temperature, folded.threshold) == (1, 0.5, 0.7)
    assert folded.calibration.folded() == folded.calibration
    assert load_spec(folded.save(tmp_path)) == folded


@pytest.mark.parametrize(
    ("precision", "score"), [(0, 0.0), (0.9, 0.0), (0.91, 0.7), (0.98, 0.7), (0.981, None)]
)
def test_the_threshold_for_another_precision(precision, score):
    assert FITTED.threshold_for(precision) == score


def test_labels():
    s = spec()
    assert [s.label(0), s.label(0, "zh"), s.label(1, "zh")] == ["Bottle", "瓶", "纸"]
    assert [s.names(0), s.names(1)] == ["Bottle 瓶", "Paper"]


def test_file_spec_of_a_file(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    # SHA-256 of "abc": FIPS 180-2, appendix B.1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert FileSpec.of(tmp_path / "a.bin", "NHWC") == FileSpec("a.bin", 3, digest, "NHWC")


def changed(keys: str, value: Any) -> str:
    """The text of a good spec with one value changed, or deleted where it is ``...``."""
    raw = copy.deepcopy(RAW)
    *parents, last = [int(k) if k.isdigit() else k for k in keys.split(".")]
    table: Any = raw
    for key in parents:
        table = table[key]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    return json.dumps(raw)


RAW = {
    "format": 2,
    "classes": ["a", "b"],
    "labels": [{"en": "A"}, {"en": "B"}],
    "input": {
        "size": [64, 64],
        "mean": [127.5, 127.5, 127.5],
        "std": [127.5, 127.5, 127.5],
        "resize": {"rule": "stretch", "size": [72, 72], "interpolation": "bilinear"},
        "crop": {"rule": "center", "size": [64, 64]},
    },
    "output": "logits",
    "model": {"backbone": {}, "head": {}},
    "files": [{"name": "model.ckpt", "bytes": 1, "sha256": "00"}],
    "calibration": {
        "split": "val",
        "n": 127,
        "sha256": "00",
        "temperature": 0.5,
        "model_temperature": 1,
        "precision": 0.98,
        "threshold": 0.75,
        "points": [{"score": 0, "answered": 127, "right": 120}],
    },
}
REFUSED = [
    ("output", ..., "'output' is missing"),
    ("input.size", ..., "'size' is missing"),
    ("input.resize.rule", ..., "missing 1 required positional argument: 'rule'"),
    ("input.color", "BGR", "input.color must be one of ['RGB']; got 'BGR'"),
    ("input.layout", "HW", "input.layout must be one of ['NCHW', 'NHWC']; got 'HW'"),
    ("input.resize.rule", "fit", "input.resize.rule must be one of ['stretch', 'shorter_side']"),
    ("input.resize.interpolation", "area", "input.resize.interpolation must be one of ['bilinear"),
    ("input.resize.antialias", False, "input.resize.antialias must be one of [True]; got False"),
    ("input.crop.rule", "top", "input.crop.rule must be one of ['center']; got 'top'"),
    ("input.range", 7, "ValueRange has the keys ['high', 'low']; got 7"),
    ("input.range", {"low": 0}, "'high' is missing"),
    ("input.range", {"low": 0, "high": 9, "mid": 5}, "ValueRange has the keys"),
    ("input.range", {"low": 9, "high": 9}, "input.range must have low below high"),
    ("input.range", {"low": 0, "high": float("nan")}, "expected 2 finite numbers"),
    ("output", "scores", "output must be one of ['logits', 'probabilities']; got 'scores'"),
    ("classes", ["a"], "classes must be at least 2 different names"),
    ("classes", ["a", "a"], "classes must be at least 2 different names"),
    ("classes", "ab", "classes must be at least 2 different names"),
    ("classes", [1, 2], "classes must be at least 2 different names"),
    ("labels", [{}], "labels must be 2 tables, one per class"),
    ("labels", ["A", "B"], "labels must be 2 tables, one per class"),
    ("input.std", [1, 0, 1], "input.std must be above 0; got [1.0, 0.0, 1.0]"),
    ("input.std", [1, float("nan"), 1], "expected 3 finite numbers; got [1, nan, 1]"),
    ("input.mean", [1, 2], "expected 3 numbers; got [1, 2]"),
    ("input.mean", 127.5, "expected 3 numbers; got 127.5"),
    ("input.mean", ["x", 1, 1], "could not convert string to float: 'x'"),
    ("input.size", [64], "expected 2 numbers; got [64]"),
    ("input.size", [float("inf"), 64], "expected 2 finite numbers; got [inf, 64]"),
    ("input.resize.size", [0, 64], "a size is 1 to 4096 whole pixels; got [0, 64]"),
    ("input.size", [32, 64], "input.size is (32, 64), resize and crop give (64, 64)"),
    ("input.crop", None, "input.size is (64, 64), resize and crop give (72, 72)"),
    (
        "input.gamma",
        2.2,
        "InputSpec has the keys ['color', 'crop', 'layout', 'mean', 'range', 'resize', '",
    ),
    ("input.resize", 3, "ResizeSpec has the keys ['antialias', 'interpolation', 'rule', 'size']; "),
    ("input.crop.x", 1, "CropSpec has the keys ['rule', 'size']; got {"),
    ("calibration", 7, "calibration has the keys split, n, sha256, temperature, model_temp"),
    ("calibration.beta", 7, "calibration has the keys split, n, sha256, temperature, model_temp"),
    ("calibration.split", ..., "'split' is missing"),
    ("calibration.split", 1, "calibration.split must be a text; got 1"),
    ("calibration.n", -1, "calibration.n must be a whole number from 0 on; got -1"),
    ("calibration.n", True, "calibration.n must be a whole number from 0 on; got True"),
    ("calibration.sha256", None, "calibration.sha256 must be a text; got None"),
    ("calibration.temperature", 0, "calibration.temperature must be 1e-6 to 1e6; got 0"),
    ("calibration.temperature", float("nan"), "temperature must be 1e-6 to 1e6; got nan"),
    ("calibration.temperature", None, "temperature must be 1e-6 to 1e6; got None"),
    ("calibration.model_temperature", 2, "temperature must be 1 where the model divides by its"),
    ("output", "probabilities", "calibration.temperature must be 1 where the model divides by"),
    ("calibration.precision", 98, "calibration.precision must be 0 to 1 or null; got 98"),
    ("calibration.threshold", "x", "calibration.threshold must be 0 to 1 or null; got 'x'"),
    ("calibration.points", 1, "calibration.points must be a list; got 1"),
    ("calibration.points.0.score", None, "calibration.points: 0 <= right <= answered, 1 or more"),
    ("calibration.points.0.right", 128, "calibration.points: 0 <= right <= answered, 1 or more"),
    ("calibration.points.0.answered", ..., "'answered' is missing"),
    ("format", 1, "calibration came with format 2; got it in format 1"),
    ("files", [7], "FileSpec has the keys ['bytes', 'layout', 'name', 'sha256']; got 7"),
]


@pytest.mark.parametrize(("keys", "value", "text"), REFUSED)
def test_refusals(tmp_path, keys, value, text):
    path = tmp_path / "spec.json"
    path.write_text(changed(keys, value))
    with pytest.raises(UserError, match=re.escape(text)) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path} is not a valid spec: ")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (changed("format", 3), "this version reads the spec formats 1 and 2; got 3"),
        (changed("format", True), "this version reads the spec formats 1 and 2; got True"),
        (changed("format", ...), "this version reads the spec formats 1 and 2; got None"),
        ("[]", "this version reads the spec formats 1 and 2; got list"),
        ("{", "is not a readable JSON file: Expecting"),
    ],
)
def test_other_files(tmp_path, source, text):
    path = tmp_path / "spec.json"
    path.write_text(source)
    with pytest.raises(UserError, match=re.escape(text)) as caught:
        load_spec(path)
    assert str(caught.value).startswith(str(path))


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(UserError, match=r"none\.json is missing: a model is read together with"):
        load_spec(tmp_path / "none.json")
    with pytest.raises(UserError, match=r"must be a file, but is a folder"):
        load_spec(tmp_path)
    (tmp_path / "spec.json").write_bytes(b"\xff")
    with pytest.raises(UserError, match="must be text in UTF-8; byte 0 is 0xff"):
        load_spec(tmp_path / "spec.json")


STRANGE = [None, True, 0, -1, 2**80, 1.5, float("nan"), float("-inf"), "", "a", [], [[]], {}, [{}]]


def test_mutated_specs_raise_user_errors_only(tmp_path):
    """600 specs, each with one to three values replaced, deleted or added at random places."""
    rng = random.Random(0)  # noqa: S311 - no secret
    path, refused = tmp_path / "spec.json", 0
    for _ in range(600):
        raw = copy.deepcopy(RAW)
        for _ in range(rng.randint(1, 3)):
            mutate(raw, rng)
        path.write_text(json.dumps(raw))
        try:
            load_spec(path)
        except UserError:
            refused += 1
    assert 300 < refused < 600


def mutate(raw: Any, rng: random.Random) -> None:
    places = [raw]
    for place in places:  # grows while it is walked
        values = place.values() if isinstance(place, dict) else place
        places += [v for v in values if isinstance(v, dict | list) and v]
    place = rng.choice(places)
    key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
    kind = rng.choice(("replace", "replace", "delete", "add"))
    if kind == "replace":
        place[key] = copy.deepcopy(rng.choice(STRANGE))
    elif kind == "delete" and len(place) > 1:
        del place[key]
    elif isinstance(place, dict):
        place["strange"] = copy.deepcopy(rng.choice(STRANGE))
    else:
        place.append(copy.deepcopy(rng.choice(STRANGE)))


def test_an_image_of_unknown_size_needs_a_crop(tmp_path):
    path = spec(CROPPED).save(tmp_path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**raw, "input": {**raw["input"], "crop": None}}))
    with pytest.raises(UserError, match=r"shorter_side needs input\.crop; got none"):
        load_spec(path)
