"""Builds the stages of a run: which part of the network is trained, on what, and how."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from mindspore import Parameter, nn

from src_mindspore.backbone import IMAGE
from src_mindspore.evaluation.probabilities import logits_kind
from src_mindspore.features.job import Views
from src_mindspore.lr import PLATEAU, Plateau, build_lr
from src_mindspore.network.classifier import Classifier, Top
from src_mindspore.network.kernels import accelerate
from src_mindspore.photos.class_weights import class_weights
from src_mindspore.system.errors import UserError
from src_mindspore.system.rows import blank
from src_mindspore.training.distillation import DistillationLoss, Targets, TaughtHead
from src_mindspore.training.fast_head import FastHead
from src_mindspore.training.inputs import CachedInputs, PhotoInputs, TrainingInputs
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.materials import (
    Materials,
    cached_outputs,
    feature_job,
    labels_of,
    plain_values,
    stored_features,
)
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.options import (
    FINETUNE,
    HEAD,
    STAGES,
    StageOptions,
    TrainingOptions,
)
from src_mindspore.training.stage import Stage, steps_per_epoch
from src_mindspore.training.step import TrainStep

log = logging.getLogger(__name__)


def build_stage(stage: StageOptions, options: TrainingOptions, materials: Materials) -> Stage:
    """A stage ready for ``loop.fit``; features that it reads are computed here."""
    classifier, data = materials.classifier, materials.data
    cut = stage.cut(classifier)
    inputs = training_inputs(stage, options, materials)
    validation = None
    if "val" in data.splits:
        validation = plain_values("val", cut, options, materials), labels_of(data, "val")
    steps = steps_per_epoch(inputs.photos, stage.batch_size)
    lr = build_lr(
        total_steps=steps * stage.epochs,
        lr_init=stage.lr["init"],
        lr_end=stage.lr["end"],
        lr_max=stage.lr["max"],
        warmup_steps=min(round(stage.lr["warmup_epochs"] * steps), steps * stage.epochs),
        decay_type=stage.lr["decay"],
    )
    activation = classifier.head.activation
    labels, classes = labels_of(data, "train"), len(data.classes)
    return Stage(
        name=stage.name,
        classifier=classifier,
        step=build_step(
            classifier,
            cut,
            stage,
            lr,
            options.loss.label_smoothing,
            materials,
            _taught_head(stage, options, materials),
        ),
        inputs=inputs,
        val=validation,
        val_loss=logits_kind(activation),
        lr=lr,
        class_weights=class_weights(labels, classes, options.loss.class_weights),
        epochs=stage.epochs,
        batch_size=stage.batch_size,
        patience=stage.patience,
        freeze_bn_statistics=stage.freeze_bn_statistics,
        workers=materials.workers,
        fast=_fast_head(stage, lr, options.loss.label_smoothing, materials),
        plateau=_plateau(stage.lr),
    )


def _plateau(lr: Mapping[str, Any]) -> Plateau | None:
    """What lowers the rates of a stage by its scores; None where a table has them all."""
    if lr["decay"] != PLATEAU:
        return None
    return Plateau(lr["max"], lr["factor"], lr["patience"], lowest=lr["end"])


def _fast_head(
    stage: StageOptions, lr: np.ndarray, label_smoothing: float, materials: Materials
) -> FastHead | None:
    """The compiled head of a head stage; None where it is trained by MindSpore.

    Raises:
        UserError: ``compiled`` is wanted and not possible; the text says why.
    """
    if stage.name != HEAD or stage.kernels == "plain":
        return None
    head = materials.classifier.head
    try:
        if materials.device != "CPU":
            raise UserError(f"it is for the CPU; the device is {materials.device}")
        if materials.workers.size > 1:
            raise UserError(f"it is for one worker; there are {materials.workers.size}")
        fast = FastHead(
            {name: p.asnumpy() for name, p in head.parameters_dict().items()},
            lr,
            optimizer=stage.optimizer["name"],
            momentum=stage.optimizer["momentum"],
            weight_decay=stage.optimizer["weight_decay"],
            hidden_activation=head.hidden_activation,
            dropout=head.dropout,
            activation=head.activation,
            label_smoothing=label_smoothing,
            normalisation=head.normalisation,
        )
    except UserError as error:
        if stage.kernels == "compiled":
            raise UserError(f"the head cannot be compiled: {error}") from error
        log.info("head: trained by MindSpore (%s)", str(error).splitlines()[0])
        return None
    log.info("head: compiled, an epoch a call")
    return fast


def build_step(
    classifier: Classifier,
    cut: str,
    stage: StageOptions,
    lr: np.ndarray,
    label_smoothing: float,
    materials: Materials,
    taught: TaughtHead | None = None,
) -> TrainStep:
    """The training step of what lies behind a cut.

    Args:
        classifier: whose parameters are trained.
        cut: where the trained part begins, see ``backbone.py``.
        stage: optimiser, what is frozen, kernels.
        lr: (steps,) float32, the rate of every step.
        label_smoothing: 0 to below 1.
        materials: device, classes and workers.
        taught: the head with its extra outputs, where there are any.
    """
    top = Top(classifier, cut, taught)
    loss: nn.Cell = ClassificationLoss(
        len(materials.data.classes), classifier.head.activation, label_smoothing, materials.workers
    )
    if targets := _targets(stage, materials):
        loss = DistillationLoss(loss, targets.options)
    parameters = trainable(top, classifier.head if stage.freeze_head else None)
    optimizer = build_optimizer(parameters=parameters, lr=lr, **stage.optimizer)
    fast = accelerate(top, stage.kernels, materials.device, stage.freeze_bn_statistics)
    return TrainStep(fast, loss, optimizer, materials.workers)


def _targets(stage: StageOptions, materials: Materials) -> Targets | None:
    """What a stage learns from teachers: fine-tuning does."""
    return materials.targets if stage.name == FINETUNE else None


def _taught_head(
    stage: StageOptions, options: TrainingOptions, materials: Materials
) -> TaughtHead | None:
    """The head of a stage that learns its teachers' features; None where it does not.

    Where the head is one Dense on pooled features that are in the cache, the extra outputs begin
    as the best that the frozen network can do.
    """
    targets, classifier = _targets(stage, materials), materials.classifier
    if targets is None or targets.components is None:
        return None
    components = targets.components
    taught = TaughtHead(classifier.head, components.shape[-1])
    cuts = cached_outputs(options, classifier)
    if classifier.head.last or classifier.head_cut not in cuts:
        return taught
    views = options.features.views
    found = stored_features(
        feature_job(cuts, views, options, materials), "train", options.features, materials
    )
    rows = found[classifier.head_cut]
    photos = np.repeat(np.arange(len(rows)), views.count + 1)
    features = rows[photos, np.tile(np.arange(views.count + 1), len(rows))]
    there = ~blank(features)
    taught.begin_with(features[there], components.reshape(len(photos), -1)[there])
    return taught


def trainable(top: Top, frozen: nn.Cell | None = None) -> list[Parameter]:
    """Parameters behind the cut that a stage trains; those of ``frozen`` keep no gradient."""
    kept = {id(p) for p in frozen.get_parameters()} if frozen else set()
    return [p for p in top.trainable_params() if id(p) not in kept]


def training_inputs(
    stage: StageOptions, options: TrainingOptions, materials: Materials
) -> TrainingInputs:
    """What a stage reads, epoch by epoch."""
    data, features = materials.data, options.features
    cut = stage.cut(materials.classifier)
    seed = (options.seed, STAGES.index(stage.name))
    if stage.cached:
        cuts = cached_outputs(options, materials.classifier)
        job = feature_job(cuts, features.views, options, materials)
        found = stored_features(job, "train", features, materials)
        return CachedInputs(found[cut], labels_of(data, "train"), seed, _targets(stage, materials))
    trunk = None
    if cut != IMAGE:
        job = feature_job((cut,), Views(), options, materials)
        trunk = job.engine_for(materials.reader, data.records("train"))
    return PhotoInputs(
        reader=materials.reader,
        records=data.records("train"),
        input=materials.input,
        augmentation=features.augmentation,
        trunk=trunk,
        seed=seed,
    )
