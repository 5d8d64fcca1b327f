"""Where the files are that a run's config names: they may move, with the run or without it.

``config.yaml`` of a run names them as seen from its folder, so that a run moved together with its
photos finds them. One that was moved alone finds them from where it was begun.
"""

import copy
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.load import PATHS, change_paths, load_config
from src_mindspore.runs.digest import teacher_digests
from src_mindspore.runs.names import COMMAND, CONFIG, MODEL
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)

BEGUN_IN = "begun in"  # the folder, in the list of what the run wrote
WEIGHTS_SHA256 = "weights sha256"  # of a file of pretrained weights
TEACHERS_SHA256 = "teachers sha256"  # of all, with spaces between them
WEIGHTS, CACHE = ("backbone", "weights"), ("features", "cache_dir")


def run_config(path: Path, overrides: Sequence[str] = ()) -> EasyDict:
    """The config of a run folder, with every place where it is now, as far as that can be told.

    Args:
        path: the run folder.
        overrides: see ``load_config``.
    """
    config = load_config(path / CONFIG, overrides)
    begun = Manifest(path, COMMAND).about.get(BEGUN_IN)

    def found(_: tuple[str, str], value: str) -> str:
        if not begun or not Path(value).is_absolute() or Path(value).exists():
            return value
        # by the letters of the paths: the folder that it was begun in may be gone
        before = os.path.normpath(Path(begun) / os.path.relpath(value, path.resolve()))
        return before if Path(before).exists() else value

    change_paths(config, found)
    return config


def stored(config: EasyDict, folder: Path) -> EasyDict:
    """The config as a run in ``folder`` keeps it: paths relative, but for those of other disks."""
    config = copy.deepcopy(config)
    here = folder.resolve()

    def kept(_: tuple[str, str], value: str) -> str:
        if not Path(value).is_absolute() or os.path.commonpath([value, here]) == here.anchor:
            return value
        return os.path.relpath(value, here)

    change_paths(config, kept)
    return config


def about(config: EasyDict, folder: Path) -> dict[str, str]:
    """What the run's list says besides: where it was begun, and with which file of weights."""
    facts = {BEGUN_IN: str(folder.resolve())}
    weights = config.backbone.weights
    if weights and Path(weights).is_absolute():  # no word such as imagenet
        facts[WEIGHTS_SHA256] = sha256_of(Path(weights))
    if config.distill.teachers:
        facts[TEACHERS_SHA256] = " ".join(teacher_digests(config, chosen=True))
    return facts


def check_teachers(path: Path, config: EasyDict) -> None:
    """Whether a run's teachers still are what they were when it was begun.

    A config is told by every key that decides something: of a version with other keys it counts as
    changed, since it may train otherwise.

    Args:
        path: the run folder.
        config: of the run, with the places that its teachers have now.

    Raises:
        UserError: a config or a run's weights have changed, or another teacher is named.
    """
    teachers = config.distill.teachers
    if not teachers:
        return
    known = Manifest(path, COMMAND).about.get(TEACHERS_SHA256)
    if known is None:
        log.warning("%s does not say what its teachers were: they may have changed", path)
        return
    now = teacher_digests(config, chosen=True)
    if changed := [
        t for t, was, is_ in zip(teachers, known.split(), now, strict=True) if was != is_
    ]:
        raise UserError(
            f"{path} was begun with other teachers, and these are not what they were: "
            f"{some(changed)}; the same configs, and runs with the same {MODEL}, are accepted, in "
            f"another place as well: put back what was there, or begin a new run"
        )


def move_places(path: Path, ours: EasyDict, asked: EasyDict) -> EasyDict:
    """The run's config with the places that are asked for; the rest is for others to compare.

    Photos are told by their content when they are listed, teachers by ``check_teachers``,
    pretrained weights here.

    Args:
        path: the run folder.
        ours: of the run.
        asked: of the command.

    Raises:
        UserError: other weights.
    """
    moved = copy.deepcopy(ours)
    for section, key in PATHS:
        was, now = ours[section][key], asked[section][key]
        paths = all(map(_are_places, (was, now)))
        if was == now or not (paths or (section, key) == CACHE):
            continue
        if isinstance(was, list) and len(was) != len(now):
            continue
        if (section, key) == WEIGHTS:
            _check_weights(path, Path(was), Path(now))
        moved[section][key] = now
    return moved


def _check_weights(path: Path, was: Path, now: Path) -> None:
    known = Manifest(path, COMMAND).about.get(WEIGHTS_SHA256)
    known = known or (sha256_of(was) if was.is_file() else None)
    if not now.is_file() or sha256_of(now) != known:
        raise UserError(
            f"{path} was begun with other weights: backbone.weights was {was}; the same file in "
            f"another place is accepted; got {now}"
        )


def _are_places(value: Any) -> bool:
    """Whether it is an absolute path, or a list of them."""
    places = value if isinstance(value, list) else [value]
    return all(isinstance(place, str) and Path(place).is_absolute() for place in places)
