"""The small CNN: its table written out a second time, its size, and every map by ONNX Runtime."""

import mindspore as ms
import numpy as np
import onnxruntime
import pytest
from helpers import mode
from onnx import TensorProto, helper, numpy_helper

from src_mindspore.backbone import NamedOutputs, build_backbone, layer_name
from src_mindspore.backbones.interface import Backbone
from src_mindspore.network.classifier import build_classifier
from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import write_ckpt
from src_mindspore.weights.pretrained import read_weights

# hidden channels, output channels and stride of the blocks, all with a depthwise 3x3
BLOCKS = [
    *[(16, 24, 2), (96, 24, 1), (96, 40, 2), (160, 40, 1)],
    *[(160, 80, 2), (320, 80, 1), (320, 80, 1)],
]
SKIPS = (2, 4, 6, 7)  # layers whose input is added to their output
NORMS = ("gamma", "beta", "moving_mean", "moving_variance")
EPS = 1e-3


@pytest.fixture(autouse=True)
def _pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def rows() -> list[tuple[str, str, tuple[int, ...], int, bool, bool]]:
    """Convolution, batch norm, shape, stride, whether activated, whether the last of its layer."""
    found = [("features.0.features.0", "features.0.features.1", (16, 3, 3, 3), 2, True, True)]
    inputs = 16
    for i, (hidden, outputs, stride) in enumerate(BLOCKS, start=1):
        at, step = f"features.{i}.conv", 0
        shapes = [((hidden, inputs, 1, 1), 1)] if hidden != inputs else []
        for shape, by in (*shapes, ((hidden, 1, 3, 3), stride)):
            name = f"{at}.{step}.features"
            found.append((f"{name}.0", f"{name}.1", shape, by, True, False))
            step += 1
        shape = (outputs, hidden, 1, 1)
        found.append((f"{at}.{step}", f"{at}.{step + 1}", shape, 1, False, True))
        inputs = outputs
    found.append(("features.8.features.0", "features.8.features.1", (256, 80, 1, 1), 1, True, True))
    return found


def arrays() -> dict[str, np.ndarray]:
    """Random weights of a scale that keeps ReLU6 busy at both ends."""
    rng = np.random.default_rng(0)
    found = {}
    for conv, norm, shape, *_ in rows():
        found[f"{conv}.weight"] = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        for kind, low, high in zip(NORMS, (0.5, -0.5, -0.2, 0.5), (1.5, 1, 0.2, 1.5), strict=True):
            found[f"{norm}.{kind}"] = rng.uniform(low, high, shape[0])
    return {name: array.astype(np.float32) for name, array in found.items()}


def filled() -> Backbone:
    backbone = build_backbone("small_cnn").set_train(False)
    values = arrays()
    for parameter in backbone.get_parameters():
        parameter.set_data(ms.Tensor(values[parameter.name]))
    return backbone


def reference(x: np.ndarray, same: bool = True) -> list[np.ndarray]:
    """The map after every layer."""
    nodes, value, size, layer = [], "image", x.shape[-1], 0
    for number, (conv, norm, shape, stride, activated, ends) in enumerate(rows()):
        kernel = shape[-1]
        lacking = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        before, behind = (lacking // 2, lacking - lacking // 2) if same else (kernel // 2,) * 2
        pads = [before, before, behind, behind]
        group = shape[0] if shape[1] == 1 else 1
        names = [value, f"{conv}.weight"]
        place = {"strides": [stride] * 2, "pads": pads, "group": group}
        nodes.append(helper.make_node("Conv", names, [f"c{number}"], **place))
        names = [f"c{number}", *(f"{norm}.{kind}" for kind in NORMS)]
        nodes.append(helper.make_node("BatchNormalization", names, [f"n{number}"], epsilon=EPS))
        value, size = f"n{number}", -(-size // stride)
        if activated:
            nodes.append(helper.make_node("Clip", [value, "zero", "six"], [f"r{number}"]))
            value = f"r{number}"
        if ends:
            skip = [value, f"map{layer - 1}"] if layer in SKIPS else [value]
            nodes.append(helper.make_node("Sum", skip, [f"map{layer}"]))
            value, layer = f"map{layer}", layer + 1
    values = {**arrays(), "zero": np.float32(0), "six": np.float32(6)}
    graph = helper.make_graph(
        nodes,
        "reference",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(f"map{i}", TensorProto.FLOAT, None) for i in range(layer)],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in values.items()],
    )
    opsets = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": x})


@pytest.mark.parametrize("size", [64, 45])
def test_every_map_agrees_with_onnx_runtime(size):
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, size, size)).astype(np.float32)
    network = NamedOutputs(filled(), [layer_name(i) for i in range(9)]).set_train(False)
    got = [value.asnumpy() for value in network(ms.Tensor(x))]
    expected = reference(x)
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()
    # the comparison would notice another padding
    assert np.abs(got[-1] - reference(x, same=False)[-1]).max() > 0.1


def test_names_shapes_and_parameters():
    backbone = build_backbone("small_cnn")
    own = {p.name: tuple(p.shape) for p in backbone.get_parameters()}
    assert own == {name: array.shape for name, array in arrays().items()}
    assert backbone.channels == (16, 24, 24, 40, 40, 80, 80, 80, 256)
    assert backbone.map_sides(96) == [48, 24, 24, 12, 12, 6, 6, 6, 6]
    assert sum(p.size for p in backbone.trainable_params()) == 182_880


@pytest.mark.parametrize("classes", [2, 26])
def test_it_has_at_most_fifteen_percent_of_the_parameters_of_mobilenet_v2(classes):
    large = 2_223_872 + 1281 * classes  # as in test_mobilenet_v2.py
    small = build_classifier({"name": "small_cnn"}, {}, classes, 96).trainable_params()
    assert sum(p.size for p in small) <= 0.15 * large


def test_it_has_one_width():
    with pytest.raises(ValueError, match=r"width_mult of small_cnn must be 1; got 0\.5"):
        build_backbone("small_cnn", width_mult=0.5)


def test_a_run_may_start_from_the_weights_of_another(tmp_path):
    file = tmp_path / "model.ckpt"
    write_ckpt(file, {**arrays(), "head.head.0.weight": np.zeros((2, 256), np.float32)})
    weights = read_weights(file, "small_cnn")
    assert weights.parameters.keys() == arrays().keys()
    assert (weights.padding, weights.bn_eps, weights.mean) == ("same", EPS, (127.5,) * 3)

    with pytest.raises(UserError, match=r"must be weights of mobilenet_v2; got those of small_cnn"):
        read_weights(file, "mobilenet_v2")
    write_ckpt(file, {"other": np.zeros(3, np.float32)})
    with pytest.raises(UserError, match="not the weights of the small CNN:") as info:
        read_weights(file, "small_cnn")
    assert str(info.value).endswith(
        "accepted: MindSpore .ckpt or .safetensors with the project's own names"
    )
