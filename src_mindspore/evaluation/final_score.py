"""The last step of a run: its best weights calibrated, and scored as ``evaluate.py`` does."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.evaluation.calibration import CalibrationOptions, calibrate
from src_mindspore.evaluation.model import Model
from src_mindspore.evaluation.open_checkpoint import logits_runner
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.evaluation.score import Scored, figures, score_records
from src_mindspore.network.classifier import Classifier
from src_mindspore.photos.identity import identity_of_split
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.spec.model import FileSpec, ModelSpec

log = logging.getLogger(__name__)

SPLIT = "val"


def score_run(
    classifier: Classifier,
    spec: ModelSpec,
    weights: Path,
    device: str,
    records: Sequence[Record],
    reader: PhotoReader,
    wanted: CalibrationOptions,
) -> tuple[ModelSpec, dict[str, Any], Scored]:
    """Calibrates a classifier on the validation photos and scores it on them.

    Args:
        classifier: with its best weights.
        spec: what it is, without a calibration.
        weights: the file that holds them.
        device: the selected one.
        records: the validation photos.
        reader: opens them.
        wanted: what to fit.

    Returns:
        The spec with its calibration; ``val`` (see ``score.figures``) and ``calibration`` (see
        ``calibration.calibrate``) of ``metrics.json``; the logits, without the temperature.
    """
    file = FileSpec.of(weights)
    # logits, also of a model that puts out probabilities, which are rounded near 0 and 1
    bare = replace(spec, output="logits")
    runner = logits_runner(classifier.set_train(False), bare, file.sha256, device)
    model = Model(weights, bare, file, runner)
    logits = scored = score_records(model, reader, records, SPLIT)
    calibration, report = calibrate(
        scored.scores, scored.labels, model.loss, wanted, split=SPLIT, sha256=file.sha256
    )
    for reason in (report["reason"], (report["threshold"] or {}).get("reason")):
        if reason:
            log.warning("calibration: %s", reason)
    if report["bounded"]:
        log.warning(
            "calibration: the temperature is the end of its range, %g: %s",
            *(calibration.temperature, "all photos are right, or the scores tell little"),
        )
    if spec.output == "probabilities":
        # as the model will put them out: in float32, where the smallest are 0
        shown = probabilities(scored.scores / calibration.temperature, model.loss)
        scored = replace(scored, scores=shown.astype(np.float32))
        calibration = calibration.folded()
    spec = replace(spec, calibration=calibration)
    seen = identity_of_split(SPLIT, len(scored.labels))
    final = figures(replace(model, spec=spec), scored, seen)
    return spec, {SPLIT: final, "calibration": report}, logits


def stage_scores(lines: list[dict[str, Any]], stages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The best epoch of each stage, chosen by its score on the very photos it is stated for.

    Only the best of all stages is kept as a file, ``model.ckpt``.

    Args:
        lines: entries of ``log.jsonl``.
        stages: their names.

    Returns:
        By stage ``epoch``, ``of_epochs``, ``val_top1``, ``val_loss`` and ``val_n`` of the log,
        ``split`` and ``selected_on``; a stage without an epoch is left out.
    """
    found = {}
    for name in stages:
        scored = [line for line in lines if line["stage"] == name]
        if scored:
            best = max(scored, key=lambda line: (line["val_top1"], -line["val_loss"]))
            kept = {key: best[key] for key in ("epoch", "val_top1", "val_loss", "val_n")}
            about = {"split": SPLIT, "selected_on": SPLIT, "of_epochs": len(scored)}
            found[name] = kept | about
    return found
