"""A good ``spec.json``, and what breaks it."""

import copy
import json
import random
from typing import Any

STRANGE = [None, True, 0, -1, 2**80, 1.5, float("nan"), float("-inf"), "", "a", [], [[]], {}, [{}]]


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
    ("input.resize.antialias", False, "input.resize.antialias must be true; got False"),
    ("input.resize.antialias", 1, "input.resize.antialias must be true; got 1"),
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
    ("input.std", [1, 0, 1], "input.std must be above 0, and mean and std have float32; got"),
    ("input.std", [1, 1e-39, 1], "127.5], [1.0, 1e-39, 1.0]"),
    ("input.std", [1, 1e-50, 1], "127.5], [1.0, 1e-50, 1.0]"),
    ("input.mean", [1, 1e39, 1], "got [1.0, 1e+39, 1.0], [127.5"),
    ("input.mean", [True, 1, 1], "expected 3 numbers; got [True, 1, 1]"),
    ("input.std", [1, float("nan"), 1], "expected 3 finite numbers; got [1, nan, 1]"),
    ("input.mean", [1, 2], "expected 3 numbers; got [1, 2]"),
    ("input.mean", 127.5, "expected 3 numbers; got 127.5"),
    ("input.mean", ["1", 1, 1], "expected 3 numbers; got ['1', 1, 1]"),
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
    ("input.crop", 0, "CropSpec has the keys ['rule', 'size']; got 0"),
    ("input.resize.size", [60, 72], "input.crop.size must fit into input.resize.size; got (64, 64"),
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
    ("model", [], "model must be a table"),
    ("files", {}, "files must be a list"),
    ("files.0.bytes", -1, "a file has name, bytes and sha256; got {"),
    ("files.0.bytes", 1.0, "a file has name, bytes and sha256; got {"),
    ("files", [7], "FileSpec has the keys ['bytes', 'layout', 'name', 'sha256']; got 7"),
]


def mutate_spec(raw: Any, rng: random.Random) -> None:
    """Replaces, deletes or adds a value at a random place."""
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
