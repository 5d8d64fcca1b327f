"""An ONNX file, run by ONNX Runtime."""

from pathlib import Path

from src_mindspore.evaluation.file_checks import check_onnx
from src_mindspore.evaluation.model import Runner, first_line, try_image
from src_mindspore.network.onnx_runtime import VERSION, onnx_call
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError


def open_model(file: Path, spec: ModelSpec, sha256: str, choice: str | None) -> Runner:
    """See ``model.load_model``. One thread a call: several work on several images at a time."""
    check_onnx(file)
    try:
        run = onnx_call(file)
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        raise UserError(f"{file} is not an ONNX file: {first_line(error)}") from None
    try_image(file, run, spec)
    return Runner(run, VERSION, concurrent=True)
