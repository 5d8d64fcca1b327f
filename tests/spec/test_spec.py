"""spec.json: what is written is read back, and everything else is refused in words."""

import copy
import json
import random
import re
from dataclasses import replace

import pytest
from broken_specs import RAW, REFUSED, changed, mutate_spec

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


def test_mutated_specs_raise_user_errors_only(tmp_path):
    """600 specs, each with one to three values replaced, deleted or added at random places."""
    rng = random.Random(0)  # noqa: S311 - no secret
    path, refused = tmp_path / "spec.json", 0
    for _ in range(600):
        raw = copy.deepcopy(RAW)
        for _ in range(rng.randint(1, 3)):
            mutate_spec(raw, rng)
        path.write_text(json.dumps(raw))
        try:
            load_spec(path)
        except UserError:
            refused += 1
    assert 300 < refused < 600


def test_an_image_of_unknown_size_needs_a_crop(tmp_path):
    path = spec(CROPPED).save(tmp_path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**raw, "input": {**raw["input"], "crop": None}}))
    with pytest.raises(UserError, match=r"shorter_side needs input\.crop; got none"):
        load_spec(path)
