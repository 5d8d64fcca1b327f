"""Writes a .tflite file from what layers.py wrote; runs in the environment of the peers.

    python write_tflite.py LAYERS.npz OUT.tflite HEIGHT WIDTH

The file is built with the schema that ai-edge-litert carries, so TensorFlow itself, 600 MB, is
not needed. HEIGHT and WIDTH are those of the image, in pixels.
"""

import json
import sys
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

OPERATORS = schema.BuiltinOperator
ACTIVATIONS = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}
# kind -> operator, its options, the name of their type
KINDS = {
    "conv": (OPERATORS.CONV_2D, schema.Conv2DOptionsT, "Conv2DOptions"),
    "depthwise": (
        OPERATORS.DEPTHWISE_CONV_2D,
        schema.DepthwiseConv2DOptionsT,
        "DepthwiseConv2DOptions",
    ),
    "dense": (OPERATORS.FULLY_CONNECTED, schema.FullyConnectedOptionsT, "FullyConnectedOptions"),
    "add": (OPERATORS.ADD, schema.AddOptionsT, "AddOptions"),
    "mean": (OPERATORS.MEAN, schema.ReducerOptionsT, "ReducerOptions"),
    "softmax": (OPERATORS.SOFTMAX, schema.SoftmaxOptionsT, "SoftmaxOptions"),
    "sigmoid": (OPERATORS.LOGISTIC, None, "NONE"),
    "pad": (OPERATORS.PAD, schema.PadOptionsT, "PadOptions"),
}


class AlignedBuilder(flatbuffers.Builder):
    """Starts every vector at a multiple of 16 bytes, as the schema asks for a buffer's data."""

    def StartVector(self, size: int, count: int, alignment: int) -> int:  # noqa: N802, D102
        return super().StartVector(size, count, max(16, alignment))


class Writer:
    """A model that grows by one operator at a time."""

    def __init__(self, height: int, width: int) -> None:
        self.buffers = [schema.BufferT()]  # the first one means: no data
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.codes: list[int] = []
        self.image = self.tensor("image", [1, height, width, 3])
        self.graph.inputs = [self.image]

    def tensor(self, name: str, shape: list[int], data: np.ndarray | None = None) -> int:
        """Adds a tensor, constant where it has data; returns its number."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, shape, 0
        tensor.type = schema.TensorType.FLOAT32
        if data is not None:
            if data.dtype == np.int32:
                tensor.type = schema.TensorType.INT32
            tensor.buffer = len(self.buffers)
            self.buffers.append(schema.BufferT())
            self.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, name: str, data: np.ndarray) -> int:
        """Adds a constant tensor."""
        return self.tensor(name, list(data.shape), data)

    def operator(self, kind: str, inputs: list[int], output: int, options: dict[str, Any]) -> None:
        """Adds an operator."""
        code, options_type, type_name = KINDS[kind]
        if code not in self.codes:
            self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type_name)
        if options_type:
            operator.builtinOptions = options_type()
            for name, value in options.items():
                setattr(operator.builtinOptions, name, value)
        self.graph.operators.append(operator)

    def save(self, output: int, path: Path) -> None:
        """Writes the model whose output is that tensor."""
        self.graph.outputs = [output]
        model = schema.ModelT()
        model.version, model.buffers, model.subgraphs = 3, self.buffers, [self.graph]
        model.operatorCodes = []
        for code in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = entry.deprecatedBuiltinCode = code
            entry.version = 1
            model.operatorCodes.append(entry)
        builder = AlignedBuilder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(builder.Output())


def add_layer(
    writer: Writer,
    number: int,
    layer: dict[str, Any],
    inputs: list[tuple[int, list[int]]],
    weights: tuple[np.ndarray, np.ndarray] | None,
) -> int:
    """Adds one layer, whose inputs are tensors with their shapes; returns its output's number."""
    kind = layer["kind"]
    tensors = [tensor for tensor, _ in inputs]
    options: dict[str, Any] = {}
    if kind in ("conv", "depthwise"):
        options["strideW"] = options["strideH"] = layer["stride"]
        options["dilationWFactor"] = options["dilationHFactor"] = 1
        same = layer["pads"] == "same"
        options["padding"] = schema.Padding.SAME if same else schema.Padding.VALID
        if not same and any(layer["pads"]):
            tensors = [add_pad(writer, number, inputs[0], layer["pads"])]
    if kind == "depthwise":
        options["depthMultiplier"] = 1
    if kind in ("conv", "depthwise", "dense", "add"):
        options["fusedActivationFunction"] = ACTIVATIONS[layer["activation"]]
    if kind == "softmax":
        options["beta"] = 1.0
    if kind == "mean":
        options["keepDims"] = False
        tensors.append(writer.constant(f"axes_{number}", np.array([1, 2], np.int32)))
    if weights is not None:
        # (out, in, kh, kw) -> (out, kh, kw, in); depthwise (out, 1, kh, kw) -> (1, kh, kw, out)
        order = {"conv": (0, 2, 3, 1), "depthwise": (1, 2, 3, 0), "dense": (0, 1)}[kind]
        tensors.append(writer.constant(f"weight_{number}", weights[0].transpose(order).copy()))
        tensors.append(writer.constant(f"bias_{number}", weights[1]))
    output = writer.tensor(f"{kind}_{number}", layer["shape"])
    writer.operator(kind, tensors, output, options)
    return output


def add_pad(writer: Writer, number: int, source: tuple[int, list[int]], pads: list[int]) -> int:
    """Adds zeros around a map; ``pads`` are top, left, bottom, right."""
    tensor, (n, height, width, channels) = source
    top, left, bottom, right = pads
    table = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    shape = [n, height + top + bottom, width + left + right, channels]
    output = writer.tensor(f"pad_{number}", shape)
    writer.operator("pad", [tensor, writer.constant(f"pads_{number}", table)], output, {})
    return output


def main() -> None:
    """See the module."""
    arrays = np.load(sys.argv[1])
    height, width = int(sys.argv[3]), int(sys.argv[4])
    writer = Writer(height, width)
    made = {-1: (writer.image, [1, height, width, 3])}
    output = writer.image
    for number, layer in enumerate(json.loads(str(arrays["layers"]))):
        weights = None
        if f"weight_{number}" in arrays:
            weights = arrays[f"weight_{number}"], arrays[f"bias_{number}"]
        inputs = [made[i] for i in layer["inputs"]]
        output = add_layer(writer, number, layer, inputs, weights)
        made[number] = (output, layer["shape"])
    writer.save(output, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
