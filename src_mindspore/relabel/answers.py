"""What teachers say of photos that they were not trained on: of all others they know the label.

A config is trained on folds, as in a comparison, and each photo is judged by the one that has not
seen it or its like. A run folder is asked only of photos that were not, nor their like, among its
training photos.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.comparison.folds import FEWEST, Folds, draw_folds
from src_mindspore.comparison.quiet import quiet
from src_mindspore.dataset import DataSet
from src_mindspore.evaluation.model import load_model
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.evaluation.score import score_records
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.runs.read import load_run
from src_mindspore.system.errors import UserError
from src_mindspore.system.progress import progress
from src_mindspore.system.terminal import shown_name, some
from src_mindspore.training.part import SCORED, TRAIN, fit_part
from src_mindspore.training.recipes import Recipe, build_untrained, sharing
from src_mindspore.training.teachers import ADVICE, class_order, taught_photos

log = logging.getLogger(__name__)

FOLDS = 5  # as many as a comparison has, where the photos allow it


@dataclass(frozen=True)
class Ground:
    """The photos that are judged.

    Attributes:
        whole: all of them, not divided.
        groups: (n,) which are alike, in the order of ``whole.records("all")``.
        seed: of the draw of the folds, and of training.
    """

    whole: DataSet
    groups: np.ndarray
    seed: int

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64, classes."""
        return np.array([record.label for record in self.whole.records("all")], np.int64)

    def folds(self) -> Folds:
        """As many as there can be, ``FOLDS`` at most.

        Raises:
            UserError: no class has photos to be judged by the others of it.
        """
        for count in range(FOLDS, FEWEST - 1, -1):
            try:
                return draw_folds(self.labels, self.groups, count, self.seed)
            except UserError:  # a fold would be empty
                continue
        raise UserError(
            f"--relabel report has a photo judged by teachers trained on others of its class, "
            f"which takes photos that are not alike; there are {len(self.groups)} photos, and "
            f"{len(np.unique(self.groups))} groups of those that are"
        )

    def empty(self) -> np.ndarray:
        """(n, classes) NaN: nobody was asked."""
        return np.full((len(self.groups), len(self.whole.classes)), np.nan)


def answers_of(
    teachers: Sequence[Recipe | Path], ground: Ground, folds: Folds | None
) -> np.ndarray:
    """What each teacher says of each photo that it was not trained on.

    Args:
        teachers: of ``teachers_of``.
        ground: the photos.
        folds: of these; None where no teacher is a recipe.

    Returns:
        (teachers, n, classes) probabilities, 0..1; NaN where a teacher is not asked.

    Raises:
        UserError: run folders that were trained on all of the photos; whatever keeps a recipe from
            being trained.
    """
    unasked = {path: _unlearned(path, ground) for path in teachers if isinstance(path, Path)}
    if learned := [str(path) for path, free in unasked.items() if not len(free)]:
        raise UserError(
            f"--relabel report asks a teacher of photos that it was not trained on, whose labels "
            f"it has not learned: {some(learned)} has seen all {len(ground.groups):,}; {ADVICE}, "
            f"fold by fold"
        )
    recipes = [teacher for teacher in teachers if isinstance(teacher, Recipe)]
    count = folds.count * len(recipes) if recipes else 0
    with quiet():
        networks = [build_untrained(recipe, ground.whole) for recipe in recipes]
    prepared = iter(sharing(recipes, networks))
    found = []
    with progress(count, "asking teachers", "fold", quiet=True) as advance:
        for teacher in teachers:
            began = time.perf_counter()
            if isinstance(teacher, Path):
                said = _run_answers(teacher, unasked[teacher], ground)
            else:
                said = _recipe_answers(next(prepared), ground, folds, advance)
            _say(name_of(teacher), said, ground, time.perf_counter() - began)
            found.append(said)
    return np.stack(found)


def name_of(teacher: Recipe | Path) -> str:
    """What a teacher is called."""
    return str(teacher) if isinstance(teacher, Path) else teacher.name


def alone(said: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """How many labels one teacher contradicts, and of how many photos it was asked."""
    asked = ~np.isnan(said).any(1)
    return int((said[asked].argmax(1) != labels[asked]).sum()), int(asked.sum())


def _say(name: str, said: np.ndarray, ground: Ground, seconds: float) -> None:
    wrong, asked = alone(said, ground.labels)
    text = "teacher %s: contradicts %d labels of %d photos that it was not trained on, %.1f s"
    log.info(text, shown_name(name), wrong, asked, seconds)


def _recipe_answers(
    recipe: Recipe, ground: Ground, folds: Folds, advance: Callable[[int], object]
) -> np.ndarray:
    """Of every photo by the fold that scores it: (n, classes)."""
    found = ground.empty()
    for fold in range(folds.count):
        parts = {TRAIN: folds.trained(fold), SCORED: folds.scored(fold)}
        try:
            with quiet():
                fitted = fit_part(recipe, ground.whole, parts, ground.seed)
        except UserError as error:
            where = f"teacher {shown_name(recipe.name)}, fold {fold + 1} of {folds.count}"
            raise UserError(f"{where}: {error}") from None
        found[parts[SCORED]] = probabilities(fitted.logits, "logits")  # softmax: see trainable.py
        advance(1)
    return found


def _unlearned(path: Path, ground: Ground) -> np.ndarray:
    """Places of the photos that a run was not trained on, nor on their like: (m,) int64.

    Raises:
        UserError: it has other classes, or does not say which photos it was trained on.
    """
    part_of, whole = taught_photos(path).part_of, ground.whole
    class_order(path, load_run(path)[1].classes, whole.classes)  # before anything is trained
    taught = [part_of.get(whole.digests[r.path]) == "train" for r in whole.records("all")]
    return np.flatnonzero(~np.isin(ground.groups, ground.groups[taught]))


def _run_answers(path: Path, asked: np.ndarray, ground: Ground) -> np.ndarray:
    """Of the photos at some places by a trained run: (n, classes)."""
    model, whole = load_model(path), ground.whole
    order = class_order(path, model.spec.classes, whole.classes)
    records = [whole.records("all")[i] for i in asked]
    reader = PhotoReader(
        whole.root, len(records), whole.digests, value_range=model.spec.input.range
    )
    scored = score_records(model, reader, records, f"teacher {shown_name(path.name)}")
    there = [r.path not in scored.skipped for r in records]
    found = ground.empty()
    found[asked[there]] = model.probabilities(scored.scores)[:, order]
    return found
