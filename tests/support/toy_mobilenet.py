"""MobileNetV2 of width 0.35 written out a second time, to compare the project's own against.

Everything is spelled out in numbers and shares no code with the package: names and shapes of the
weights, random weights of a sensible scale, and the network as an ONNX graph.
"""

from typing import NamedTuple

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WIDTH = 0.35
STEM = 16
LAST = 1280
# hidden channels, output channels, stride of the 17 blocks
BLOCKS = [
    *[(16, 8, 1), (48, 8, 2), (48, 8, 1), (48, 16, 2), (96, 16, 1), (96, 16, 1), (96, 24, 2)],
    *[(144, 24, 1), (144, 24, 1), (144, 24, 1), (144, 32, 1), (192, 32, 1), (192, 32, 1)],
    *[(192, 56, 2), (336, 56, 1), (336, 56, 1), (336, 112, 1)],
]
NORMS = ("gamma", "beta", "moving_mean", "moving_variance")


class Conv(NamedTuple):
    """A convolution with its batch norm: names in the zoo, torchvision and Keras, and geometry."""

    zoo: tuple[str, str]
    torch: tuple[str, str]
    keras: tuple[str, str]
    shape: tuple[int, int, int, int]
    stride: int
    clipped: bool
    layer: int


def convs() -> list[Conv]:
    def features(place: str, keras: tuple[str, str], *geometry) -> Conv:
        zoo = (f"{place}.features.0", f"{place}.features.1")
        return Conv(zoo, (f"{place}.0", f"{place}.1"), keras, *geometry)

    def named(name: str) -> tuple[str, str]:
        return name, f"{name}_BN"

    found = [features("features.0", ("Conv1", "bn_Conv1"), (STEM, 3, 3, 3), 2, True, 0)]
    inputs = STEM
    for i, (hidden, outputs, stride) in enumerate(BLOCKS, start=1):
        at, keras = f"features.{i}.conv", "expanded_conv" if i == 1 else f"block_{i - 1}"
        step = 0
        if i > 1:
            expand = named(f"{keras}_expand")
            found.append(features(f"{at}.0", expand, (hidden, inputs, 1, 1), 1, True, i))
            step = 1
        depthwise = named(f"{keras}_depthwise")
        found.append(features(f"{at}.{step}", depthwise, (hidden, 1, 3, 3), stride, True, i))
        plain = (f"{at}.{step + 1}", f"{at}.{step + 2}")
        project = named(f"{keras}_project")
        found.append(Conv(plain, plain, project, (outputs, hidden, 1, 1), 1, False, i))
        inputs = outputs
    keras = ("Conv_1", "Conv_1_bn")
    found.append(features("features.18", keras, (LAST, inputs, 1, 1), 1, True, 18))
    return found


def zoo_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights under the zoo's names, of a scale that keeps ReLU6 busy at both ends."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for conv in convs():
        fan_in = np.prod(conv.shape[1:])
        arrays[f"{conv.zoo[0]}.weight"] = rng.normal(0, (2 / fan_in) ** 0.5, conv.shape)
        for kind, low, high in zip(NORMS, (0.5, -0.5, -0.2, 0.5), (1.5, 1, 0.2, 1.5), strict=True):
            arrays[f"{conv.zoo[1]}.{kind}"] = rng.uniform(low, high, conv.shape[0])
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _pads(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int]:
    """Padding before and after along one axis."""
    if padding == "symmetric":
        return (kernel - 1) // 2, (kernel - 1) // 2
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def onnx_model(
    arrays: dict[str, np.ndarray], padding: str, eps: float, height: int, width: int
) -> bytes:
    """The network for one image: outputs features.0 to features.18, mean and max."""
    nodes, sizes, x = [], [height, width], "image"
    weights = [numpy_helper.from_array(a, name) for name, a in arrays.items()]
    weights += [numpy_helper.from_array(np.float32(n), str(n)) for n in (0, 6)]
    layers = convs()
    for number, conv in enumerate(layers):
        channels, per_group, kernel, _ = conv.shape
        if number == 0 or conv.layer != layers[number - 1].layer:
            skip = x
        before, after = zip(*(_pads(s, kernel, conv.stride, padding) for s in sizes), strict=True)
        sizes = [
            (s + b + a - kernel) // conv.stride + 1
            for s, b, a in zip(sizes, before, after, strict=True)
        ]
        nodes.append(
            helper.make_node(
                "Conv",
                [x, f"{conv.zoo[0]}.weight"],
                [f"c{number}"],
                pads=[*before, *after],
                strides=[conv.stride] * 2,
                group=channels if per_group == 1 else 1,
            )
        )
        norm = [f"c{number}", *(f"{conv.zoo[1]}.{kind}" for kind in NORMS)]
        nodes.append(helper.make_node("BatchNormalization", norm, [f"n{number}"], epsilon=eps))
        x = f"n{number}"
        if conv.clipped:
            nodes.append(helper.make_node("Clip", [x, "0", "6"], [f"r{number}"]))
            x = f"r{number}"
        if number == len(layers) - 1 or layers[number + 1].layer != conv.layer:
            output = f"features.{conv.layer}"
            if conv.layer in (3, 5, 6, 8, 9, 10, 12, 13, 15, 16):
                nodes.append(helper.make_node("Add", [x, skip], [output]))
            else:
                nodes.append(helper.make_node("Identity", [x], [output]))
            x = output
    nodes.append(helper.make_node("ReduceMean", [x], ["mean"], axes=[2, 3], keepdims=0))
    nodes.append(helper.make_node("ReduceMax", [x], ["max"], axes=[2, 3], keepdims=0))
    names = [*(f"features.{i}" for i in range(19)), "mean", "max"]
    shape = [1, 3, height, width]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        weights,
    )
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
