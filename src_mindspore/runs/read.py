"""What later commands read of a run folder."""

from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.photos.identity import RunPhotos
from src_mindspore.runs.names import CONFIG, METRICS, SPLITS_FILE
from src_mindspore.runs.places import run_config
from src_mindspore.runs.splits import read_splits
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import ENSEMBLE, FILE_NAME, ModelSpec
from src_mindspore.system.advice import advised
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import brief, read_json


def run_photos(model_path: Path) -> RunPhotos | None:
    """The photos of the run that a model file or folder belongs to, where they can be told.

    An exported average of runs has those of all of them beside it.
    """
    folder = model_path if model_path.is_dir() else model_path.parent
    if (folder / SPLITS_FILE).is_file() and not (folder / CONFIG).exists() and _is_ensemble(folder):
        return read_splits(folder / SPLITS_FILE)
    run = run_of(model_path)
    return read_splits(run / SPLITS_FILE) if run else None


def run_of(model_path: Path) -> Path | None:
    """The run folder of a model: a checkpoint lies in it, an exported file in ``RUN/export``.

    An export of another run that was put there is not of this one: its description names another
    checkpoint.
    """
    folder = (model_path if model_path.is_dir() else model_path.parent).resolve()
    for place in (folder, folder.parent):
        if (place / SPLITS_FILE).is_file() and (place / CONFIG).is_file():
            own = place == folder or (
                not _is_ensemble(folder) and _checkpoint(folder) in (None, _checkpoint(place))
            )
            return place if own else None
    return None


def _is_ensemble(folder: Path) -> bool:
    """Whether the description in a folder is of an average of runs."""
    return (folder / FILE_NAME).is_file() and ENSEMBLE in load_spec(folder / FILE_NAME).model


def _checkpoint(folder: Path) -> str | None:
    """SHA-256 of the checkpoint that the description in a folder is of; None where it says none."""
    if not (folder / FILE_NAME).is_file():
        return None
    calibration = load_spec(folder / FILE_NAME).calibration
    return calibration.sha256 if calibration else None


def data_folder(model_path: Path, named: Path | None = None) -> Path:
    """Where the photos are: as named, else where the model's run had them.

    Raises:
        UserError: nothing is named, and there is no run, or its folder is not there any more.
    """
    if named is not None:
        return named
    run = run_of(model_path)
    if run is None:
        raise UserError(
            f"{model_path} is in no run folder, which would say where its photos are: name the "
            f"data folder with --data"
        )
    folder = run_config(run).data.dir
    if not folder or not Path(folder).is_dir():
        raise UserError(f"{folder}, the data of {run}, is not there: name its place with --data")
    return Path(folder)


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
