"""``--relabel report`` from top to bottom: all photos judged before a run is trained, two files.

Nothing is relabelled and nothing left out: a person looks at the page, and takes the list, or a
part of it, as ``data.exclude`` of another run.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from easydict import EasyDict

from src_mindspore.comparison.contenders import teacher_digest
from src_mindspore.comparison.folds import groups_of, remarks
from src_mindspore.comparison.quiet import quiet
from src_mindspore.dataset import DataSet
from src_mindspore.doctor.duplicates import near_pairs
from src_mindspore.doctor.proposed_exclusions import listable
from src_mindspore.doctor.survey import survey
from src_mindspore.photos.exclusions import Exclusion, write_plan
from src_mindspore.relabel.answers import Ground, alone, answers_of, name_of
from src_mindspore.relabel.doubts import Doubt, contradicted
from src_mindspore.relabel.page import LabelReport, Row, write_page
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import COMMAND, RELABEL_LIST, RELABEL_PAGE
from src_mindspore.system.read import read_json
from src_mindspore.system.terminal import shown_name, some
from src_mindspore.training.data import every_pair, hashes_of
from src_mindspore.training.recipes import Recipe, teachers_of
from src_mindspore.training.teachers import taught_photos

log = logging.getLogger(__name__)

FORMAT = 1  # of what decides a report: another number, and it is made anew
KEY = "answers"  # of the list: the SHA-256 of all that decides the report


@dataclass(frozen=True)
class LabelLook:
    """Compares the labels of a run's photos with what its teachers say.

    Attributes:
        teachers: those that are not the same, recipes and run folders.
        digests: of each, what decides its answers.
        near: whether near-identical photos are judged together, and not only identical ones.
        seed: of the folds, and of training.
        run: where to.
    """

    teachers: tuple[Recipe | Path, ...]
    digests: tuple[str, ...]
    near: bool
    seed: int
    run: RunFolder

    def __call__(self, data: DataSet) -> None:
        """Writes the report, unless it is there.

        Args:
            data: the photos of the run, divided.

        Raises:
            UserError: see ``answers.answers_of``; somebody else's page where the page will be.
        """
        key = self._key(data)
        if self._there(key):
            return
        ground = self._ground(data)
        recipes = [teacher for teacher in self.teachers if isinstance(teacher, Recipe)]
        folds = ground.folds() if recipes else None
        answers = answers_of(self.teachers, ground, folds)
        doubts = contradicted(answers, ground.labels)
        notes = self._notes(answers)
        if folds:
            notes += remarks(ground.labels, folds, data.classes)
        for note in notes:
            log.info("%s", note)
        self._write(data, ground, doubts, [*self._scores(answers, ground.labels), *notes], key)

    def _key(self, data: DataSet) -> str:
        """64 hexadecimal digits; another for other teachers or photos."""
        table = {
            "format": FORMAT,
            "teachers": self.digests,
            "near": self.near,
            "seed": self.seed,
            "classes": data.classes,
            "range": repr(data.value_range),
            "photos": {
                split: [(r.path, data.digests[r.path], r.label) for r in records]
                for split, records in data.splits.items()
            },
            "excluded": [(e.path, e.sha256) for e in data.excluded],
        }
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def _there(self, key: str) -> bool:
        """Whether there is nothing to do; a list that somebody has worked on is not replaced."""
        files, place = self.run.files, self.run.path / RELABEL_LIST
        if files.others([RELABEL_LIST]):
            text = "%s has been edited and stays; labels are not compared again while it is there"
            log.warning(text, place)
            return True
        if all(map(files.wrote, (RELABEL_LIST, RELABEL_PAGE))) and read_json(place).get(KEY) == key:
            log.info("labels were compared with the teachers: %s", self.run.path / RELABEL_PAGE)
            return True
        files.refuse_others([RELABEL_PAGE], "move it away: the report is written there")
        return False

    def _ground(self, data: DataSet) -> Ground:
        """All photos of the run together, and which of them are alike."""
        records = data.records("all")
        whole = replace(data, splits={"all": records}, known_digests=data.digests)
        pairs = ()
        if self.near:
            found = survey(data.root, records)
            pairs = hashes_of(found, near_pairs(found, every_pair(whole, found)))
        return Ground(whole, groups_of([data.digests[r.path] for r in records], pairs), self.seed)

    def _scores(self, answers: np.ndarray, labels: np.ndarray) -> list[str]:
        """How each teacher does alone, a line each."""
        lines = []
        for teacher, said in zip(self.teachers, answers, strict=True):
            wrong, asked = alone(said, labels)
            name = shown_name(name_of(teacher))
            lines.append(f"{name} contradicts {wrong:,} of the {asked:,} labels that it judged")
        return lines

    def _notes(self, answers: np.ndarray) -> list[str]:
        """What else people have to know of the answers, a line each."""
        lines, count = [], len(self.teachers)
        if count == 1:
            lines.append("one teacher is one opinion: two or more of other backbones say more")
        asked = (~np.isnan(answers).any(-1)).sum(0)
        if partly := int(((asked > 0) & (asked < count)).sum()):
            lines.append(
                f"{partly:,} photos were judged by some of the teachers: the others were trained "
                f"on them"
            )
        if nobody := int((asked == 0).sum()):
            lines.append(f"{nobody:,} photos were judged by nobody")
        return lines

    def _write(
        self, data: DataSet, ground: Ground, doubts: Sequence[Doubt], lines: list[str], key: str
    ) -> None:
        """The page, then the list: with that the report is there."""
        records, files = ground.whole.records("all"), self.run.files
        split_of = {r.path: name for name, part in data.splits.items() for r in part}
        rows = [
            Row(
                path=(record := records[doubt.place]).path,
                split=split_of[record.path],
                label=data.classes[record.label],
                said=data.classes[doubt.said],
                doubt=doubt,
            )
            for doubt in doubts
        ]
        if unlisted := [row.path for row in rows if not listable(row.path)]:
            lines.append(
                f"not in {RELABEL_LIST}, as their names are no UTF-8, rename them: {some(unlisted)}"
            )
        photos = {name: len(part) for name, part in data.splits.items()}
        names = [name_of(teacher) for teacher in self.teachers]
        report = LabelReport(str(data.root), photos, names, lines, rows)
        with files.path(RELABEL_PAGE) as path:
            write_page(path, report, data, COMMAND)
        listed = [
            Exclusion(row.path, data.digests[row.path], row.reason)
            for row in sorted(rows, key=lambda row: row.path)
            if listable(row.path)
        ]
        with files.path(RELABEL_LIST) as path:
            write_plan(path, [*data.excluded, *listed], COMMAND, {KEY: key})
        log.info(
            "%d of %d labels are contradicted by %s: %s shows the photos, %s lists them for "
            "data.exclude; nothing is relabelled or left out",
            *(len(rows), len(records), "all teachers" if len(names) > 1 else "the teacher"),
            *(self.run.path / RELABEL_PAGE, self.run.path / RELABEL_LIST),
        )


def label_look(config: EasyDict, run: RunFolder) -> LabelLook:
    """What ``train`` shows the photos to, so that their labels are compared with the teachers.

    Args:
        config: of ``load_config``, with teachers; see ``asked.check_asked``.
        run: where to.

    Raises:
        UserError: teachers that cannot be used or trained on folds, see ``teachers_of``; a run
            folder that does not say which photos it was trained on.
    """
    found: dict[str, Recipe | Path] = {}
    with quiet():  # training says it all again
        teachers = teachers_of(config)
    for path, teacher in zip(map(Path, config.distill.teachers), teachers, strict=True):
        if isinstance(teacher, Path):
            taught_photos(teacher)
        digest = teacher_digest(path)
        if digest in found:
            text = "the same teacher as another, which is no second opinion: %s"
            log.warning(text, shown_name(name_of(teacher)))
        found.setdefault(digest, teacher)
    near = config.data.near_duplicates == "leave_out"
    return LabelLook(tuple(found.values()), tuple(found), near, config.seed, run)
