"""The ``calibration`` table of ``spec.json``: how scores become probabilities, and which count."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class OperatingPoint:
    """What an abstaining model did on the photos it was calibrated with.

    ``answered`` of them had a score of at least ``score`` (0..1); of those ``right`` were right.
    """

    score: float
    answered: int
    right: int


@dataclass(frozen=True)
class CalibrationSpec:
    """Fitted on the validation photos of a run, once; it never changes which class is best.

    Logits are divided by a temperature before softmax or sigmoid. Whoever makes probabilities of
    the model's outputs divides by ``temperature``; by ``model_temperature`` the network divides
    itself, and an exported file has it in its graph. One of the two is always 1, so nothing is
    divided twice; where the output is probabilities, ``temperature`` is.

    An answer whose score is below ``threshold`` (0..1) is not to be relied on: the model abstains.
    It was chosen for the wanted ``precision`` (0..1); without one, or where none reaches it, it is
    None and every answer counts.

    ``split`` and ``n`` are the photos, ``sha256`` the checkpoint that scored them. ``points`` are
    thresholds for other precisions: scores rise, and with them the share that is right.
    """

    split: str
    n: int
    sha256: str
    temperature: float = 1.0
    model_temperature: float = 1.0
    precision: float | None = None
    threshold: float | None = None
    points: tuple[OperatingPoint, ...] = ()

    def folded(self) -> "CalibrationSpec":
        """The same for a network that divides by the temperature itself."""
        both = self.temperature * self.model_temperature  # one of them is 1
        return replace(self, temperature=1.0, model_temperature=both)

    def threshold_for(self, precision: float) -> float | None:
        """The smallest known threshold with a share of right answers of at least ``precision``."""
        for point in self.points:
            if point.right >= precision * point.answered - 1e-9:
                return point.score
        return None


def parse_calibration(raw: Any, output: str) -> CalibrationSpec | None:
    """Reads and checks the table; ``None`` stays what it is.

    Args:
        raw: from JSON.
        output: of the model, ``logits`` or ``probabilities``.

    Raises:
        KeyError: a key is missing.
        ValueError: an unknown key or a value outside its rule.
    """
    if raw is None:
        return None
    table = _table(CalibrationSpec, raw, "calibration")
    points = table.get("points", [])
    if not isinstance(points, list):
        raise ValueError(f"calibration.points must be a list; got {points!r}")
    spec = CalibrationSpec(
        split=_text(table["split"], "split"),
        n=_count(table["n"], "n"),
        sha256=_text(table["sha256"], "sha256"),
        temperature=_positive(table.get("temperature", 1.0), "temperature"),
        model_temperature=_positive(table.get("model_temperature", 1.0), "model_temperature"),
        precision=_share(table.get("precision"), "precision"),
        threshold=_share(table.get("threshold"), "threshold"),
        points=tuple(_point(point) for point in points),
    )
    if spec.temperature != 1 and (output == "probabilities" or spec.model_temperature != 1):
        raise ValueError(
            f"calibration.temperature must be 1 where the model divides by its own or puts out "
            f"probabilities; got {spec.temperature:g}"
        )
    return spec


def _table(kind: type, raw: Any, path: str) -> Mapping[str, Any]:
    known = [field.name for field in fields(kind)]
    if not isinstance(raw, dict) or set(raw) - set(known):
        raise ValueError(f"{path} has the keys {', '.join(known)}; got {raw!r}")
    return raw


def _point(raw: Any) -> OperatingPoint:
    table = _table(OperatingPoint, raw, "calibration.points")
    score = _share(table["score"], "points.score")
    answered = _count(table["answered"], "points.answered")
    right = _count(table["right"], "points.right")
    if score is None or right > answered or answered < 1:
        raise ValueError(f"calibration.points: 0 <= right <= answered, 1 or more; got {raw!r}")
    return OperatingPoint(score, answered, right)


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"calibration.{key} must be a text; got {value!r}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _positive(value: Any, key: str) -> float:
    # beyond 1e6 or its inverse a float32 division says nothing any more
    if not _is_number(value) or not 1e-6 <= value <= 1e6:
        raise ValueError(f"calibration.{key} must be 1e-6 to 1e6; got {value!r}")
    return float(value)


def _share(value: Any, key: str) -> float | None:
    if value is not None and (not _is_number(value) or not 0 <= value <= 1):
        raise ValueError(f"calibration.{key} must be 0 to 1 or null; got {value!r}")
    return None if value is None else float(value)


def _count(value: Any, key: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"calibration.{key} must be a whole number from 0 on; got {value!r}")
    return value
