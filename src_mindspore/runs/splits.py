"""``splits.json``: which photo was in which split, and what was in its file."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from src_mindspore.photos.exclusions import parse_entries
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.system.errors import UserError
from src_mindspore.system.names import canonical
from src_mindspore.system.read import read_json
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)

DIGITS = 64  # of a SHA-256


def splits_table(photos: RunPhotos) -> dict[str, Any]:
    """What ``splits.json`` holds."""
    paths = [*(path for part in photos.splits.values() for path in part), *photos.left_out]
    table: dict[str, Any] = {
        "splits": {name: list(part) for name, part in photos.splits.items()},
        "left_out": list(photos.left_out),
        "sha256": {path: photos.digests[path] for path in paths} if photos.digests else {},
    }
    if photos.excluded:
        table["excluded"] = [asdict(exclusion) for exclusion in photos.excluded]
    return table


def read_splits(path: Path) -> RunPhotos:
    """Reads a ``splits.json``.

    Raises:
        UserError: it is missing or damaged.
    """
    table = read_json(path)
    splits = table.get("splits") if isinstance(table, dict) else None
    if not isinstance(splits, dict) or not all(map(_are_paths, splits.values())):
        raise UserError(f"{path} is damaged: it has no table of splits and their photos")
    left_out, digests = table.get("left_out", []), table.get("sha256", {})
    if not _are_paths(left_out):
        raise UserError(f"{path} is damaged: left_out is no list of photos")
    hashed = isinstance(digests, dict) and all(
        isinstance(digest, str) and len(digest) == DIGITS for digest in digests.values()
    )
    known = digests.keys() if hashed else set()
    if not hashed or (digests and any(p not in known for s in splits.values() for p in s)):
        raise UserError(f"{path} is damaged: sha256 has not {DIGITS} digits for every photo")
    entries = table.get("excluded", [])
    excluded = parse_entries(str(path), entries if isinstance(entries, list) else [entries])
    if digests:
        left_out = [photo for photo in left_out if photo in known]
    return RunPhotos(splits, digests, left_out, excluded)


def _are_paths(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(path, str) for path in value)


def check_same(begun: RunPhotos, now: RunPhotos, root: Path, run: Path) -> None:
    """Whether a run can go on with the photos that are there: the same files in the same order.

    Where they lie is of no matter, nor what they are called within their class folder; the order
    is that of their names.

    Args:
        begun: what the run was begun with.
        now: what there is.
        root: the data folder, for messages.
        run: the run folder, likewise.

    Raises:
        UserError: photos were replaced, added, removed or moved; the text names some.
    """
    if not begun.digests:
        log.warning(
            "%s is of a version that kept no hashes of its photos: they are compared by name", run
        )
        same = _names(begun) == _names(now)
    else:
        same = _contents(begun) == _contents(now)
    if same:
        return
    raise UserError(
        f"the photos in {root} are not those that {run} was begun with, see its splits.json: "
        f"{_difference(begun, now)}. Put them back, or train anew in a new run folder"
    )


def _names(photos: RunPhotos) -> Any:
    splits = {name: list(paths) for name, paths in photos.splits.items()}
    return splits, sorted(photos.left_out), sorted((e.path, e.sha256) for e in photos.excluded)


def _contents(photos: RunPhotos) -> Any:
    def seen(path: str) -> tuple[str, str]:
        return canonical(str(PurePosixPath(path).parent)), photos.digests[path]

    splits = {name: list(map(seen, paths)) for name, paths in photos.splits.items()}
    excluded = sorted(exclusion.sha256 for exclusion in photos.excluded)
    return splits, sorted(map(seen, photos.left_out)), excluded


def _difference(begun: RunPhotos, now: RunPhotos) -> str:
    """What is not the same, in words, with some names."""
    before, after = ({canonical(p): p for p in _all(photos)} for photos in (begun, now))
    known = bool(begun.digests)
    there = Counter(begun.digests.values()), Counter(now.digests.values())
    replaced = [
        path
        for form, path in after.items()
        if known and form in before and begun.digests[before[form]] != now.digests[path]
    ]
    added = [p for f, p in after.items() if f not in before]
    removed = [p for f, p in before.items() if f not in after]
    if known:  # what has a new name only is neither
        added = [p for p in added if now.digests[p] not in there[0]]
        removed = [p for p in removed if begun.digests[p] not in there[1]]
    parts = [
        f"{len(paths)} {what} ({some(paths, 4)})"
        for what, paths in (("replaced", replaced), ("added", added), ("removed", removed))
        if paths
    ]
    if not parts:
        parts = ["the same files have other names, classes or splits, and another order"]
    return ", ".join(parts)


def _all(photos: RunPhotos) -> Sequence[str]:
    return [*(path for part in photos.splits.values() for path in part), *photos.left_out]
