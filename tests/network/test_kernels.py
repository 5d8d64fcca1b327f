"""The compiled kernels against MindSpore's own layers, and against NumPy."""

import logging
import platform
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from lite_fakes import fetched_or_skip
from mindspore import Tensor, nn, ops

from src_mindspore.backbone import NamedOutputs
from src_mindspore.backbones.interface import Convolution
from src_mindspore.backbones.inverted_residual import (
    Block,
    ConvBNReLU,
    InvertedResidual,
    describe_block,
)
from src_mindspore.backbones.resnet50 import ResNet, ResNetStage, resnet_layers
from src_mindspore.head import ClassifierHead
from src_mindspore.network.classifier import Classifier, Top, batch_norms, build_classifier
from src_mindspore.network.kernels import accelerate, build, depthwise_cells, operators
from src_mindspore.network.kernels.cells import (
    AnyTop,
    CompiledBlock,
    CompiledLast,
    CompiledStem,
    CompiledTop,
    DepthwiseTop,
)
from src_mindspore.network.kernels.depthwise_cells import CompiledDepthwise
from src_mindspore.system.errors import UserError
from src_mindspore.training.loop import predict
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.stages import trainable
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict
from src_mindspore.weights.imagenet import pretrained_checkpoint, pretrained_file
from src_mindspore.weights.pretrained import load_backbone, read_weights

EPS = 1e-3
CLASSES = 5
SIZE = 64
# of the largest value of an output or a gradient; float32 sums in another order
CLOSE = 2e-5


@pytest.fixture(scope="module", autouse=True)
def graph_mode():
    with mode(ms.GRAPH_MODE):
        yield


@pytest.fixture(scope="module")
def native() -> Path:
    return build.library()


@pytest.fixture(scope="module", params=["native", pytest.param("8 lanes", marks=pytest.mark.long)])
def library(request, native) -> Path:
    """The library as it is used here, and as a processor without AVX-512 has it."""
    if request.param == "native":
        return native
    if platform.machine() != "x86_64":
        pytest.skip(f"{platform.machine()} always has 8 lanes: there is no other variant")
    path = build.library((*build.FLAGS, "-mno-avx512f"))
    assert path != native
    return path


def fill(layer: nn.Cell, rng: np.random.Generator) -> None:
    """Weights, statistics, gammas and betas of a coarse grid.

    With maps of that grid whatever goes into a ReLU6 is at least 1/4096 away from 0 and 6, where
    its gradient jumps: a rounding error cannot reach that, so that gradients can be compared.
    """
    for cell in layer.cells_and_names():
        if isinstance(cell[1], nn.Conv2d):
            weight = cell[1].weight
            weight.set_data(Tensor((rng.integers(-3, 4, weight.shape) / 4).astype(np.float32)))
    for place, norm in enumerate(batch_norms(layer)):
        shape = norm.gamma.shape
        off_grid = (1 / 128, 1 / 4096, 0)[place]  # half a step of what comes in
        values = {
            "gamma": rng.choice([-0.5, 0.5, 1], shape),
            "beta": rng.integers(-4, 9, shape) / 4 + off_grid,
            "moving_mean": rng.integers(-2, 3, shape) / 4,
            "moving_variance": rng.choice([1, 4], shape) - EPS,
        }
        for name, value in values.items():
            getattr(norm, name).set_data(Tensor(value.astype(np.float32)))


class Scored(nn.Cell):
    """A layer and a weighted sum of its outputs, with all gradients."""

    def __init__(self, layer: nn.Cell, nhwc_in: bool, nhwc_out: bool, weights) -> None:
        super().__init__(auto_prefix=False)
        self.layer, self.nhwc_in, self.nhwc_out = layer, nhwc_in, nhwc_out
        self.gradients = ops.value_and_grad(self.score, 0, weights, has_aux=True)

    def score(self, x, dy):
        y = self.layer(ops.transpose(x, (0, 2, 3, 1)) if self.nhwc_in else x)
        y = ops.transpose(y, (0, 3, 1, 2)) if self.nhwc_out else y
        return (y * dy).sum(), y

    def construct(self, x, dy):
        return self.gradients(x, dy)


def results(cell: Scored, x: np.ndarray, dy: np.ndarray, names) -> dict[str, np.ndarray]:
    ((_, y), (dx, gradients)) = cell(Tensor(x), Tensor(dy))
    arrays = {"y": y, "dx": dx, **dict(zip(names, gradients, strict=True))}
    return {name: array.asnumpy() for name, array in arrays.items()}


def assert_close(got: dict, expected: dict, limit: float = CLOSE, least: float = 1e-3) -> None:
    """Compares arrays by name; ``limit`` is relative to the largest value, or to ``least``."""
    for name, value in expected.items():
        scale = max(np.abs(value).max(), least)
        error = np.abs(got[name] - value).max()
        assert error <= limit * scale, f"{name}: {error / scale:.1e}"


def maps(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.integers(-4, 5, shape) / 4).astype(np.float32)


def compare(layer: nn.Cell, compiled: nn.Cell, layouts: tuple[bool, bool], x: np.ndarray) -> dict:
    """Asserts that both layers compute alike; returns what the compiled one gave."""
    layer.set_train(False)
    weights = list(layer.trainable_params())
    names = [p.name for p in weights]
    assert [p.name for p in compiled.trainable_params()] == names
    size = layer(Tensor(x)).shape
    dy = maps(np.random.default_rng(9), *size)
    expected = results(Scored(layer, False, False, weights), x, dy, names)
    got = results(Scored(compiled, *layouts, weights), x, dy, names)
    assert all(np.abs(value).max() > 0 for value in expected.values())
    if isinstance(compiled, CompiledStem):  # a photo has no gradient
        assert not got["dx"].any()
        del expected["dx"]
    assert_close(got, expected)
    return {**got, "dy": dy}


# height, width, inputs, outputs, stride, expansion, batch
BLOCKS = [
    *[(1, 1, 8, 8, 1, 6, 1), (1, 1, 8, 16, 2, 6, 3), (2, 3, 8, 16, 2, 6, 3)],
    *[(7, 7, 96, 96, 1, 6, 3), (14, 14, 96, 24, 2, 6, 1), (7, 7, 33, 3, 2, 1, 3)],  # 576 channels
    *[(15, 15, 3, 3, 1, 1, 1), (15, 13, 1, 8, 2, 1, 3), (14, 14, 33, 33, 1, 6, 1)],
    *[(112, 112, 8, 8, 2, 1, 1), (56, 56, 24, 24, 1, 6, 3), (57, 55, 24, 24, 2, 6, 1)],
]


# the same with a 5x5 depthwise convolution: maps smaller than the window, several bands, odd sides
BLOCKS_OF_5 = [
    *[(1, 1, 8, 8, 1, 6, 1), (2, 3, 8, 16, 2, 6, 3), (3, 4, 8, 8, 1, 6, 3), (7, 7, 33, 3, 2, 1, 3)],
    *[(7, 7, 112, 24, 1, 6, 1), (14, 14, 33, 33, 1, 6, 3), (15, 13, 3, 3, 1, 1, 1)],
    *[(57, 55, 24, 40, 2, 6, 1), (56, 56, 24, 24, 1, 6, 1), (28, 28, 40, 40, 1, 6, 1)],
]
# at stride 1 the two paddings are the same
PADDED = [
    (kernel, case, padding)
    for kernel, cases in ((3, BLOCKS), (5, BLOCKS_OF_5))
    for case in cases
    for padding in ("same", "symmetric")[: case[4]]
]
# One pixel, an odd map with a remainder in channels, a shortcut, many channels, both paddings at
# stride 2 where a side is odd: whatever is wrong for a shape is likely wrong for one of these.
CORNERS = [
    (3, BLOCKS[0], "same"),
    (3, BLOCKS[2], "same"),
    (3, BLOCKS[2], "symmetric"),
    (3, BLOCKS[3], "same"),
    (3, BLOCKS[5], "symmetric"),
    (3, BLOCKS[7], "same"),
    (5, BLOCKS_OF_5[1], "symmetric"),
    (5, BLOCKS_OF_5[2], "same"),
    (5, BLOCKS_OF_5[3], "same"),
]


def corners_first(cases: list[tuple], corners: list[tuple]) -> list:
    """The corners, and the rest as ``long``."""
    rest = [pytest.param(*case, marks=pytest.mark.long) for case in cases if case not in corners]
    assert len(rest) + len(corners) == len(cases)
    return [*corners, *rest]


@pytest.mark.parametrize(
    ("kernel", "case", "padding"),
    corners_first(PADDED, CORNERS),
    ids=lambda v: "x".join(map(str, v)) if isinstance(v, tuple) else str(v),
)
def test_a_block_computes_as_the_plain_one(library, kernel, case, padding):
    height, width, inputs, outputs, stride, expand, batch = case
    rng = np.random.default_rng(0)
    layer = InvertedResidual(
        describe_block(inputs, Block(expand, outputs, stride, kernel)), padding, EPS
    )
    fill(layer, rng)
    compiled = CompiledBlock(library, layer, input_gradient=True)
    compare(layer, compiled, (True, True), maps(rng, batch, inputs, height, width))


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("size", [(15, 15), (8, 12), (112, 110)])
def test_the_stem_computes_as_the_plain_one(library, size, padding):
    rng = np.random.default_rng(1)
    layer = ConvBNReLU(Convolution(3, 24, 3, 2), padding, EPS)
    fill(layer, rng)
    compare(layer, CompiledStem(library, layer), (False, True), maps(rng, 3, 3, *size))


@pytest.mark.parametrize(("size", "channels"), [(1, 40), (7, 33), (15, 64)])
def test_the_last_layer_computes_as_the_plain_one(library, size, channels):
    rng = np.random.default_rng(2)
    layer = ConvBNReLU(Convolution(24, channels), "same", EPS)
    fill(layer, rng)
    compiled = CompiledLast(library, layer, input_gradient=True)
    compare(layer, compiled, (True, False), maps(rng, 3, 24, size, size))


# kernel, height, width, channels, stride
MAPS = sorted({(k, h, w, i, s) for k, (h, w, i, _, s, _, _), _ in PADDED})
CORNER_MAPS = [
    ((3, 1, 1, 8, 1), "same"),
    ((3, 1, 1, 8, 2), "symmetric"),
    ((3, 2, 3, 8, 2), "same"),
    ((3, 7, 7, 33, 2), "symmetric"),
    ((3, 7, 7, 96, 1), "symmetric"),
    ((3, 15, 13, 1, 2), "same"),
    ((5, 2, 3, 8, 2), "symmetric"),
    ((5, 3, 4, 8, 1), "same"),
    ((5, 7, 7, 33, 2), "same"),
]


@pytest.mark.parametrize(
    ("case", "padding"),
    corners_first([(case, p) for case in MAPS for p in ("same", "symmetric")], CORNER_MAPS),
    ids=lambda v: "x".join(map(str, v)) if isinstance(v, tuple) else str(v),
)
def test_a_depthwise_convolution_computes_as_the_plain_one(library, case, padding):
    kernel, height, width, channels, stride = case
    of = Convolution(channels, channels, kernel, stride, depthwise=True)
    layer = ConvBNReLU(of, padding, EPS)
    rng = np.random.default_rng(8)
    fill(layer, rng)
    conv = layer.features[0]
    compiled = CompiledDepthwise(library, conv)
    compare(conv, compiled, (False, False), maps(rng, 3, channels, height, width))


def in_numpy(x: np.ndarray, values: list[np.ndarray], stride: int, same: bool) -> np.ndarray:
    """An inverted residual block in float64, NCHW, one convolution after the other."""

    def normalised(z, gamma, beta, mean, variance):
        z = (z - mean[:, None, None]) / np.sqrt(variance + EPS)[:, None, None]
        return z * gamma[:, None, None] + beta[:, None, None]

    def pointwise(z, w, *norm):
        return normalised(np.einsum("oi,nihw->nohw", w[:, :, 0, 0], z), *norm)

    z = np.clip(pointwise(x, *values[:5]), 0, 6)
    n, c, h, w = z.shape
    out_h, out_w = -(-h // stride), -(-w // stride)
    lacking = [max((o - 1) * stride + 3 - i, 0) for o, i in ((out_h, h), (out_w, w))]
    top, left = (lacking[0] // 2, lacking[1] // 2) if same else (1, 1)
    padded = np.zeros((n, c, h + 4, w + 4))
    padded[:, :, top : top + h, left : left + w] = z
    y = np.zeros((n, c, out_h, out_w))
    for i in range(out_h):
        for j in range(out_w):
            window = padded[:, :, i * stride : i * stride + 3, j * stride : j * stride + 3]
            y[:, :, i, j] = (window * values[5][:, 0]).sum((2, 3))
    y = pointwise(np.clip(normalised(y, *values[6:10]), 0, 6), *values[10:])
    return y + x if stride == 1 and x.shape == y.shape else y


@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, "same"), (2, "symmetric")])
def test_a_block_computes_what_numpy_does(library, stride, padding):
    rng = np.random.default_rng(3)
    layer = InvertedResidual(describe_block(8, Block(6, 8, stride)), padding, EPS)
    fill(layer, rng)
    compiled = CompiledBlock(library, layer, input_gradient=True)
    x = maps(rng, 2, 8, 5, 6)
    got = compare(layer, compiled, (True, True), x)
    values = [p.asnumpy().astype(np.float64) for p in compiled.weights]
    start = [x.astype(np.float64), *values]

    def score(arrays):
        return (in_numpy(arrays[0], arrays[1:], stride, padding == "same") * got["dy"]).sum()

    assert_close({"y": in_numpy(start[0], values, stride, padding == "same")}, {"y": got["y"]})
    # each gradient along a random direction, by central differences; the grid leaves room for them
    for index, name in enumerate(["dx", *(p.name for p in compiled.weights)]):
        if "moving" in name:
            continue
        direction = rng.normal(size=start[index].shape)
        step = 1e-6
        there, back = list(start), list(start)
        there[index] = start[index] + step * direction
        back[index] = start[index] - step * direction
        slope = (score(there) - score(back)) / (2 * step)
        size = np.abs(got[name]).max() * np.sqrt(direction.size)
        assert abs((got[name] * direction).sum() - slope) < 1e-5 * size, name


@pytest.fixture(scope="module")
def settled():
    """A pretrained classifier and its weights.

    With random weights training is chaotic: a rounding error becomes a hundredth in four steps.
    """
    fetched_or_skip(pretrained_file)
    ms.set_seed(4)
    weights = read_weights(pretrained_checkpoint())
    classifier = build_classifier({}, {}, CLASSES, SIZE)
    load_backbone(classifier.backbone, weights)
    return classifier, arrays_of(classifier)


@pytest.fixture
def classifier(settled):
    return settled[0]


@pytest.fixture
def start(settled) -> dict[str, np.ndarray]:
    return settled[1]


def trained(classifier, start, top: AnyTop, cut: str, steps: int = 3, frozen: bool = True):
    """Losses of a few steps from the start, the weights after them, the logits before them."""
    assign_strict(classifier, start, "toy")
    blots = np.random.default_rng(6).uniform(-1, 1, (6, 3, 8, 8)).astype(np.float32)
    x = np.kron(blots, np.ones((SIZE // 8, SIZE // 8), np.float32))
    if cut != "image":
        x = NamedOutputs(classifier.backbone, [cut]).set_train(False)(Tensor(x))[0].asnumpy()
    labels = (np.arange(6) % CLASSES).astype(np.int32)
    logits = predict(top, x, 4)  # 6 photos in batches of 4
    optimizer = build_optimizer(
        "momentum", trainable(Top(classifier, cut)), np.full(steps, 2e-3, np.float32), 0.9, 4e-5
    )
    step = TrainStep(top, ClassificationLoss(CLASSES, None, 0.1), optimizer).set_train(True)
    for norm in batch_norms(top) if frozen else ():
        norm.set_train(False)
    batch = (Tensor(x), Tensor(labels), Tensor(np.ones(6, np.float32)))
    keep = Tensor(np.ones((1, 1), np.float32))
    losses = [float(step(*batch, keep)[0].asnumpy()) for _ in range(steps)]
    return losses, arrays_of(classifier), logits


LONG_CUTS = [
    pytest.param(cut, marks=pytest.mark.long) for cut in ("image", "features.10", "features.17")
]


# behind layer 13: a stride of 2, two shortcuts, a block without one, the last layer
@pytest.mark.parametrize("cut", [*LONG_CUTS, "features.13"])
def test_training_goes_as_with_the_plain_layers(classifier, start, native, cut):
    top = Top(classifier, cut)
    plain = trained(classifier, start, top, cut)
    compiled = trained(classifier, start, accelerate(top, "compiled", "CPU"), cut)
    assert plain[0][-1] < plain[0][0]
    np.testing.assert_allclose(compiled[0], plain[0], rtol=1e-4)
    assert_close(compiled[1], plain[1], 1e-4)
    np.testing.assert_allclose(compiled[2], plain[2], atol=1e-4 * np.abs(plain[2]).max())
    moved = {name for name in start if plain[1][name].tobytes() != start[name].tobytes()}
    assert moved == {name for name in start if compiled[1][name].tobytes() != start[name].tobytes()}
    assert not any("moving" in name for name in moved)


@pytest.fixture(scope="module")
def efficientnet():
    """A pretrained EfficientNet-Lite0 as a classifier, and its weights."""
    name = "efficientnet_lite0"
    fetched_or_skip(lambda: pretrained_file(name))
    ms.set_seed(4)
    weights = read_weights(pretrained_checkpoint(name), name)
    classifier = build_classifier(weights.arguments, {}, CLASSES, SIZE)
    load_backbone(classifier.backbone, weights)
    return classifier, arrays_of(classifier)


# which depthwise convolutions are compiled; layers in all and compiled ones behind the cut
MIXED = [
    pytest.param("image", ((3, 3), (5, 5)), 18, 18, marks=pytest.mark.long),
    pytest.param("image", ((3, 3),), 18, 9, marks=pytest.mark.long),
    # blocks of 3, 3, 5, 5, 5, 5, 5, 5, 5, 3; the last layer
    pytest.param("features.6", ((3, 3),), 11, 4, marks=pytest.mark.long),
    ("features.13", ((5, 5),), 4, 3),
]


@pytest.mark.parametrize(("cut", "kernels", "layers", "known"), MIXED)
def test_layers_that_are_not_compiled_stand_among_the_others(
    efficientnet, native, monkeypatch, caplog, cut, kernels, layers, known
):
    classifier, start = efficientnet
    monkeypatch.setattr(depthwise_cells, "DEPTHWISE", kernels)
    top = Top(classifier, cut)
    with caplog.at_level(logging.INFO):
        mixed = accelerate(top, "compiled", "CPU")
    assert (mixed.known, mixed.total) == (known, layers)
    some = f", {known} of {layers} layers; the others are MindSpore's own"
    assert caplog.messages == ["kernels: compiled" + (some if known < layers else "")]
    assert {id(norm) for norm in batch_norms(mixed)} <= {id(norm) for norm in batch_norms(top)}
    assert {p.name for p in mixed.trainable_params()} == {p.name for p in top.trainable_params()}
    plain = trained(classifier, start, top, cut, 2)
    got = trained(classifier, start, mixed, cut, 2)
    assert plain[0][-1] < plain[0][0]
    np.testing.assert_allclose(got[0], plain[0], rtol=1e-4)
    assert_close(got[1], plain[1], 1e-4)
    np.testing.assert_allclose(got[2], plain[2], atol=1e-4 * np.abs(plain[2]).max())
    moved = {name for name in start if got[1][name].tobytes() != start[name].tobytes()}
    assert moved
    assert not any("moving" in name for name in moved)


# the last layer alone has nothing that is compiled where statistics are learned
@pytest.mark.parametrize("cut", [*LONG_CUTS[:-1], "features.13"])
def test_training_with_learned_statistics_goes_as_with_the_plain_layers(
    classifier, start, native, cut
):
    top = Top(classifier, cut)
    accelerated = accelerate(top, "compiled", "CPU", freeze_bn_statistics=False)
    assert isinstance(accelerated, DepthwiseTop)
    # one step: batch norms over 6 small maps make a rounding error larger at every layer
    plain = trained(classifier, start, top, cut, 1, frozen=False)
    compiled = trained(classifier, start, accelerated, cut, 1, frozen=False)
    np.testing.assert_allclose(compiled[0], plain[0], rtol=1e-4)
    assert_close(compiled[1], plain[1], 1e-4)
    np.testing.assert_allclose(compiled[2], plain[2], atol=1e-4 * np.abs(plain[2]).max())
    moved = {name for name in start if compiled[1][name].tobytes() != start[name].tobytes()}
    assert any("moving_mean" in name for name in moved)


# behind layer 11: a stride of 2 and one of 1
@pytest.mark.long
@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("cut", ["image", "features.11"])
def test_separable_convolutions_train_as_with_the_plain_layers(native, caplog, cut, frozen):
    ms.set_seed(4)
    classifier = build_classifier({"name": "mobilenet_v1", "width_mult": 0.25}, {}, CLASSES, SIZE)
    start = arrays_of(classifier)
    top = Top(classifier, cut)
    with caplog.at_level(logging.INFO):
        fast = accelerate(top, "compiled", "CPU", freeze_bn_statistics=frozen)
    layers, known = (14, 1) if cut == "image" else (2, 0)
    extent = f", {known} of {layers} layers, the depthwise convolutions of {layers - known}; the "
    said = extent + "rest is MindSpore's own" if frozen else " depthwise convolutions"
    assert caplog.messages == [f"kernels: compiled{said}"]
    assert sum(isinstance(cell, CompiledDepthwise) for _, cell in fast.cells_and_names()) == (
        13 if cut == "image" else 2
    )
    plain = trained(classifier, start, top, cut, 1, frozen)
    got = trained(classifier, start, fast, cut, 1, frozen)
    np.testing.assert_allclose(got[0], plain[0], rtol=1e-4)
    assert_close(got[1], plain[1], 1e-4)
    np.testing.assert_allclose(got[2], plain[2], atol=1e-4 * np.abs(plain[2]).max())
    moved = {name for name in start if got[1][name].tobytes() != start[name].tobytes()}
    assert any("moving" in name for name in moved) != frozen


@pytest.mark.parametrize(
    ("kind", "cut"),
    [
        (CompiledTop, "features.16"),
        pytest.param(DepthwiseTop, "features.16", marks=pytest.mark.long),
        pytest.param(CompiledTop, "image", marks=pytest.mark.long),
        pytest.param(DepthwiseTop, "features.12", marks=pytest.mark.long),
    ],
)
def test_the_same_bytes_whatever_the_threads(classifier, start, native, monkeypatch, kind, cut):
    top = Top(classifier, cut)
    runs = []
    for count in (1, 2, 5):
        monkeypatch.setattr(operators, "thread_count", lambda count=count: count)
        losses, weights, _ = trained(classifier, start, kind(top, native), cut, 2)
        runs.append((losses, {name: value.tobytes() for name, value in weights.items()}))
    assert all(run == runs[0] for run in runs[1:])


def assert_falls_back(top: Top, caplog, because: str, device: str = "CPU"):
    caplog.clear()
    with caplog.at_level(logging.INFO, "src_mindspore.network.kernels"):
        assert accelerate(top, "auto", device) is top
    (record,) = caplog.records
    assert because in record.getMessage()
    assert "\n" not in record.getMessage()
    with pytest.raises(UserError, match=because):
        accelerate(top, "compiled", device)


@pytest.mark.parametrize("frozen", [True, False])
def test_layers_of_which_none_is_known_stay_as_they_are(native, caplog, frozen):
    layers = resnet_layers((ResNetStage(4, 2, 1),), stem=8)
    classifier = Classifier(ResNet(layers, "same", EPS), ClassifierHead(16, 16, CLASSES))
    top = Top(classifier, "features.0")
    with caplog.at_level(logging.INFO, "src_mindspore.network.kernels"):
        assert accelerate(top, "auto", "CPU", frozen) is top
    text = "they know none of the 2 layers that are trained"
    assert caplog.messages == [f"kernels: MindSpore's own ({text})"]
    with pytest.raises(UserError, match=f"the kernels cannot be compiled: {text}"):
        accelerate(top, "compiled", "CPU", frozen)


def test_without_a_compiler_the_plain_layers_remain(classifier, caplog, monkeypatch, tmp_path):
    top = Top(classifier, "features.17")
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert_falls_back(top, caplog, "there is no no-such-compiler")
    monkeypatch.setenv("CXX", "false")  # there, and fails
    assert_falls_back(top, caplog, "could not be compiled: exit status 1")
    monkeypatch.setenv("CXX", "true")  # succeeds, and makes nothing
    assert_falls_back(top, caplog, "made no library")
    assert list(tmp_path.iterdir()) == []


def test_where_kernels_do_not_apply_the_plain_layers_remain(classifier, caplog, native):
    top = Top(classifier, "features.17")
    assert_falls_back(top, caplog, "the device is Ascend", device="Ascend")
    assert accelerate(top, "plain", "CPU") is top
    head = Top(classifier, "mean")
    assert accelerate(head, "auto", "CPU") is head
    assert isinstance(accelerate(top, "auto", "CPU"), CompiledTop)


@pytest.mark.long
def test_a_library_is_compiled_once_and_again_for_other_flags(monkeypatch, tmp_path):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path))
    first = build.library()
    written = first.stat().st_mtime_ns
    assert build.library() == first
    assert first.stat().st_mtime_ns == written
    second = build.library(tuple(f.replace("-O3", "-O1") for f in build.FLAGS))
    assert second != first
    assert sorted(p for p in tmp_path.iterdir()) == sorted([first, second])
