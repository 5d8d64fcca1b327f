"""The run folder of a training command: a new one, or one to go on with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.load import load_config
from src_mindspore.runs.folder import CONFIG, RunFolder
from src_mindspore.system.errors import UserError


def open_run(
    path: Path,
    config: Path | None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    resume: bool = False,
) -> tuple[RunFolder, EasyDict]:
    """A new run of ``config``, or with ``resume`` the run in ``path`` if it has begun.

    The same command line may be repeated with ``resume`` until the run has finished; what it says
    of the config must then be what the run was begun with.

    Raises:
        UserError: no data, a folder that cannot be used, or a resumed run of another config.
    """
    begun = (path / CONFIG).is_file()
    source = config or (path / CONFIG if begun else None)
    asked = load_config(source, overrides) if source else None
    if resume and begun:
        _same_config(path, load_config(path / CONFIG), asked, data)
        return RunFolder.reopen(path)
    if asked is None:
        raise UserError(f"--resume takes a run folder; {path} has no {CONFIG}")
    if data:
        asked.data.dir = str(data.resolve())
    if not asked.data.dir:
        raise UserError("no data: --data DIR names the folder of photos, or data.dir in the config")
    if not Path(asked.data.dir).is_dir():
        raise UserError(f"the data folder {asked.data.dir} does not exist or is not a folder")
    return RunFolder.create(path, asked), asked


def _same_config(path: Path, ours: EasyDict, asked: EasyDict, data: Path | None) -> None:
    asked.data.dir = str(data.resolve()) if data else asked.data.dir or ours.data.dir
    if wrong := _differences(ours, asked):
        lines = [f"{key}: {was} there, {now} asked for" for key, was, now in wrong]
        raise UserError(f"{path} was begun with another config:\n  " + "\n  ".join(lines))


def _differences(ours: EasyDict, asked: EasyDict, prefix: str = "") -> list[tuple[str, Any, Any]]:
    found = []
    for key, value in ours.items():
        if isinstance(value, dict):
            found += _differences(value, asked[key], f"{prefix}{key}.")
        elif value != asked[key]:
            found.append((prefix + key, value, asked[key]))
    return found
