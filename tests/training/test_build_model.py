"""The network that a config asks for, and what contradicts the weights."""

from pathlib import Path

import numpy as np
import pytest
import toy_mobilenet

from src_mindspore.config.load import load_config
from src_mindspore.system.errors import UserError
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.options import model_options
from src_mindspore.weights.array_files import write_ckpt

CLASSES = ("a", "b", "c")
HEAD = {"reduction": "mean", "activation": "softmax"}
IMAGE = {
    "size": 64,
    "resize": "shorter_side",
    "interpolation": "bicubic",
    "shorter_side": 72,
}


def backbone(name: str = "mobilenet_v2", weights: str = "none", **asked):
    unsaid = {"width_mult": None, "padding": None, "bn_eps": None}
    return {"name": name, "weights": weights, **unsaid, **asked}


def built(wanted: dict):
    """Classifier and spec, from the weights that the table names."""
    return build_model(CLASSES, pretrained_weights(wanted), None, wanted, HEAD, IMAGE)


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> str:
    """Weights of a MobileNetV2 of width 0.35 in the zoo's convention."""
    path = tmp_path_factory.mktemp("weights") / "toy.ckpt"
    write_ckpt(path, toy_mobilenet.zoo_arrays())
    return str(path)


def test_without_weights_the_defaults_are_tensorflows():
    _, spec = built(backbone(width_mult=0.35))
    assert spec.model["backbone"] == {
        "name": "mobilenet_v2",
        "width_mult": 0.35,
        "padding": "same",
        "bn_eps": 1e-3,
    }
    assert (spec.input.mean, spec.input.std) == ((127.5,) * 3, (127.5,) * 3)
    assert (spec.input.size, spec.input.resize.size, spec.input.crop.size) == (
        (64, 64),
        (72, 72),
        (64, 64),
    )
    assert spec.output == "probabilities"


@pytest.mark.parametrize(("name", "layers"), [("efficientnet_lite0", 18), ("mobilenet_v2", 19)])
def test_the_named_backbone_is_built(name, layers):
    classifier, spec = built(backbone(name))
    assert len(classifier.backbone.layers) == layers
    assert spec.model["backbone"]["name"] == name
    trained = sum(p.size for p in classifier.trainable_params())
    assert spec.model["parameters"] == trained


def test_what_is_not_said_follows_from_the_weights(toy):
    classifier, spec = built(backbone(weights=toy))
    assert spec.model["backbone"] == {
        "name": "mobilenet_v2",
        "width_mult": 0.35,
        "padding": "symmetric",
        "bn_eps": 1e-5,
    }
    assert spec.input.mean == (123.675, 116.28, 103.53)
    got = classifier.backbone.features[0].features[0].weight.asnumpy()
    expected = toy_mobilenet.zoo_arrays()["features.0.features.0.weight"]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "asked", [{"width_mult": 0.35}, {"width_mult": 0.34}, {"padding": "symmetric", "bn_eps": 1e-5}]
)
def test_what_agrees_with_the_weights_may_be_said(toy, asked):
    # 0.34 has the channel counts of 0.35
    _, spec = built(backbone(weights=toy, **asked))
    assert spec.model["backbone"]["width_mult"] == 0.35


CONTRADICTIONS = [
    ({"width_mult": 0.5}, r"backbone\.width_mult must be null or what .* got 0\.5, .* has 0\.35"),
    ({"padding": "same"}, r"backbone\.padding must be null or .* got same, .* has symmetric"),
    ({"bn_eps": 1e-3}, r"backbone\.bn_eps must be null or .* got 0\.001, toy\.ckpt .* has 1e-05"),
    ({"name": "efficientnet_lite0"}, "of efficientnet_lite0; got those of mobilenet_v2, which is"),
]


@pytest.mark.parametrize(("asked", "text"), CONTRADICTIONS)
def test_contradictions_to_the_weights_are_refused(toy, asked, text):
    with pytest.raises(UserError, match=text):
        built(backbone(weights=toy, **asked))


def test_the_config_hands_over_plain_values(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text("backbone: {name: efficientnet_lite0, weights: none}\ninput: {size: 64}\n")
    options = model_options(load_config(path))
    assert options["backbone"]["name"] == "efficientnet_lite0"
    classifier, spec = build_model(CLASSES, None, **options)
    assert spec.input.size == (64, 64)
    assert len(classifier.backbone.layers) == 18
