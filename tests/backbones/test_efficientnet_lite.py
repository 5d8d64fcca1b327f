"""EfficientNet-Lite against an ONNX graph made of the weights file's own tensors."""

import functools
import math

import mindspore as ms
import numpy as np
import onnxruntime
import pytest
from helpers import mode
from lite_fakes import fetched_or_skip
from onnx import TensorProto, helper, numpy_helper
from torch_writer import save_legacy, state_dict

from src_mindspore.backbone import NamedOutputs, build_backbone, layer_name
from src_mindspore.backbones.efficientnet_lite import EfficientNetLite
from src_mindspore.backbones.inverted_residual import named_convolutions
from src_mindspore.system.errors import UserError
from src_mindspore.weights.efficientnet_lite_names import reference_names
from src_mindspore.weights.imagenet import pretrained_checkpoint, pretrained_file
from src_mindspore.weights.pretrained import pretrained_backbone, read_weights
from src_mindspore.weights.torch_archive import read_state_dict

NAMES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
SIZES = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}
EPS = 1e-3
CLOSE = 1e-4  # of the largest value of a map
# written out a second time: output channels, stride and kernel of each block; all but the first
# expand six times. EfficientNet, table 1, without its scaling and with it (depth 1.1; width 1.1 and
# depth 1.2)
BLOCKS = {
    "efficientnet_lite0": [
        *[(16, 1, 3), (24, 2, 3), (24, 1, 3), (40, 2, 5), (40, 1, 5)],
        *[(80, 2, 3), (80, 1, 3), (80, 1, 3), (112, 1, 5), (112, 1, 5), (112, 1, 5)],
        *[(192, 2, 5), (192, 1, 5), (192, 1, 5), (192, 1, 5), (320, 1, 3)],
    ],
    "efficientnet_lite1": [
        *[(16, 1, 3), (24, 2, 3), (24, 1, 3), (24, 1, 3), (40, 2, 5), (40, 1, 5), (40, 1, 5)],
        *[(80, 2, 3), (80, 1, 3), (80, 1, 3), (80, 1, 3)],
        *[(112, 1, 5), (112, 1, 5), (112, 1, 5), (112, 1, 5)],
        *[(192, 2, 5), (192, 1, 5), (192, 1, 5), (192, 1, 5), (192, 1, 5), (320, 1, 3)],
    ],
    "efficientnet_lite2": [
        *[(16, 1, 3), (24, 2, 3), (24, 1, 3), (24, 1, 3), (48, 2, 5), (48, 1, 5), (48, 1, 5)],
        *[(88, 2, 3), (88, 1, 3), (88, 1, 3), (88, 1, 3)],
        *[(120, 1, 5), (120, 1, 5), (120, 1, 5), (120, 1, 5)],
        *[(208, 2, 5), (208, 1, 5), (208, 1, 5), (208, 1, 5), (208, 1, 5), (352, 1, 3)],
    ],
}
PARAMETERS = {
    "efficientnet_lite0": 3_371_008,
    "efficientnet_lite1": 4_135_680,
    "efficientnet_lite2": 4_811_072,
}


@pytest.fixture(autouse=True)
def _pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


class Graph:
    """An ONNX graph of the file's own tensors, node by node; ``x`` is the last value's name."""

    def __init__(self, tensors: dict[str, np.ndarray], size: int, same: bool = True) -> None:
        self.tensors, self.size, self.same = tensors, size, same
        self.nodes, self.x, self.side, self.channels = [], "image", size, 3

    def add(self, kind: str, inputs: list[str], **attributes) -> None:
        self.x = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [self.x], **attributes))

    def convolve(self, conv: str, norm: str, stride: int, clip: bool) -> None:
        weight = self.tensors[f"{conv}.weight"]
        kernel, group = weight.shape[-1], self.channels if weight.shape[1] == 1 else 1
        after = math.ceil(self.side / stride)
        lacking = max((after - 1) * stride + kernel - self.side, 0)  # TensorFlow's "SAME"
        before = lacking // 2 if self.same else (kernel - 1) // 2
        behind = lacking - before if self.same else before
        pads = [before, before, behind, behind]
        inputs = [self.x, f"{conv}.weight"]
        self.add("Conv", inputs, strides=[stride, stride], pads=pads, group=group)
        norms = [f"{norm}.{kind}" for kind in ("weight", "bias", "running_mean", "running_var")]
        self.add("BatchNormalization", [self.x, *norms], epsilon=EPS)
        if clip:
            self.add("Clip", [self.x, "zero", "six"])
        self.side, self.channels = after, weight.shape[0]

    def block(self, index: int, stride: int) -> None:
        at, skip, channels = f"_blocks.{index}", self.x, self.channels
        if index:
            self.convolve(f"{at}._expand_conv", f"{at}._bn0", 1, True)
        self.convolve(f"{at}._depthwise_conv", f"{at}._bn1", stride, True)
        self.convolve(f"{at}._project_conv", f"{at}._bn2", 1, False)
        if stride == 1 and channels == self.channels:
            self.add("Add", [self.x, skip])

    def run(self, x: np.ndarray, wanted: list[str]) -> list[np.ndarray]:
        tensors = {n: a for n, a in self.tensors.items() if a.ndim and not n.startswith("_fc")}
        tensors |= {"zero": np.array(0, np.float32), "six": np.array(6, np.float32)}
        graph = helper.make_graph(
            self.nodes,
            "reference",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, x.shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted],
            [numpy_helper.from_array(np.asarray(a, np.float32), n) for n, a in tensors.items()],
        )
        opsets = [helper.make_opsetid("", 13)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(wanted, {"image": x})


def reference(tensors, name: str, x: np.ndarray, depths: list[int], same: bool = True):
    """Maps behind these numbers of layers, and the pooled last one, by ONNX Runtime."""
    graph = Graph(tensors, x.shape[-1], same)
    graph.convolve("_conv_stem", "_bn0", 2, True)
    values = [graph.x]
    for index, (_, stride, _) in enumerate(BLOCKS[name]):
        graph.block(index, stride)
        values.append(graph.x)
    graph.convolve("_conv_head", "_bn1", 1, True)
    graph.add("ReduceMean", [graph.x], axes=[2, 3], keepdims=0)
    return graph.run(x, [*(values[depth - 1] for depth in depths), graph.x])


@functools.cache
def published(name: str):
    """The tensors of the package's file, and the backbone with the weights of the checkpoint."""
    file = fetched_or_skip(lambda: pretrained_file(name))
    weights = read_weights(pretrained_checkpoint(name), name)
    return read_state_dict(file), weights, pretrained_backbone(weights).set_train(False)


def pixels(size: int) -> np.ndarray:
    """A picture of soft shapes, (1, 3, size, size) in 0..255: weights answer noise with little."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:size, :size] / size
    waves = [np.sin(2 * np.pi * (rng.uniform(1, 9) * x + rng.uniform(1, 9) * y)) for _ in range(3)]
    noise = rng.normal(0, 20, (3, size, size))
    return np.clip(127 + 100 * np.stack(waves) + noise, 0, 255)[None].astype(np.float32)


def worst(got, expected) -> float:
    """The largest difference, of the largest value."""
    return max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(got, expected, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_golden_values(name):
    tensors, weights, backbone = published(name)
    x = (pixels(SIZES[name]) - 127) / 128
    assert (weights.mean, weights.std) == ((127.0,) * 3, (128.0,) * 3)
    middle = len(backbone.layers) // 2
    network = NamedOutputs(backbone, [layer_name(1), layer_name(middle - 1), "mean"])
    got = [value.asnumpy() for value in network.set_train(False)(ms.Tensor(x))]
    expected = reference(tensors, name, x, [2, middle])
    assert [a.shape for a in got] == [a.shape for a in expected]
    assert worst(got, expected) < CLOSE

    # the comparison notices what may be wrong
    symmetric = reference(tensors, name, x, [2, middle], same=False)
    assert worst(got, symmetric) > 100 * CLOSE
    imagenet = (pixels(SIZES[name]) - 120) / 57
    assert worst(got, reference(tensors, name, imagenet.astype(np.float32), [2, middle])) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_file(name):
    tensors, _, backbone = published(name)
    names = reference_names(backbone.layers)
    own = {p.name: tuple(p.shape) for p in backbone.get_parameters()}
    counters = {n for n in tensors if n.endswith("num_batches_tracked")}
    assert set(tensors) == set(names) | counters | {"_fc.weight", "_fc.bias"}
    assert {names[n]: tensors[n].shape for n in names} == own
    classifier = tensors["_fc.weight"].size + tensors["_fc.bias"].size
    assert sum(p.size for p in backbone.trainable_params()) == PARAMETERS[name]
    if name == "efficientnet_lite0":  # as published, with the classifier of 1000 classes
        assert PARAMETERS[name] + classifier == 4_652_008


@pytest.mark.parametrize("name", NAMES)
def test_the_layers(name):
    backbone = build_backbone(name)
    inputs, size = 32, -(-SIZES[name] // 2)
    for layer, (outputs, stride, kernel) in zip(backbone.layers[1:-1], BLOCKS[name], strict=True):
        *expand, depthwise, project = layer.convolutions
        assert [c.outputs for c in expand] == ([] if layer is backbone.layers[1] else [inputs * 6])
        assert (depthwise.kernel, depthwise.stride) == (kernel, stride)
        assert (layer.inputs, layer.outputs, project.activated) == (inputs, outputs, False)
        inputs, size = outputs, -(-size // stride)
    assert backbone.out_channels == 1280
    assert backbone.map_sides(SIZES[name])[-1] == size


def test_work_counts_the_kernel():
    work = build_backbone("efficientnet_lite0").work(224)
    # block 4, by hand: 24 to 144 channels at 56x56, 5x5 at 28x28, to 40 channels
    assert work[4] == 44 * 144 * 56**2 + (25 * 10 + 20) * 144 * 28**2 + (144 + 20) * 40 * 28**2


def toy_tensors(layers) -> dict[str, np.ndarray]:
    """Random weights under the published names, of a scale that keeps ReLU6 busy at both ends."""
    rng = np.random.default_rng(0)
    names = {own: published for published, own in reference_names(layers).items()}
    kinds = {"gamma": (0.5, 1.5), "beta": (-0.5, 1), "moving_mean": (-0.2, 0.2)}
    tensors = {}
    for row in named_convolutions(layers):
        shape = row.of.shape
        weight = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        tensors[names[f"{row.conv}.weight"]] = weight.astype(np.float32)
        for kind, bounds in (kinds | {"moving_variance": (0.5, 1.5)}).items():
            values = rng.uniform(*bounds, shape[0]).astype(np.float32)
            tensors[names[f"{row.norm}.{kind}"]] = values
    return tensors


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("size", [64, 70])
def test_toy_width_agrees_with_onnx_runtime(padding, size):
    backbone = EfficientNetLite(0.35, 1.0, padding, EPS).set_train(False)
    tensors = toy_tensors(backbone.layers)
    names = reference_names(backbone.layers)
    for parameter in backbone.get_parameters():
        published_name = next(n for n, own in names.items() if own == parameter.name)
        parameter.set_data(ms.Tensor(tensors[published_name]))
    x = (pixels(size) - 127) / 128
    depths = list(range(1, len(backbone.layers)))
    network = NamedOutputs(backbone, [*(layer_name(d - 1) for d in depths), "mean"])
    got = [value.asnumpy() for value in network.set_train(False)(ms.Tensor(x))]
    expected = reference(tensors, "efficientnet_lite0", x, depths, same=padding == "same")
    assert [a.shape for a in got] == [a.shape for a in expected]
    assert worst(got, expected) < CLOSE


def saved(path, change=lambda tensors: None):
    """A file as the packages have it, its tensors changed."""
    tensors = toy_tensors(build_backbone("efficientnet_lite0").layers)
    tensors |= {"_fc.weight": np.zeros((5, 1280), np.float32), "_fc.bias": np.zeros(5, np.float32)}
    tensors["_bn0.num_batches_tracked"] = np.array(9)
    change(tensors)
    return save_legacy(path, state_dict(tensors))


def test_a_file_is_read_by_strict_names(tmp_path):
    file = saved(tmp_path / "w.pth")
    weights = read_weights(file, "efficientnet_lite0")
    assert weights.source == "w.pth (PyTorch, EfficientNet-PyTorch names)"
    assert (weights.padding, weights.bn_eps, weights.width_mult) == ("same", EPS, 1.0)

    less = saved(tmp_path / "less.pth", lambda t: t.pop("_blocks.3._bn1.bias"))
    with pytest.raises(UserError, match="not the weights of EfficientNet-Lite0:") as info:
        read_weights(less, "efficientnet_lite0")
    assert " - features.4.conv.1.features.1.beta (144)" in str(info.value)
    more = saved(tmp_path / "more.pth", lambda t: t.update(_se=np.zeros(3, np.float32)))
    with pytest.raises(UserError, match=r" \+ _se \(3\)"):
        read_weights(more, "efficientnet_lite0")


@pytest.mark.parametrize("asked", ["mobilenet_v2", "efficientnet_lite2"])
def test_weights_of_another_architecture_are_refused(tmp_path, asked):
    file = saved(tmp_path / "w.pth", lambda t: (t.pop("_fc.weight"), t.pop("_fc.bias")))
    with pytest.raises(UserError, match=f"must be weights of {asked}; got those of effi") as info:
        read_weights(file, asked)
    assert str(info.value).endswith("efficientnet_lite0, which is accepted as backbone.name")


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"width_mult of efficientnet_lite0 must be 1; got 0\.5"):
        build_backbone("efficientnet_lite0", width_mult=0.5)
    with pytest.raises(ValueError, match="padding must be one of same, symmetric; got 'valid'"):
        build_backbone("efficientnet_lite2", padding="valid")
    with pytest.raises(ValueError, match=r"a backbone is one of mobilenet_v2, .*; got 'resnet'"):
        build_backbone("resnet")
