"""ONNX files as MindSpore writes them, with names and, where wanted, any batch size."""

import errno
from collections.abc import Sequence
from pathlib import Path

import mindspore.onnx
import numpy as np
import onnx
from mindspore import Tensor, nn

from src_mindspore.network.onnx_graph import BATCH, INPUT_NAME
from src_mindspore.system.plain_path import plain_folder
from src_mindspore.system.write import naming


def export_onnx(
    network: nn.Cell, path: Path, shape: tuple[int, ...], outputs: Sequence[str]
) -> None:
    """Writes ``network`` as an ONNX file for inputs of exactly ``shape``.

    MindSpore 2.10 can do this once for a network: a second time it fails.

    Args:
        network: in inference mode.
        path: where to; it ends in ``.onnx``.
        shape: of the input, float32; the input is called ``image``.
        outputs: names of the outputs.

    Raises:
        OSError: it cannot be written; it names ``path``.
    """
    image = Tensor(np.zeros(shape, np.float32))
    with naming(path), plain_folder(path.parent) as folder:
        file = str(folder / path.name)
        mindspore.onnx.export(network, image, file_name=file, input_names=[INPUT_NAME])
        if not path.exists():  # it only logs that it could not write, and deletes the file
            raise OSError(errno.ENOSPC, "MindSpore could not write it; is the disk full?")
        model = onnx.load(path)
        _name_outputs(model.graph, outputs)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def allow_any_batch(path: Path, result: Path) -> None:
    """Rewrites an ONNX file so that the first axis of inputs and outputs has any length.

    MindSpore's own ``dynamic_axes`` reach the input only, the outputs keep the traced shape.

    Raises:
        OSError: it cannot be written; it names ``result``.
    """
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.checker.check_model(model)
    with naming(result):
        onnx.save(model, result)


def _name_outputs(graph: onnx.GraphProto, names: Sequence[str]) -> None:
    """Names the outputs, by an Identity node each, which runtimes and converters fold away.

    An output may be read by other nodes as well; MindSpore's own ``output_names`` forgets them.
    """
    for value, name in zip(graph.output, names, strict=True):
        graph.node.append(onnx.helper.make_node("Identity", [value.name], [name]))
        value.name = name
