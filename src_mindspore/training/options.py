"""What a config asks of training, as plain values: no config goes further than here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.backbone import IMAGE, layer_name
from src_mindspore.config.schema import AUTO
from src_mindspore.features.job import Views
from src_mindspore.network.classifier import Classifier
from src_mindspore.photos.augment import Augmentation

HEAD, FINETUNE = "head", "finetune"
STAGES = (HEAD, FINETUNE)  # in the order in which they run


@dataclass(frozen=True)
class StageOptions:
    """How a stage is trained; ``config/schema.py`` has the ranges and what each means.

    Attributes:
        name: one of ``STAGES``.
        epochs: passes over the training photos; 0 skips the stage.
        batch_size: photos of a step, of all workers together.
        patience: epochs without a better one before the stage ends; 0 is never.
        optimizer: arguments of ``build_optimizer`` besides parameters and rates.
        lr: ``init``, ``max``, ``end``, ``warmup_epochs``, ``decay``, ``factor`` and ``patience``.
        from_block: the first trained layer; None trains the head alone.
        cached: whether it reads cached features, or freshly augmented photos.
        freeze_head: whether the head stays as it is.
        freeze_bn_statistics: whether batch norms keep their mean and variance.
        kernels: of ``network.kernels.KERNELS``.
    """

    name: str
    epochs: int
    batch_size: int
    patience: int
    optimizer: Mapping[str, Any]
    lr: Mapping[str, Any]
    from_block: int | None = None
    cached: bool = True
    freeze_head: bool = False
    freeze_bn_statistics: bool = True
    kernels: str = "plain"

    def cut(self, classifier: Classifier) -> str:
        """Where the trained part of the network begins, see ``backbone.py``."""
        if self.from_block is None:
            return classifier.head_cut
        return layer_name(self.from_block - 1) if self.from_block else IMAGE


@dataclass(frozen=True)
class FeatureOptions:
    """How the frozen layers are run.

    Attributes:
        engine: of ``network.onnx_runtime.ENGINES``.
        batch_size: photos a call.
        cache: folder of the feature cache; None is the user's.
        cache_limit: bytes that it may have; None is no limit.
        views: of a training photo that are cached.
    """

    engine: str
    batch_size: int
    cache: Path | None
    cache_limit: int | None
    views: Views

    @property
    def augmentation(self) -> Augmentation:
        """Of freshly augmented photos; that of the cached views."""
        return self.views.augmentation


@dataclass(frozen=True)
class LossOptions:
    """``label_smoothing`` 0 to below 1; ``class_weights`` of ``photos.class_weights``."""

    label_smoothing: float = 0.0
    class_weights: str = "none"


@dataclass(frozen=True)
class DistillOptions:
    """How fine-tuning learns from teachers.

    Attributes:
        weight: of their probabilities in the loss, 0 to 1; the labels have the rest.
        temperature: above 0.
        features: weight of the squared error of the extra outputs, 0 or more.
        components: how many extra outputs there are.
        dropout: share of the teachers' logits that is dropped, 0 to below 1.
        noise: standard deviation of what is added to them.
    """

    weight: float
    temperature: float
    features: float
    components: int
    dropout: float
    noise: float


@dataclass(frozen=True)
class TrainingOptions:
    """All that the stages of a run are built from.

    Attributes:
        seed: of everything that is drawn, but for the views.
        stages: in the order in which they run.
        features: how the frozen layers are run.
        loss: what is made small.
        distill: how it learns from teachers; None where there are none.
        also: cuts that others read, of the same views: they are cached in the same pass.
    """

    seed: int
    stages: tuple[StageOptions, ...]
    features: FeatureOptions
    loss: LossOptions = field(default_factory=LossOptions)
    distill: DistillOptions | None = None
    also: frozenset[str] = frozenset()

    def cached_cuts(self, classifier: Classifier) -> set[str]:
        """All cuts that are cached where the run reads any from the cache."""
        own = {stage.cut(classifier) for stage in self.stages if stage.epochs and stage.cached}
        return own | self.also if own else own


def model_options(config: EasyDict) -> dict[str, Any]:
    """Arguments of ``build_model`` besides the classes."""
    backbone = ("name", "weights", "width_mult", "padding", "bn_eps")
    image = ("size", "resize", "interpolation", "shorter_side")
    return {
        "labels": config.data.labels,
        "backbone": {key: config.backbone[key] for key in backbone},
        "head": dict(config.head),
        "image": {key: config.input[key] for key in image},
    }


def stage_options(config: EasyDict, from_block: int, epochs: int) -> tuple[StageOptions, ...]:
    """Both stages of a config.

    Args:
        config: of ``load_config``.
        from_block: in place of ``finetune_stage.from_block``, which may say auto.
        epochs: in place of ``finetune_stage.epochs``.
    """
    head, stage = config.head_stage, config.finetune_stage
    shared = ("batch_size", "patience", "optimizer", "lr")
    return (
        StageOptions(HEAD, head.epochs, **{key: head[key] for key in shared}, kernels=head.kernels),
        StageOptions(
            FINETUNE,
            epochs,
            **{key: stage[key] for key in shared},
            from_block=from_block,
            cached=stage.inputs == "cached",
            freeze_head=stage.freeze_head,
            freeze_bn_statistics=stage.freeze_bn_statistics,
            kernels=stage.kernels,
        ),
    )


def training_options(config: EasyDict) -> TrainingOptions:
    """All that the stages of a config are built from; of ``from_block: auto``, as if it were 0."""
    stage = config.finetune_stage
    block = 0 if stage.from_block == AUTO else stage.from_block
    return TrainingOptions(
        seed=config.seed,
        stages=stage_options(config, block, stage.epochs),
        features=feature_options(config),
        loss=LossOptions(**config.loss),
        distill=distill_options(config),
    )


def distill_options(config: EasyDict) -> DistillOptions | None:
    """What is learned from teachers; None where there are none."""
    table = {key: value for key, value in config.distill.items() if key != "teachers"}
    return DistillOptions(**table) if config.distill.teachers else None


def feature_options(config: EasyDict) -> FeatureOptions:
    """The frozen layers' part of a config."""
    table = {k: tuple(v) if isinstance(v, list) else v for k, v in config.augment.items()}
    features = config.features
    return FeatureOptions(
        features.engine,
        features.batch_size,
        Path(features.cache_dir) if features.cache_dir else None,
        int(features.cache_limit * 1e9) if features.cache_limit else None,
        Views(features.views, Augmentation(**table), config.seed),
    )
