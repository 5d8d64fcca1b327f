"""ResNet-50 against an ONNX graph made of a state dict's own tensors, by torchvision's names."""

import mindspore as ms
import numpy as np
import onnxruntime
import pytest
from helpers import mode
from onnx import TensorProto, helper, numpy_helper
from torch_writer import save_zip, state_dict

from src_mindspore.backbone import NamedOutputs, build_backbone, layer_name
from src_mindspore.backbones.resnet50 import ResNet, ResNetStage, resnet_layers
from src_mindspore.network.classifier import batch_norms, build_classifier
from src_mindspore.network.engines import reference_outputs
from src_mindspore.network.onnx_graph import feature_graph
from src_mindspore.network.onnx_runtime import onnx_session, relative_difference
from src_mindspore.system.errors import UserError
from src_mindspore.weights.pretrained import load_backbone, pretrained_backbone, read_weights
from src_mindspore.weights.resnet_names import torchvision_names

EPS = 1e-5
CLOSE = 1e-4  # of the largest value of a map
# width, blocks and first stride of the stages; as torchvision's and tiny
FULL = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
TOY = ((4, 2, 1), (6, 3, 2), (8, 2, 2))
TOY_STEM = 8


@pytest.fixture(autouse=True)
def _pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def shapes(stages, stem: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's state dict, written down as its modules are built."""
    found: dict[str, tuple[int, ...]] = {}

    def unit(conv: str, norm: str, *shape: int) -> None:
        found[f"{conv}.weight"] = shape
        for kind in ("weight", "bias", "running_mean", "running_var"):
            found[f"{norm}.{kind}"] = shape[:1]

    unit("conv1", "bn1", stem, 3, 7, 7)
    inputs = stem
    for number, (width, blocks, _) in enumerate(stages, start=1):
        for index in range(blocks):
            at = f"layer{number}.{index}"
            unit(f"{at}.conv1", f"{at}.bn1", width, inputs, 1, 1)
            unit(f"{at}.conv2", f"{at}.bn2", width, width, 3, 3)
            unit(f"{at}.conv3", f"{at}.bn3", 4 * width, width, 1, 1)
            if index == 0:
                unit(f"{at}.downsample.0", f"{at}.downsample.1", 4 * width, inputs, 1, 1)
            inputs = 4 * width
    return found


def tensors(stages, stem: int) -> dict[str, np.ndarray]:
    """Random weights that keep every map alive."""
    rng = np.random.default_rng(0)
    bounds = {"weight": (0.5, 1.5), "bias": (-0.5, 1), "mean": (-0.2, 0.2), "var": (0.5, 1.5)}
    found = {}
    for name, shape in shapes(stages, stem).items():
        if len(shape) == 4:
            values = rng.standard_normal(shape, np.float32)
            values *= np.float32((2 / np.prod(shape[1:])) ** 0.5)
        else:
            low, high = bounds[name.rpartition(".")[2].removeprefix("running_")]
            values = rng.uniform(low, high, shape)
        found[name] = values.astype(np.float32)
    return found


class Graph:
    """The forward pass of torchvision's ``Bottleneck`` and ``ResNet``, node by node."""

    def __init__(self, given: dict[str, np.ndarray]) -> None:
        self.given, self.nodes, self.maps = given, [], []

    def add(self, kind: str, *inputs: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [f"v{len(self.nodes)}"], **attributes))
        return f"v{len(self.nodes) - 1}"

    def unit(self, x: str, conv: str, norm: str, stride: int = 1) -> str:
        pad = self.given[f"{conv}.weight"].shape[-1] // 2
        x = self.add("Conv", x, f"{conv}.weight", strides=[stride] * 2, pads=[pad] * 4)
        kinds = ("weight", "bias", "running_mean", "running_var")
        return self.add("BatchNormalization", x, *(f"{norm}.{k}" for k in kinds), epsilon=EPS)

    def block(self, x: str, at: str, stride: int) -> str:
        y = self.add("Relu", self.unit(x, f"{at}.conv1", f"{at}.bn1"))
        y = self.add("Relu", self.unit(y, f"{at}.conv2", f"{at}.bn2", stride))  # v1.5
        y = self.unit(y, f"{at}.conv3", f"{at}.bn3")
        if f"{at}.downsample.0.weight" in self.given:
            x = self.unit(x, f"{at}.downsample.0", f"{at}.downsample.1", stride)
        return self.add("Relu", self.add("Add", y, x))

    def run(self, stages, images: np.ndarray) -> list[np.ndarray]:
        """The map after the stem and after every block."""
        x = self.add("Relu", self.unit("image", "conv1", "bn1", 2))
        x = self.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        maps = [x]
        for number, (_, blocks, stride) in enumerate(stages, start=1):
            for index in range(blocks):
                x = self.block(x, f"layer{number}.{index}", 1 if index else stride)
                maps.append(x)
        graph = helper.make_graph(
            self.nodes,
            "reference",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, images.shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in maps],
            [numpy_helper.from_array(array, name) for name, array in self.given.items()],
        )
        opsets = [helper.make_opsetid("", 13)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return session.run(None, {"image": images})


def toy(padding: str) -> tuple[ResNet, dict[str, np.ndarray]]:
    stages = tuple(ResNetStage(*stage) for stage in TOY)
    backbone = ResNet(resnet_layers(stages, TOY_STEM), padding, EPS).set_train(False)
    given, names = tensors(TOY, TOY_STEM), torchvision_names(stages)
    assert set(names) == set(given)
    values = {own: given[name] for name, own in names.items()}
    own = {p.name: tuple(p.shape) for p in backbone.get_parameters()}
    assert own == {name: array.shape for name, array in values.items()}
    for parameter in backbone.get_parameters():
        parameter.set_data(ms.Tensor(values[parameter.name]))
    return backbone, given


def images(size: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(-2, 2, (2, 3, size, size)).astype(np.float32)


@pytest.mark.parametrize("size", [64, pytest.param(45, marks=pytest.mark.long)])
def test_every_map_of_a_toy_agrees_with_onnx_runtime(size):
    backbone, given = toy("symmetric")
    depth = len(backbone.layers)
    network = NamedOutputs(backbone, [layer_name(i) for i in range(depth)]).set_train(False)
    got = [value.asnumpy() for value in network(ms.Tensor(images(size)))]
    expected = Graph(given).run(TOY, images(size))
    assert [a.shape[-1] for a in got] == backbone.map_sides(size)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < CLOSE * np.abs(theirs).max()
    if size == 64:  # the comparison would notice another padding
        other = reference_outputs(toy("same")[0], [layer_name(depth - 1)], images(size))[0]
        assert np.abs(other - expected[-1]).max() > 100 * CLOSE * np.abs(expected[-1]).max()


@pytest.mark.parametrize("padding", ["symmetric", "same"])
def test_the_graph_for_onnx_runtime_is_that_of_mindspore(padding):
    backbone, _ = toy(padding)
    names = [layer_name(0), layer_name(3), "mean"]
    expected = reference_outputs(backbone, names, images(45))
    session = onnx_session(feature_graph(backbone, names, 45), 1)
    for ours, theirs in zip(session.run(None, {"image": images(45)}), expected, strict=True):
        assert relative_difference(ours, theirs) < 1e-5


def test_parameters_and_multiplications_are_those_of_torchvision():
    classifier = build_classifier({"name": "resnet50"}, {}, 1000, 224)
    backbone, wanted = classifier.backbone, shapes(FULL, 64)
    names = torchvision_names()
    own = {p.name: tuple(p.shape) for p in backbone.get_parameters()}
    assert {name: own[names[name]] for name in wanted} == wanted
    assert len(own) == len(names) == len(wanted)
    assert sum(p.size for p in backbone.trainable_params()) == 23_508_032
    # https://docs.pytorch.org/vision/stable/models/generated/torchvision.models.resnet50.html
    assert sum(p.size for p in classifier.trainable_params()) == 25_557_032

    side, found = 224, 0
    for layer in backbone.layers:
        inner = side
        if layer.shortcut:
            found += np.prod(layer.shortcut.shape) * layer.shortcut.side(side) ** 2
        for convolution in layer.convolutions:
            inner = convolution.side(inner)
            found += np.prod(convolution.shape) * inner**2
        side = layer.side(side)
    assert found + 2048 * 1000 == 4_089_184_256  # 4.09 G there
    assert backbone.map_sides(224) == [56] * 4 + [28] * 4 + [14] * 6 + [7] * 3


def test_work_counts_the_shortcut_and_the_maximum():
    layers = resnet_layers()
    # block 3, by hand: 256 channels at 56x56 to 512 at 28x28
    assert layers[4].work(56) == (
        (256 + 20) * 128 * 56**2
        + (9 * 128 + 20) * 128 * 28**2
        + (128 + 20) * 512 * 28**2
        + (256 + 20) * 512 * 28**2
    )
    assert (layers[0].side(224), layers[0].work(224)) == (56, (49 * 3 + 20) * 64 * 112**2)


def test_it_has_one_width():
    with pytest.raises(ValueError, match=r"width_mult of resnet50 must be 1; got 0\.5"):
        build_backbone("resnet50", width_mult=0.5)


@pytest.mark.long
def test_a_state_dict_is_read_by_strict_names(tmp_path):
    given = tensors(FULL, 64)
    classifier = {"fc.weight": np.zeros((1000, 2048), np.float32), "fc.bias": np.zeros(1000)}
    counters = {"bn1.num_batches_tracked": np.array(9)}
    whole = {**given, **{n: a.astype(np.float32) for n, a in classifier.items()}, **counters}
    file = save_zip(tmp_path / "resnet50.pth", state_dict(whole))
    weights = read_weights(file, "resnet50")
    assert weights.source == "resnet50.pth (PyTorch, torchvision names)"
    assert (weights.padding, weights.bn_eps, weights.width_mult) == ("symmetric", EPS, 1.0)
    assert weights.mean == pytest.approx([255 * m for m in (0.485, 0.456, 0.406)])
    assert weights.std == pytest.approx([255 * s for s in (0.229, 0.224, 0.225)])

    backbone = pretrained_backbone(weights).set_train(False)
    x = images(64)
    (got,) = reference_outputs(backbone, [layer_name(16)], x)
    expected = Graph(given).run(FULL, x)[-1]
    assert np.abs(got - expected).max() < CLOSE * np.abs(expected).max()
    assert {norm.eps for norm in batch_norms(backbone)} == {EPS}
    with pytest.raises(UserError, match="trained with padding symmetric and epsilon 1e-05"):
        load_backbone(build_backbone("resnet50"), weights)

    less = {name: array for name, array in whole.items() if name != "layer2.0.downsample.1.bias"}
    save_zip(file, state_dict(less))
    with pytest.raises(UserError, match="not the weights of ResNet-50:") as caught:
        read_weights(file, "resnet50")
    assert " - features.4.shortcut.1.beta (512)" in str(caught.value)
    with pytest.raises(UserError, match="not the weights of MobileNetV2; "):
        read_weights(file, "mobilenet_v2")
    save_zip(file, state_dict(given))
    with pytest.raises(UserError, match="must be weights of small_cnn; got those of resnet50"):
        read_weights(file, "small_cnn")
