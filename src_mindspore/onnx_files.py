"""ONNX files as MindSpore writes them, with names and, where wanted, any batch size."""

from collections.abc import Sequence
from pathlib import Path

import mindspore.onnx
import numpy as np
import onnx
from mindspore import Tensor, nn

INPUT_NAME = "image"
BATCH = "batch"


def export_onnx(
    network: nn.Cell,
    path: Path,
    shape: tuple[int, ...],
    outputs: Sequence[str],
    any_batch: bool = True,
) -> None:
    """Writes ``network`` as an ONNX file with one input called ``image``.

    Args:
        network: in inference mode.
        path: where to; it ends in ``.onnx``.
        shape: of the input, float32.
        outputs: names of the outputs.
        any_batch: the first axis of input and outputs may have any length at run time; otherwise
            it has that of ``shape``.
    """
    image = Tensor(np.zeros(shape, np.float32))
    mindspore.onnx.export(
        network,
        image,
        file_name=str(path),
        input_names=[INPUT_NAME],
        output_names=list(outputs),
    )
    if any_batch:
        model = onnx.load(path)
        # MindSpore writes the shapes it traced; its dynamic_axes leaves those of the outputs
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = BATCH
        onnx.save(model, path)
