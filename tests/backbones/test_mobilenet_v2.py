"""The network against a second implementation, its names, counts and gradients."""

import functools

import mindspore as ms
import numpy as np
import onnxruntime
import pytest
import toy_mobilenet

from src_mindspore.backbone import NamedOutputs, layer_name, layers_before
from src_mindspore.backbones.inverted_residual import named_convolutions, round_channels
from src_mindspore.backbones.mobilenet_v2 import MobileNetV2Backbone
from src_mindspore.weights.assign import assign_strict


@pytest.fixture(autouse=True)
def _pynative():
    """Operator by operator: compiling a graph for every input size would take a minute."""
    mode = ms.get_context("mode")
    ms.set_context(mode=ms.PYNATIVE_MODE)
    yield
    ms.set_context(mode=mode)


@functools.cache
def toy_backbone(padding: str, eps: float) -> MobileNetV2Backbone:
    backbone = MobileNetV2Backbone(toy_mobilenet.WIDTH, padding=padding, bn_eps=eps)
    assign_strict(backbone, toy_mobilenet.zoo_arrays(), "toy")
    return backbone.set_train(False)


def image(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)


def run_onnx(names: list[str], x: np.ndarray, padding: str, eps: float) -> list[np.ndarray]:
    model = toy_mobilenet.onnx_model(toy_mobilenet.zoo_arrays(), padding, eps, *x.shape[2:])
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(names, {"image": x})


# by hand: to the nearest multiple of 8, at least 8, one step up where that loses more than 10 %
ROUNDED = [
    *[(1, 8), (8, 8), (11.2, 16), (8.4, 8), (12, 16), (22.4, 24), (44.8, 48), (41.6, 40)],
    *[(16 * 0.75, 16), (24 * 0.75, 24), (24 * 1.4, 32), (16 * 1.3, 24), (1280 * 1.4, 1792)],
]


@pytest.mark.parametrize(("channels", "expected"), ROUNDED)
def test_round_channels(channels, expected):
    assert round_channels(channels) == expected


def test_round_channels_keeps_ninety_percent():
    for channels in np.arange(8, 2000, 0.7):
        rounded = round_channels(channels)
        assert rounded % 8 == 0
        assert rounded >= 0.9 * channels


def test_names_and_numbers_are_the_zoos_at_width_1():
    backbone = MobileNetV2Backbone()
    names = [parameter.name for parameter in backbone.get_parameters()]
    expected = set()
    for conv in toy_mobilenet.convs():
        expected.add(f"{conv.zoo[0]}.weight")
        expected |= {f"{conv.zoo[1]}.{kind}" for kind in toy_mobilenet.NORMS}
    assert set(names) == expected
    assert len(names) == 260
    assert {
        "features.0.features.0.weight",
        "features.0.features.1.gamma",
        "features.1.conv.0.features.0.weight",
        "features.18.features.0.weight",
    } <= expected
    # Keras counts the same for include_top=False: 2,223,872 trainable, 34,112 statistics
    assert sum(p.size for p in backbone.trainable_params()) == 2_223_872
    assert sum(p.size for p in backbone.get_parameters()) == 2_257_984
    assert backbone.channels == (
        *(32, 16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320, 1280),
    )
    assert backbone.out_channels == 1280


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 47)])
def test_every_layer_agrees_with_onnx_runtime(padding, height, width):
    eps = 1e-3 if padding == "same" else 1e-5
    names = [*(layer_name(i) for i in range(19)), "mean", "max"]
    x = image(height, width)
    network = NamedOutputs(toy_backbone(padding, eps), names).set_train(False)
    got = [output.asnumpy() for output in network(ms.Tensor(x))]
    expected = run_onnx(names, x, padding, eps)
    for name, ours, theirs in zip(names, got, expected, strict=True):
        assert ours.shape == theirs.shape, name
        assert np.abs(ours - theirs).max() < 1e-4 * max(1, np.abs(theirs).max()), name
    channels = (16, 8, 8, 8, 16, 16, 16, 24, 24, 24, 24, 32, 32, 32, 56, 56, 56, 112, 1280)
    strides = (2, 2, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 32, 32, 32, 32, 32)
    for output, c, s in zip(got, channels, strides, strict=False):
        assert output.shape == (1, c, -(-height // s), -(-width // s))
    assert got[-1].shape == got[-2].shape == (1, 1280)


def test_the_paddings_differ_and_so_do_the_epsilons():
    # guards the comparison above: it would mean nothing if the toy hid either
    conventions = [("same", 1e-3), ("symmetric", 1e-3), ("same", 1e-5)]
    same, symmetric, eps = (run_onnx(["mean"], image(64, 64), *c)[0] for c in conventions)
    assert np.abs(same - symmetric).max() > 0.1
    assert np.abs(same - eps).max() > 1e-3


def test_every_parameter_receives_a_gradient():
    # Inference mode: batch statistics would cancel every shift and scale in front of them.
    backbone = toy_backbone("same", 1e-3)
    target = ms.Tensor(np.random.default_rng(2).normal(size=(1, 1280, 2, 2)).astype(np.float32))
    parameters = backbone.trainable_params()

    def loss(x: ms.Tensor) -> ms.Tensor:
        return (backbone(x) * target).sum()

    gradients = ms.grad(loss, None, ms.ParameterTuple(parameters))(ms.Tensor(image(64, 64)))
    assert len(gradients) == 156  # 52 convolutions, 52 gammas, 52 betas
    for parameter, gradient in zip(parameters, gradients, strict=True):
        values = gradient.asnumpy()
        assert values.shape == parameter.shape
        assert np.isfinite(values).all(), parameter.name
        assert (values != 0).mean() > 0.1, parameter.name


def test_layers_after_the_last_asked_for_are_not_run():
    network = NamedOutputs(toy_backbone("same", 1e-3), ["features.2", "features.0"])
    assert len(network.layers) == 3
    third, first = network.set_train(False)(ms.Tensor(image(64, 64)))
    assert (third.shape, first.shape) == ((1, 8, 16, 16), (1, 16, 32, 32))


def test_layers_before():
    cuts = ["image", "features.0", "features.14", "features.18", "mean", "max"]
    backbone = toy_backbone("same", 1e-3)
    assert [layers_before(backbone, cut) for cut in cuts] == [
        0,
        1,
        15,
        19,
        19,
        19,
    ]


@pytest.mark.parametrize(
    "cut", ["features.19", "features.-1", "features", "features.x", "pool", ""]
)
def test_layers_before_says_what_is_accepted(cut):
    with pytest.raises(ValueError, match=r"a cut is image, features\.0 to features\.18") as info:
        layers_before(toy_backbone("same", 1e-3), cut)
    assert str(info.value).endswith(f"mean or max; got {cut!r}")


# height and width of each map, of an input of 224 and of 65 pixels
SIDES = {
    224: [112, 112, 56, 56, 28, 28, 28, 14, 14, 14, 14, 14, 14, 14, 7, 7, 7, 7, 7],
    65: [33, 33, 17, 17, 9, 9, 9, 5, 5, 5, 5, 5, 5, 5, 3, 3, 3, 3, 3],
}
# of each layer at 224 pixels, by hand for the first: (9 * 3 + 20) * 32 * 112**2
WORK = [
    *[18_866_176, 54_591_488, 85_198_848, 81_887_232, 36_402_688, 29_704_192, 29_704_192],
    *[14_626_304, 19_668_992, 19_668_992, 19_668_992, 22_202_880, 36_728_832, 36_728_832],
    *[20_873_216, 21_324_800, 21_324_800, 29_008_000, 21_324_800],
]


def test_sides_and_work_of_the_layers():
    backbone = MobileNetV2Backbone()
    assert {size: backbone.map_sides(size) for size in SIDES} == SIDES
    assert backbone.work(224) == WORK
    assert sum(MobileNetV2Backbone(0.35).work(224)) == 192_672_704


def test_the_description_is_what_the_cells_are():
    backbone = toy_backbone("same", 1e-3)
    rows = named_convolutions(backbone.layers)
    cells = dict(backbone.cells_and_names())
    convolutions = [name for name, cell in cells.items() if isinstance(cell, ms.nn.Conv2d)]
    assert [row.conv for row in rows] == convolutions
    for row in rows:
        conv, of = cells[row.conv], row.of
        assert conv.weight.shape == of.shape
        assert (conv.in_channels, conv.stride) == (of.inputs, (of.stride, of.stride))
        assert conv.group == (of.inputs if of.depthwise else 1)
        assert cells[row.norm].gamma.shape == (of.outputs,)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="padding must be one of same, symmetric; got 'valid'"):
        MobileNetV2Backbone(padding="valid")
    with pytest.raises(ValueError, match="width_mult must be above 0; got 0"):
        MobileNetV2Backbone(width_mult=0)
