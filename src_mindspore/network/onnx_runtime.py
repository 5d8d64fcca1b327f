"""ONNX Runtime on the CPU; nothing here loads MindSpore."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from src_mindspore.system.plain_path import is_utf8

ENGINES = ("auto", "onnxruntime", "mindspore")  # what may run a network
SLICE = 4  # images of a concurrent call
# of the largest value of an output; measured on photos: 2e-6 (Zen 3) to 1.2e-4 (a Xeon with
# AVX-512, which sums in another order), a wrong padding gives 1e-1
MAX_DIFFERENCE = 1e-3
VERSION = f"ONNX Runtime {onnxruntime.__version__}"
Run = Callable[[np.ndarray], np.ndarray]


def onnx_session(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session of an ONNX file, or of its content, of which a call works in so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if isinstance(model, Path):  # it takes names in UTF-8 only
        model = str(model) if is_utf8(model) else model.read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_call(model: Path | bytes) -> Run:
    """What runs an ONNX file of one input, in the thread that calls: its first output.

    Raises:
        Exception: ONNX Runtime's own, which share no base class, for a file that it cannot load.
    """
    session = onnx_session(model, threads=1)
    name = session.get_inputs()[0].name if session.get_inputs() else ""
    return lambda images: session.run(None, {name: images})[0]


def relative_difference(got: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, in units of the largest expected value, or of 1; NaN where any is."""
    return float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
