"""MINDIR files, wherever they are; MindSpore's own functions are particular about paths."""

from pathlib import Path

import mindspore
import numpy as np
from mindspore import Tensor, nn

from src_mindspore.system.plain_path import plain_folder, utf8_file
from src_mindspore.system.write import naming


def export_mindir(network: nn.Cell, path: Path, shape: tuple[int, ...]) -> None:
    """Writes ``network`` as a MINDIR file for float32 inputs of exactly ``shape``.

    MindSpore takes the rights of others to the file's folder away.

    Args:
        network: in inference mode.
        path: where to; it ends in ``.mindir``.
        shape: of the input.

    Raises:
        OSError: it cannot be written; it names ``path``.
    """
    image = Tensor(np.zeros(shape, np.float32))
    with naming(path), plain_folder(path.parent) as folder:
        file = str(folder / path.name)
        mindspore.export(network, image, file_name=file, file_format="MINDIR")
        path.chmod(0o644)


def load_mindir(path: Path) -> nn.GraphCell:
    """The network in a MINDIR file.

    Raises:
        RuntimeError, TypeError, ValueError: MindSpore cannot read it.
    """
    with utf8_file(path) as file:
        return nn.GraphCell(mindspore.load(str(file)))
