"""ONNX Runtime on the CPU; nothing here loads MindSpore."""

import os
from pathlib import Path

import onnxruntime

SLICE = 4  # images of a concurrent call
VERSION = f"ONNX Runtime {onnxruntime.__version__}"


def onnx_session(path: Path, threads: int | None = None) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session; without a number of threads it uses all cores of this process."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
