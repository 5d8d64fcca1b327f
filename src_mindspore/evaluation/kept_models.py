"""The ONNX files that evaluations keep: one of a checkpoint, which there are, room for another.

What is not recognised by its name and its content as written here is neither listed nor removed.
"""

import hashlib
import json
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.cache import MODELS, cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import Entry, evict, touch
from src_mindspore.system.write import atomic_path, sha256_of, write_json

MODEL = "model"  # the kind
LIMIT = 10**9  # bytes of all of them: a hundred checkpoints of MobileNetV2
LOGITS_FORMAT = 1  # of what is kept; another number, another file
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


@dataclass(frozen=True)
class KeptLogits:
    """The ONNX file of a checkpoint's logits in the cache, and the note beside it.

    ``onnx`` is None where there is no place for a cache: then nothing is kept.
    """

    onnx: Path | None

    @classmethod
    def of(cls, spec: ModelSpec, sha256: str) -> "KeptLogits":
        """The place for a checkpoint of this hash and spec."""
        about = {
            "format": LOGITS_FORMAT,
            "checkpoint": sha256,
            "model": {key: spec.model.get(key) for key in ("backbone", "head")},
            "classes": len(spec.classes),
            "size": spec.input.size,
        }
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
        try:
            return cls(cache_dir() / MODELS / f"{digest[:32]}.onnx")
        except UserError:  # no home folder: it is only slower
            return cls(None)

    @property
    def note(self) -> Path | None:
        """Where the comparison with MindSpore is noted."""
        return self.onnx and self.onnx.with_suffix(".json")

    def difference(self) -> float | None:
        """What the comparison gave; None where there was none, or the file is not that one."""
        if self.onnx is None:
            return None
        try:
            note: Any = json.loads(self.note.read_text(encoding="utf-8"))
            if note["sha256"] == sha256_of(self.onnx) and type(note["difference"]) is float:
                touch(self.note)
                return note["difference"]
        except (OSError, ValueError, LookupError, TypeError):
            pass
        return None

    def keep(self, content: bytes, difference: float) -> None:
        """Keeps a file that was compared; a cache that cannot be written is no error."""
        if self.onnx is None:
            return
        digest = hashlib.sha256(content).hexdigest()
        with suppress(OSError, UserError):
            with atomic_path(self.onnx) as temporary:
                temporary.write_bytes(content)
            write_json(self.note, {"sha256": digest, "difference": difference})
            make_room(self.onnx.parent, keep=self.onnx)
