"""What lies in a data folder, taken as it is: every fault of its form is a finding, none stops."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding
from src_mindspore.photos.decode import PhotoError, open_image, opened
from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.records import (
    SPLITS,
    SUFFIXES,
    Record,
    folders,
    given_splits,
    images_below,
)
from src_mindspore.system.errors import UserError
from src_mindspore.system.names import matched


def scan(root: Path, excluded: Sequence[Exclusion] = ()) -> tuple[DataSet, list[Finding]]:
    """The photos of a folder, as training would list them, and what is wrong with its form.

    Classes are the folder names of all splits, sorted. A folder without splits has one split,
    ``all``.

    Raises:
        UserError: no such folder, or nothing in it that could be a data set.
    """
    if not root.is_dir():
        raise UserError(f"the data folder {root} does not exist or is not a folder")
    given = given_splits(root)
    bases = [Path(name) for name in given] or [Path()]
    classes = _class_names(root, bases)
    if not classes:
        raise UserError(
            f"{root} is no data set: it takes one folder of photos per class, or train/ and val/ "
            f"with one folder per class each; it has no such folder"
        )
    gone = {exclusion.path for exclusion in excluded}
    splits: dict[str, tuple[Record, ...]] = {}
    strays: list[str] = []
    for base in bases:
        records = []
        spelt = matched(classes, folders(root / base))
        for label, name in enumerate(classes):
            images, others = images_below(root, base / spelt.get(name, name))
            records += [Record(path, label) for path in images if path not in gone]
            strays += [path for path in others if (root / path).exists()]  # links are for `_links`
        splits[base.name or "all"] = tuple(sorted(records, key=lambda record: record.path))
    data = DataSet(root, classes, splits, excluded=tuple(excluded))
    return data, [
        *_structure(root, given),
        *_strays(root, strays),
        *_homeless(root, bases, given),
        *_links(root, bases, classes),
    ]


def _class_names(root: Path, bases: Sequence[Path]) -> tuple[str, ...]:
    """Of all splits; a folder that another split has in another Unicode form is the same class."""
    names: list[str] = []
    for base in bases:
        there = folders(root / base)
        known = set(matched(names, there).values())
        names += [name for name in there if name not in known]
    return tuple(sorted(names))


def _structure(root: Path, given: Sequence[str]) -> Iterator[Finding]:
    """Splits that are missing, or know other classes."""
    if not given:
        return
    missing = [name for name in SPLITS[:2] if name not in given]
    if missing:
        text = f"there is {given[0]}/ but no {missing[0]}/: training needs both"
        yield Finding("missing_split", ERROR, text)
        return
    trained = folders(root / "train")
    unknown = [
        f"{name}/{folder}"
        for name in given[1:]
        for folder in folders(root / name)
        if folder not in matched(trained, folders(root / name)).values()
    ]
    if unknown:
        text = "folders of an evaluated split that are no class of train/: rename or remove them"
        yield Finding.of_files("unknown_class", ERROR, text, unknown)


def _strays(root: Path, strays: Sequence[str]) -> Iterator[Finding]:
    """Files with another suffix than those of images; some are images all the same."""
    photos, others = [], []
    for path in strays:
        try:
            with open_image(root / path) as stream, opened(root / path, stream) as image:
                photos.append((path, f"is {image.format}"))
        except (PhotoError, OSError):
            others.append(path)
    if photos:
        text = f"images that training passes over; it takes {', '.join(sorted(SUFFIXES))}: rename"
        yield Finding.of_files("unused_photo", DECISION, text, photos)
    if others:
        text = "files in class folders that are no images; they are passed over"
        yield Finding.of_files("stray", NOTE, text, others)


def _homeless(root: Path, bases: Sequence[Path], given: Sequence[str]) -> Iterator[Finding]:
    """Images beside the class folders, and folders beside the splits."""
    files = [
        (base / path.name).as_posix()
        for base in dict.fromkeys([Path(), *bases])
        for path in sorted((root / base).iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    if files:
        text = "images beside the class folders; they have no class and are not used"
        yield Finding.of_files("no_class", DECISION, text, files)
    beside = [name for name in folders(root) if given and name not in SPLITS]
    if beside:
        text = f"folders beside {', '.join(f'{name}/' for name in given)}; they are not used"
        yield Finding.of_files("unused_folder", NOTE, text, beside)


def _links(root: Path, bases: Sequence[Path], classes: Sequence[str]) -> Iterator[Finding]:
    """Links: broken ones, folders that training does not enter, files that lie elsewhere.

    A link to a file outside is followed: it is how many data sets are put together, and nothing is
    ever written through it.
    """
    home = root.resolve()
    broken, closed, outside = [], [], []
    for base in bases:
        spelt = matched(classes, folders(root / base))
        for name in classes:
            for folder, subfolders, names in os.walk(root / base / spelt.get(name, name)):
                for entry in sorted((*subfolders, *names)):
                    path = Path(folder, entry)
                    if entry.startswith(".") or not path.is_symlink():
                        continue
                    relative = path.relative_to(root).as_posix()
                    if not path.exists():
                        broken.append(relative)
                    elif path.is_dir():
                        closed.append(relative)
                    elif not path.resolve().is_relative_to(home):
                        outside.append(relative)
    if broken:
        text = "links to files that are not there: photos that somebody meant to have"
        yield Finding.of_files("broken_link", DECISION, text, broken)
    if closed:
        text = "links to folders; training does not enter them"
        yield Finding.of_files("linked_folder", DECISION, text, closed)
    if outside:
        text = "links to files outside the folder; they are used, a copy of the folder lacks them"
        yield Finding.of_files("outside_link", NOTE, text, outside)
