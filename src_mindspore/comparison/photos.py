"""The photos of a comparison: which there are, which are alike, and who scores which of them."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src_mindspore.comparison.folds import NEVER, Folds, draw_folds, groups_of, remarks
from src_mindspore.dataset import DataSet, list_data_set
from src_mindspore.doctor.duplicates import near_pairs
from src_mindspore.doctor.survey import Survey
from src_mindspore.photos.exclusions import excluded_of
from src_mindspore.photos.records import Record
from src_mindspore.photos.scored import scored_records
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.training.data import NAMED_BY_DIVIDE, every_pair, examined, hashes_of
from src_mindspore.training.part import CHOOSE, SCORED, TRAIN

log = logging.getLogger(__name__)

KEPT_OUT = "test"  # a split of the data folder that no comparison looks at
CHOOSING = 5  # of the training photos one in so many is held out where an epoch is chosen
# One file with two labels: both are scored where neither was learnt from.
DECIDED = ("identical_labels",)
# What is about the splits of the folder, which are taken together, and copies, which folds part.
UNSAID = (*NAMED_BY_DIVIDE, "unscored_class", "identical_copies", "near_copies")


@dataclass(frozen=True)
class Photos:
    """The photos that are trained on and scored.

    Attributes:
        whole: all of them, not divided.
        groups: (n,) which are alike, in the order of ``whole.records("all")``.
        folds: who scores which.
        remarks: what people have to know of them.
    """

    whole: DataSet
    groups: np.ndarray
    folds: Folds
    remarks: tuple[str, ...]

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64, classes."""
        return np.array([record.label for record in self.whole.records("all")], np.int64)

    @property
    def scored(self) -> np.ndarray:
        """Places of the photos that are scored, rising."""
        return np.flatnonzero(self.folds.of_photo != NEVER)

    def parts(self, fold: int, choosing: bool, seed: int) -> dict[str, np.ndarray]:
        """Places of the photos of each part of a fold, see ``training.part``.

        Those to choose an epoch by are a part of those that would be trained on, of whole groups,
        stratified; no class is without a photo to learn from.

        Args:
            fold: its number.
            choosing: whether there are photos to choose an epoch by.
            seed: of the draw.

        Raises:
            UserError: too few photos to choose by.
        """
        trained, tried = self.folds.trained(fold), self.folds.scored(fold)
        if not choosing:
            return {TRAIN: trained, SCORED: tried}
        try:
            inner = draw_folds(self.labels[trained], self.groups[trained], CHOOSING, seed)
        except UserError as error:
            raise UserError(
                f"too few photos to choose an epoch by (--epoch chosen): one of {CHOOSING} parts "
                f"of the {len(trained)} training photos of fold {fold + 1} would be held out for "
                f"it, and {error}; --epoch last needs none"
            ) from None
        return {
            TRAIN: trained[inner.trained(0)],
            CHOOSE: trained[inner.scored(0)],
            SCORED: tried,
        }

    def told(self, places: Sequence[int]) -> list[tuple[str, int]]:
        """SHA-256 and class of photos."""
        records, digests = self.whole.records("all"), self.whole.digests
        return [(digests[records[i].path], records[i].label) for i in places]


def divided(
    root: Path, data: Mapping[str, object], folds: int, seed: int, test: Path | None = None
) -> Photos:
    """The photos of a folder, divided for cross-validation, or tried on another folder's.

    Splits of the folder count as one set, but for ``test``, which is kept out.

    Args:
        root: the data folder.
        data: that section of the config: ``classes``, ``exclude`` and ``near_duplicates``.
        folds: their number; one without ``test`` is not possible.
        seed: of the draw.
        test: a folder whose photos are scored, by models trained on all of ``root`` that is not
            like them; None divides ``root`` into folds.

    Raises:
        UserError: photos or folders that cannot be used, see ``training.data`` and ``draw_folds``.
    """
    exclude = data["exclude"]
    excluded = excluded_of(exclude, root)
    listed, said = _without_test(list_data_set(root, data["classes"], excluded))
    near = data["near_duplicates"] == "leave_out"
    if not near:
        said.append("near-identical photos may be on both sides (data.near_duplicates: keep)")
    if test is None:
        blocks = every_pair if near else None
        seen = examined(listed, exclude, excluded, blocks, DECIDED, UNSAID)
        whole = seen.data
        records = whole.records("all")
        whole = replace(whole, splits={"all": records})
        digests = [whole.digests[record.path] for record in records]
        groups = groups_of(digests, hashes_of(seen.survey, seen.pairs))
        labels = np.array([record.label for record in records], np.int64)
        drawn = draw_folds(labels, groups, folds, seed)
        said += _alike(groups) + remarks(labels, drawn, whole.classes)
        return Photos(whole, groups, drawn, tuple(said))
    own = examined(listed, exclude, excluded, None, DECIDED, UNSAID)
    classes = own.data.classes
    tried = DataSet(test, classes, {"test": tuple(scored_records(test, classes, "all"))})
    theirs = examined(tried, None, (), None, DECIDED, UNSAID).survey
    return _tried_on(own.data, own.survey, theirs, near, said)


def _without_test(listed: DataSet) -> tuple[DataSet, list[str]]:
    """The data set without its test split; what is to be said of its splits."""
    if "all" in listed.splits:
        return listed, []
    used = {name: records for name, records in listed.splits.items() if name != KEPT_OUT}
    counts = " and ".join(f"{len(records):,} of {name}/" for name, records in used.items())
    said = [f"photos of all splits are taken together, {counts}"]
    if records := listed.splits.get(KEPT_OUT):
        said.append(f"the {len(records):,} photos of {KEPT_OUT}/ are kept out")
    return replace(listed, splits=used), said


def _alike(groups: np.ndarray) -> list[str]:
    sizes = np.bincount(groups)
    if not (sizes > 1).any():
        return []
    return [
        f"{sizes[sizes > 1].sum():,} photos are identical or nearly so to others, in "
        f"{(sizes > 1).sum():,} groups; a group stays in one fold"
    ]


def _tried_on(own: DataSet, ours: Survey, theirs: Survey, near: bool, said: list[str]) -> Photos:
    """Training photos less those that are like one that is scored, and the scored ones."""
    both = _merged(ours, theirs)
    pairs = near_pairs(both, every_pair(own, both)) if near else []
    count = len(ours.records)
    digests = [both.digests[record.path] for record in both.records]
    groups = groups_of(digests, hashes_of(both, pairs))
    tried = np.arange(len(groups)) >= count
    leaking = ~tried & np.isin(groups, groups[tried])
    said = [*said, f"{tried.sum():,} photos of {theirs.root} are scored"]
    there = {record.label for record in theirs.records}
    if unscored := [name for label, name in enumerate(own.classes) if label not in there]:
        said.append(f"not scored, as {theirs.root} has no photo of them: {some(unscored)}")
    if leaking.any():
        names = [both.records[i].path for i in np.flatnonzero(leaking)]
        said.append(
            f"{leaking.sum():,} of {count:,} training photos are identical or nearly so to scored "
            f"ones and are left out: {some(names)}"
        )
    kept = sorted(np.flatnonzero(~leaking).tolist(), key=lambda i: both.records[i].path)
    records = tuple(both.records[i] for i in kept)
    left = {both.records[i].label for i in kept if not tried[i]}
    if emptied := [name for label, name in enumerate(own.classes) if label not in left]:
        raise UserError(
            f"{ours.root}: every photo of {some(emptied)} is in {theirs.root} as well, identical "
            f"or nearly so, so that there is none to learn from; photos that are scored must be "
            f"others than those that are trained on"
        )
    whole = DataSet(
        both.root,
        own.classes,
        {"all": records},
        excluded=own.excluded,
        known_digests={record.path: both.digests[record.path] for record in records},
        value_range=both.value_range,
    )
    fold = np.where(tried[kept], 0, NEVER)
    return Photos(whole, groups[kept], Folds(fold, 1), tuple(said))


def _merged(ours: Survey, theirs: Survey) -> Survey:
    """Two surveys as one, of the folder that both lie in.

    Raises:
        UserError: one of the folders holds the other's photos.
    """
    roots = [found.root.resolve() for found in (ours, theirs)]
    common = Path(os.path.commonpath(roots))
    renamed = [
        {r.path: (root / r.path).relative_to(common).as_posix() for r in found.records}
        for found, root in zip((ours, theirs), roots, strict=True)
    ]
    if shared := sorted(set(renamed[0].values()) & set(renamed[1].values())):
        raise UserError(
            f"{ours.root} and {theirs.root} have photos in common, {len(shared):,} of them "
            f"({some(shared, 3)}): --test takes photos that are not trained on"
        )
    both = list(zip((ours, theirs), renamed, strict=True))
    records = [Record(names[r.path], r.label) for found, names in both for r in found.records]
    return Survey(
        common,
        records,
        {names[path]: digest for found, names in both for path, digest in found.digests.items()},
        np.concatenate([found.codes for found in (ours, theirs)]),
        {},
        {},
        np.concatenate([found.contrasts for found in (ours, theirs)]),
        {names[path]: facts for found, names in both for path, facts in found.values.items()},
    )
