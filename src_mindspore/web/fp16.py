"""An ONNX file of half the size: its weights stored in 16 bits, computed with in 32."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from src_mindspore.system.write import naming

WEIGHTS = ("fp32", "fp16")
FEWEST = 64  # numbers in an array that is worth a node; biases keep their bits
_SUFFIX = "_fp16"


def store_fp16(path: Path) -> int:
    """Rewrites a file so that its large float32 arrays are float16, cast back by a node each.

    Runtimes fold these nodes when they load the file. An array with a number beyond float16
    (65,504) stays as it is.

    Args:
        path: an ONNX file, whose metadata stay.

    Returns:
        How many numbers are stored in 16 bits.

    Raises:
        OSError: it cannot be written; it names ``path``.
    """
    model = onnx.load(path)
    graph = model.graph
    casts, stored = [], 0
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            short = values.astype(np.float16)
        if values.ndim < 2 or values.size < FEWEST or not np.isfinite(short).all():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(short, name + _SUFFIX))
        casts.append(helper.make_node("Cast", [name + _SUFFIX], [name], to=TensorProto.FLOAT))
        stored += values.size
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # weights that are inputs as well, as old files have it, would keep their type of before
    kept = [value for value in graph.input if value.name not in {n.output[0] for n in casts}]
    del graph.input[:]
    graph.input.extend(kept)
    onnx.checker.check_model(model)
    with naming(path):
        onnx.save(model, path)
    return stored
