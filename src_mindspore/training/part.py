"""A recipe trained on a part of some photos and tried on another: one fold of a cross-validation.

Every photo goes through the frozen layers once, whatever the number of parts: the features of the
whole data set are one entry of the cache, of which a part reads its rows.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from easydict import EasyDict

from src_mindspore.config.schema import AUTO
from src_mindspore.dataset import DataSet
from src_mindspore.network.device import seed_everything, select_device
from src_mindspore.network.engines import FeatureEngine
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import Readable
from src_mindspore.system.terminal import some
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.loop import fit, predict
from src_mindspore.training.options import (
    LossOptions,
    TrainingOptions,
    feature_options,
    model_options,
    stage_options,
)
from src_mindspore.training.stages import Materials, build_stage, plain_values
from src_mindspore.weights.assign import assign_strict
from src_mindspore.weights.pretrained import BackboneWeights

log = logging.getLogger(__name__)

TRAIN, CHOOSE, SCORED = "train", "val", "test"  # the parts, as splits of the data set


@dataclass(frozen=True)
class Recipe:
    """What a config asks of training, without photos and run folder.

    Attributes:
        options: its ``seed`` is that of the cached views alone; a fit has one of its own.
        model: arguments of ``build_model`` besides classes and weights.
        weights: what the backbone starts from; None where it is random.
        device: the selected one.
        engines: of the frozen layers, chosen so far; see ``FeatureJob``.
    """

    options: TrainingOptions
    model: Mapping
    weights: BackboneWeights | None
    device: str
    engines: dict[tuple[str, ...], FeatureEngine] = field(default_factory=dict)

    @property
    def loss(self) -> str:
        """What the logits of a fit are scored as, see ``metrics.summary``."""
        return "sigmoid_logits" if self.model["head"]["activation"] == "sigmoid" else "logits"


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


def recipe_of(config: EasyDict) -> Recipe:
    """The recipe of a config, with its weights read.

    Raises:
        UserError: weights or settings that cannot be used; a cut that is measured, by which a fold
            would be trained otherwise than the next; no stage with an epoch.
    """
    block = config.finetune_stage.from_block
    if block == AUTO and config.finetune_stage.epochs:
        raise UserError(
            "finetune_stage.from_block must be a number where recipes are compared; got auto, "
            "which is chosen by what the machine manages: train.py says what it chose"
        )
    stages = stage_options(config, 0 if block == AUTO else block, config.finetune_stage.epochs)
    if not any(stage.epochs for stage in stages):
        raise UserError("head_stage.epochs and finetune_stage.epochs are both 0: nothing to train")
    options = TrainingOptions(
        config.seed, stages, feature_options(config), LossOptions(**config.loss)
    )
    model = model_options(config)
    return Recipe(
        options, model, pretrained_weights(model["backbone"]), select_device(config.device)
    )


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
        UserError: see ``fit``; photos that cannot be read any more.
    """
    began = time.perf_counter()
    records = whole.records("all")
    splits = {name: tuple(records[i] for i in numbers) for name, numbers in parts.items()}
    seed_everything(seed)
    classifier, spec = build_model(
        whole.classes, recipe.weights, **recipe.model, value_range=whole.value_range
    )
    materials = Materials(
        recipe.device,
        replace(whole, splits=splits, known_digests=whole.digests),
        classifier,
        spec.input,
        whole.reader(),
        engines=recipe.engines,
        whole=whole,
    )
    options = replace(recipe.options, seed=seed)
    stages = [stage for stage in options.stages if stage.epochs]
    # before anything is trained: cached features are named by the weights of the frozen layers
    values = Readable(plain_values(SCORED, stages[-1].cut(classifier), options, materials))
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
        reached, epochs[stage.name] = built, built.progress.epoch
    logits = predict(reached.step.top, values, reached.batch_size)
    if not values.mask.all():
        gone = [r.path for r, there in zip(splits[SCORED], values.mask, strict=True) if not there]
        raise UserError(f"photos to be scored cannot be read any more: {some(gone)}")
    return Fitted(logits, time.perf_counter() - began, epochs)
