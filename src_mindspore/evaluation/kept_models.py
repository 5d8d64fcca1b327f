"""The ONNX files that evaluations keep: which there are, and room for another.

What is not recognised by its name and its content as written here is neither listed nor removed.
"""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from src_mindspore.system.lru import Entry, evict
from src_mindspore.system.write import sha256_of

MODEL = "model"  # the kind
LIMIT = 10**9  # bytes of all of them: a hundred checkpoints of MobileNetV2
_NAME = re.compile(r"[0-9a-f]{32}\.onnx")


def model_entries(folder: Path) -> Iterator[Entry]:
    """The kept files, each with its note, in the order of their names."""
    try:
        files = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:  # there is none
        return
    for file in files:
        note = file.with_suffix(".json")
        try:
            if not all(stat.S_ISREG(path.lstat().st_mode) for path in (file, note)):
                continue
            table = json.loads(note.read_text(encoding="utf-8"))
            if table.keys() != {"sha256", "difference"} or table["sha256"] != sha256_of(file):
                continue
            used = note.stat().st_mtime
        except (OSError, ValueError, AttributeError):
            continue
        what = "a checkpoint as ONNX, compared with MindSpore"
        yield Entry.of(MODEL, file, (note, file), what, used)


def make_room(folder: Path, keep: Path) -> None:
    """Removes what was not used for the longest until the files are within ``LIMIT``."""
    if sum(file.stat().st_size for file in folder.glob("*.onnx")) > LIMIT:  # else nothing is read
        evict(model_entries(folder), LIMIT, (keep,))
