"""Where the files are that a run's config names: they may move, with the run or without it.

``config.yaml`` of a run names them as seen from its folder, so that a run moved together with its
photos finds them. One that was moved alone finds them from where it was begun.
"""

import copy
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from easydict import EasyDict

from src_mindspore.config.load import PATHS, load_config
from src_mindspore.runs.names import COMMAND, CONFIG
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest
from src_mindspore.system.write import sha256_of

BEGUN_IN = "begun in"  # the folder, in the list of what the run wrote
WEIGHTS_SHA256 = "weights sha256"  # of a file of pretrained weights
WEIGHTS, CACHE = ("backbone", "weights"), ("features", "cache_dir")


def run_config(path: Path, overrides: Sequence[str] = ()) -> EasyDict:
    """The config of a run folder, with every place where it is now, as far as that can be told.

    Args:
        path: the run folder.
        overrides: see ``load_config``.
    """
    config = load_config(path / CONFIG, overrides)
    begun = Manifest(path, COMMAND).about.get(BEGUN_IN)
    for section, key, value in _places(config):
        if begun and not Path(value).exists():
            # by the letters of the paths: the folder that it was begun in may be gone
            before = os.path.normpath(Path(begun) / os.path.relpath(value, path.resolve()))
            if Path(before).exists():
                config[section][key] = before
    return config


def stored(config: EasyDict, folder: Path) -> EasyDict:
    """The config as a run in ``folder`` keeps it: paths relative, but for those of other disks."""
    config = copy.deepcopy(config)
    here = folder.resolve()
    for section, key, value in _places(config):
        if os.path.commonpath([value, here]) != here.anchor:
            config[section][key] = os.path.relpath(value, here)
    return config


def about(config: EasyDict, folder: Path) -> dict[str, str]:
    """What the run's list says besides: where it was begun, and with which file of weights."""
    facts = {BEGUN_IN: str(folder.resolve())}
    weights = next((value for *place, value in _places(config) if tuple(place) == WEIGHTS), None)
    return {**facts, WEIGHTS_SHA256: sha256_of(Path(weights))} if weights else facts


def move_places(path: Path, ours: EasyDict, asked: EasyDict) -> EasyDict:
    """The run's config with the places that are asked for; the rest is for others to compare.

    Photos are told by their content when they are listed, pretrained weights here.

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
        paths = all(isinstance(place, str) and Path(place).is_absolute() for place in (was, now))
        if was == now or not (paths or (section, key) == CACHE):
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


def _places(config: EasyDict) -> Iterator[tuple[str, str, str]]:
    """Section, key and value of every path that is set; words such as imagenet are none."""
    for section, key in PATHS:
        value = config[section][key]
        if isinstance(value, str) and Path(value).is_absolute():
            yield section, key, value
