"""Reading and checking a `spec.json`, from wherever it comes."""

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from src_mindspore.spec.calibration import parse_calibration
from src_mindspore.spec.input import (
    INTERPOLATIONS,
    LAYOUTS,
    RESIZE_RULES,
    CropSpec,
    InputSpec,
    ResizeSpec,
    ValueRange,
)
from src_mindspore.spec.model import OUTPUTS, SPEC_FORMAT, FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import NO_TEXT, brief, is_file_name, read_json

READABLE = (1, SPEC_FORMAT)
MAX_BYTES = 16 << 20  # of the file; this and the next as in deploy/cpp/src/spec.cc
MAX_SIDE = 4096  # pixels


def load_spec(path: Path) -> ModelSpec:
    """Reads and checks a ``spec.json``.

    Raises:
        UserError: no such file, not JSON, another format version, or a value outside its rule;
            the text names the file and the value.
    """
    if not os.path.lexists(path):
        raise UserError(f"{path} is missing: a model is read together with its spec.json")
    raw = read_json(path, MAX_BYTES)
    number = raw.get("format") if isinstance(raw, dict) else None
    if type(number) is not int or number not in READABLE:
        accepted = " and ".join(map(str, READABLE))
        got = brief(number) if isinstance(raw, dict) else type(raw).__name__
        raise UserError(f"{path}: this version reads the spec formats {accepted}; got {got}")
    try:
        spec = _parse(raw)
    except KeyError as error:
        raise UserError(f"{path} is not a valid spec: {error} is missing") from None
    except (OverflowError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a valid spec: {error}") from None
    return spec


def _parse(raw: Mapping[str, Any]) -> ModelSpec:
    image = _only(InputSpec, raw["input"])
    resize = _only(ResizeSpec, image["resize"])
    crop = None if image.get("crop") is None else _only(CropSpec, image["crop"])
    spec = ModelSpec(
        classes=tuple(raw["classes"]),
        labels=tuple(raw["labels"]),
        input=InputSpec(
            **{
                **image,
                "size": _sizes(image["size"]),
                "mean": _numbers(image["mean"], 3),
                "std": _numbers(image["std"], 3),
                "resize": ResizeSpec(**{**resize, "size": _sizes(resize["size"])}),
                "crop": CropSpec(**{**crop, "size": _sizes(crop["size"])}) if crop else None,
                "range": _range(image.get("range")),
            }
        ),
        output=raw["output"],
        model=_of_type(dict, raw, "model"),
        files=tuple(_file(f) for f in _of_type(list, raw, "files")),
        calibration=parse_calibration(raw.get("calibration"), raw["output"]),
    )
    if raw["format"] == 1 and "calibration" in raw:
        raise ValueError("calibration came with format 2; got it in format 1")
    for value, accepted, key in (
        (spec.input.color, ("RGB",), "input.color"),
        (spec.input.layout, LAYOUTS, "input.layout"),
        (spec.input.resize.rule, RESIZE_RULES, "input.resize.rule"),
        (spec.input.resize.interpolation, INTERPOLATIONS, "input.resize.interpolation"),
        (spec.input.crop.rule if spec.input.crop else "center", ("center",), "input.crop.rule"),
        (spec.output, OUTPUTS, "output"),
    ):
        if value not in accepted:
            raise ValueError(f"{key} must be one of {list(accepted)}; got {brief(value)}")
    if spec.input.resize.antialias is not True:
        got = brief(spec.input.resize.antialias)
        raise ValueError(f"input.resize.antialias must be true; got {got}")
    named = isinstance(raw["classes"], list) and all(isinstance(c, str) for c in spec.classes)
    if not named or len(spec.classes) < 2 or len(set(spec.classes)) != len(spec.classes):
        raise ValueError("classes must be at least 2 different names")
    if bad := [name for name in spec.classes if not is_file_name(name)]:
        raise ValueError(f"classes are names of folders; got {brief(bad)}")
    if len(spec.labels) != len(spec.classes) or not all(isinstance(x, dict) for x in spec.labels):
        raise ValueError(f"labels must be {len(spec.classes)} tables, one per class")
    for label in spec.labels:
        _check_label(label)
    _check_pixels(spec.input)
    return spec


def _check_pixels(image: InputSpec) -> None:
    """What is left of the input, value beside value."""
    try:
        good = all(s > 0 and _float32(1 / s) for s in map(_float32, image.std))
        good = good and [_float32(m) for m in image.mean]
    except OverflowError:
        good = False
    if not good:
        raise ValueError(
            f"input.std must be above 0, and mean and std have float32; "
            f"got {list(image.mean)}, {list(image.std)}"
        )
    shorter = image.resize.rule == "shorter_side"
    if shorter and not image.crop:
        raise ValueError("input.resize.rule shorter_side needs input.crop; got none")
    height, width = image.resize.size
    final = image.crop.size if image.crop else image.resize.size
    if final[0] > height or final[1] > (height if shorter else width):
        raise ValueError(f"input.crop.size must fit into input.resize.size; got {final}")
    if final != image.size:
        raise ValueError(f"input.size is {image.size}, resize and crop give {final}")


def _float32(value: float) -> float:
    """The nearest number of float32; raises OverflowError where there is none."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def _of_type(kind: type, raw: Mapping[str, Any], key: str) -> Any:
    if not isinstance(raw[key], kind):
        raise ValueError(f"{key} must be a {'table' if kind is dict else kind.__name__}")
    return raw[key]


def _file(raw: Any) -> FileSpec:
    file = FileSpec(**_only(FileSpec, raw))
    if (
        not is_file_name(file.name)
        or not isinstance(file.sha256, str)
        or type(file.bytes) is not int
        or file.bytes < 0
    ):
        raise ValueError(f"a file has name, bytes and sha256; got {brief(raw)}")
    if file.layout not in LAYOUTS:
        raise ValueError(f"layout of a file must be one of {list(LAYOUTS)}; got {brief(raw)}")
    return file


def _check_label(label: Mapping[str, Any], inner: bool = False) -> None:
    for key, value in label.items():
        if key == "group" and isinstance(value, dict) and not inner:
            _check_label(value, inner=True)
        elif not isinstance(value, str) or not NO_TEXT.isdisjoint(value):
            raise ValueError(f"labels are texts, and groups tables of texts; got {brief(label)}")


def _only(kind: type, raw: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name for f in fields(kind)}
    if not isinstance(raw, dict) or set(raw) - known:
        raise ValueError(f"{kind.__name__} has the keys {sorted(known)}; got {brief(raw)}")
    return dict(raw)


def _range(raw: Any) -> ValueRange | None:
    if raw is None:
        return None
    table = _only(ValueRange, raw)
    low, high = _numbers([table["low"], table["high"]], 2)
    if not low < high:
        raise ValueError(f"input.range must have low below high; got {brief(raw)}")
    return ValueRange(low, high)


def _numbers(values: Any, count: int) -> tuple[Any, ...]:
    if not isinstance(values, list) or len(values) != count:
        raise ValueError(f"expected {count} numbers; got {brief(values)}")
    if not all(type(v) in (int, float) for v in values):
        raise ValueError(f"expected {count} numbers; got {brief(values)}")
    numbers = tuple(float(v) for v in values)
    if not all(math.isfinite(n) for n in numbers):
        raise ValueError(f"expected {count} finite numbers; got {brief(values)}")
    return numbers


def _sizes(values: Any) -> tuple[Any, ...]:
    sizes = tuple(int(v) for v in _numbers(values, 2))
    if min(sizes) < 1 or max(sizes) > MAX_SIDE or list(sizes) != values:
        raise ValueError(f"a size is 1 to {MAX_SIDE} whole pixels; got {brief(values)}")
    return sizes
