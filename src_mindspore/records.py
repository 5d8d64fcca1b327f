"""The labelled images below a folder, one sub-folder per class."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.errors import UserError

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"})


@dataclass(frozen=True)
class Record:
    """One labelled image: its path relative to the data folder ('/' separated), its class."""

    path: str
    label: int


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
        for file in sorted((base / name).rglob("*")) if (base / name).is_dir() else ():
            relative = file.relative_to(root)
            if not file.is_file() or any(part.startswith(".") for part in relative.parts):
                continue
            if file.suffix.lower() in SUFFIXES:
                records.append(Record(relative.as_posix(), label))
            else:
                strays.append(relative.as_posix())
    if strays:
        log.warning("%d files in %s are no images: %s", len(strays), base, some(strays))
    return sorted(records, key=lambda record: record.path)


def folders(folder: Path) -> list[str]:
    """Names of the sub-folders, sorted; hidden ones are none, nor has a missing folder any."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def some(names: Sequence[str], limit: int = 8) -> str:
    """The first of ``names`` and the number of the others, for messages."""
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest
