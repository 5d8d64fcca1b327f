"""The labelled images below a folder, one sub-folder per class.

Links are followed where they lead to a file or stand for a class folder itself, so that a data set
can be made of links; links to folders further down are not, so there are no circles.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.system.errors import UserError
from src_mindspore.system.names import matched
from src_mindspore.system.read import is_file_name
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})


@dataclass(frozen=True, slots=True)  # slots: there may be a million
class Record:
    """One labelled image: its path relative to the data folder ('/' separated), its class."""

    path: str
    label: int


def given_splits(root: Path) -> list[str]:
    """Names of the splits in a data folder; none where it has the class folders themselves."""
    return [name for name in SPLITS if (root / name).is_dir()]


def list_records(root: Path, classes: Sequence[str], below: Path = Path()) -> list[Record]:
    """Every image of the class folders in ``root/below``, sorted by path.

    Hidden files are passed over; other files that are no images are counted in the log.

    A class in another Unicode form than its folder is that folder.

    Raises:
        UserError: a folder that is none of ``classes``, or a class that is no folder name.
    """
    if bad := [name for name in classes if not is_file_name(name)]:
        raise UserError(
            f"a class is the name of a folder, in UTF-8 and without '/'; got {some(bad)}"
        )
    base = root / below
    folder_of = matched(classes, folders(base))
    unknown = sorted(set(folders(base)) - set(folder_of.values()))
    if unknown:
        raise UserError(
            f"{base} has folders that are no class: {some(unknown, beside=classes)}; the classes "
            f"are {some(classes, beside=unknown)}"
        )
    homeless = [p for p in base.glob("*") if p.is_file() and p.suffix.lower() in SUFFIXES]
    if homeless:
        log.warning("%d images beside the class folders of %s are not used", len(homeless), base)
    records, strays = [], []
    for label, name in enumerate(classes):
        images, others = images_below(root, below / folder_of.get(name, name))
        records += [Record(path, label) for path in images]
        strays += others
    if strays:
        log.warning("%d files in %s are no images: %s", len(strays), base, some(strays))
    return sorted(records, key=lambda record: record.path)


def images_below(root: Path, below: Path) -> tuple[list[str], list[str]]:
    """Images in and under a folder, told by their names, and what else is there.

    Both relative to ``root``, '/' separated, sorted folder by folder, without what is hidden. A
    name may also be that of a pipe, or of a link that leads nowhere: those are no images.
    """
    images, others = [], []
    for folder, subfolders, names in os.walk(root / below):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        for name in sorted(names):
            if name.startswith("."):
                continue
            path = f"{relative}/{name}"
            is_image = Path(path).suffix.lower() in SUFFIXES
            is_file = is_image and os.path.isfile(f"{root}/{path}")  # noqa: PTH113 - many
            (images if is_file else others).append(path)
    return images, others


def folders(folder: Path) -> list[str]:
    """Names of the sub-folders, sorted; hidden ones are none, nor has a missing folder any."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
