"""Recipes side by side: what they share of the frozen layers."""

from dataclasses import replace
from types import SimpleNamespace

from workplace import REPOSITORY

from src_mindspore.config.load import load_config
from src_mindspore.features.job import Views
from src_mindspore.training import recipes as module
from src_mindspore.training.options import FeatureOptions, StageOptions, TrainingOptions
from src_mindspore.training.recipes import Recipe, sharing, teachers_of


def recipe(name: str, from_block: int | None, views: int = 2, weights: object = True) -> Recipe:
    stage = StageOptions(name, 1, 8, 0, {}, {}, from_block)
    features = FeatureOptions("auto", 4, None, None, Views(views))
    options = TrainingOptions(1, (stage,), features)
    return Recipe(name, options, {"backbone": {"name": "mobilenet_v2"}}, weights, "CPU")


def test_recipes_that_see_the_same_views_read_one_entry_of_the_cache() -> None:
    classifier = SimpleNamespace(head_cut="mean")
    spec = SimpleNamespace(input="64 x 64")
    recipes = [
        recipe("head", None),
        recipe("last", 17),
        recipe("other views", None, views=5),
        recipe("random weights", None, weights=None),
        recipe("from photos", 17),
    ]
    stages = (replace(recipes[4].options.stages[0], cached=False),)
    recipes[4] = replace(recipes[4], options=replace(recipes[4].options, stages=stages))
    found = sharing(recipes, [(classifier, spec)] * len(recipes))
    cuts = [one.options.cached_cuts(classifier) for one in found]
    assert cuts == [{"mean", "features.16"}] * 2 + [{"mean"}] * 2 + [set()]
    assert found[0].engines is found[1].engines is not found[2].engines
    assert found[3].engines is not found[0].engines


def test_a_teacher_sees_the_views_of_its_student_whatever_the_seed(monkeypatch) -> None:
    config = load_config(REPOSITORY / "configs" / "masks_small_taught.yaml", ["seed=7"])
    monkeypatch.setattr(module, "recipe_of", lambda config, name: (name, config.seed))
    assert teachers_of(config) == (("masks_mobilenet_v2.yaml", 7),)
