"""The network with its pretrained backbone, and the description of both ends."""

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from src_mindspore.backbone import build_backbone
from src_mindspore.network.classifier import Classifier, build_classifier
from src_mindspore.spec.input import ValueRange, square_input
from src_mindspore.spec.labels import load_labels
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.weights import convention
from src_mindspore.weights.imagenet import pretrained_checkpoint
from src_mindspore.weights.pretrained import BackboneWeights, load_backbone, read_weights

log = logging.getLogger(__name__)

NO_WEIGHTS = (None, "none")
# without pretrained weights
PLAIN = {"width_mult": 1.0, "padding": convention.PLAIN.padding, "bn_eps": convention.PLAIN.bn_eps}


def build_model(
    classes: tuple[str, ...],
    weights: BackboneWeights | None,
    labels: str | None,
    backbone: Mapping[str, Any],
    head: Mapping[str, Any],
    image: Mapping[str, Any],
    value_range: ValueRange | None = None,
) -> tuple[Classifier, ModelSpec]:
    """The network with its pretrained backbone, and the spec that describes it.

    Args:
        classes: names of the folders, in the order of the outputs.
        weights: of ``pretrained_weights``.
        labels: a file of display names; None: the folders' own.
        backbone: ``name`` (of ``backbone.BACKBONES``), ``width_mult``, ``padding`` and ``bn_eps``,
            where None is what follows from the weights.
        head: arguments of ``ClassifierHead`` but those that follow from the rest.
        image: ``size``, ``resize``, ``interpolation`` and ``shorter_side`` of ``square_input``.
        value_range: of the photos, where some are deep.

    Raises:
        UserError: labels that cannot be read.
    """
    if weights:
        arguments = weights.arguments
        mean, std = weights.mean, weights.std
    else:
        asked = {key: backbone[key] for key in PLAIN}
        chosen = {key: PLAIN[key] if value is None else value for key, value in asked.items()}
        arguments = {"name": backbone["name"], **chosen}
        mean, std = convention.PLAIN.mean, convention.PLAIN.std
    classifier = build_classifier(arguments, dict(head), len(classes), image["size"])
    if weights:
        load_backbone(classifier.backbone, weights)
        log.info("backbone: %s", weights.source)
    spec = ModelSpec(
        classes=classes,
        labels=load_labels(Path(labels) if labels else None, classes),
        input=replace(square_input(mean=mean, std=std, **image), range=value_range),
        output="probabilities" if head["activation"] else "logits",
        model={
            "backbone": arguments,
            "head": dict(head),
            "parameters": sum(p.size for p in classifier.trainable_params()),
        },
    )
    return classifier, spec


def pretrained_weights(backbone: Mapping[str, Any]) -> BackboneWeights | None:
    """The weights that a backbone starts from; None where they are random.

    Args:
        backbone: ``name``, ``weights`` (``imagenet``, ``none`` or a file), and ``width_mult``,
            ``padding`` and ``bn_eps``, where None contradicts nothing.

    Raises:
        UserError: weights that cannot be had or read, of another architecture, or that contradict
            the other values.
    """
    name, source = backbone["name"], backbone["weights"]
    if source in NO_WEIGHTS:
        return None
    file = pretrained_checkpoint(name) if source == "imagenet" else Path(source)
    weights = read_weights(file, name)
    _check({key: backbone[key] for key in PLAIN}, weights)
    return weights


def _check(asked: Mapping[str, Any], weights: BackboneWeights) -> None:
    """Refuses what contradicts the weights; None contradicts nothing."""
    for key, value in asked.items():
        has = getattr(weights, key)
        if value is None or value == has:
            continue
        if key == "bn_eps" and math.isclose(value, has, rel_tol=1e-6):
            continue
        if key == "width_mult" and _same_layers(weights, value):
            continue
        raise UserError(
            f"backbone.{key} must be null or what the weights have; got {value}, "
            f"{weights.source} has {has}"
        )


def _same_layers(weights: BackboneWeights, width_mult: float) -> bool:
    """Widths that differ little have the same channel counts."""
    try:
        other = build_backbone(weights.name, width_mult=width_mult)
    except ValueError:
        return False
    return other.layers == build_backbone(**weights.arguments).layers
