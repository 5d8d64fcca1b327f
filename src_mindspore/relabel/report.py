"""The two files of a report: a page for people, and a list for ``data.exclude``."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src_mindspore.comparison.folds import Folds, remarks
from src_mindspore.dataset import DataSet
from src_mindspore.doctor.proposed_exclusions import listable
from src_mindspore.photos.exclusions import Exclusion, write_plan
from src_mindspore.photos.records import Record
from src_mindspore.relabel.answers import alone
from src_mindspore.relabel.doubts import contradicted
from src_mindspore.relabel.page import LabelReport, Row, write_page
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import COMMAND, RELABEL_LIST, RELABEL_PAGE
from src_mindspore.system.terminal import shown_name, some

log = logging.getLogger(__name__)

KEY = "answers"  # of the list: the SHA-256 of all that decides the report


@dataclass(frozen=True)
class Judged:
    """Photos, and what teachers say of them.

    Attributes:
        data: the photos of the run, divided.
        parts: the same by what they are called in the report.
        names: of the classes, as people read them.
        teachers: their names.
        answers: (teachers, n, classes) of ``answers_of``, of all photos sorted by path.
        folds: of those; None where no teacher was trained for the report.
    """

    data: DataSet
    parts: Mapping[str, Sequence[Record]]
    names: Sequence[str]
    teachers: Sequence[str]
    answers: np.ndarray
    folds: Folds | None

    @property
    def records(self) -> list[Record]:
        """All photos, in the order of the answers."""
        every = (record for part in self.parts.values() for record in part)
        return sorted(every, key=lambda record: record.path)

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64, classes."""
        return np.array([record.label for record in self.records], np.int64)


def write_report(run: RunFolder, judged: Judged, key: str) -> None:
    """Writes the page, then the list, with which the report is there; says so in the log.

    Args:
        run: where to.
        judged: what it is made of.
        key: see ``KEY``.
    """
    data, rows, notes = judged.data, _rows(judged), _notes(judged)
    if unlisted := [row.path for row in rows if not listable(row.path)]:
        notes.append(
            f"not in {RELABEL_LIST}, as their names are no UTF-8, rename them: {some(unlisted)}"
        )
    photos = {name: len(part) for name, part in judged.parts.items()}
    lines = [*_scores(judged), *notes]
    report = LabelReport(str(data.root), photos, judged.teachers, lines, rows)
    with run.files.path(RELABEL_PAGE) as path:
        write_page(path, report, data, COMMAND)
    listed = [
        Exclusion(row.path, data.digests[row.path], row.reason)
        for row in sorted(rows, key=lambda row: row.path)
        if listable(row.path)
    ]
    with run.files.path(RELABEL_LIST) as path:
        write_plan(path, [*data.excluded, *listed], COMMAND, {KEY: key})
    for note in notes:
        log.info("%s", note)
    log.info(
        "%d of %d labels are contradicted by %s: %s shows the photos, %s lists them for "
        "data.exclude; nothing is relabelled or left out",
        *(len(rows), len(judged.labels)),
        "all teachers" if len(judged.teachers) > 1 else "the teacher",
        *(run.path / RELABEL_PAGE, run.path / RELABEL_LIST),
    )


def _rows(judged: Judged) -> list[Row]:
    records = judged.records
    split_of = {record.path: name for name, part in judged.parts.items() for record in part}
    rows = []
    for doubt in contradicted(judged.answers, judged.labels):
        record = records[doubt.place]
        label, said = judged.names[record.label], judged.names[doubt.said]
        rows.append(Row(record.path, split_of[record.path], label, said, doubt))
    return rows


def _scores(judged: Judged) -> list[str]:
    """How each teacher does alone, a line each."""
    lines = []
    for name, said in zip(judged.teachers, judged.answers, strict=True):
        wrong, asked = alone(said, judged.labels)
        name = shown_name(name)
        lines.append(f"{name} contradicts {wrong:,} of the {asked:,} labels that it judged")
    return lines


def _notes(judged: Judged) -> list[str]:
    """What else people have to know of the answers, a line each."""
    lines, count = [], len(judged.teachers)
    if count == 1:
        lines.append("one teacher is one opinion: two or more of other backbones say more")
    asked = (~np.isnan(judged.answers).any(-1)).sum(0)
    if partly := int(((asked > 0) & (asked < count)).sum()):
        lines.append(
            f"{partly:,} photos were judged by some of the teachers: the others were trained on "
            f"them"
        )
    if nobody := int((asked == 0).sum()):
        lines.append(f"{nobody:,} photos were judged by nobody")
    if judged.folds:
        lines += remarks(judged.labels, judged.folds, judged.data.classes)
    return lines
