"""A recipe trained on a part of some photos and tried on another: one fold of a cross-validation.

Every photo goes through the frozen layers once, whatever the number of parts: the features of the
whole data set are one entry of the cache, of which a part reads its rows.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.features.store import Picked, Rows
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.device import seed_everything
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.spec.input import InputSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import Readable
from src_mindspore.system.terminal import some
from src_mindspore.training.distillation import Targets
from src_mindspore.training.limits import settings_named
from src_mindspore.training.loop import fit, stage_logits
from src_mindspore.training.materials import (
    Materials,
    cached_outputs,
    plain_values,
    training_features,
)
from src_mindspore.training.options import TrainingOptions
from src_mindspore.training.recipes import Recipe, build_untrained
from src_mindspore.training.stage import Stage
from src_mindspore.training.stages import build_stage, training_inputs
from src_mindspore.training.teachers import Teacher, has_new_features, run_teacher, targets_of
from src_mindspore.weights.assign import assign_strict

log = logging.getLogger(__name__)

TRAIN, CHOOSE, SCORED = "train", "val", "test"  # the parts, as splits of the data set


@dataclass(frozen=True)
class Trained:
    """A recipe trained on some photos.

    Attributes:
        classifier: with the weights of the last epoch, or of the best where one is chosen.
        input: how a photo becomes its input.
        values: the photos to be scored, at the cut of the last stage; None without any.
        last: the last stage.
        epochs: how many every stage ran, by name.
    """

    classifier: Classifier
    input: InputSpec
    values: Readable | None
    last: Stage
    epochs: dict[str, int]


@dataclass(frozen=True)
class Student:
    """Whom a recipe teaches: how that one is trained, and with what; not trained yet."""

    options: TrainingOptions
    materials: Materials


@dataclass(frozen=True)
class Fitted:
    """What a fit gave.

    Attributes:
        logits: (n, classes) float32 of the scored photos' plain views, in their order.
        seconds: training and scoring took, and features that were not in the cache.
        epochs: how many every stage ran, by name.
    """

    logits: np.ndarray
    seconds: float
    epochs: dict[str, int]


def materials_of(
    recipe: Recipe, data: DataSet, reader: PhotoReader, whole: DataSet | None
) -> Materials:
    """What the stages of a recipe work with, a network that is not trained yet among it."""
    classifier, spec = build_untrained(recipe, data)
    return Materials(
        recipe.device,
        data,
        classifier,
        spec.input,
        reader,
        engines=recipe.engines,
        whole=whole,
    )


def whole_materials(recipe: Recipe, whole: DataSet) -> Materials:
    """Those of all photos, each trained on and scored: what is cached for every part of them."""
    every = whole.records("all")
    data = replace(whole, splits={TRAIN: every, SCORED: every}, known_digests=whole.digests)
    return materials_of(recipe, data, whole.reader(), whole)


@settings_named()
def extract(recipe: Recipe, whole: DataSet, student: Student | None = None) -> float:
    """Computes the features that fits read, as far as the cache has not got them; in seconds.

    Args:
        recipe: of ``recipe_of``.
        whole: all photos, not divided.
        student: whom it teaches.

    Raises:
        UserError: see ``cached_features``.
    """
    began = time.perf_counter()
    materials = whole_materials(recipe, whole)
    options = _beside(student, recipe.options, materials)
    stages = [stage for stage in options.stages if stage.epochs]
    for stage in stages:
        training_inputs(stage, options, materials)
    plain_values(SCORED, stages[-1].cut(materials.classifier), options, materials)
    for teacher in recipe.teachers:
        if isinstance(teacher, Recipe):
            extract(teacher, whole, Student(options, materials))
    return time.perf_counter() - began


@settings_named()
def fit_part(
    recipe: Recipe, whole: DataSet, parts: Mapping[str, Sequence[int]], seed: int
) -> Fitted:
    """Trains on some photos and gives the logits of others.

    The last epoch counts; with ``CHOOSE`` it is the best on those photos.

    Args:
        recipe: of ``recipe_of``.
        whole: all photos, not divided.
        parts: numbers of photos in ``whole.records("all")``: those of ``TRAIN`` and ``SCORED``,
            and perhaps of ``CHOOSE``.
        seed: of initial weights, order, choice of views and dropout.

    Raises:
        UserError: see ``fit``; photos that cannot be read any more; a teacher that was trained on
            photos to be scored.
    """
    began = time.perf_counter()
    records = whole.records("all")
    splits = {name: tuple(records[i] for i in numbers) for name, numbers in parts.items()}
    data = replace(whole, splits=splits, known_digests=whole.digests)
    reached = trained(recipe, data, whole.reader(), seed, whole)
    logits = stage_logits(reached.last, reached.values)
    there = reached.values.mask
    if not there.all():
        gone = [r.path for r, ok in zip(splits[SCORED], there, strict=True) if not ok]
        raise UserError(f"photos to be scored cannot be read any more: {some(gone)}")
    return Fitted(logits, time.perf_counter() - began, reached.epochs)


def trained(
    recipe: Recipe,
    data: DataSet,
    reader: PhotoReader,
    seed: int,
    whole: DataSet | None = None,
    student: Student | None = None,
) -> Trained:
    """Trains a recipe, after its teachers.

    Args:
        recipe: of ``recipe_of``.
        data: the photos, in the splits ``TRAIN`` and perhaps ``CHOOSE`` and ``SCORED``.
        reader: opens them.
        seed: of initial weights, order, choice of views and dropout.
        whole: see ``Materials``.
        student: whom it teaches.
    """
    seed_everything(seed)
    materials = materials_of(recipe, data, reader, whole)
    classifier = materials.classifier
    options = _beside(student, replace(recipe.options, seed=seed), materials)
    materials.targets = teach(recipe.teachers, options, materials)
    stages = [stage for stage in options.stages if stage.epochs]
    values = None
    if SCORED in data.splits:
        # before anything is trained: cached features are named by the weights of the frozen layers
        cut = stages[-1].cut(classifier)
        values = Readable(plain_values(SCORED, cut, options, materials))
    reached, epochs = None, {}
    for stage in stages:
        built = build_stage(stage, options, materials)
        if reached:
            built.best = reached.best
            built.progress.best_top1 = reached.progress.best_top1
            built.progress.best_loss = reached.progress.best_loss
        fit(built, lambda *_: None)
        if built.best:
            assign_strict(classifier, built.best, "the best epoch")
            built.fast = None  # it has the weights of the last epoch
        reached, epochs[stage.name] = built, built.progress.epoch
    return Trained(classifier, materials.input, values, reached, epochs)


def teach(
    teachers: Sequence[Recipe | Path], options: TrainingOptions, materials: Materials
) -> Targets | None:
    """What teachers say of the training photos; None without any.

    Args:
        teachers: of ``teachers_of``; recipes are trained here, with the seed of the student.
        options: of the student.
        materials: its photos and network, which is not trained yet.

    Raises:
        UserError: a teacher with other classes, or trained on photos that the student is scored on.
    """
    if not teachers:
        return None
    data, student = materials.data, materials.classifier
    found = []
    for number, teacher in enumerate(teachers):
        if isinstance(teacher, Path):
            found.append(run_teacher(teacher, data, student, materials.input))
            continue
        log.info("teacher %d of %d: %s", number + 1, len(teachers), teacher.name)
        found.append(_recipe_teacher(teacher, Student(options, materials)))

    def features(teacher: Teacher) -> dict[str, Rows | Picked]:
        outputs = set(teacher.outputs)
        if not teacher.new_features:
            outputs |= set(cached_outputs(options, student))  # they are one entry
        return training_features(
            teacher.classifier, sorted(outputs), teacher.input, options, materials
        )

    return targets_of(found, features, options.distill, options.seed)


def _beside(
    student: Student | None, options: TrainingOptions, materials: Materials
) -> TrainingOptions:
    """How a teacher is trained: on its student's cached features, where its own are among them.

    One network on the same views: it goes over the photos once.

    Args:
        student: whom it teaches; None of a recipe that teaches nobody.
        options: of the teacher.
        materials: of the teacher, not trained yet; its engines become the student's.
    """
    if student is None or options.features != student.options.features:
        return options
    theirs = student.materials
    if has_new_features(materials.classifier, materials.input, theirs.classifier, theirs.input):
        return options
    materials.engines = theirs.engines
    return replace(options, also=options.also | student.options.cached_cuts(theirs.classifier))


def _recipe_teacher(recipe: Recipe, student: Student) -> Teacher:
    """A recipe trained on the training photos of a student."""
    theirs, seed = student.materials, student.options.seed
    splits = {name: part for name, part in theirs.data.splits.items() if name != SCORED}
    part = replace(theirs.data, splits=splits)
    reached = trained(recipe, part, theirs.reader, seed, theirs.whole, student)
    new = has_new_features(reached.classifier, reached.input, theirs.classifier, theirs.input)
    return Teacher(recipe.name, reached.classifier, reached.input, None, new)
