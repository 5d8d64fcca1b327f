"""Device files of an average of runs: one network, one description, one set of checks.

The members are averaged as probabilities, after the temperature of each. The average has none of
its own; its threshold for abstaining is chosen anew on the validation photos, which are the same
for all members, or there is none.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.evaluation.calibration import CalibrationOptions, calibrate
from src_mindspore.evaluation.model import Model
from src_mindspore.evaluation.score import Scored, figures
from src_mindspore.export.combine import (
    averaged,
    combined,
    ensemble_file,
    ensemble_spec,
    own_models,
)
from src_mindspore.export.device_files import Source, write_checked
from src_mindspore.export.member_photos import SPLIT, united, why_no_score
from src_mindspore.export.members import Member
from src_mindspore.export.parity import said_of
from src_mindspore.export.photos import Photos
from src_mindspore.export.wanted import Wanted
from src_mindspore.photos.identity import identity
from src_mindspore.runs.names import METRICS, SPLITS_FILE
from src_mindspore.runs.read import read_metrics
from src_mindspore.runs.splits import splits_table
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.write import sha256_of, write_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnsembleReport:
    """What an export of an average found.

    Attributes:
        parity: see ``device_files.export_run``.
        metrics: what ``metrics.json`` holds: ``val`` (see ``score.figures``), ``members`` (their
            own scores on the same photos) and ``calibration``; None where no score can be stated.
    """

    parity: dict[str, Any]
    metrics: dict[str, Any] | None


def export_ensemble(
    members: Sequence[Member], wanted: Wanted, out: Path | None, data: Path | None = None
) -> EnsembleReport:
    """Exports the average of finished runs.

    Args:
        members: of ``load_members``; classes, display names and photos are those of the first.
        wanted: the files and their checks.
        out: the folder to write, new or from an earlier export; may be None where ``wanted.web`` is
            the folder.
        data: the data folder whose validation photos are compared; None is that of the first run.

    Raises:
        UserError: see ``device_files.export_run``.
    """
    reason, known = why_no_score(members), united(members)
    own = [*([METRICS] if reason is None else []), *([SPLITS_FILE] if known else [])]
    folder = wanted.folder(out or Path(), own)
    spec = wanted.labelled(ensemble_spec(members))
    first, calibrates = members[0], "int8" in wanted.quants
    photos = Photos.of_run(first.run, data or first.data, spec, calibrates)
    _say(members, spec, reason)
    with folder.filled() as temporary:
        models = own_models(members, len(photos.validation))
        reference = averaged(models, spec, ensemble_file(members))
        expected = said_of(reference, photos.validation_paths)
        about = {"members": [str(member.run) for member in members]}
        if effect := _effect_of_resize(models, spec, expected, photos.validation_paths):
            about["resized"] = effect
        metrics = None
        if reason is None:
            seen = identity(known, map(sha256_of, photos.validation_paths))
            spec, metrics = _scored(members, reference, expected, photos, seen)
            write_json(temporary / METRICS, metrics)
        if known:
            write_json(temporary / SPLITS_FILE, splits_table(known))
        # after the reference has run: the average takes other networks of the same weights
        source = Source(combined(members), reference, photos, expected, reason)
        parity = write_checked(source, spec, temporary, wanted, about)
    return EnsembleReport(parity, metrics)


def _say(members: Sequence[Member], spec: ModelSpec, reason: str | None) -> None:
    """What is averaged, and what of it is worth knowing before."""
    for index, member in enumerate(members, start=1):
        name = member.spec.model["backbone"].get("name", "network")
        size = member.spec.input.size[0]
        how = f", made smaller from {spec.input.size[0]}" * (
            member.spec.input.size != spec.input.size
        )
        log.info(
            "member %d of %d: %s, %d pixels%s, temperature %.3f, %s",
            *(index, len(members), name, size, how),
            *(member.spec.temperature * member.spec.model_temperature, member.run),
        )
    if reason:
        log.warning(
            "no score of the average can be stated, and no threshold is chosen: %s; the files are "
            "compared with the checkpoints on the validation photos of %s",
            *(reason, members[0].run),
        )


def _scored(
    members: Sequence[Member],
    reference: Model,
    probabilities: np.ndarray,
    photos: Photos,
    seen: dict[str, Any],
) -> tuple[ModelSpec, dict[str, Any]]:
    """The description with a threshold, and what ``metrics.json`` holds."""
    labels = np.array([record.label for record in photos.validation], np.int64)
    calibrations = [m.spec.calibration for m in members if m.spec.calibration]
    precisions = [c.precision for c in calibrations if c.precision is not None]
    wanted = CalibrationOptions(temperature=False, precision=precisions[0] if precisions else None)
    calibration, report = calibrate(
        probabilities, labels, reference.loss, wanted, SPLIT, reference.file.sha256
    )
    report["reason"] = "the temperature of each member is in the average; it has none of its own"
    if why := (report["threshold"] or {}).get("reason"):
        log.warning("calibration: %s", why)
    elif report["threshold"]:
        log.info(
            "threshold: chosen for the average, for a precision of %g as %s has it",
            *(wanted.precision, next(m.run for m in members if _wants(m))),
        )
    spec = replace(reference.spec, calibration=calibration)
    scored = Scored(SPLIT, probabilities, labels)
    rows = [
        {
            "backbone": member.spec.model["backbone"],
            SPLIT: {
                k: read_metrics(member.run)[SPLIT].get(k) for k in ("n", "top1", "top5", "loss")
            },
        }
        for member in members
    ]
    final = figures(replace(reference, spec=spec), scored, seen)
    return spec, {SPLIT: final, "members": rows, "calibration": report}


def _wants(member: Member) -> bool:
    return bool(member.spec.calibration and member.spec.calibration.precision is not None)


def _effect_of_resize(
    models: Sequence[Model], spec: ModelSpec, expected: np.ndarray, paths: Sequence[Path]
) -> dict[str, Any] | None:
    """How far the average is from that of members which are given their own photos.

    None where all have one size. A photo that was made smaller twice, once to the largest size and
    once in the network, is not quite the photo that a member was trained on.
    """
    if all(model.spec.input.size == spec.input.size for model in models):
        return None
    own = np.mean([said_of(model, paths) for model in models], axis=0)
    effect = {
        "max_difference": float(np.abs(own - expected).max()),
        "other_labels": int((own.argmax(1) != expected.argmax(1)).sum()),
    }
    log.info(
        "members of a smaller size see photos made smaller in the network: against photos of their "
        "own the average's probabilities differ by up to %.3f, and %d of %d photos get another "
        "label",
        *(effect["max_difference"], effect["other_labels"], len(paths)),
    )
    return effect
