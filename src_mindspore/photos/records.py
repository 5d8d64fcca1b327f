"""The labelled images below a folder, one sub-folder per class, listed by ``listing.py``.

A link may stand for a class folder itself, so that a data set can be made of links.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.photos.listing import Contents, Listing, contents, walk
from src_mindspore.photos.passed_over import closed_folders, sentences
from src_mindspore.system.errors import UserError
from src_mindspore.system.names import matched
from src_mindspore.system.read import is_file_name
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)  # slots: there may be a million
class Record:
    """One labelled image: its path relative to the data folder ('/' separated), its class."""

    path: str
    label: int


def list_records(root: Path, classes: Sequence[str], below: Path = Path()) -> list[Record]:
    """Every image of the class folders in ``root/below``, sorted by path.

    What is passed over is counted and named in the log.

    A class in another Unicode form than its folder is that folder.

    Raises:
        UserError: a folder that is none of ``classes``, a class that is no folder name, or a
            folder that cannot be listed.
    """
    if bad := [name for name in classes if not is_file_name(name)]:
        raise UserError(
            f"a class is the name of a folder, in UTF-8 and without '/'; got {some(bad)}"
        )
    base = root / below
    inside = listed(base)
    folder_of = matched(classes, inside.classes)
    unknown = sorted(set(inside.classes) - set(folder_of.values()))
    if unknown:
        raise UserError(
            f"{base} has folders that are no class: {some(unknown, beside=classes)}; the classes "
            f"are {some(classes, beside=unknown)}"
        )
    if inside.photos:
        text = "%d images beside the class folders of %s are not used: %s"
        log.warning(text, len(inside.photos), base, some(inside.photos))
    records, found = [], beside(inside, below)
    for label, name in enumerate(classes):
        folder = folder_of.get(name, name)
        if (base / folder).is_dir():
            below_class = walk(root, (below / folder).as_posix())
            records += [Record(path, label) for path in below_class.photos]
            found.update(below_class)
    if found.closed:
        raise UserError(
            f"folders below {base} cannot be listed, so that their photos would be missing: "
            f"{closed_folders(found)}; make them readable, or take them away"
        )
    for sentence in sentences(found):
        log.warning("%s: %s", base, sentence)
    if found.rubbish:
        text = "%s: hidden files and leftovers of other programs, no photos: %d (%s)"
        log.info(text, base, len(found.rubbish), some(found.rubbish))
    return sorted(records, key=lambda record: record.path)


def beside(inside: Contents, below: Path) -> Listing:
    """What lies beside class folders, but for the folders; links there are class folders."""
    found = Listing()
    found.add(inside, below.as_posix())
    found.photos, found.links = [], []
    return found


def listed(folder: Path) -> Contents:
    """What lies in a folder.

    Raises:
        UserError: it cannot be listed.
    """
    inside = contents(folder)
    if inside.problem:
        raise UserError(f"{folder} cannot be listed: {inside.problem}")
    return inside


def folders(folder: Path) -> list[str]:
    """Names of the sub-folders that may be classes, sorted.

    Raises:
        UserError: it cannot be listed.
    """
    return listed(folder).classes
