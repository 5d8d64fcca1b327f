"""``tune.py`` from top to bottom: photos, features, search, report."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from easydict import EasyDict

from src_mindspore.comparison.photos import Photos, divided
from src_mindspore.search.features import Features
from src_mindspore.search.figures import report_of
from src_mindspore.search.kept import SearchFolder
from src_mindspore.search.report import write_report
from src_mindspore.search.run import Limits, Search
from src_mindspore.search.settings import settings_of
from src_mindspore.search.trial import Ground
from src_mindspore.search.trials import Trials
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.training.pooled import pooled_features
from src_mindspore.training.recipes import recipe_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the command line says.

    Attributes:
        config: the file that is searched around.
        data: the data folder.
        folds: how many.
        fold_seed: of their draw.
        heads: that are tried; None is as many as there is time for.
        minutes: that the search may take; None is no limit.
    """

    config: Path
    data: Path
    folds: int
    fold_seed: int
    heads: int | None
    minutes: float | None


def searched(
    asked: Asked, config: EasyDict, aside: Mapping[str, Any], folder: SearchFolder
) -> dict[str, Any]:
    """Searches, and writes what was found, also where it is stopped.

    Args:
        asked: the command line.
        config: of ``base.load_base``.
        aside: likewise.
        folder: where to.

    Returns:
        The report, see ``figures.report_of``.

    Raises:
        UserError: photos that cannot be used; no time for the config's own head.
        KeyboardInterrupt: what is complete is written.
    """
    photos = divided(asked.data, config.data, asked.folds, asked.fold_seed)
    ground = _ground(config, asked.config.name, photos)
    trials = Trials(ground, folder)
    seconds = None if asked.minutes is None else 60 * asked.minutes
    search = Search(settings_of(config), trials, Limits(asked.heads, seconds, config.seed))
    try:
        search.run()
    except KeyboardInterrupt:
        if search.found.candidates:
            search.found.stopped = "it was stopped"
            _report(search, photos, asked, aside, folder)
        raise
    if not search.found.candidates:
        raise UserError(
            f"--minutes {asked.minutes:g} is too short for the config's own head on "
            f"{asked.folds} folds; what is done is kept, and the same command goes on with it"
        )
    return _report(search, photos, asked, aside, folder)


def _ground(config: EasyDict, name: str, photos: Photos) -> Ground:
    """Features of all photos; MindSpore's last work here."""
    began = time.perf_counter()
    features = Features(pooled_features(recipe_of(config, name), photos.whole))
    log.info("features: %.1f s", time.perf_counter() - began)
    if len(gone := features.unreadable()):
        records = photos.whole.records("all")
        raise UserError(
            f"photos to be scored cannot be read any more: {some([records[i].path for i in gone])}"
        )
    labels = photos.labels.astype(np.int32)
    return Ground(features, labels, photos.folds, len(photos.whole.classes), config.seed)


def _report(
    search: Search, photos: Photos, asked: Asked, aside: Mapping[str, Any], folder: SearchFolder
) -> dict[str, Any]:
    found, trials = search.found, search.trials
    about = [
        f"{asked.config.name} on {len(photos.labels):,} photos of {len(photos.whole.classes)} "
        f"classes in {photos.folds.count} folds, drawn with seed {asked.fold_seed}; seed of "
        f"training: {trials.ground.seed}; the last epoch is scored",
        *photos.remarks,
        f"{found.heads} heads were tried: {found.stopped}",
    ]
    report = report_of(found, trials, photos.groups, about)
    write_report(report, folder, asked.config, aside)
    return report
