"""The ONNX file of the page, and the page's own code as one more runtime of the parity check."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from src_mindspore.export.parity import Exported, OutsideRuntime
from src_mindspore.photos.decode import open_photo
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress
from src_mindspore.web.check import RUNTIME, said_by_page
from src_mindspore.web.fp16 import store_fp16
from src_mindspore.web.node import node_program

_AHEAD = 4  # decoded photos; one of 100 megapixels takes 300 MB


def stored_for_page(onnx: Path, weights: str) -> Exported:
    """Stores the file's weights as the page is to have them.

    Args:
        onnx: the file, in float32.
        weights: one of ``fp16.WEIGHTS``.
    """
    if weights == "fp32":
        return Exported(onnx, "NCHW")
    store_fp16(onnx)
    return Exported(onnx, "NCHW", quant=weights, made_by="MindSpore, then web/fp16.py")


def in_page(file: Exported, runtime: Path, spec: ModelSpec) -> Exported:
    """The same file as the page runs it: pixels and numbers by its code, in Node.js.

    Args:
        file: its ``spec.json`` lies beside it.
        runtime: the folder of ONNX Runtime Web.
        spec: of the model.
    """
    try:
        node = node_program()
    except UserError as error:
        reason = str(error).partition("\n")[0]
        return replace(file, outside=OutsideRuntime(RUNTIME, None, reason))

    def pixels(path: Path) -> np.ndarray:
        return np.asarray(open_photo(path, spec.input.range))

    def said(paths: Sequence[Path]) -> np.ndarray:
        photos = map_ordered(pixels, paths, _AHEAD)
        folder, classes = file.path.parent, len(spec.classes)
        with progress(len(paths), f"photos with {file.path.name}, {RUNTIME}"):
            return said_by_page(node, folder, runtime, photos, len(paths), classes)

    return replace(file, outside=OutsideRuntime(RUNTIME, said))
