"""The ONNX graph of a network against the network itself, run by MindSpore."""

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import Tensor, nn

from src_mindspore.head import HIDDEN_ACTIVATIONS
from src_mindspore.network.classifier import batch_norms, build_classifier
from src_mindspore.network.forward import run_uncompiled
from src_mindspore.network.onnx_graph import feature_graph, logits_graph
from src_mindspore.network.onnx_runtime import onnx_session, relative_difference

SIZE = 33  # odd: both paddings differ in their sides
IMAGES = np.random.default_rng(0).uniform(-1, 1, (3, 3, SIZE, SIZE)).astype(np.float32)


def network(backbone: dict, head: dict):
    """A classifier whose batch norms have statistics of their own."""
    with mode(ms.GRAPH_MODE):
        ms.set_seed(1)
        classifier = build_classifier(backbone, head, 4, SIZE).set_train(False)
    rng = np.random.default_rng(2)
    for norm in batch_norms(classifier):
        shape = norm.gamma.shape
        for parameter, low, high in (
            (norm.beta, -1, 1),
            (norm.moving_mean, -0.2, 0.2),
            (norm.moving_variance, 0.5, 2),
        ):
            parameter.set_data(Tensor(rng.uniform(low, high, shape).astype(np.float32)))
    return classifier


def logits(classifier) -> np.ndarray:
    return onnx_session(logits_graph(classifier, SIZE), 1).run(None, {"image": IMAGES})[0]


@pytest.mark.parametrize(
    ("backbone", "head"),
    [
        *[
            ({"width_mult": 0.35}, {"hidden": [16], "hidden_activation": activation})
            for activation in HIDDEN_ACTIVATIONS
        ],
        ({"width_mult": 0.35, "padding": "symmetric", "bn_eps": 1e-5}, {"reduction": "max"}),
        ({"width_mult": 0.35}, {"reduction": "none", "hidden": [8, 8]}),
        ({"width_mult": 0.35}, {"normalisation": "rms", "hidden": [8]}),
        ({"name": "efficientnet_lite0"}, {}),
        ({"name": "small_cnn"}, {}),
        ({"name": "mobilenet_v1", "width_mult": 0.25}, {}),
    ],
    ids=str,
)
def test_logits_are_those_of_mindspore(backbone, head):
    classifier = network(backbone, head)
    expected = run_uncompiled(classifier, IMAGES)
    assert np.ptp(expected, axis=0).min() > 0  # other photos, other logits
    assert relative_difference(logits(classifier), expected) < 1e-5


def test_a_graph_has_the_weights_of_its_moment():
    classifier = network({"width_mult": 0.35}, {})
    before = logits(classifier)
    bias = classifier.head.head[0].bias
    bias.set_data(bias + 1)
    np.testing.assert_allclose(logits(classifier), before + 1, rtol=1e-5)


def test_layers_behind_the_last_output_are_left_out():
    backbone = network({"width_mult": 0.35}, {}).backbone
    short, whole = (len(feature_graph(backbone, [name], SIZE)) for name in ("features.2", "mean"))
    assert short < whole / 20


def test_a_cell_that_is_not_known_is_named():
    classifier = network({"width_mult": 0.35}, {})
    classifier.head.head = nn.SequentialCell([nn.Softmax()])
    with pytest.raises(NotImplementedError, match=r"ReLU6, .* a graph is written; got Softmax"):
        logits_graph(classifier, SIZE)
