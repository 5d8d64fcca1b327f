"""MobileNetV1: table 1 of the paper written out a second time, and every map by ONNX Runtime."""

import mindspore as ms
import numpy as np
import onnxruntime
import pytest
from helpers import mode
from onnx import TensorProto, helper, numpy_helper

from src_mindspore.backbone import NamedOutputs, build_backbone, layer_name
from src_mindspore.network.classifier import build_classifier
from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import write_ckpt
from src_mindspore.weights.pretrained import read_weights

# arXiv:1704.04861, table 1, a row each: kind, stride, channels in and out, side of the input
TABLE = """
conv 2 3 32 224
dw 1 32 32 112
pw 1 32 64 112
dw 2 64 64 112
pw 1 64 128 56
dw 1 128 128 56
pw 1 128 128 56
dw 2 128 128 56
pw 1 128 256 28
dw 1 256 256 28
pw 1 256 256 28
dw 2 256 256 28
pw 1 256 512 14
dw 1 512 512 14
pw 1 512 512 14
dw 1 512 512 14
pw 1 512 512 14
dw 1 512 512 14
pw 1 512 512 14
dw 1 512 512 14
pw 1 512 512 14
dw 1 512 512 14
pw 1 512 512 14
dw 2 512 512 14
pw 1 512 1024 7
dw 1 1024 1024 7
pw 1 1024 1024 7
"""
ROWS = [(kind, *map(int, rest)) for kind, *rest in map(str.split, TABLE.strip().splitlines())]
NORMS = ("gamma", "beta", "moving_mean", "moving_variance")
EPS = 1e-3
EIGHTH = 0.125  # of the channels: all are still multiples of 8, but those of stem and first layer


@pytest.fixture(autouse=True)
def _pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def rows(divisor: int) -> list[tuple[str, str, tuple[int, ...], int, bool]]:
    """Convolution, batch norm, shape, stride, whether it is the last of its layer."""
    found = []
    for number, (kind, stride, inputs, outputs, _) in enumerate(ROWS):
        channels = [max(8, c // divisor) for c in (inputs, outputs)]
        layer, position = (number + 1) // 2, (number + 1) % 2
        at = f"features.{layer}.conv.{position}.features" if layer else "features.0.features"
        if kind == "conv":
            shape = (channels[1], 3, 3, 3)
        elif kind == "dw":
            shape = (channels[1], 1, 3, 3)
        else:
            shape = (channels[1], channels[0], 1, 1)
        found.append((f"{at}.0", f"{at}.1", shape, stride, kind != "dw"))
    return found


def arrays(divisor: int) -> dict[str, np.ndarray]:
    """Random weights of a scale that keeps ReLU6 busy at both ends."""
    rng = np.random.default_rng(0)
    found = {}
    for conv, norm, shape, *_ in rows(divisor):
        found[f"{conv}.weight"] = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        for kind, low, high in zip(NORMS, (0.5, -0.5, -0.2, 0.5), (1.5, 1, 0.2, 1.5), strict=True):
            found[f"{norm}.{kind}"] = rng.uniform(low, high, shape[0])
    return {name: array.astype(np.float32) for name, array in found.items()}


def reference(x: np.ndarray, same: bool = True) -> list[np.ndarray]:
    """The map after every layer, at an eighth of the width."""
    nodes, value, size, maps = [], "image", x.shape[-1], []
    for number, (conv, norm, shape, stride, ends) in enumerate(rows(8)):
        kernel = shape[-1]
        lacking = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        before, behind = (lacking // 2, lacking - lacking // 2) if same else (kernel // 2,) * 2
        place = {"strides": [stride] * 2, "pads": [before, before, behind, behind]}
        group = shape[0] if shape[1] == 1 else 1
        names = [value, f"{conv}.weight"]
        nodes.append(helper.make_node("Conv", names, [f"c{number}"], group=group, **place))
        names = [f"c{number}", *(f"{norm}.{kind}" for kind in NORMS)]
        nodes.append(helper.make_node("BatchNormalization", names, [f"n{number}"], epsilon=EPS))
        value, size = f"r{number}", -(-size // stride)
        nodes.append(helper.make_node("Clip", [f"n{number}", "zero", "six"], [value]))
        maps += [value] if ends else []
    values = {**arrays(8), "zero": np.float32(0), "six": np.float32(6)}
    graph = helper.make_graph(
        nodes,
        "reference",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in maps],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in values.items()],
    )
    opsets = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": x})


@pytest.mark.parametrize("size", [pytest.param(64, marks=pytest.mark.long), 45])
def test_every_map_agrees_with_onnx_runtime(size):
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, size, size)).astype(np.float32)
    backbone = build_backbone("mobilenet_v1", width_mult=EIGHTH)
    values = arrays(8)
    for parameter in backbone.get_parameters():
        parameter.set_data(ms.Tensor(values[parameter.name]))
    network = NamedOutputs(backbone, [layer_name(i) for i in range(14)]).set_train(False)
    got = [value.asnumpy() for value in network(ms.Tensor(x))]
    for ours, theirs in zip(got, reference(x), strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()
    # the comparison would notice another padding
    assert np.abs(got[-1] - reference(x, same=False)[-1]).max() > 0.1


def test_parameters_and_multiplications_are_those_of_the_paper():
    classifier = build_classifier({"name": "mobilenet_v1"}, {}, 1000, 224)
    backbone = classifier.backbone
    own = {p.name: tuple(p.shape) for p in backbone.get_parameters()}
    assert own == {name: array.shape for name, array in arrays(1).items()}
    assert sum(p.size for p in backbone.trainable_params()) == 3_206_976
    parameters = sum(p.size for p in classifier.trainable_params())
    assert parameters == 4_231_976  # 4.2 million: table 8

    by_table = [
        o * (9 if kind == "dw" else 27 if kind == "conv" else i) * (side // stride) ** 2
        for kind, stride, i, o, side in ROWS
    ]
    side, found = 224, []
    for convolution in (c for layer in backbone.layers for c in layer.convolutions):
        side = convolution.side(side)
        found.append(int(np.prod(convolution.shape)) * side**2)
    assert found == by_table
    assert sum(found) + 1024 * 1000 == pytest.approx(569e6, rel=1e-3)  # table 8


def test_a_width_is_found_in_a_file(tmp_path):
    file = tmp_path / "model.ckpt"
    backbone = build_backbone("mobilenet_v1", width_mult=0.25)
    found = {p.name: p.asnumpy() for p in backbone.get_parameters()}
    write_ckpt(file, {**found, "head.head.0.weight": np.zeros((2, 256), np.float32)})
    weights = read_weights(file, "mobilenet_v1")
    assert (weights.width_mult, weights.padding, weights.bn_eps) == (0.25, "same", EPS)
    with pytest.raises(UserError, match=r"must be weights of small_cnn; got those of mobilenet_v1"):
        read_weights(file, "small_cnn")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"width_mult": 0}, "width_mult must be above 0; got 0"),
        ({"padding": "valid"}, "padding must be one of same, symmetric; got 'valid'"),
    ],
)
def test_refusals(arguments, text):
    with pytest.raises(ValueError, match=text):
        build_backbone("mobilenet_v1", **arguments)
