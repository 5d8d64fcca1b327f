"""A network of this project as an ONNX graph, cell by cell.

It is what ONNX Runtime computes features and scores with here: written in milliseconds, where
MindSpore's own export compiles the network first (2 to 6 s). Whoever uses it compares the first
results with MindSpore's. Device files are MindSpore's export, see ``onnx_file.py``.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
from mindspore import Parameter, nn
from onnx import TensorProto, helper, numpy_helper

from src_mindspore.backbone import POOLED, layers_before
from src_mindspore.backbones.interface import Backbone
from src_mindspore.backbones.inverted_residual import ConvBNReLU, InvertedResidual
from src_mindspore.backbones.mobilenet_v1 import DepthwiseSeparable
from src_mindspore.backbones.resnet50 import Bottleneck, ConvBNPlainReLU, ResNetStem
from src_mindspore.head import SMALLEST_SQUARE, ClassifierHead
from src_mindspore.network.classifier import Classifier

INPUT_NAME = "image"
BATCH = "batch"  # the first axis, which has any length
OPSET, IR_VERSION = 11, 4  # what MindSpore 2.10 writes; ONNX Runtime reads it from 1.0 on
_POOLING = {"mean": "ReduceMean", "max": "ReduceMax"}


def feature_graph(backbone: Backbone, outputs: Sequence[str], size: int) -> bytes:
    """An ONNX file that gives named outputs of a backbone, with the weights of this moment.

    Args:
        backbone: batch norms use their statistics, as in inference.
        outputs: names as in ``backbone.layers_before``; they become the names of the outputs.
        size: height and width of the input, which is called ``image``: (N, 3, size, size).

    Raises:
        NotImplementedError: the backbone has a cell that is not known here.
    """
    graph = _Graph()
    depths = [layers_before(backbone, name) for name in outputs]
    maps = [INPUT_NAME]
    for layer in list(backbone.features)[: max(depths)]:
        maps.append(graph.cell(layer, maps[-1]))
    for name, depth in zip(outputs, depths, strict=True):
        value = graph.pool(maps[depth], name) if name in POOLED else maps[depth]
        graph.node("Identity", value, output=name)
    return graph.file(size, outputs)


def logits_graph(classifier: Classifier, size: int) -> bytes:
    """An ONNX file with one output, ``logits`` (N, classes); arguments as ``feature_graph``'s.

    Raises:
        NotImplementedError: the classifier has a cell that is not known here.
    """
    graph = _Graph()
    value = INPUT_NAME
    for layer in classifier.backbone.features:
        value = graph.cell(layer, value)
    value = graph.head(classifier.head, value)
    graph.node("Identity", value, output="logits")
    return graph.file(size, ["logits"])


class _Graph:
    """The nodes and weights of a graph, as they are added; values go by their names."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """Adds an operator; returns the name of its output."""
        name = output or f"value.{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def weight(self, parameter: Parameter) -> str:
        """Adds a parameter under its own name."""
        array = parameter.asnumpy()
        self._weights[parameter.name] = numpy_helper.from_array(array, parameter.name)
        return parameter.name

    def number(self, value: float) -> str:
        """Adds a float32 constant."""
        name = f"constant.{value!r}"
        self._weights[name] = numpy_helper.from_array(np.float32(value), name)
        return name

    def cell(self, cell: nn.Cell, x: str) -> str:
        """Adds what a cell computes of the value ``x``."""
        if type(cell) not in _WRITERS:
            known = ", ".join(kind.__name__ for kind in _WRITERS)
            raise NotImplementedError(f"of {known} a graph is written; got {type(cell).__name__}")
        return _WRITERS[type(cell)](self, cell, x)

    def pool(self, x: str, kind: str) -> str:
        """See ``backbone.pool``."""
        return self.node(_POOLING[kind], x, axes=[2, 3], keepdims=0)

    def head(self, head: ClassifierHead, x: str) -> str:
        """A map to logits."""
        x = x if head.reduction == "none" else self.pool(x, head.reduction)
        x = self.node("Flatten", x)
        if head.normalisation == "rms":
            square = self.node("ReduceMean", self.node("Mul", x, x), axes=[1], keepdims=1)
            x = self.node(
                "Div", x, self.node("Sqrt", self.node("Add", square, self.number(SMALLEST_SQUARE)))
            )
        return self.cell(head.head, x)

    def file(self, size: int, outputs: Sequence[str]) -> bytes:
        """The graph as the content of a file."""
        image = helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [BATCH, 3, size, size])
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(
            self._nodes, "network", [image], results, list(self._weights.values())
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION
        ).SerializeToString()


def _convolution(graph: _Graph, cell: nn.Conv2d, x: str) -> str:
    padding: dict[str, object] = {"auto_pad": "SAME_UPPER"}
    if cell.pad_mode != "same":
        top, bottom, left, right = np.broadcast_to(cell.padding, 4).tolist()
        padding = {"pads": [top, left, bottom, right]}
    shape = {"kernel_shape": list(cell.kernel_size), "strides": list(cell.stride)}
    return graph.node("Conv", x, graph.weight(cell.weight), group=cell.group, **shape, **padding)


def _max_pool(graph: _Graph, cell: nn.MaxPool2d, x: str) -> str:
    """Of one kernel and stride for height and width."""
    padding: dict[str, object] = {"auto_pad": "SAME_UPPER"}
    if cell.pad_mode.lower() != "same":
        padding = {"pads": [1, 1, 1, 1]}
    shape = {"kernel_shape": [cell.kernel_size] * 2, "strides": [cell.stride] * 2}
    return graph.node("MaxPool", x, **shape, **padding)


def _batch_norm(graph: _Graph, cell: nn.BatchNorm2d, x: str) -> str:
    parameters = (cell.gamma, cell.beta, cell.moving_mean, cell.moving_variance)
    return graph.node("BatchNormalization", x, *map(graph.weight, parameters), epsilon=cell.eps)


def _dense(graph: _Graph, cell: nn.Dense, x: str) -> str:
    return graph.node("Gemm", x, graph.weight(cell.weight), graph.weight(cell.bias), transB=1)


def _relu6(graph: _Graph, _: nn.ReLU6, x: str) -> str:
    return graph.node("Clip", x, graph.number(0), graph.number(6))


def _gelu(graph: _Graph, _: nn.GELU, x: str) -> str:
    """By tanh, as MindSpore's default (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    cube = graph.node("Mul", graph.node("Pow", x, graph.number(3)), graph.number(0.044715))
    inner = graph.node("Mul", graph.node("Add", x, cube), graph.number(math.sqrt(2 / math.pi)))
    gate = graph.node("Add", graph.node("Tanh", inner), graph.number(1))
    return graph.node("Mul", x, graph.node("Mul", gate, graph.number(0.5)))


def _in_turn(graph: _Graph, cells: nn.SequentialCell, x: str) -> str:
    for cell in cells:
        x = graph.cell(cell, x)
    return x


def _residual(graph: _Graph, cell: InvertedResidual, x: str) -> str:
    y = graph.cell(cell.conv, x)
    return graph.node("Add", x, y) if cell.skip else y


def _stem(graph: _Graph, cell: ResNetStem, x: str) -> str:
    return graph.cell(cell.pool, graph.cell(cell.features, x))


def _bottleneck(graph: _Graph, cell: Bottleneck, x: str) -> str:
    y = x if cell.shortcut is None else graph.cell(cell.shortcut, x)
    return graph.node("Relu", graph.node("Add", graph.cell(cell.conv, x), y))


_WRITERS: Mapping[type[nn.Cell], Callable[..., str]] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.Dense: _dense,
    nn.ReLU6: _relu6,
    nn.ReLU: lambda graph, _, x: graph.node("Relu", x),
    nn.Tanh: lambda graph, _, x: graph.node("Tanh", x),
    nn.GELU: _gelu,
    nn.SequentialCell: _in_turn,
    ConvBNReLU: lambda graph, cell, x: graph.cell(cell.features, x),
    InvertedResidual: _residual,
    nn.MaxPool2d: _max_pool,
    ConvBNPlainReLU: lambda graph, cell, x: graph.cell(cell.features, x),
    ResNetStem: _stem,
    Bottleneck: _bottleneck,
    DepthwiseSeparable: lambda graph, cell, x: graph.cell(cell.conv, x),
}
