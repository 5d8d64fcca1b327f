"""Writes ``report.html`` of a finished run: its validation photos, and what they look like."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from src_mindspore.evaluation.metrics import summary
from src_mindspore.evaluation.model import Model, described
from src_mindspore.evaluation.open_checkpoint import classifier_of, open_model
from src_mindspore.evaluation.probabilities import logits_kind, probabilities
from src_mindspore.evaluation.score import score_records
from src_mindspore.network.device import select_device
from src_mindspore.network.onnx_runtime import VERSION
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.report.cards import gallery
from src_mindspore.report.doctor import with_pictures
from src_mindspore.report.embeddings import Network
from src_mindspore.report.finished_run import FinishedRun, read_run
from src_mindspore.report.gallery import Answers
from src_mindspore.report.page import names_of, page
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import MODEL, REPORT
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import write_text
from src_mindspore.training.train import Trained

log = logging.getLogger(__name__)

SAME = 1e-4  # of the loss, relative: engines differ in the last digits


def write_report(
    folder: RunFolder, data: Path | None = None, trained: Trained | None = None
) -> Path:
    """Writes the page of a finished run into its folder.

    Args:
        folder: of the run.
        data: the data folder; None is the run's own.
        trained: what the run has just ended with: nothing of it is computed again.

    Returns:
        Where the page is.

    Raises:
        UserError: no finished run, photos that are not there, or a page that somebody has edited.
        OSError: it cannot be written.
    """
    folder.hold()
    folder.files.refuse_others([REPORT], "move or delete it")  # before the work
    run = read_run(folder.path, data, trained and trained.data)
    text = page_of(run, trained)
    with folder.files.path(REPORT) as path:
        write_text(path, text)
    return folder.path / REPORT


def report_after(
    folder: RunFolder, data: Path | None = None, trained: Trained | None = None
) -> Path | None:
    """``write_report`` behind other work, which it must not spoil: what it lacks is a warning.

    Raises:
        OSError: the page cannot be written, for example for want of room.
    """
    try:
        return write_report(folder, data, trained)
    except UserError as error:
        log.warning("%s was not written: %s", REPORT, error)
        return None


def page_of(run: FinishedRun, trained: Trained | None = None) -> str:
    """The page of a finished run.

    Args:
        run: the run.
        trained: what it has just ended with; None loads the model, and scores the validation
            photos with it.

    Raises:
        UserError: more photos than may be missing cannot be read, or a model that cannot be run.
    """
    if trained:
        reader = trained.reader
        scored, runtime = trained.logits, run.metrics["val"]["model"]["runtime"]
        classifier, device = trained.classifier, trained.device
    else:
        reader = PhotoReader(
            run.data.root,
            sum(map(len, run.data.splits.values())),
            run.data.known_digests,
            value_range=run.spec.input.range,
        )
        model = _logits_model(run)
        scored = score_records(model, reader, run.data.records("val"), "val")
        runtime, device = model.runtime, select_device(run.config.device)
        classifier = classifier_of(run.spec, run.path / MODEL).classifier.set_train(False)
    skipped = set(scored.skipped)
    readable = [record for record in run.data.records("val") if record.path not in skipped]
    calibrated = scored.scores / (run.spec.temperature * run.spec.model_temperature)
    kind = logits_kind(run.spec.activation)
    answers = Answers(readable, probabilities(calibrated, kind), scored.labels)
    network = Network(run, classifier, device, reader, compared=runtime == VERSION)
    found = gallery(run, answers, scored.scores, network, reader)
    doctor = None
    if run.doctor:
        names = dict(zip(run.spec.classes, names_of(run.spec), strict=True))
        paths, spread = list(run.photos.digests), run.spec.input.range
        doctor = with_pictures(run.doctor, found.pictures, run.data.root, paths, names, spread)
    got = summary(calibrated, answers.labels, kind)
    differs = not _same(run.metrics["val"], len(readable), got)
    return page(run, answers, found, doctor, differs)


def _logits_model(run: FinishedRun) -> Model:
    """The run's model, whose scores are its logits whatever it puts out.

    Raises:
        UserError: see ``load_model``.
    """
    file = run.path / MODEL
    entry = described(file, run.spec)
    bare = replace(run.spec, output="logits", calibration=None)
    return Model(file, bare, entry, open_model(file, bare, entry.sha256, None))


def _same(said: Mapping[str, Any], photos: int, got: Mapping[str, float]) -> bool:
    """Whether the figures of metrics.json are those of the photos that are there."""
    near = abs(got["loss"] - said["loss"]) <= SAME * max(1.0, abs(said["loss"]))
    return said["n"] == photos and got["top1"] == said["top1"] and near
