"""MTCNN's first network, rewritten to give the same values in half of the time.

ONNX Runtime works in blocks of channels, and leaves them for every PRelu: after the first layer
that costs more than the layer itself. Where a slope a is negative, PRelu(z) = max(z, a * z), and a
maximum over pixels may come first: max(pool(z), pool(a * z)). Where it is not, PRelu rises, and the
maximum may come first as well. So the layer gets a channel more for every negative slope, and all
of this is computed of a quarter of the pixels. Both answers are one convolution, with the logit of
a face in place of a softmax, and the scale of the pixels is in the weights of the first.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from src_mindspore.network.onnx_runtime import onnx_session

WINDOW, STRIDE = 12, 2  # pixels of its window, and from one to the next
MARGIN = WINDOW - STRIDE  # pixels that windows side by side take more than their strides
MEAN, SCALE = 127.5, 1 / 128  # (value - mean) * scale is what all three networks are for
STRIP = 32  # rows of windows seen at once, whose maps the processor's cache holds
# values of the package's file
INPUT, BOXES, CLASSES = "adjusted_input4", "convolution_output", "convolution_output1"
FIRST, SLOPES, POOLED, SECOND = (
    "conv2d",
    "p_re_lu_initializer_8",
    "p_re_lu/add:0_pooling0",
    "conv2d_1",
)
BOX_LAYER, CLASS_LAYER = "conv2d_4", "conv2d_3"


Each = Callable[[Callable, Iterable], Iterable]  # ``map``, or that of a pool of threads


class PNet:
    """The network on photos of any size from ``WINDOW`` on."""

    def __init__(self, file: Path) -> None:
        self._session: InferenceSession = onnx_session(rewritten(file), threads=1)

    def __call__(self, copies: Sequence[np.ndarray], each: Each = map) -> list[np.ndarray]:
        """What it says of every window of some photos.

        Args:
            copies: (W, H, 3) uint8 each, transposed.
            each: ``map``, or that of a pool of threads: it is given strips of the photos.

        Returns:
            As many (5, w, h) float32: how far left, top, right and bottom move, in units of the
            window, and the logit of a face.
        """
        answers, strips = [], []
        for copy in copies:
            # rounded up: the last window of an odd side reaches over the border
            rows, columns = (math.ceil((side - MARGIN) / STRIDE) for side in copy.shape[:2])
            answers.append(np.empty((5, rows, columns), np.float32))
            strips += [(copy, answers[-1], first) for first in range(0, rows, STRIP)]
        for _ in each(self._look, strips):
            pass
        return answers

    def _look(self, strip: tuple[np.ndarray, np.ndarray, int]) -> None:
        """Fills in what it says of one strip of windows."""
        copy, answer, first = strip
        part = copy[STRIDE * first : STRIDE * (first + STRIP) + MARGIN]
        values = np.empty((1, 3, *part.shape[:2]), np.float32)
        for plane, colour in zip(values[0], cv2.split(part), strict=True):
            plane[:] = colour
        answer[:, first : first + STRIP] = self._session.run([BOXES], {INPUT: values})[0][0]


def rewritten(file: Path) -> bytes:
    """The network as the module says, as an ONNX file: (N, 3, W, H) 0..255 -> (N, 5, w, h)."""
    model = onnx.load(file)
    graph = model.graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    slopes = weights[SLOPES].ravel()
    falling, rising = np.nonzero(slopes < 0)[0], np.nonzero(slopes >= 0)[0]
    order = np.concatenate([falling, rising])
    kernel, bias = (weights[f"{FIRST}/{part}"].astype(float) for part in ("kernel:0", "bias:0"))
    bias -= MEAN * SCALE * kernel.sum(axis=(1, 2, 3))
    weights |= {f"{FIRST}/kernel:0": kernel * SCALE, f"{FIRST}/bias:0": bias}
    for part in ("kernel:0", "bias:0"):
        first = weights[f"{FIRST}/{part}"]
        times = slopes[falling].reshape(-1, *[1] * (first.ndim - 1))
        first = np.concatenate([first[order], first[falling] * times])
        none, face = weights.pop(f"{CLASS_LAYER}/{part}")
        last = np.concatenate([weights[f"{BOX_LAYER}/{part}"], [face - none]])
        weights |= {f"{FIRST}/{part}": first.astype(np.float32), f"{BOX_LAYER}/{part}": last}
    weights[SLOPES] = slopes[rising].reshape(1, -1, 1, 1)
    weights[f"{SECOND}/kernel:0"] = weights[f"{SECOND}/kernel:0"][:, order]
    nodes = _nodes(graph, [len(falling), len(rising), len(falling)])
    image = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", 3, "width", "height"])
    answer = helper.make_tensor_value_info(BOXES, TensorProto.FLOAT, ["n", 5, "columns", "rows"])
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
