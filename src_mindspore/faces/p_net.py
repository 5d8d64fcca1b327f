"""MTCNN's first network, rewritten to give the same values in half of the time.

ONNX Runtime works in blocks of channels, and leaves them for every PRelu: after the first layer
that costs more than the layer itself. Where a slope a is negative, PRelu(z) = max(z, a * z), and a
maximum over pixels may come first: max(pool(z), pool(a * z)). Where it is not, PRelu rises, and the
maximum may come first as well. So the layer gets a channel more for every negative slope, and all
of this is computed of a quarter of the pixels. Both answers are one convolution, without softmax.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from src_mindspore.network.onnx_runtime import onnx_session

WINDOW, STRIDE = 12, 2  # pixels of its window, and from one to the next
STRIP = 64  # rows seen at once, whose maps the processor's cache holds; even, as the pooling is
# values of the package's file
INPUT, BOXES, CLASSES = "adjusted_input4", "convolution_output", "convolution_output1"
FIRST, SLOPES, POOLED, SECOND = (
    "conv2d",
    "p_re_lu_initializer_8",
    "p_re_lu/add:0_pooling0",
    "conv2d_1",
)
BOX_LAYER, CLASS_LAYER = "conv2d_4", "conv2d_3"


class PNet:
    """The network on photos of any size from ``WINDOW`` on."""

    def __init__(self, file: Path, threads: int) -> None:
        self._session: InferenceSession = onnx_session(rewritten(file), threads)

    def __call__(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What it says of every window.

        Args:
            values: (1, 3, W, H) float32, -1..1, transposed.

        Returns:
            How far left, top, right and bottom move, in units of the window, (w, h, 4) float32; and
            the logit of a face, (w, h) float32.
        """
        rows, margin = values.shape[2], WINDOW - STRIDE
        strips = [
            self._session.run([BOXES], {INPUT: values[:, :, first : first + STRIP + margin]})[0][0]
            for first in range(0, max(rows - margin, 1), STRIP)
        ]
        answer = np.concatenate(strips, axis=1)
        return answer[:4].transpose(1, 2, 0), answer[5] - answer[4]


def rewritten(file: Path) -> bytes:
    """The network as the module says, as an ONNX file: (N, 3, W, H) -> (N, 6, w, h)."""
    model = onnx.load(file)
    graph = model.graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    slopes = weights[SLOPES].ravel()
    falling, rising = np.nonzero(slopes < 0)[0], np.nonzero(slopes >= 0)[0]
    order = np.concatenate([falling, rising])
    for part in ("kernel:0", "bias:0"):
        first = weights[f"{FIRST}/{part}"]
        times = slopes[falling].reshape(-1, *[1] * (first.ndim - 1))
        weights[f"{FIRST}/{part}"] = np.concatenate([first[order], first[falling] * times])
        weights[f"{BOX_LAYER}/{part}"] = np.concatenate(
            [weights[f"{BOX_LAYER}/{part}"], weights.pop(f"{CLASS_LAYER}/{part}")]
        )
    weights[SLOPES] = slopes[rising].reshape(1, -1, 1, 1)
    weights[f"{SECOND}/kernel:0"] = weights[f"{SECOND}/kernel:0"][:, order]
    nodes = _nodes(graph, [len(falling), len(rising), len(falling)])
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "width", "height"])
    answer = helper.make_tensor_value_info(BOXES, TensorProto.FLOAT, ["n", 6, "columns", "rows"])
    tensors = [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in weights.items()]
    network = helper.make_graph(nodes, "P-Net", [image], [answer], tensors)
    opsets = list(model.opset_import)
    return helper.make_model(
        network, opset_imports=opsets, ir_version=model.ir_version
    ).SerializeToString()


def _nodes(graph: onnx.GraphProto, channels: list[int]) -> list[onnx.NodeProto]:
    """The operators: those of the file, but for the first activation and the classes' layer."""
    activation = next(node for node in graph.node if SLOPES in node.input)
    nodes = []
    for node in graph.node:
        if node.op_type in ("Transpose", "Softmax") or CLASSES in node.output or node is activation:
            continue
        if POOLED in node.output:
            node.input[0] = activation.input[0]
            nodes += [
                node,
                helper.make_node("Split", [POOLED], ["z", "rising", "az"], axis=1, split=channels),
                helper.make_node("Max", ["z", "az"], ["falling"]),
                helper.make_node("PRelu", ["rising", SLOPES], ["risen"]),
                helper.make_node("Concat", ["falling", "risen"], ["activated"], axis=1),
            ]
            continue
        if POOLED in node.input:
            node.input[0] = "activated"
        nodes.append(node)
    return nodes
