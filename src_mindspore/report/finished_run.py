"""What a finished run left, read for its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.dataset import DataSet
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.photos.records import Record
from src_mindspore.photos.scored import scored_records
from src_mindspore.report.doctor import Findings, read_findings
from src_mindspore.report.exports import exported_files
from src_mindspore.runs.names import DOCTOR, LOG, METRICS, SPLITS_FILE
from src_mindspore.runs.read import data_folder, load_run, read_metrics
from src_mindspore.runs.splits import read_splits
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import MAX_JSON, parse_json, read_text


@dataclass(frozen=True)
class FinishedRun:
    """A run whose training has ended.

    Attributes:
        path: its folder.
        config: as it was trained, with every place where it is now.
        spec: of its model.
        metrics: what ``metrics.json`` holds.
        lines: of ``log.jsonl``.
        photos: which photo was in which split.
        data: the training and validation photos that are there, in the order of training.
        parity: what ``exports.exported_files`` gives.
        doctor: what was found of the photos before training; None in runs of earlier versions.
    """

    path: Path
    config: EasyDict
    spec: ModelSpec
    metrics: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    photos: RunPhotos
    data: DataSet
    parity: Mapping[str, Any] | None
    doctor: Findings | None


def read_run(path: Path, data: Path | None = None, known: DataSet | None = None) -> FinishedRun:
    """Reads a run folder, and finds its photos.

    Args:
        path: the run folder.
        data: the data folder; None is the run's own.
        known: its photos, where they have just been trained on; None looks for them.

    Raises:
        UserError: no finished run, a file that is damaged, or photos that are not there.
    """
    config, spec = load_run(path)
    metrics, photos = read_metrics(path), read_splits(path / SPLITS_FILE)
    if missing := sorted({"calibration", "seconds", "stages"} - metrics.keys()):
        raise UserError(
            f"{path / METRICS} was written by an earlier version; it has no {', '.join(missing)}"
        )
    found = known or _data(data_folder(path, data), spec, photos)
    parity = exported_files(path, spec)
    doctor = read_findings(path / DOCTOR)
    lines = _lines(path / LOG)
    return FinishedRun(path, config, spec, metrics, lines, photos, found, parity, doctor)


def _data(root: Path, spec: ModelSpec, photos: RunPhotos) -> DataSet:
    """The training and validation photos that are there."""
    splits = {split: _records(root, spec, split, photos) for split in ("train", "val")}
    known = photos.digests
    paths = [record.path for records in splits.values() for record in records]
    digests = {p: known[p] for p in paths} if all(p in known for p in paths) else None
    return DataSet(
        root.resolve(),  # the page may be read anywhere
        tuple(spec.classes),
        splits,
        known_digests=digests,
        value_range=spec.input.range,
    )


def _records(root: Path, spec: ModelSpec, split: str, photos: RunPhotos) -> tuple[Record, ...]:
    """Those of a split, as training had them; photos that were renamed come by their new name."""
    found = {r.path: r for r in scored_records(root, spec.classes, split, photos)}
    wanted = photos.splits.get(split, ())
    if all(path in found for path in wanted):
        return tuple(found[path] for path in wanted)
    left_out = set(photos.left_out)
    return tuple(record for path, record in found.items() if path not in left_out)


def _lines(path: Path) -> list[dict[str, Any]]:
    text = read_text(path, MAX_JSON)
    lines = [parse_json(line, str(path)) for line in text.splitlines()]
    if not lines or not all(isinstance(line, dict) and "val_top1" in line for line in lines):
        raise UserError(f"{path} is damaged: it must have a line for each epoch")
    return lines
