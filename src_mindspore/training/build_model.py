"""The network with its pretrained backbone, and the description of both ends."""

import logging
from pathlib import Path

from easydict import EasyDict

from src_mindspore.network.classifier import Classifier, build_classifier
from src_mindspore.spec.input import CropSpec, InputSpec, ResizeSpec
from src_mindspore.spec.labels import load_labels
from src_mindspore.spec.model import ModelSpec
from src_mindspore.weights.imagenet import pretrained_checkpoint
from src_mindspore.weights.pretrained import BackboneWeights, load_backbone, read_weights

log = logging.getLogger(__name__)

# pixels to -1..1 where no pretrained weights say otherwise
PLAIN_NORMALISATION = ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))


def build_model(config: EasyDict, classes: tuple[str, ...]) -> tuple[Classifier, ModelSpec]:
    """The network with its pretrained backbone, and the spec that describes it."""
    weights = _pretrained(config.backbone.weights)
    if weights:
        backbone = {
            "width_mult": weights.width_mult,
            "padding": weights.padding,
            "bn_eps": weights.bn_eps,
        }
        mean, std = weights.mean, weights.std
    else:
        plain = {"width_mult": 1.0, "padding": "same", "bn_eps": 1e-3}
        given = {key: config.backbone[key] for key in plain}
        backbone = {
            key: value if given[key] is None else given[key] for key, value in plain.items()
        }
        mean, std = PLAIN_NORMALISATION
    head = dict(config.head)
    size = config.input.size
    classifier = build_classifier(backbone, head, len(classes), size)
    if weights:
        load_backbone(classifier.backbone, weights)
        log.info("backbone: %s", weights.source)
    labels = Path(config.data.labels) if config.data.labels else None
    spec = ModelSpec(
        classes=classes,
        labels=load_labels(labels, classes),
        input=_input_spec(config.input, mean, std),
        output="probabilities" if head["activation"] else "logits",
        model={
            "backbone": backbone,
            "head": head,
            "parameters": sum(p.size for p in classifier.trainable_params()),
        },
    )
    return classifier, spec


def _pretrained(name: str | None) -> BackboneWeights | None:
    if name in (None, "none"):
        return None
    return read_weights(pretrained_checkpoint() if name == "imagenet" else Path(name))


def _input_spec(
    config: EasyDict, mean: tuple[float, float, float], std: tuple[float, float, float]
) -> InputSpec:
    size = (config.size, config.size)
    crops = config.resize == "shorter_side"
    first = (config.shorter_side, config.shorter_side) if crops else size
    return InputSpec(
        size=size,
        mean=mean,
        std=std,
        resize=ResizeSpec(config.resize, first, config.interpolation),
        crop=CropSpec("center", size) if crops else None,
    )
