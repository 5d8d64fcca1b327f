"""Which entries a folder of cached features has, and room for another.

What is not recognised by its name and its content as written here is neither listed nor removed.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from src_mindspore.features.partial_entry import ABOUT, DONE, LOCK
from src_mindspore.features.store import Layout, read_header
from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import REMOVED, Entry, evict, plain_files

log = logging.getLogger(__name__)

FEATURES, UNFINISHED = "features", "unfinished"  # kinds
# an entry; one that is being filled, or of which the last files are still to be deleted
_NAME = re.compile(rf"(?P<whole>[0-9a-f]{{32}})|\.[0-9a-f]{{32}}(\.partial|{re.escape(REMOVED)})+")
_TEMPORARY = re.compile(r"\.(done|about)-[0-9a-f]{8}(\.json)?")  # of ``write.atomic_path``
_JOURNAL_LINE = 1 << 16  # bytes


def feature_entries(folder: Path) -> Iterator[Entry]:
    """The entries of a feature cache, complete and not, in the order of their names."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:  # there is none
        return
    for name in names:
        kind = _NAME.fullmatch(name)
        files = plain_files(folder / name) if kind else None
        if files is None:
            continue
        entry = (_whole if kind["whole"] else _part)(folder / name, files)
        if entry is not None:
            yield entry


def _whole(folder: Path, files: list[Path]) -> Entry | None:
    about, arrays = folder / ABOUT, [file for file in files if file.suffix == ".npy"]
    left = {DONE, LOCK}  # a process that was killed just then
    if about not in files or {f.name for f in files} - {f.name for f in arrays} - {ABOUT, *left}:
        return None
    try:
        table = json.loads(about.read_text(encoding="utf-8"))
        split, rows = str(table["split"]), int(table["rows"])
        if not arrays or any(read_header(array)[0][0] != rows for array in arrays):
            return None
        used = about.stat().st_mtime
    except (OSError, UserError, LookupError, TypeError, ValueError):
        return None
    what = f"{rows:,} {split} views: {', '.join(array.stem for array in arrays)}"
    return Entry.of(FEATURES, folder, files, what, used)


def _part(folder: Path, files: list[Path]) -> Entry | None:
    journal, half = folder / DONE, folder.name.endswith(REMOVED)
    known = {DONE, LOCK, ABOUT}
    if any(
        f.name not in known and not _TEMPORARY.fullmatch(f.name) for f in files if not _array(f)
    ):
        return None
    try:
        used = 0.0 if half else (journal if journal in files else folder).stat().st_mtime
        what = "half removed" if half else "never begun"
        if journal in files and not half:
            with journal.open("rb") as stream:
                layout = Layout.from_json(stream.readline(_JOURNAL_LINE).decode())
            if {file.stem for file in files if _array(file)} - set(layout.outputs):
                return None
            what = f"{layout.rows:,} views: {', '.join(layout.outputs)}"
        elif not half and any(map(_array, files)) and folder / LOCK not in files:
            return None
    except (OSError, ValueError):
        return None
    return Entry.of(UNFINISHED, folder, files, what, used)


def _array(file: Path) -> bool:
    return file.suffix == ".npy"


def make_room(cache: Path, limit: int | None, keep: tuple[Path, ...]) -> None:
    """Removes what was not used for the longest until a feature cache is within its limit.

    Args:
        cache: the folder.
        limit: bytes; None is none.
        keep: entries that stay, however large they are. Those that a process reads or fills stay
            as well.
    """
    if limit is None:
        return
    entries = list(feature_entries(cache))
    removed = evict(entries, limit, keep)
    gone = sum(entry.bytes for entry in removed)
    left = sum(entry.bytes for entry in entries) - gone
    if not removed and left <= limit:
        return
    text = f"{left / 1e6:,.1f} MB"
    if left > limit:
        text += " in use, more than it may have"
    if removed:
        text = f"removed {len(removed)} of {len(entries)} entries, the least recently used, " + (
            f"{gone / 1e6:,.1f} MB; left: {text}"
        )
    log.info("feature cache: %s (features.cache_limit: %g GB)", text, limit / 1e9)
