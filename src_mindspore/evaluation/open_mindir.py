"""A MINDIR file, run by MindSpore."""

from pathlib import Path

import numpy as np
from mindspore import Tensor

from src_mindspore.evaluation.file_checks import check_mindir
from src_mindspore.evaluation.model import Runner, first_line, try_image
from src_mindspore.network.device import select_device
from src_mindspore.network.forward import MINDSPORE
from src_mindspore.network.mindir_file import load_mindir
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError


def open_model(file: Path, spec: ModelSpec, sha256: str, choice: str | None) -> Runner:
    """See ``model.load_model``; the file's graph takes one image."""
    check_mindir(file)
    select_device()
    try:
        network = load_mindir(file)
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{file} is not a MINDIR file: {first_line(error)}") from None

    def run(images: np.ndarray) -> np.ndarray:
        return np.concatenate([network(Tensor(image[None])).asnumpy() for image in images])

    try_image(file, run, spec)
    return Runner(run, MINDSPORE)
