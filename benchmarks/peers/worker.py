"""One engine with one number of threads, in a process of its own that waits for its turns.

    python worker.py ENGINE MODEL THREADS IMAGES.npy [LIBRARY]

Between turns it waits for a line on standard input, so that no thread of an engine runs while
another engine is measured. It answers every line with one line of JSON:

    scores FILE     writes the scores of all images to FILE, {"photos": n}
    turn FIRST N    N timed calls after 3 that do not count, from image FIRST on, {"ms": [...]}

The first line that it writes tells the engine's version. The timed call is the same for all: one
prepared photo, a float32 array in the layout that the engine wants, goes in, and an array of
scores comes out. The layout itself is no engine's work: the preparation of photos writes either.
LIBRARY is ``libpocketlens.so``, for mindspore-lite only.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

UNCOUNTED = 3  # calls that bring code and weights back into the caches
WARM_UP = 10


@dataclass(frozen=True)
class Engine:
    """``run`` takes (1, 3, H, W), or (1, H, W, 3) where ``nhwc``, and gives (classes,)."""

    version: str
    nhwc: bool
    run: Callable[[np.ndarray], np.ndarray]


def onnxruntime_engine(model: str, threads: int) -> Engine:
    """ONNX Runtime as it is by default: its threads spin within a call, which is faster."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return Engine(
        onnxruntime.__version__, False, lambda image: session.run(None, {name: image})[0][0]
    )


def tensorflow_lite_engine(model: str, threads: int) -> Engine:
    """TensorFlow Lite as it is by default: with the kernels of XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]

    def run(image: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(source, image)
        interpreter.invoke()
        return interpreter.get_tensor(output)[0]

    return Engine(version("ai-edge-litert"), True, run)


def mindspore_lite_engine(model: str, threads: int, library: str) -> Engine:
    """MindSpore Lite through the project's C++ library."""
    from benchmarks.peers.pocketlens import Pocketlens

    lens = Pocketlens(Path(library), Path(model), threads)
    return Engine("2.0.0", lens.info.layout == 1, lens.run)


ENGINES = {
    "onnxruntime": onnxruntime_engine,
    "mindspore-lite": mindspore_lite_engine,
    "tensorflow-lite": tensorflow_lite_engine,
}


def main() -> None:
    """See the module."""
    name, model, threads, images_file, *library = sys.argv[1:]
    # what libraries print must not get between the answers
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    images = np.load(images_file)
    engine = ENGINES[name](model, int(threads), *library)
    if engine.nhwc:
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    for number in range(WARM_UP):
        engine.run(images[number % len(images)][None])
    print(json.dumps({"version": engine.version}), file=answers)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "scores":
            np.save(arguments[0], np.stack([engine.run(image[None]) for image in images]))
            answer = {"photos": len(images)}
        else:
            answer = {"ms": timed(engine, images, int(arguments[0]), int(arguments[1]))}
        print(json.dumps(answer), file=answers)


def timed(engine: Engine, images: np.ndarray, first: int, count: int) -> list[float]:
    """Milliseconds of ``count`` calls; the images in their order from ``first`` on, in a circle."""
    times = []
    for number in range(first - UNCOUNTED, first + count):
        image = images[number % len(images)][None]
        start = time.perf_counter_ns()
        engine.run(image)
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times[UNCOUNTED:]


if __name__ == "__main__":
    main()
