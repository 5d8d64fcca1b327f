"""Builds the stages of a run: which part of the network is trained, on what, and how."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from easydict import EasyDict

from src_mindspore.backbone import IMAGE, POOLED, layer_name
from src_mindspore.dataset import DataSet
from src_mindspore.features.extract import cached_features
from src_mindspore.features.job import FeatureJob, Views
from src_mindspore.features.store import PlainView
from src_mindspore.lr import build_lr
from src_mindspore.network.classifier import Classifier, Top
from src_mindspore.network.engines import FeatureEngine
from src_mindspore.network.kernels import accelerate
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.class_weights import class_weights
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.tensors import PlainPhotos
from src_mindspore.spec.input import InputSpec
from src_mindspore.training.inputs import CachedInputs, PhotoInputs, TrainingInputs
from src_mindspore.training.loop import Stage, steps_per_epoch, trainable
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.step import TrainStep
from src_mindspore.training.workers import ALONE, Workers, check_stage

STAGES = ("head", "finetune")


@dataclass(frozen=True)
class Materials:
    """What every stage works with; ``engines`` are those chosen so far, see ``FeatureJob``."""

    device: str
    data: DataSet
    classifier: Classifier
    input: InputSpec
    workers: Workers = ALONE
    engines: dict[tuple[str, ...], FeatureEngine] = field(default_factory=dict)

    @cached_property
    def reader(self) -> PhotoReader:
        """Opens the photos."""
        return PhotoReader.of(self.data)


def cut_of(name: str, config: EasyDict, classifier: Classifier) -> str:
    """Where the trained part of a stage begins, see ``backbone.layers_before``."""
    if name == "head":
        return classifier.head.cut
    block = config.finetune_stage.from_block
    return layer_name(block - 1) if block else IMAGE


def build_stage(name: str, config: EasyDict, materials: Materials) -> Stage:
    """A stage ready for ``trainer.fit``; features that it reads are computed here."""
    options = config[f"{name}_stage"]
    classifier, data = materials.classifier, materials.data
    workers, freeze_bn = materials.workers, options.get("freeze_bn_statistics", True)
    check_stage(workers, name, options.batch_size, moving_statistics=not freeze_bn)
    cut = cut_of(name, config, classifier)
    inputs = _training_inputs(name, cut, config, materials)
    labels = _labels(data, "train")
    val = _validation_values(cut, config, materials)

    top = Top(classifier, cut)
    steps = steps_per_epoch(inputs.photos, options.batch_size)
    lr = build_lr(
        total_steps=steps * options.epochs,
        lr_init=options.lr.init,
        lr_end=options.lr.end,
        lr_max=options.lr.max,
        warmup_steps=min(round(options.lr.warmup_epochs * steps), steps * options.epochs),
        decay_type=options.lr.decay,
    )
    parameters = trainable(top, freeze_head=options.get("freeze_head", False))
    optimizer = build_optimizer(parameters=parameters, lr=lr, **options.optimizer)
    classes = len(data.classes)
    activation = classifier.head.activation
    loss = ClassificationLoss(classes, activation, config.loss.label_smoothing, workers)
    top = accelerate(top, options.get("kernels", "plain"), materials.device, freeze_bn)
    return Stage(
        name=name,
        top=top,
        step=TrainStep(top, loss, optimizer, workers),
        inputs=inputs,
        val=(val, _labels(data, "val")),
        val_loss="sigmoid_logits" if activation == "sigmoid" else "logits",
        lr=lr,
        class_weights=class_weights(labels, classes, config.loss.class_weights),
        epochs=options.epochs,
        batch_size=options.batch_size,
        patience=options.patience,
        freeze_bn_statistics=freeze_bn,
        workers=workers,
    )


def _labels(data: DataSet, split: str) -> np.ndarray:
    return np.array([record.label for record in data.records(split)], np.int32)


def _augmentation(config: EasyDict) -> Augmentation:
    return Augmentation(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in config.augment.items()}
    )


def cached_views(config: EasyDict) -> Views:
    """The views of a training photo that are kept in the cache."""
    return Views(config.features.views, _augmentation(config), config.seed)


def _job(
    outputs: tuple[str, ...], views: Views, config: EasyDict, materials: Materials
) -> FeatureJob:
    return FeatureJob(
        backbone=materials.classifier.backbone,
        outputs=outputs,
        input=materials.input,
        views=views,
        engine=config.features.engine,
        device=materials.device,
        batch_size=config.features.batch_size,
        engines=materials.engines,
    )


def _cache(config: EasyDict) -> Path | None:
    return Path(config.features.cache_dir) if config.features.cache_dir else None


def _training_inputs(name: str, cut: str, config: EasyDict, materials: Materials) -> TrainingInputs:
    data = materials.data
    seed = (config.seed, STAGES.index(name))
    if name == "head" or config.finetune_stage.inputs == "cached":
        cuts = _cached_cuts(config, materials.classifier)
        job = _job(cuts, cached_views(config), config, materials)
        features = cached_features(job, data, "train", _cache(config), materials.reader)[cut]
        return CachedInputs(features, _labels(data, "train"), seed)
    trunk = None
    if cut != IMAGE:
        job = _job((cut,), Views(), config, materials)
        trunk = job.engine_for(materials.reader, data.records("train"))
    return PhotoInputs(
        materials.reader, data.records("train"), materials.input, _augmentation(config), trunk, seed
    )


def _cached_cuts(config: EasyDict, classifier: Classifier) -> tuple[str, ...]:
    """All cuts that a run reads from the cache: one pass over the photos serves both stages.

    Pooled features are kept both ways, so that another ``head.reduction`` finds them there.
    """
    cuts = {
        cut_of(name, config, classifier)
        for name in STAGES
        if config[f"{name}_stage"].epochs
        and (name == "head" or config.finetune_stage.inputs == "cached")
    }
    return tuple(sorted(cuts | set(POOLED) if cuts & set(POOLED) else cuts))


def _validation_values(cut: str, config: EasyDict, materials: Materials) -> PlainView | PlainPhotos:
    """Values at the cut of the plain validation photos, in full precision."""
    data = materials.data
    if cut == IMAGE:
        return PlainPhotos(materials.reader, data.records("val"), materials.input)
    cuts = _cached_cuts(config, materials.classifier)
    job = _job(cuts if cut in cuts else (cut,), Views(), config, materials)
    return PlainView(cached_features(job, data, "val", _cache(config), materials.reader)[cut])
