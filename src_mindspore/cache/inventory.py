"""What the cache folders hold: entries that can be computed again, and what stays."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from src_mindspore.evaluation.kept_models import model_entries
from src_mindspore.features.cache_entries import feature_entries
from src_mindspore.system.cache import FEATURES, MODELS, NOTES
from src_mindspore.system.lru import Entry, plain_files

NOTE, STAYS = "note", "stays"  # kinds; those of features and models are at home with them
_NOTE_NAME = re.compile(r"[0-9a-f]{32}\.json")
_KNOWN = {
    "kernels-*.so": "kernels, compiled here",
    "device-*": "MindSpore Lite program, compiled here",
    "weights": "pretrained weights, converted",
    "*.whl": "fetched package",
}


def computed(cache: Path) -> list[Entry]:
    """The entries of the user's cache that a command computes again when it needs them."""
    return [
        *feature_entries(cache / FEATURES),
        *model_entries(cache / MODELS),
        *_notes(cache / NOTES),
    ]


def _notes(folder: Path) -> Iterator[Entry]:
    """Which features the doctor compared labels with, see ``doctor/label_check.py``."""
    for file in plain_files(folder) or ():
        if not _NOTE_NAME.fullmatch(file.name):
            continue
        with suppress(OSError, ValueError, AttributeError):
            if json.loads(file.read_text(encoding="utf-8")).keys() == {"entry"}:
                what = "which features are those of a data set"
                yield Entry.of(NOTE, file, [file], what, file.stat().st_mtime)


def others(cache: Path, entries: Sequence[Entry]) -> list[Entry]:
    """Everything else there, which is never removed: fetched, compiled, or unknown.

    Args:
        cache: the user's cache folder, or a feature cache elsewhere.
        entries: what was recognised.
    """
    known = {file for entry in entries for file in (entry.path, *entry.files)}
    own = [cache / name for name in (FEATURES, MODELS, NOTES)]
    found = []
    for folder in (cache, *own):
        with suppress(OSError):
            paths = sorted(folder.iterdir())
            found += [_other(path) for path in paths if path not in known and path not in own]
    return found


def _other(path: Path) -> Entry:
    files = []
    if path.is_dir() and not path.is_symlink():
        for folder, _, names in os.walk(path):
            files += [Path(folder, name) for name in names]
    what = next((text for name, text in _KNOWN.items() if path.match(name)), None)
    if what is None:
        packed = path.is_dir() and (path / ".complete.json").is_file()
        what = "fetched package, unpacked" if packed else "not recognised"
    used = path.lstat().st_mtime
    return Entry.of(STAYS, path, files or [path], what, used)
