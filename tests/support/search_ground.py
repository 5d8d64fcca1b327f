"""A ground for trials at toy width: features that tell three classes apart, not always."""

from pathlib import Path

import numpy as np

from src_mindspore.comparison.folds import Folds, draw_folds
from src_mindspore.config.load import load_config
from src_mindspore.search.features import Features
from src_mindspore.search.settings import HeadSettings, settings_of
from src_mindspore.search.trial import Ground

PHOTOS, VIEWS, WIDTH, CLASSES, FOLDS = 72, 3, 12, 3, 3


def toy_ground(limit: float = 1e9) -> Ground:
    """Photos in groups of two, in three folds."""
    rng = np.random.default_rng(1)
    labels = (np.arange(PHOTOS) // 2 % CLASSES).astype(np.int32)
    middle = rng.normal(0, 1, (CLASSES, WIDTH))
    rows = {}
    for name, noise in (("max", 4.0), ("mean", 1.5)):
        views = middle[labels][:, None] + rng.normal(0, noise, (PHOTOS, VIEWS, WIDTH))
        views = np.maximum(views, 0).astype(np.float32)
        rows[name] = views, np.ascontiguousarray(views[:, :1])
    return Ground(Features(rows, limit), labels, toy_folds(labels), CLASSES, 1)


def toy_groups() -> np.ndarray:
    """(photos,) which are alike."""
    return np.arange(PHOTOS) // 2


def toy_folds(labels: np.ndarray) -> Folds:
    return draw_folds(labels, toy_groups(), FOLDS, 1)


def toy_config(folder: Path) -> Path:
    """A config whose head takes milliseconds."""
    path = folder / "toy.yaml"
    path.write_text(
        "head: {dropout: 0.2}\nfeatures: {views: 2}\n"
        "head_stage: {epochs: 9, batch_size: 16, lr: {max: 0.03}}\n"
    )
    return path


def toy_base(folder: Path) -> HeadSettings:
    return settings_of(load_config(toy_config(folder)))
