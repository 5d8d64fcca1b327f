"""The run folder of a training command: a new one, or one to go on with."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.checks import worker_problems
from src_mindspore.config.load import load_config, settings_without_effect
from src_mindspore.config.schema import IMAGENET, NONE
from src_mindspore.photos.exclusions import read_plan
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import CONFIG
from src_mindspore.spec.labels import read_labels
from src_mindspore.system.compiler import compiler
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import check_file

log = logging.getLogger(__name__)


def open_run(
    path: Path,
    config: Path | None,
    overrides: Sequence[str] = (),
    data: Path | None = None,
    resume: bool = False,
    workers: int = 1,
) -> tuple[RunFolder, EasyDict]:
    """A new run of ``config``, or with ``resume`` the run in ``path`` if it has begun.

    The same command line may be repeated with ``resume`` until the run has finished; what it says
    of the config must then be what the run was begun with. Whatever can be known to be wrong
    without MindSpore and before a photo is opened is refused here.

    Args:
        path: the run folder.
        config: a YAML file; None only with ``resume``.
        overrides: ``KEY.SUB=VALUE``.
        data: the data folder, in place of ``data.dir``.
        resume: see above.
        workers: how many will train together.

    Raises:
        UserError: no data, a folder that cannot be used, a config that cannot be trained here, or
            a resumed run of another config.
    """
    begun = (path / CONFIG).is_file()
    source = config or (path / CONFIG if begun else None)
    asked = load_config(source, overrides) if source else None
    if resume and begun:
        _same_config(path, load_config(path / CONFIG), asked, data)
        run, begun_with = RunFolder.reopen(path)
        if not run.finished:
            check_trainable(begun_with, workers)
        return run, begun_with
    if asked is None:
        raise UserError(f"--resume takes a run folder; {path} has no {CONFIG}")
    if data:
        asked.data.dir = str(data.resolve())
    if not asked.data.dir:
        raise UserError("no data: --data DIR names the folder of photos, or data.dir in the config")
    if not Path(asked.data.dir).is_dir():
        raise UserError(f"the data folder {asked.data.dir} does not exist or is not a folder")
    check_trainable(asked, workers)
    for line in settings_without_effect(asked):
        log.warning("config: %s", line)
    return RunFolder.create(path, asked), asked


def check_trainable(config: EasyDict, workers: int = 1) -> None:
    """What a config needs besides itself: the files that it names, a compiler, even batches.

    Raises:
        UserError: something is missing or does not fit.
    """
    if problems := worker_problems(config, workers):
        raise UserError("; ".join(problems))
    if config.data.labels:
        read_labels(Path(config.data.labels))
    if config.data.exclude:
        read_plan(Path(config.data.exclude))
    if config.backbone.weights not in (IMAGENET, NONE, None):
        try:
            check_file(Path(config.backbone.weights))
        except UserError as error:
            raise UserError(f"backbone.weights cannot be read: {error}") from None
    stage = config.finetune_stage
    if stage.epochs and stage.kernels == "compiled":
        try:
            compiler()
        except UserError as error:
            raise UserError(f"finetune_stage.kernels cannot be compiled: {error}") from None


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
