"""Folders that our own commands wrote: ``train.py --data .`` puts its runs among the photos."""

import os
import re
from pathlib import Path

from src_mindspore.system.cache import cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import written_by

# The names in a run folder and an export are fixed; these rooms lie above this one.
CONFIG = "config.yaml"
CONFIG_KEYS = ("head_stage:", "finetune_stage:", "save_every:")  # a resolved config has them all
CONFIG_BYTES = 1 << 16
SPEC = "spec.json"
MODELS = (".ckpt", ".mindir", ".onnx", ".ms")
CACHE_ENTRY = re.compile("[0-9a-f]{32}")  # of cached features
ABOUT = "about.json"  # beside their arrays
NOT_SURE = "_not_sure"  # folder of ``predict.py --sort`` for photos whose label is a guess
DEPTH = 3  # folders between the photos and a run: runs/EXPERIMENT/RUN


def is_output(folder: Path, depth: int = DEPTH) -> bool:
    """Whether a folder is a run, an export or a feature cache, or holds nothing but such folders.

    A folder that cannot be read is none.
    """
    try:
        if written_by(folder) or _is_run(folder) or _is_export(folder):
            return True
        if _is_cache(folder) or _is_cache_entry(folder):
            return True
        return depth > 1 and _holds_outputs(folder, depth)
    except OSError:
        return False


def _is_run(folder: Path) -> bool:
    path = folder / CONFIG
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        lines = stream.read(CONFIG_BYTES).decode("utf-8", "replace").splitlines()
    return all(any(line.startswith(key) for line in lines) for key in CONFIG_KEYS)


def _is_export(folder: Path) -> bool:
    if not (folder / SPEC).is_file():
        return False
    return any(path.name.startswith("model") and path.suffix in MODELS for path in folder.iterdir())


def _is_cache(folder: Path) -> bool:
    """The user's own, whatever is in it by now, or another with features."""
    try:
        if folder.resolve() == cache_dir().resolve():
            return True
    except UserError:  # there is no home, and so no cache
        pass
    features = folder / "features"
    return features.is_dir() and _holds_outputs(features, DEPTH)


def _is_cache_entry(folder: Path) -> bool:
    if not CACHE_ENTRY.fullmatch(folder.name):
        return False
    names = {path.name for path in folder.iterdir()} - {ABOUT}
    return bool(names) and all(name.endswith(".npy") for name in names)


def _holds_outputs(folder: Path, depth: int) -> bool:
    """Files beside the outputs are tables and plans of ours; a folder with another is not ours."""
    held = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                # a class folder of a million photos ends here at the first
                if not entry.name.endswith((".json", ".csv", ".html", ".md", ".txt")):
                    return False
            elif is_output(Path(entry.path), depth - 1):
                held += 1
            else:
                return False
    return held > 0
