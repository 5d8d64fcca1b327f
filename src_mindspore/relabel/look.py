"""``--relabel report`` from top to bottom: all photos judged before a run is trained.

Nothing is relabelled and nothing left out: a person looks at the page, and takes the list, or a
part of it, as ``data.exclude`` of another run.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from easydict import EasyDict

from src_mindspore.comparison.folds import groups_of
from src_mindspore.comparison.quiet import quiet
from src_mindspore.dataset import DataSet
from src_mindspore.doctor.duplicates import near_pairs
from src_mindspore.doctor.survey import survey
from src_mindspore.photos.records import Record
from src_mindspore.relabel.answers import Ground, answers_of, name_of
from src_mindspore.relabel.report import KEY, Judged, write_report
from src_mindspore.runs.digest import teacher_digests
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import RELABEL_LIST, RELABEL_PAGE
from src_mindspore.spec.labels import load_labels
from src_mindspore.system.read import read_json
from src_mindspore.system.terminal import shown_name
from src_mindspore.training.data import every_pair, hashes_of
from src_mindspore.training.recipes import Recipe, teachers_of
from src_mindspore.training.teachers import taught_photos

log = logging.getLogger(__name__)

FORMAT = 1  # of what decides a report: another number, and it is made anew
LEFT_OUT = "left out"  # training photos that are like evaluated ones


@dataclass(frozen=True)
class LabelLook:
    """Compares the labels of a run's photos with what its teachers say.

    Attributes:
        teachers: those that are not the same, recipes and run folders.
        digests: of each, what decides its answers.
        labels: a file of display names; None: the folders' own.
        near: whether near-identical photos are judged together, and not only identical ones.
        seed: of the folds, and of training.
        run: where to.
    """

    teachers: tuple[Recipe | Path, ...]
    digests: tuple[str, ...]
    labels: Path | None
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
        names, parts = class_names(self.labels, data.classes), parts_of(data)
        key = self._key(data, parts, names)
        if self._there(key):
            return
        ground = self._ground(data, parts)
        recipes = [teacher for teacher in self.teachers if isinstance(teacher, Recipe)]
        folds = ground.folds() if recipes else None
        answers = answers_of(self.teachers, ground, folds)
        teachers = [name_of(teacher) for teacher in self.teachers]
        write_report(self.run, Judged(data, parts, names, teachers, answers, folds), key)

    def _key(self, data: DataSet, parts: dict[str, Sequence[Record]], names: Sequence[str]) -> str:
        """64 hexadecimal digits; another for other teachers or photos."""
        table = {
            "format": FORMAT,
            "teachers": self.digests,
            "near": self.near,
            "seed": self.seed,
            "classes": data.classes,
            "names": names,
            "range": repr(data.value_range),
            "photos": {
                name: [(r.path, data.digests[r.path], r.label) for r in part]
                for name, part in parts.items()
            },
            "excluded": [(e.path, e.sha256) for e in data.excluded],
        }
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def _there(self, key: str) -> bool:
        """Whether there is nothing to do; a list that somebody has worked on is not replaced."""
        files, place = self.run.files, self.run.path / RELABEL_LIST
        if RELABEL_LIST in files.others([RELABEL_LIST]):
            text = "%s has been edited and stays; labels are not compared again while it is there"
            log.warning(text, place)
            return True
        if all(map(files.wrote, (RELABEL_LIST, RELABEL_PAGE))) and read_json(place).get(KEY) == key:
            log.info("labels were compared with the teachers: %s", self.run.path / RELABEL_PAGE)
            return True
        files.refuse_others([RELABEL_PAGE], "move it away: the report is written there")
        return False

    def _ground(self, data: DataSet, parts: dict[str, Sequence[Record]]) -> Ground:
        """All photos of the run together, and which of them are alike."""
        records = [record for part in parts.values() for record in part]
        records = tuple(sorted(records, key=lambda record: record.path))
        whole = replace(data, splits={"all": records}, known_digests=data.digests)
        pairs = ()
        if self.near:
            found = survey(data.root, records)
            pairs = hashes_of(found, near_pairs(found, every_pair(whole, found)))
        return Ground(whole, groups_of([data.digests[r.path] for r in records], pairs), self.seed)


def parts_of(data: DataSet) -> dict[str, Sequence[Record]]:
    """The splits of a data set, and ``LEFT_OUT`` where there are such photos.

    With these the photos are all that a comparison has, which finds their features in the cache.
    """
    if not data.left_out:
        return dict(data.splits)
    # they were in train/, of which every class has kept a photo
    label_of = {_class_folder(record.path): record.label for record in data.splits["train"]}
    left_out = [Record(path, label_of[_class_folder(path)]) for path in data.left_out]
    return {**data.splits, LEFT_OUT: left_out}


def _class_folder(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parts[:2]


def class_names(labels: Path | None, classes: Sequence[str]) -> list[str]:
    """What each class is called, with its folder where that is another name."""
    texts = [table.get("en") for table in load_labels(labels, classes)]
    return [
        f"{text} ({name})" if text and text != name else name
        for text, name in zip(texts, classes, strict=True)
    ]


def label_look(config: EasyDict, run: RunFolder) -> LabelLook:
    """What ``train`` shows the photos to, so that their labels are compared with the teachers.

    Args:
        config: of ``load_config``, with teachers; see ``asked.check_asked``.
        run: where to.

    Raises:
        UserError: teachers whose weights or settings cannot be used; a run folder that does not say
            which photos it was trained on.
    """
    found: dict[str, Recipe | Path] = {}
    with quiet():  # training says it all again
        teachers = teachers_of(config)
    for teacher, digest in zip(teachers, teacher_digests(config, chosen=False), strict=True):
        if isinstance(teacher, Path):
            taught_photos(teacher)
        if digest in found:
            text = "the same teacher as another, which is no second opinion: %s"
            log.warning(text, shown_name(name_of(teacher)))
        found.setdefault(digest, teacher)
    near = config.data.near_duplicates == "leave_out"
    labels = Path(config.data.labels) if config.data.labels else None
    return LabelLook(tuple(found.values()), tuple(found), labels, near, config.seed, run)
