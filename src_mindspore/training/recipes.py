"""What a config asks of training, without photos and run folder, and the teachers that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.load import load_config
from src_mindspore.dataset import DataSet
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.device import select_device
from src_mindspore.network.engines import FeatureEngine
from src_mindspore.spec.model import ModelSpec
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.options import TrainingOptions, model_options, training_options
from src_mindspore.weights.pretrained import BackboneWeights


@dataclass(frozen=True)
class Recipe:
    """What a config asks of training, without photos and run folder.

    Attributes:
        name: of the config's file, for messages.
        options: its ``seed`` is that of the cached views alone; a fit has one of its own.
        model: arguments of ``build_model`` besides classes and weights.
        weights: what the backbone starts from; None where it is random.
        device: the selected one.
        teachers: recipes, which are trained first on the same photos, and run folders.
        engines: of the frozen layers, chosen so far; see ``FeatureJob``.
    """

    name: str
    options: TrainingOptions
    model: Mapping[str, Any]
    weights: BackboneWeights | None
    device: str
    teachers: "tuple[Recipe | Path, ...]" = ()
    engines: dict[tuple[str, ...], FeatureEngine] = field(default_factory=dict)


def recipe_of(config: EasyDict, name: str) -> Recipe:
    """The recipe of a config, and those of its teachers, with their weights read.

    Args:
        config: of ``load_config``, one that ``check_trainable`` takes for parts of the photos.
        name: for messages.

    Raises:
        UserError: weights or settings that cannot be used.
    """
    model = {**model_options(config), "labels": None}  # display names decide nothing
    return Recipe(
        name,
        training_options(config),
        model,
        pretrained_weights(model["backbone"]),
        select_device(config.device),
        teachers_of(config),
    )


def teachers_of(config: EasyDict) -> tuple[Recipe | Path, ...]:
    """The teachers that a config names: recipes of config files, and run folders as they are.

    A recipe has the student's seed, whatever its own: of one network both then see the same views,
    which are computed once.

    Args:
        config: one that ``check_trainable`` takes, so that they are there and end somewhere.

    Raises:
        UserError: weights or settings of one that cannot be used.
    """
    return tuple(
        path if path.is_dir() else recipe_of(load_config(path, [f"seed={config.seed}"]), path.name)
        for path in map(Path, config.distill.teachers)
    )


def build_untrained(recipe: Recipe, data: DataSet) -> tuple[Classifier, ModelSpec]:
    """The network that a fit begins with, and the spec that describes it."""
    return build_model(data.classes, recipe.weights, **recipe.model, value_range=data.value_range)


def sharing(
    recipes: Sequence[Recipe], networks: Sequence[tuple[Classifier, ModelSpec]]
) -> list[Recipe]:
    """The recipes, of which those that see the same views read the same features.

    What one of them needs of the frozen layers is computed and cached with what the others need,
    in one pass over the photos.

    Args:
        recipes: of ``recipe_of``.
        networks: what ``build_untrained`` made of each.
    """
    cuts: dict[str, set[str]] = {}
    engines: dict[str, dict] = {}
    kinds = []
    for recipe, (classifier, spec) in zip(recipes, networks, strict=True):
        kind = repr((recipe.model["backbone"], spec.input, recipe.options.features, recipe.device))
        # random weights are others with every seed
        kinds.append(kind if recipe.weights else f"{len(kinds)}")
        cuts.setdefault(kinds[-1], set()).update(recipe.options.cached_cuts(classifier))
        engines.setdefault(kinds[-1], {})
    return [
        replace(
            recipe,
            options=replace(recipe.options, also=frozenset(cuts[kind])),
            engines=engines[kind],
        )
        for recipe, kind in zip(recipes, kinds, strict=True)
    ]
