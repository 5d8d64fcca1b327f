"""A folder of photos: which images there are, what they show and which split each belongs to."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.passed_over import ACCEPTED
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record, folders, list_records
from src_mindspore.photos.split import split_records
from src_mindspore.photos.split_folders import (
    SPLITS,
    data_set_inside,
    given_splits,
    missing_split,
    warn_of_beside,
    warn_of_split_names,
)
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.read import check_data_folder
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataSet:
    """The images of a folder, by split.

    A folder without splits, not yet divided, has one: ``all``. ``left_out`` names training images
    that are not used because a byte-identical twin or a near-identical image is in an evaluated
    split, ``excluded`` those that the user's list took away from the splits, without what it names
    and is not there. ``known_digests`` spares a reading of every file, see ``digests``.
    ``value_range`` is that of deep photos, where there are any and they have been looked at, see
    ``photos/values.py``.
    """

    root: Path
    classes: tuple[str, ...]
    splits: dict[str, tuple[Record, ...]]
    left_out: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    known_digests: Mapping[str, str] | None = field(default=None, repr=False, compare=False)
    value_range: ValueRange | None = None

    def records(self, split: str) -> tuple[Record, ...]:
        """The records of ``split``; ``all`` means every image.

        Raises:
            UserError: there is no such split, or it is empty.
        """
        if split == "all":
            return tuple(sorted((r for s in self.splits.values() for r in s), key=lambda r: r.path))
        if not self.splits.get(split):
            raise UserError(
                f"{self.root} has no split {split!r}; it has {', '.join(self.splits)} and all"
            )
        return self.splits[split]

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every image file, by record path; read once."""
        if self.known_digests is not None:
            return self.known_digests
        paths = [record.path for records in self.splits.values() for record in records]
        return dict(zip(paths, map_ordered(lambda p: sha256_of(self.root / p), paths), strict=True))

    def reader(self) -> PhotoReader:
        """Opens the photos as they were when they were listed."""
        return PhotoReader(self.root, len(self.digests), self.digests, value_range=self.value_range)


def list_data_set(
    root: Path, classes: Sequence[str] | None = None, excluded: Sequence[Exclusion] = ()
) -> DataSet:
    """Lists the images below ``root``; ``divide`` then puts each into one split.

    ``root`` holds ``train/``, ``val/`` and perhaps ``test/``, each with a folder per class, under
    these or other usual names, see ``split_folders.py``; or the class folders themselves.

    Args:
        root: the data folder.
        classes: class folder names in the order of the outputs; None takes the sorted names.
        excluded: images that are in no split; those that are not there are passed over.

    Raises:
        UserError: a missing folder, no or one class, an empty class, no image to validate on,
            folders and classes that do not match, a folder that cannot be listed; the text has the
            names.
    """
    check_data_folder(root)
    listed_excluded = {exclusion.path: exclusion for exclusion in excluded}
    met: set[str] = set()

    def listed(below: Path = Path()) -> tuple[Record, ...]:
        records = list_records(root, classes, below)
        met.update(r.path for r in records if r.path in listed_excluded)
        return tuple(r for r in records if r.path not in met)

    given = given_splits(root)
    if given:
        if missing := missing_split(root, given):
            raise UserError(missing)
        warn_of_beside(root, given)
        train = root / given["train"]
        classes = tuple(classes or folders(train))
        splits = {split: listed(Path(name)) for split, name in given.items()}
        _check_classes(train, classes, splits["train"])
        _check_val(root, splits, f"they lie in {given['val']}/CLASS/photo.jpg")
    else:
        classes = tuple(classes or folders(root))
        warn_of_split_names(root, classes)
        splits = {"all": listed()}
        _check_classes(root, classes, splits["all"])
    left_out = tuple(e for path, e in listed_excluded.items() if path in met)
    return DataSet(root, classes, splits, excluded=left_out)


def divide(
    data: DataSet, fractions: Sequence[float], seed: int, near: Sequence[tuple[str, str]] = ()
) -> DataSet:
    """Puts each listed image into one split.

    Identical images never end up on both sides: a split of ours keeps them together, and given
    splits lose the training copy.

    Args:
        data: from ``list_data_set``.
        fractions: shares of train, val and perhaps test; used where the folder has no splits.
        seed: of the split.
        near: SHA-256 of pairs of near-identical images. Given splits lose the training copy;
            where we split, those of one class stay together.

    Raises:
        UserError: no image to validate on; an image that is in val and test, or has two labels.
    """
    if "all" not in data.splits:
        return _without_leaks(data, near)
    records = data.splits["all"]
    splits = split_records(records, data.digests, fractions, seed, near)
    alike = "a class gives it one from two different photos on; what is alike stays in train"
    _check_val(data.root, splits, alike)
    for name in list(splits)[1:]:
        absent = set(range(len(data.classes))) - {record.label for record in splits[name]}
        if absent:
            log.warning(
                "no photo in %s of: %s; photos that are identical or nearly so stay in train",
                *(name, some([data.classes[label] for label in sorted(absent)])),
            )
    return replace(data, splits=splits, known_digests=data.digests)


def _without_leaks(data: DataSet, near: Sequence[tuple[str, str]] = ()) -> DataSet:
    """Leaves out training images that an evaluated split has as well, identical or nearly so.

    Raises:
        UserError: val and test share an image; which of the two loses it is not ours to say.
    """
    val, test = ({data.digests[r.path]: r.path for r in data.splits.get(n, ())} for n in SPLITS[1:])
    shared = sorted(f"{val[digest]} = {test[digest]}" for digest in set(val) & set(test))
    if shared:
        raise UserError(f"val and test may not share an image; remove one of: {some(shared)}")
    evaluated = val.keys() | test.keys()
    train = data.splits["train"]
    same = [r.path for r in train if data.digests[r.path] in evaluated]
    both_ways = {(a, b) for pair in near for a, b in (pair, pair[::-1])}
    leaking = {a for a, b in both_ways if b in evaluated} - evaluated
    alike = [r.path for r in train if data.digests[r.path] in leaking]
    for leaks, how in ((same, "byte-identical"), (alike, "nearly identical")):
        if leaks:
            text = "%d training images are %s to evaluated ones and are left out: %s"
            log.warning(text, len(leaks), how, some(leaks))
    if not same and not alike:
        return data
    left_out = tuple(sorted((*same, *alike)))
    gone = set(left_out)
    kept = tuple(r for r in train if r.path not in gone)
    _check_left(data, kept, left_out)
    return replace(
        data, splits={**data.splits, "train": kept}, left_out=left_out, known_digests=data.digests
    )


def _check_left(data: DataSet, kept: Sequence[Record], left_out: Sequence[str]) -> None:
    """Raises UserError where a class has nothing left to learn from: val/ copies train/."""
    counts = Counter(record.label for record in kept)
    emptied = [name for label, name in enumerate(data.classes) if not counts[label]]
    if emptied:
        raise UserError(
            f"{data.root}: every training photo of {some(emptied)} is in val/ or test/ as well, "
            f"identical or nearly so, and is left out ({len(left_out)} of "
            f"{len(data.splits['train'])} training photos: {some(left_out, 3)}). A photo that is "
            f"trained on says nothing when it is scored: take the copies away from val/ and test/, "
            f"or give --data the folder with all class folders, which data.split divides"
        )


def _check_classes(folder: Path, classes: Sequence[str], records: Iterable[Record]) -> None:
    if len(classes) < 2:
        raise UserError(
            f"{folder}: at least 2 class folders are needed; got {len(classes)}"
            f"{data_set_inside(folder)}"
        )
    if len(set(classes)) < len(classes):
        twice = sorted(name for name, count in Counter(classes).items() if count > 1)
        raise UserError(f"every class is listed once; listed again: {some(twice)}")
    counts = Counter(record.label for record in records)
    empty = [name for label, name in enumerate(classes) if not counts[label]]
    if empty:
        raise UserError(
            f"{folder}: every class needs at least one image ({ACCEPTED}); without any: "
            f"{some(empty, beside=classes)}{data_set_inside(folder)}"
        )


def _check_val(root: Path, splits: Mapping[str, Sequence[Record]], advice: str) -> None:
    if not splits["val"]:
        raise UserError(
            f"{root}: the split val has no image; it decides which epoch is the best, so that it "
            f"needs at least one: {advice}"
        )
