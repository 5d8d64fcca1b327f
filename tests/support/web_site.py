"""The page in a folder, with models that tell colours, and a server that can be made to fail."""

import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from src_mindspore.photos.tensors import read_photos
from src_mindspore.spec.calibration import CalibrationSpec
from src_mindspore.spec.input import square_input
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.write import sha256_of
from src_mindspore.web.page import MODEL, MODELS, ModelEntry, write_lists, write_page

SIDE = 32  # pixels of the models' input
TEMPERATURE, THRESHOLD = 0.5, 0.6
LABELS = (
    {"en": "Red", "zh": "红色", "group": {"en": "Warm", "zh": "暖色"}},
    {"en": "Green", "zh": "绿色", "group": {"en": "Cool", "zh": "冷色"}},
    {"en": "Blue", "zh": "蓝色", "group": {"en": "Cool", "zh": "冷色"}},
    {"en": "Grey"},
)
# a row a class: what it makes of the means of red, green and blue, from -1 to 1
WEIGHTS = np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2], [0, 0, 0]], np.float32)
BIAS = np.array([0, 0, 0, 1], np.float32)


def colour_spec(
    labels: Sequence[Mapping[str, Any]] = LABELS, crop: bool = False, classes: Sequence[str] = ()
) -> ModelSpec:
    """Of a model that says which colour a photo is, and is not sure of mixed ones."""
    middle = (127.5, 127.5, 127.5)
    how = {"resize": "shorter_side", "shorter_side": SIDE + 8} if crop else {}
    return ModelSpec(
        classes=tuple(classes) or ("red", "green", "blue", "grey"),
        labels=tuple(dict(label) for label in labels),
        input=square_input(SIDE, middle, middle, **how),
        output="logits",
        model={"head": {"activation": "softmax"}},
        calibration=CalibrationSpec("val", 100, "", TEMPERATURE, 1.0, 0.98, THRESHOLD),
    )


def write_colour_model(folder: Path, spec: ModelSpec) -> None:
    """Writes ``model.onnx`` and ``spec.json``: the mean of each colour, and a dense layer."""
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["means"]),
            helper.make_node("Gemm", ["means", "weights", "bias"], ["y"], transB=1),
        ],
        "colours",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, *spec.input.size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(spec.classes)])],
        [numpy_helper.from_array(WEIGHTS, "weights"), numpy_helper.from_array(BIAS, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir(parents=True)
    onnx.save(model, folder / MODEL)
    spec.with_files(FileSpec.of(folder / MODEL)).save(folder)


def colour_probabilities(photo: Path, spec: ModelSpec) -> np.ndarray:
    """What the model says, computed here."""
    tensor = read_photos([photo], spec.input)[0]
    means = tensor.mean((1, 2), dtype=np.float64)
    logits = (WEIGHTS @ means + BIAS) / TEMPERATURE
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


def write_site(folder: Path, models: Mapping[str, ModelSpec]) -> Path:
    """The folder as an export writes it."""
    folder.mkdir()
    names = write_page(folder)
    for name, spec in models.items():
        write_colour_model(folder / MODELS / name, spec)
        names += [f"{MODELS}/{name}/{file}" for file in (MODEL, "spec.json")]
    hashes = {name: sha256_of(folder / name) for name in names}
    write_lists(folder, [ModelEntry.of(name) for name in models], hashes)
    return folder


@dataclass
class Served:
    """A static server, as ``python -m http.server`` is one.

    Attributes:
        port: on all addresses of this machine.
        missing: ends of paths that are not there.
        asked: paths, in order.
    """

    port: int
    missing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address here, where browsers allow all that https has."""
        return f"http://localhost:{self.port}/"


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serves a folder until the end of the block."""
    state = Served(0)

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            if any(self.path.endswith(name) for name in state.missing):
                self.send_error(404)
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("", 0), handler) as server:
        state.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
