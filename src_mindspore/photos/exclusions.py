"""The exclusion list: which photos training leaves out. The doctor proposes it, people edit it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from src_mindspore.system.errors import UserError
from src_mindspore.system.names import as_spelt
from src_mindspore.system.output_file import write_sealed_json
from src_mindspore.system.read import read_json
from src_mindspore.system.terminal import shown_name, some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)

EXCLUSIONS_FORMAT = 1
KEYS = ("path", "sha256", "reason")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An image that the user wants left out: path as in ``Record``, SHA-256 of the file, why."""

    path: str
    sha256: str
    reason: str


def write_plan(
    path: Path, exclusions: Sequence[Exclusion], by: str, about: Mapping[str, str] | None = None
) -> None:
    """Writes the list. Nothing else is touched: leaving out is up to training.

    Args:
        path: the file.
        exclusions: the entries.
        by: the command that writes, see ``system.output_file``.
        about: what else the command wants to know of its list; ``read_plan`` passes over it.
    """
    entries = [{key: getattr(exclusion, key) for key in KEYS} for exclusion in exclusions]
    table = {"format": EXCLUSIONS_FORMAT, **(about or {}), "exclude": entries}
    write_sealed_json(path, table, by)


def read_plan(path: Path) -> tuple[Exclusion, ...]:
    """The entries of a list.

    Raises:
        UserError: a file that cannot be read or is of another form.
    """
    raw = read_json(path)
    entries = raw.get("exclude") if isinstance(raw, Mapping) else None
    if not isinstance(entries, list) or raw.get("format") != EXCLUSIONS_FORMAT:
        raise UserError(
            f"{path} is no exclusion list: it takes an object with format {EXCLUSIONS_FORMAT} and "
            f"a list exclude, as the doctor's --fix writes it"
        )
    return parse_entries(str(path), entries)


def parse_entries(source: str, entries: Sequence[Any]) -> tuple[Exclusion, ...]:
    """Entries as JSON has them; ``source`` is what to call where they come from.

    Raises:
        UserError: one of another form, or with a path out of the data folder.
    """
    return tuple(_entry(source, number, entry) for number, entry in enumerate(entries, start=1))


def _entry(source: str, number: int, entry: Any) -> Exclusion:
    if not isinstance(entry, Mapping) or not all(isinstance(entry.get(k), str) for k in KEYS):
        raise UserError(f"{source}: entry {number} must have the texts {', '.join(KEYS)}")
    place = PurePosixPath(entry["path"])
    if place.is_absolute() or ".." in place.parts or "\0" in entry["path"]:
        raise UserError(
            f"{source}: entry {number}: path must be one below the data folder; "
            f"got {shown_name(entry['path'])}"
        )
    return Exclusion(place.as_posix(), entry["sha256"], entry["reason"])


def check_plan(root: Path, exclusions: Sequence[Exclusion]) -> tuple[Exclusion, ...]:
    """Compares the list with the files: what it was made for may have changed.

    A file that has gone needs no exclusion, which the log says.

    Returns:
        The list with every path as the disk spells it.

    Raises:
        UserError: a file is another than the one that was to be left out.
    """
    spelt = as_spelt(root, [exclusion.path for exclusion in exclusions])
    exclusions = tuple(replace(e, path=spelt.get(e.path, e.path)) for e in exclusions)
    missing, changed = [], []
    for exclusion in exclusions:
        file = root / exclusion.path
        if not file.is_file():
            missing.append(exclusion.path)
        elif sha256_of(file) != exclusion.sha256:
            changed.append(exclusion.path)
    if changed:
        raise UserError(
            f"{len(changed)} photos of the exclusion list are other files now (their SHA-256 is "
            f"another), so that it may not fit any more; make it again with the doctor's --fix, or "
            f"take them out of it: {some(changed)}"
        )
    if missing:
        log.warning(
            "%d photos of the exclusion list are not in %s, and nothing is left out for them: %s",
            *(len(missing), root, some(missing)),
        )
    return exclusions


def excluded_of(path: str | None, root: Path) -> tuple[Exclusion, ...]:
    """The entries of the list that a config names, checked; none without a list."""
    if path is None:
        return ()
    return check_plan(root, read_plan(Path(path)))
