"""Whether exported files say what the checkpoint says: every validation photo, every runtime."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.evaluation.model import Model, load_model
from src_mindspore.evaluation.score import score_photos
from src_mindspore.lite.library import why_not
from src_mindspore.photos.records import Record
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)

# Largest difference of a probability in float32. Measured: below 1e-5 for MINDIR, ONNX and .ms.
MAX_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class Exported:
    """A file to be checked.

    Attributes:
        path: the file; ``spec.json`` lies beside it.
        layout: of its input tensor.
        quant: how its weights are stored, one of ``exporting.QUANTS``; ``none`` is float32.
        made_by: what wrote it, where that is not MindSpore.
        outside: what runs it, if it is none of the runtimes of ``evaluation``.
    """

    path: Path
    layout: str
    quant: str = "none"
    made_by: str | None = None
    outside: "OutsideRuntime | None" = None


@dataclass(frozen=True)
class OutsideRuntime:
    """A runtime that has the photos prepared by its own code.

    Attributes:
        name: in words.
        said: photos -> (n, classes) probabilities; None where it cannot be had.
        reason: why it cannot be.
    """

    name: str
    said: Callable[[Sequence[Path]], np.ndarray] | None
    reason: str | None = None


def check_parity(
    reference: Model,
    files: Sequence[Exported],
    root: Path,
    records: Sequence[Record],
    machines: Sequence[str],
    expected: np.ndarray | None = None,
) -> dict[str, Any]:
    """Scores the checkpoint and every file on every one of ``records``.

    Args:
        reference: the checkpoint.
        files: what was exported.
        root: the data folder.
        records: the photos of the validation split.
        machines: the processors for which ``.ms`` files are run.
        expected: what ``said_of`` gives of the checkpoint, where that is known already.

    Returns:
        What ``parity.json`` holds, but for the limits: ``split``, ``n``, and ``files``, one row for
        the checkpoint and one for each file and runtime: ``name``, ``runtime``, ``quant``,
        ``bytes``, ``sha256``, ``made_by``, ``top1`` (0..1), ``max_difference`` (of a probability
        from the checkpoint's), ``other_labels`` (photos); a file that cannot be run here has
        ``reason`` in place of the last three.
    """
    paths = [root / record.path for record in records]
    labels = np.array([record.label for record in records], np.int64)
    if expected is None:
        expected = said_of(reference, paths)
    file = reference.file
    rows = [
        {
            **{"name": file.name, "quant": "none", "bytes": file.bytes, "sha256": file.sha256},
            "runtime": reference.runtime,
            **_scores(expected, expected, labels),
        }
    ]
    for file in files:
        for machine in machines if file.path.suffix == ".ms" else (None,):
            rows.append(_row(file, machine, expected, paths, labels))
    return {"split": "val", "n": len(records), "files": rows}


def _row(
    file: Exported,
    machine: str | None,
    expected: np.ndarray,
    paths: Sequence[Path],
    labels: np.ndarray,
) -> dict[str, Any]:
    if machine and (reason := why_not(machine)):
        log.warning("%s is not checked: %s", file.path.name, reason)
        return {**_about(file), "runtime": f"MindSpore Lite {machine}", "reason": reason}
    if outside := file.outside:
        about = {**_about(file), "runtime": outside.name}
        if outside.said is None:
            log.warning(
                "%s is not checked with %s: %s", file.path.name, outside.name, outside.reason
            )
            return {**about, "reason": outside.reason}
        return {**about, **_scores(outside.said(paths), expected, labels)}
    model = load_model(file.path, machine)
    scores = _scores(said_of(model, paths), expected, labels)
    return {**_about(file), "runtime": model.runtime, **scores}


def _about(file: Exported) -> dict[str, Any]:
    about = {
        "name": file.path.name,
        "quant": file.quant,
        "bytes": file.path.stat().st_size,
        "sha256": sha256_of(file.path),
    }
    return about | ({"made_by": file.made_by} if file.made_by else {})


def said_of(model: Model, paths: Sequence[Path]) -> np.ndarray:
    """What a model says of photos: (n, classes) probabilities.

    Raises:
        UserError: a photo that cannot be read.
    """
    scores = score_photos(model, paths, f"photos with {model.path.name}, {model.runtime}")
    return model.probabilities(scores)


def _scores(got: np.ndarray, expected: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    said = got.argmax(1)
    return {
        "top1": float((said == labels).mean()),
        "max_difference": float(np.abs(got - expected).max()),
        "other_labels": int((said != expected.argmax(1)).sum()),
    }


def refuse_disagreement(report: dict[str, Any], max_drop: float) -> None:
    """Raises UserError for a file that must not be shipped.

    Args:
        report: of ``check_parity``.
        max_drop: points of top-1 that a quantised file may lose.
    """
    checkpoint, *files = report["files"]
    for row in files:
        which = f"{row['name']} ({row['runtime']})"
        if row["quant"] == "none":
            if row.get("max_difference", 0) > MAX_DIFFERENCE or row.get("other_labels", 0):
                raise UserError(
                    f"{which} disagrees with the checkpoint: probabilities differ by up to "
                    f"{row['max_difference']:.1e} (limit {MAX_DIFFERENCE:.0e}), "
                    f"{row['other_labels']} of {report['n']} photos get another label; nothing was "
                    f"exported"
                )
        elif "reason" in row:
            if any("top1" in other and other["sha256"] == row["sha256"] for other in files):
                continue  # another runtime has scored this file
            raise UserError(
                f"{row['name']} must be scored before it is exported, and cannot be run here; "
                f"nothing was exported. {row['reason']}"
            )
        else:
            drop = 100 * (checkpoint["top1"] - row["top1"])
            if drop > max_drop + 1e-9:  # the scores are shares of n photos, in floats
                raise UserError(
                    f"{which} has top-1 {row['top1']:.2%}, the checkpoint {checkpoint['top1']:.2%} "
                    f"(n={report['n']}): a loss of {drop:.2f} points, and {max_drop:g} are allowed "
                    f"(--max-drop); nothing was exported"
                )


def parity_table(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    names = max(len(row["name"]) for row in report["files"])
    runtimes = max(len(row["runtime"]) for row in report["files"])
    lines = [
        f"{'file':{names}}  {'runtime':{runtimes}}  {'MB':>5}   top-1  "
        f"difference  other labels ({report['split']}, n={report['n']})"
    ]
    for row in report["files"]:
        start = f"{row['name']:{names}}  {row['runtime']:{runtimes}}  {row['bytes'] / 1e6:5.2f}"
        if "reason" in row:
            lines.append(f"{start}  not checked: {row['reason']}")
            continue
        others = f"{row['max_difference']:10.1e}  {row['other_labels']:12d}"
        top1 = "     -" if row["top1"] is None else f"{row['top1']:6.2%}"
        lines.append(f"{start}  {top1}  {others}")
    return "\n".join(lines)
