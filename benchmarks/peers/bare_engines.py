"""ONNX Runtime and OpenVINO on photos that lie in memory, nothing around it; see ``serve``."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.serve import Ready, serve

Infer = Callable[[np.ndarray], np.ndarray]


def onnxruntime_trunk(model: str) -> tuple[str, Infer]:
    """ONNX Runtime on all cores, as it is by default."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return onnxruntime.__version__, lambda images: session.run(None, {name: images})[0]


def openvino_trunk(model: str, precision: str) -> tuple[str, Infer]:
    """OpenVINO on all cores; its own default precision is bfloat16 where the CPU has it."""
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        model, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    )
    request = compiled.create_infer_request()

    def infer(images: np.ndarray) -> np.ndarray:
        return np.array(request.infer({0: images}, share_inputs=True)[0])

    return f"{openvino.__version__.split('-')[0]} {precision}", infer


def bare(settings: dict[str, Any]) -> Ready:
    """Prepared photos to pooled features, ``batch`` a call."""
    materials = Path(settings["materials"])
    model = str(materials / "trunk.onnx")
    if settings["engine"] == "onnxruntime":
        version, infer = onnxruntime_trunk(model)
    else:
        version, infer = openvino_trunk(model, settings["precision"])
    images = np.load(materials / "images.npy")[: settings["photos"]]
    expected = np.load(materials / "expected.npy")
    size = settings["batch"]

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        for start in range(0, len(images), size):
            infer(images[start : start + size])
        return time.perf_counter() - began, len(images)

    turn(-1)
    difference = float(np.abs(infer(images[: len(expected)]) - expected).max())
    return Ready(turn, {"version": version, "difference": difference})


if __name__ == "__main__":
    serve({"bare": bare})
