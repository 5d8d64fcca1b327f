"""The labelled images below a folder, one sub-folder per class."""

import logging
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.errors import UserError

log = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})


@dataclass(frozen=True, slots=True)  # slots: there may be a million
class Record:
    """One labelled image: its path relative to the data folder ('/' separated), its class."""

    path: str
    label: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An image that the user wants left out: path as in ``Record``, SHA-256 of the file, why."""

    path: str
    sha256: str
    reason: str


@dataclass(frozen=True)
class PhotoPaths(Sequence[Path]):
    """The files of records, each made when it is asked for: a path takes 500 bytes."""

    root: Path
    records: Sequence[Record]

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.records)

    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        """The file of one record, or a list of files."""
        if isinstance(index, slice):
            return [self.root / record.path for record in self.records[index]]
        return self.root / self.records[index].path


def list_records(root: Path, classes: Sequence[str], below: Path = Path()) -> list[Record]:
    """Every image of the class folders in ``root/below``, sorted by path.

    Hidden files are passed over; other files that are no images are counted in the log.

    Raises:
        UserError: a folder that is none of ``classes``.
    """
    base = root / below
    unknown = sorted(set(folders(base)) - set(classes))
    if unknown:
        raise UserError(
            f"{base} has folders that are no class: {some(unknown)}; the classes are "
            f"{some(classes)}"
        )
    homeless = [p for p in base.glob("*") if p.is_file() and p.suffix.lower() in SUFFIXES]
    if homeless:
        log.warning("%d images beside the class folders of %s are not used", len(homeless), base)
    records, strays = [], []
    for label, name in enumerate(classes):
        for relative in files_below(root, below / name):
            if Path(relative).suffix.lower() in SUFFIXES:
                records.append(Record(relative, label))
            else:
                strays.append(relative)
    if strays:
        log.warning("%d files in %s are no images: %s", len(strays), base, some(strays))
    return sorted(records, key=lambda record: record.path)


def files_below(root: Path, below: Path) -> Iterator[str]:
    """Files in and under a folder that are not hidden, relative to ``root``, '/' separated."""
    for folder, subfolders, names in os.walk(root / below):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        for name in sorted(names):
            if not name.startswith(".") and os.path.isfile(f"{folder}/{name}"):  # noqa: PTH113
                yield f"{relative}/{name}"


def folders(folder: Path) -> list[str]:
    """Names of the sub-folders, sorted; hidden ones are none, nor has a missing folder any."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def some(names: Sequence[str], limit: int = 8) -> str:
    """The first of ``names`` and the number of the others, for messages."""
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(shown, names[:limit])) + rest


def shown(name: str) -> str:
    """A name as a terminal, a log and JSON can take it.

    What would move the cursor, turn the direction of reading or break the line is written as an
    escape (Unicode categories C and Zl, Zp), and so are bytes that are no UTF-8.
    """
    if name.isascii() and name.isprintable():
        return name
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        c.encode("unicode_escape").decode()
        if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in ("Zl", "Zp")
        else c
        for c in text
    )
