"""What later commands read of a run folder."""

from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.photos.exclusions import Exclusion, parse_entries
from src_mindspore.runs.names import CONFIG, METRICS, SPLITS_FILE
from src_mindspore.runs.places import run_config
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FILE_NAME, ModelSpec
from src_mindspore.system.advice import advised
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import brief, read_json


def known_splits(model_path: Path) -> dict[str, list[str]] | None:
    """The splits of the run that a model file or folder belongs to, where they can be told.

    An exported file lies in ``RUN/export``, a checkpoint in the run folder itself.
    """
    photos = _photos_of(model_path)
    return photos["splits"] if photos else None


def known_exclusions(model_path: Path) -> tuple[Exclusion, ...]:
    """The photos that this run was told to leave out; none where that cannot be told."""
    entries = (_photos_of(model_path) or {}).get("excluded", [])
    return parse_entries(SPLITS_FILE, entries if isinstance(entries, list) else [entries])


def _photos_of(model_path: Path) -> dict[str, Any] | None:
    folder = (model_path if model_path.is_dir() else model_path.parent).resolve()
    for place in (folder, folder.parent):
        path = place / SPLITS_FILE
        if not path.is_file() or not (place / CONFIG).is_file():
            continue
        table = read_json(path)
        splits = table.get("splits") if isinstance(table, dict) else None
        if not isinstance(splits, dict) or not all(
            isinstance(paths, list) and all(isinstance(p, str) for p in paths)
            for paths in splits.values()
        ):
            raise UserError(f"{path} is damaged: it has no table of splits and their photos")
        return table
    return None


def load_run(path: Path) -> tuple[EasyDict, ModelSpec]:
    """Config and spec of a run folder whose training has ended.

    Raises:
        UserError: ``path`` is no run folder, or its training has not ended.
    """
    if not (path / CONFIG).is_file():
        raise UserError(f"{path} is no run folder: it has no {CONFIG}")
    if not (path / METRICS).is_file():
        how = advised("train.py", "--run", path, "--resume")
        raise UserError(f"the training of {path} has not ended; {how}  goes on with it")
    return run_config(path), load_spec(path / FILE_NAME)


def read_metrics(path: Path) -> dict[str, Any]:
    """What ``metrics.json`` of a finished run holds.

    Args:
        path: the run folder.

    Raises:
        UserError: the file is damaged.
    """
    file = path / METRICS
    metrics = read_json(file)
    val = metrics.get("val") if isinstance(metrics, dict) else None
    if not isinstance(val, dict) or not all(
        type(val.get(key)) in (int, float) for key in ("n", "top1", "top5")
    ):
        raise UserError(
            f"{file} is damaged: it must have n, top1 and top5 under val; got {brief(val)}. "
            f"Without the file, --resume scores the run again"
        )
    return metrics
