"""Whether the files of a run and its cache can be read, and whether they are those of another."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from src_mindspore.runs.checkpoint import read_state
from src_mindspore.runs.names import COMMAND, LAST, REPORT
from src_mindspore.system.manifest import NAME as MANIFEST
from src_mindspore.system.manifest import Manifest
from src_mindspore.weights.array_files import read_arrays

SECONDS = "seconds"  # what a run measures of itself: the one thing that may differ
# in the page of a run: what names its folders, and seconds
NAMED = re.compile(
    r'<table class="seconds">.*?</table>|<code class="command">.*?</code>|'
    r'<details id="config">.*?</details>',
    re.DOTALL,
)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Entries of a log; one cut short at its end is none."""
    whole = path.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def _picture(path: Path) -> None:
    with Image.open(path) as image:
        image.load()


READERS: dict[str, Callable[[Path], Any]] = {
    ".ckpt": lambda path: read_state(path) if path.name == LAST else read_arrays(path),
    ".json": lambda path: json.loads(path.read_text()),
    ".jsonl": _lines,
    ".yaml": lambda path: yaml.safe_load(path.read_text()),
    ".npy": lambda path: np.load(path, mmap_mode="r").shape,
    ".png": _picture,
}


def _files(folder: Path) -> dict[str, Path]:
    """Files of the run and of finished cache entries, by relative path; none that are hidden."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*"))}
    return {
        name: path
        for name, path in found.items()
        if path.is_file() and path.name != "ballast" and "/." not in f"/{name}"
    }


def unreadable(folder: Path) -> list[str]:
    """What is wrong with files after a fault, a line each."""
    problems = []
    for name, path in _files(folder).items():
        try:
            READERS.get(path.suffix, Path.read_bytes)(path)
        except Exception as error:  # whatever it is, the file cannot be read
            problems.append(f"{name} is unreadable: {error!r}")
    return problems


def _content(path: Path) -> object:
    """What must be alike."""
    if path.name == LAST:
        state, arrays = read_state(path)
        return _timeless(state), {name: array.tobytes() for name, array in arrays.items()}
    if path.name == MANIFEST:  # its hashes are of files that say seconds and folders
        written = Manifest(path.parent, COMMAND)
        return {name: written.wrote(name) for name in written.names}
    if path.name == REPORT:
        return NAMED.sub("", path.read_text())
    if path.suffix in (".json", ".jsonl"):
        return _timeless(READERS[path.suffix](path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key != SECONDS}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def difference(folder: Path, reference: Path) -> list[str]:
    """How a finished run and its cache differ from another's, a line each.

    Its config names its own folders; everything else must be equal, bit for bit but for seconds.
    """
    ours, theirs = _files(folder), _files(reference)
    problems = [f"only one has {name}" for name in sorted(ours.keys() ^ theirs.keys())]
    problems += [f"left behind: {path}" for path in folder.rglob(".*")]
    for name in sorted(ours.keys() & theirs.keys() - {"run/config.yaml"}):
        if _content(ours[name]) != _content(theirs[name]):
            problems.append(f"{name} differs")
    return problems
