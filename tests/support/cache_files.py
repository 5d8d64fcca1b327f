"""Entries of the caches, as the code that fills them leaves them, without MindSpore."""

import json
import os
import time
from pathlib import Path

import numpy as np

from src_mindspore.features.partial_entry import open_partial
from src_mindspore.features.store import Layout
from src_mindspore.system.write import sha256_of

LAYOUT = Layout(100, 2, {"mean": ((250,), np.dtype(np.float32))})  # 100,000 bytes


def key(number: int) -> str:
    """The name of an entry."""
    return f"{number:032x}"


def age(file: Path, days: float) -> None:
    """Makes a file one that was last used so many days ago."""
    moment = time.time() - days * 24 * 3600
    os.utime(file, (moment, moment))


def feature_entry(cache: Path, number: int, days: float = 0, finished: bool = True) -> Path:
    """An entry of 100 kB that was last used some days ago; its folder."""
    entry = cache / key(number)
    partial = open_partial(entry, LAYOUT)
    for chunk in list(partial.claims())[: None if finished else 1]:
        rows = partial.layout.rows_of(chunk)
        partial.write(rows.start, {"mean": np.full((len(rows), 250), number)})
        partial.finish(chunk)
    if finished:
        with partial.published({"split": "train", "rows": 100}):
            pass
    partial.close()
    folder = entry if finished else partial.folder
    age(folder / ("about.json" if finished else "done"), days)
    return folder


def kept_model(folder: Path, number: int, days: float = 0, size: int = 1000) -> Path:
    """A model that an evaluation has kept."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{key(number)}.onnx"
    file.write_bytes(bytes([number]) * size)
    note = file.with_suffix(".json")
    note.write_text(json.dumps({"sha256": sha256_of(file), "difference": 1e-6}))
    age(note, days)
    return file
