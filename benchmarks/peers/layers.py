"""An exported ONNX file as a short list of layers, from which another format can be written.

Batch norms are folded into the convolutions before them and activations into the layer before
them, as TensorFlow Lite's own converter does. Shapes are NHWC, of one photo.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, shape_inference

from src_mindspore.system.errors import UserError

FOLDED = ("BatchNormalization", "Clip", "Relu", "Identity", "Flatten")
KINDS = {"Add": "add", "ReduceMean": "mean", "Softmax": "softmax", "Sigmoid": "sigmoid"}


@dataclass
class Layer:
    """One operator.

    Attributes:
        kind: ``conv``, ``depthwise``, ``dense``, ``add``, ``mean`` (over space), ``softmax`` or
            ``sigmoid``.
        inputs: numbers of the layers whose outputs it reads; -1 is the image.
        shape: of its output.
        activation: ``none``, ``relu`` or ``relu6``.
        stride: of a convolution.
        pads: of a convolution: ``same`` (TensorFlow's rule), or top, left, bottom, right in pixels.
    """

    kind: str
    inputs: list[int]
    shape: list[int]
    activation: str = "none"
    stride: int = 1
    pads: str | list[int] = "same"


class _Reader:
    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = 1
        del model.graph.value_info[:]  # they may carry another batch
        model = shape_inference.infer_shapes(model, strict_mode=True)
        self.path = path
        self.graph = model.graph
        self.arrays = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        values = (*model.graph.value_info, *model.graph.output)
        self.shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}
        self.layers: list[Layer] = []
        self.weights: list[tuple[np.ndarray, np.ndarray] | None] = []
        # value name -> number of the layer that makes it
        self.maker = {model.graph.input[0].name: -1}

    def read(self) -> None:
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type in FOLDED:
                self._fold(node, attributes)
            else:
                self._append(node, attributes)

    def _refuse(self, node: onnx.NodeProto, why: str) -> UserError:
        return UserError(
            f"{self.path}: no TensorFlow Lite file can be written here for its {node.op_type}"
            f" ({why}); leave tensorflow-lite out of --engines"
        )

    def _fold(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        number = self.maker[node.input[0]]
        if node.op_type == "BatchNormalization":
            self._fold_batch_norm(node, number, attributes["epsilon"])
        elif node.op_type == "Clip":
            limits = [float(self.arrays[name]) for name in node.input[1:]]
            if limits != [0, 6]:
                raise self._refuse(node, f"its limits are {limits}, and only 0 and 6 are known")
            self._activate(node, number, "relu6")
        elif node.op_type == "Relu":
            self._activate(node, number, "relu")
        elif node.op_type == "Flatten" and len(self.layers[number].shape) != 2:
            raise self._refuse(node, "it flattens a map; only pooled features are known")
        self.maker[node.output[0]] = number

    def _only_reader(self, node: onnx.NodeProto) -> bool:
        return sum(list(n.input).count(node.input[0]) for n in self.graph.node) == 1

    def _fold_batch_norm(self, node: onnx.NodeProto, number: int, epsilon: float) -> None:
        if self.layers[number].kind not in ("conv", "depthwise") or not self._only_reader(node):
            raise self._refuse(node, "it does not follow a convolution")
        gamma, beta, mean, variance = (self.arrays[n].astype(np.float64) for n in node.input[1:])
        scale = gamma / np.sqrt(variance + epsilon)
        weight, bias = self.weights[number]
        self.weights[number] = (weight * scale[:, None, None, None], (bias - mean) * scale + beta)

    def _activate(self, node: onnx.NodeProto, number: int, activation: str) -> None:
        layer = self.layers[number]
        if layer.activation != "none" or not self._only_reader(node):
            raise self._refuse(node, "it does not directly follow a layer")
        layer.activation = activation

    def _append(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        shape = self.shapes[node.output[0]]
        shape = [shape[0], *shape[2:], shape[1]] if len(shape) == 4 else shape
        inputs = [self.maker[n] for n in node.input if n not in self.arrays]
        if node.op_type == "Conv":
            layer, weights = self._convolution(node, attributes, inputs, shape)
        elif node.op_type == "Gemm" and attributes.get("transB") == 1:
            layer = Layer("dense", inputs, shape)
            weights = tuple(self.arrays[n].astype(np.float64) for n in node.input[1:])
        elif node.op_type in KINDS and (node.op_type != "Add" or len(inputs) == 2):
            layer, weights = Layer(KINDS[node.op_type], inputs, shape), None
        else:
            raise self._refuse(node, "it is not known here")
        if layer.kind == "mean" and sorted(attributes["axes"]) != [2, 3]:
            raise self._refuse(node, "it is not a mean over space")
        self.maker[node.output[0]] = len(self.layers)
        self.layers.append(layer)
        self.weights.append(weights)

    def _convolution(
        self, node: onnx.NodeProto, attributes: dict[str, Any], inputs: list[int], shape: list[int]
    ) -> tuple[Layer, tuple[np.ndarray, np.ndarray]]:
        weight = self.arrays[node.input[1]].astype(np.float64)
        stride, group = attributes["strides"], attributes.get("group", 1)
        known = group == 1 or (group == weight.shape[0] and weight.shape[1] == 1)
        known = known and stride[0] == stride[1] and set(attributes["dilations"]) == {1}
        if not known or len(node.input) != 2:
            raise self._refuse(node, "its groups, strides, dilations or bias are not known here")
        pads: str | Sequence[int] = attributes.get("pads", [0, 0, 0, 0])
        if attributes.get("auto_pad") == b"SAME_UPPER":
            pads = "same"
        elif stride[0] == 1 and set(pads) == {(weight.shape[2] - 1) // 2}:
            pads = "same"  # without a stride the two rules are one
        kind = "conv" if group == 1 else "depthwise"
        layer = Layer(kind, inputs, shape, stride=stride[0], pads=pads)
        return layer, (weight, np.zeros(len(weight)))


def write_layers(onnx_file: Path, out: Path) -> None:
    """Writes the layers of an ONNX file as ``.npz``.

    ``layers`` is JSON, a list of `Layer`; ``weight_N`` and ``bias_N`` are float32 arrays of layer
    N: (out, in, kh, kw), depthwise (out, 1, kh, kw), dense (out, in).

    Raises:
        UserError: an operator that is not known here.
    """
    reader = _Reader(onnx_file)
    reader.read()
    arrays = {}
    for number, pair in enumerate(reader.weights):
        if pair is not None:
            arrays[f"weight_{number}"] = pair[0].astype(np.float32)
            arrays[f"bias_{number}"] = pair[1].astype(np.float32)
    text = json.dumps([asdict(layer) for layer in reader.layers])
    np.savez(out, layers=np.array(text), **arrays)
