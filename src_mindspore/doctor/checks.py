"""From what is known of the photos to findings."""

from collections.abc import Iterator, Sequence

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.duplicates import Pair, families, identical
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding, Group
from src_mindspore.doctor.survey import Survey
from src_mindspore.photos.decode import MAX_PIXELS

FAULTS = {
    "unreadable": "files that are no image, or a damaged one: repair, remove or exclude them",
    "truncated": "images that end too early: fetch them again, remove or exclude them",
    "empty_file": "files of 0 bytes: fetch them again, remove or exclude them",
    "huge": f"images above {MAX_PIXELS:,} pixels, which would take the memory: make them smaller",
}
TRAITS = {
    "suffix": "images whose suffix names another format; they are read by their content",
    "animated": "animations or files of several pages; their first frame is used",
    "cmyk": "CMYK images; they are converted to RGB without a colour profile",
    "alpha": "images with transparency; they are laid on white",
    "rotated": "images that EXIF turns; they are turned upright, which other programs may not do",
    "orientation": "images with damaged EXIF or XMP, which cannot say how they are turned; they "
    "are taken as upright",
}


def photo_findings(found: Survey) -> Iterator[Finding]:
    """Photos that cannot be used, and those that are unusual."""
    for kind, text in FAULTS.items():
        files = [(path, "") for path, fault in found.faults.items() if fault[0] == kind]
        if files:
            yield Finding.of_files(kind, ERROR, text, sorted(files))
    for kind, text in TRAITS.items():
        if kind in found.traits:
            yield Finding.of_files(kind, NOTE, text, found.traits[kind])


class Membership:
    """On which members a photo, with all its identical twins, is: splits and classes."""

    def __init__(self, data: DataSet, found: Survey) -> None:
        split_of = {r.path: name for name, records in data.splits.items() for r in records}
        self.data = data
        self.found = found
        self.split = [split_of[record.path] for record in found.records]
        self.groups = identical(found)
        self.twins = {i: group for group in self.groups for i in group}

    def splits(self, places: Sequence[int]) -> set[str]:
        """The splits that some photos are in."""
        return {self.split[i] for i in places}

    def labels(self, places: Sequence[int]) -> set[int]:
        """The classes that some photos are of."""
        return {self.found.records[i].label for i in places}

    def with_twins(self, places: Sequence[int]) -> list[int]:
        """Some photos and whatever is identical to them."""
        return sorted({twin for i in places for twin in self.twins.get(i, (i,))})

    def kind(self, places: Sequence[int]) -> str:
        """Which rule photos break that show the same."""
        if len(self.labels(places)) > 1:
            return "labels"
        splits = self.splits(places)
        if len(splits) == 1:
            return "copies"
        return "across" if "train" in splits else "val_test"

    def group(self, places: Sequence[int], detail: str = "") -> Group:
        """As a part of a finding."""
        return Group(tuple(self.found.records[i].path for i in places), detail)


def identical_findings(members: Membership) -> Iterator[Finding]:
    """Byte-identical files: with two labels, across splits, extra copies."""
    given = "all" not in members.data.splits
    texts = {
        "labels": (
            DECISION if given else ERROR,
            "groups of one file with two labels: keep it under one, or exclude all",
        ),
        "val_test": (ERROR, "groups of one file in val/ and test/: remove it from one of them"),
        "across": (
            DECISION,
            "groups of one file in training and evaluation; training leaves its copy out",
        ),
        "copies": (NOTE, "groups of one file several times in a class; copies count twice"),
    }
    yield from _sorted_out(
        "identical", texts, [(g, members.kind(g), "") for g in members.groups], members
    )


def near_findings(members: Membership, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Near-identical photos: with two labels, across splits, within one class."""
    texts = {
        "labels": (DECISION, "groups of nearly the same photo with two labels: which is right?"),
        "val_test": (DECISION, "groups of nearly the same photo in val/ and test/"),
        "across": (
            DECISION,
            "groups of nearly the same photo in training and evaluation; training leaves its copy "
            "out (data.near_duplicates)",
        ),
        "copies": (
            NOTE,
            "groups of nearly the same photo within a class; a split of ours keeps them together",
        ),
    }
    of_kind: dict[str, list[Pair]] = {}
    for pair in pairs:
        kind = members.kind(members.with_twins((pair.first, pair.second)))
        of_kind.setdefault(kind, []).append(pair)
    groups = []
    for kind, some_pairs in of_kind.items():
        least: dict[int, float] = {}
        for pair in some_pairs:
            for i in (pair.first, pair.second):
                least[i] = min(pair.correlation, least.get(i, 1.0))
        for family in families(some_pairs):
            worst = min(least[i] for i in family)
            groups.append((members.with_twins(family), kind, f"correlation {worst:.3f}"))
    yield from _sorted_out("near", texts, groups, members)


def _sorted_out(
    name: str,
    texts: dict[str, tuple[str, str]],
    groups: Sequence[tuple[Sequence[int], str, str]],
    members: Membership,
) -> Iterator[Finding]:
    for kind, (severity, text) in texts.items():
        found = tuple(members.group(places, detail) for places, k, detail in groups if k == kind)
        if found:
            photos = len({path for group in found for path in group.files})
            yield Finding(f"{name}_{kind}", severity, f"{text} ({photos} files)", found)


def split_blocks(data: DataSet, found: Survey) -> list[tuple[np.ndarray, np.ndarray]]:
    """What training compares: evaluated photos with all others, or the photos of each class."""
    labels = np.array([record.label for record in found.records])
    places = np.arange(len(labels))
    if "all" in data.splits:
        return [(places[labels == label],) * 2 for label in range(len(data.classes))]
    train = {record.path for record in data.splits["train"]}
    trained = np.array([record.path in train for record in found.records])
    return [(places[~trained], places[trained])]
