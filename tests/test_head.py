"""The head against NumPy, and the part of a classifier behind a cut against the whole."""

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import Tensor, nn
from toy_mobilenet import zoo_arrays

from src_mindspore.head import ClassifierHead
from src_mindspore.network.classifier import Deployed, Top, batch_norms, build_classifier
from src_mindspore.weights.assign import assign_strict

MAPS = np.random.default_rng(0).normal(size=(2, 4, 3, 3)).astype(np.float32)
BACKBONE = {"width_mult": 0.35, "padding": "same", "bn_eps": 1e-3}
IMAGES = np.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def run(cell: nn.Cell, x: np.ndarray) -> np.ndarray:
    return cell(Tensor(x)).asnumpy()


def randomise(head: ClassifierHead) -> ClassifierHead:
    """Logits of the order of 1, biases included."""
    rng = np.random.default_rng(0)
    for p in head.get_parameters():
        p.set_data(Tensor(rng.normal(0, p.shape[-1] ** -0.5, p.shape), p.dtype))
    return head.set_train(False)


REDUCED = {
    "mean": MAPS.mean((2, 3)),
    "max": MAPS.max((2, 3)),
    "none": MAPS.reshape(2, 36),
}
ACTIVATED = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "tanh": np.tanh,
    # the tanh form, arXiv:1606.08415 section 2
    "gelu": lambda x: 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
}


@pytest.mark.parametrize("reduction", REDUCED)
@pytest.mark.parametrize(
    ("hidden", "activation"), [((), "relu"), ((5,), "relu6"), ((6, 5), "tanh"), ((5,), "gelu")]
)
def test_logits(reduction, hidden, activation):
    head = randomise(
        ClassifierHead(4, 3, 3, reduction, hidden=hidden, hidden_activation=activation, dropout=0.5)
    )
    arrays = [p.asnumpy() for p in head.get_parameters()]
    x = REDUCED[reduction]
    for weight, bias in zip(arrays[0:-2:2], arrays[1:-2:2], strict=True):
        x = ACTIVATED[activation](x @ weight.T + bias)
    keep = head.dropout_mask(2, np.random.default_rng(0))
    for got, kept in ((run(head, MAPS), x), (head(Tensor(MAPS), Tensor(keep)).asnumpy(), x * keep)):
        expected = kept @ arrays[-2].T + arrays[-1]
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_rms_normalisation_divides_by_the_root_mean_square():
    head = randomise(ClassifierHead(4, 3, 3, normalisation="rms"))
    weight, bias = (p.asnumpy() for p in head.get_parameters())
    x = MAPS.mean((2, 3))
    expected = x / np.sqrt((x**2).mean(1, keepdims=True)) @ weight.T + bias
    np.testing.assert_allclose(run(head, MAPS), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(run(head, 7 * MAPS), expected, rtol=1e-3, atol=1e-4)
    assert np.isfinite(run(head, 0 * MAPS)).all()


def test_starts_with_all_classes_alike():
    head = ClassifierHead(64, 1, 8)
    logits = run(head, np.ones((1, 64, 1, 1), np.float32))
    assert 0 < np.abs(logits).max() < 0.5  # 64 weights of deviation 0.01 add up to 0.08


@pytest.mark.parametrize(
    ("reduction", "hidden", "width"),
    [("mean", (), 64), ("none", (), 64 * 9), ("mean", (80, 40), 40)],
)
def test_dropout_mask(reduction, hidden, width):
    head = ClassifierHead(64, 3, 2, reduction, hidden=hidden, dropout=0.25)
    mask = head.dropout_mask(50, np.random.default_rng(0))
    assert (mask.shape, mask.dtype) == ((50, width), np.float32)
    np.testing.assert_array_equal(np.unique(mask), np.float32([0, 4 / 3]))
    assert (mask == 0).mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(mask, head.dropout_mask(50, np.random.default_rng(0)))


def test_no_dropout_no_mask():
    mask = ClassifierHead(64, 3, 2).dropout_mask(50, np.random.default_rng(0))
    np.testing.assert_array_equal(mask, np.ones((1, 1), np.float32))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (None, [[0.0, np.log(3)]]),
        ("softmax", [[0.25, 0.75]]),
        ("sigmoid", [[0.5, 0.75]]),
    ],
)
def test_output_activation(activation, expected):
    head = ClassifierHead(4, 1, 2, activation=activation)
    got = head.activate(Tensor([[0.0, np.log(3)]], ms.float32))
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"reduction": "sum"}, "reduction must be one of mean, max, none; got 'sum'"),
        (
            {"hidden_activation": "elu"},
            "hidden_activation must be one of relu, relu6, tanh, gelu; got 'elu'",
        ),
        ({"normalisation": "l2"}, "normalisation must be one of none, rms; got 'l2'"),
        ({"activation": "relu"}, "activation must be None, softmax or sigmoid; got 'relu'"),
        ({"classes": 1}, "a classifier needs at least 2 classes; got 1"),
        ({"dropout": 1.0}, "dropout must be 0 to below 1; got 1.0"),
        ({"dropout": -0.5}, "dropout must be 0 to below 1; got -0.5"),
    ],
)
def test_refusals(arguments, text):
    with pytest.raises(ValueError, match=text):
        ClassifierHead(**{"in_channels": 4, "map_size": 1, "classes": 2, **arguments})


@pytest.fixture(scope="module")
def networks():
    """By reduction: a classifier, its logits, and its input and every map inside."""
    found = {}
    for reduction in REDUCED:
        classifier = build_classifier(BACKBONE, {"reduction": reduction, "hidden": [7]}, 3, 64)
        randomise(classifier.head)
        assign_strict(classifier.backbone, zoo_arrays(), "toy")
        classifier.set_train(False)
        maps = [Tensor(IMAGES)]
        for layer in classifier.backbone.features:
            maps.append(layer(maps[-1]))
        found[reduction] = classifier, run(classifier, IMAGES), maps
    return found


CUTS = [("image", 0), ("features.0", 1), ("features.9", 10), ("features.18", 19)]


@pytest.mark.parametrize("reduction", REDUCED)
@pytest.mark.parametrize(("cut", "depth"), CUTS)
def test_top_of_a_map_equals_the_whole(networks, reduction, cut, depth):
    classifier, logits, maps = networks[reduction]
    assert np.abs(logits[0] - logits[1]).max() > 1e-3  # the images differ, and it shows
    got = Top(classifier, cut).set_train(False)(maps[depth]).asnumpy()
    np.testing.assert_allclose(got, logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("reduction", "cut"), [("mean", "mean"), ("max", "max")])
def test_top_of_a_pooled_map_equals_the_whole(networks, reduction, cut):
    classifier, logits, maps = networks[reduction]
    assert classifier.head_cut == cut
    pooled = getattr(maps[-1].asnumpy(), cut)((2, 3))
    np.testing.assert_allclose(run(Top(classifier, cut), pooled), logits, rtol=1e-4, atol=1e-5)


def test_an_unpooled_head_reads_the_last_map(networks):
    assert networks["none"][0].head_cut == "features.18"


def test_top_compiles_as_a_graph(networks):
    classifier, logits, maps = networks["mean"]
    with mode(ms.GRAPH_MODE):
        got = Top(classifier, "features.17").set_train(False)(maps[18]).asnumpy()
    np.testing.assert_allclose(got, logits, rtol=1e-4, atol=1e-5)


def test_top_shares_its_parameters(networks):
    classifier, *_ = networks["mean"]
    whole = classifier.parameters_dict()
    top = Top(classifier, "features.17").parameters_dict()
    assert all(whole[name] is parameter for name, parameter in top.items())
    assert set(top) == {n for n in whole if n.startswith(("features.18.", "head."))}
    assert set(Top(classifier, "image").parameters_dict()) == set(whole)


@pytest.mark.parametrize(("cut", "count"), [("image", 52), ("features.16", 4), ("mean", 0)])
def test_batch_norms(networks, cut, count):
    """52 of them: stem 1, first block 2, 16 blocks 3 each, last convolution 1."""
    assert len(batch_norms(Top(networks["mean"][0], cut))) == count


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize(("size", "side"), [(64, 2), (65, 3)])
def test_an_unpooled_head_fits_the_map(padding, size, side):
    backbone = {**BACKBONE, "padding": padding}
    classifier = build_classifier(backbone, {"reduction": "none"}, 3, size).set_train(False)
    assert classifier.head.head[0].in_channels == 1280 * side**2
    assert run(classifier, np.zeros((1, 3, size, size), np.float32)).shape == (1, 3)


def test_deployed_activates(networks):
    classifier, logits, _ = networks["mean"]
    head = randomise(ClassifierHead(1280, 2, 3, hidden=[7], activation="softmax"))
    for ours, theirs in zip(head.get_parameters(), classifier.head.get_parameters(), strict=True):
        ours.set_data(Tensor(theirs.asnumpy()))
    plain = run(Deployed(classifier).set_train(False), IMAGES)
    np.testing.assert_allclose(plain, logits, rtol=1e-5)
    divided = run(Deployed(classifier, temperature=0.25).set_train(False), IMAGES)
    np.testing.assert_allclose(divided, 4 * logits, rtol=1e-5)
    before, classifier.head = classifier.head, head
    try:
        shares = run(Deployed(classifier).set_train(False), IMAGES)
        sharp = run(Deployed(classifier, 0.25).set_train(False), IMAGES)
    finally:
        classifier.head = before
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(shares, expected, rtol=1e-4)
    np.testing.assert_allclose(sharp, expected**4 / (expected**4).sum(1, keepdims=True), rtol=1e-4)
