"""What a network costs on the device: parameters, multiply-adds, bytes of its ``.ms``, speed."""

import json
import logging
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from mindspore import nn

from src_mindspore.backbones.interface import Backbone
from src_mindspore.lite.converter import convert_to_ms
from src_mindspore.lite.library import device_library
from src_mindspore.lite.runtime import LiteProcess
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.onnx_graph import INPUT_NAME, logits_graph
from src_mindspore.network.onnx_runtime import VERSION, onnx_session
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError

log = logging.getLogger(__name__)

WARM, ROUNDS, PER_TURN = 5, 20, 5  # calls before the clock, turns of each network, calls of a turn
Run = Callable[[np.ndarray], Any]


@dataclass(frozen=True)
class Network:
    """A network with the spec that describes it; its weights do not matter here."""

    classifier: Classifier
    spec: ModelSpec

    @property
    def architecture(self) -> str:
        """The same text for networks that cost the same."""
        head = {k: v for k, v in self.spec.model["head"].items() if k not in _FREE}
        parts = [self.spec.model["backbone"], head, len(self.spec.classes), self.spec.input.size]
        return json.dumps(parts, sort_keys=True)


_FREE = ("dropout", "activation")  # of a head: nothing to compute, or next to nothing


def multiply_adds(classifier: Classifier, size: int) -> int:
    """Multiplications with an addition for one photo, of convolutions and Dense layers.

    That is what papers count: 300 million of MobileNetV2 (M. Sandler et al., 2018, table 4).

    Args:
        classifier: the network.
        size: height and width of the input in pixels.
    """
    dense = sum(
        cell.weight.size
        for _, cell in classifier.head.cells_and_names()
        if isinstance(cell, nn.Dense)
    )
    return _convolutions(classifier.backbone, size) + dense


def _convolutions(backbone: Backbone, size: int) -> int:
    total = 0
    for layer in backbone.layers:
        for convolution in layer.convolutions:
            size = convolution.side(size)
            total += math.prod(convolution.shape) * size**2
    return total


def measured(
    networks: Sequence[Network], image: np.ndarray, threads: int
) -> tuple[list[dict[str, Any]], str]:
    """The costs of networks, those of one architecture measured once.

    The ``.ms`` file is what is run, in MindSpore Lite. Where it cannot be made or run here, all are
    run by ONNX Runtime, so that their speeds can be compared.

    Args:
        networks: to be measured, in turns.
        image: a prepared photo (3, H, W) float32; of other sizes it is repeated or cropped.
        threads: of the runtime.

    Returns:
        For each ``parameters``, ``multiply_adds``, ``ms_bytes`` (None where there is no file) and
        ``photos_per_second``; and how the speed was measured, in words.
    """
    load = os.getloadavg()[0]
    distinct = {network.architecture: network for network in networks}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = [_lite_file(n, folder / str(i)) for i, n in enumerate(distinct.values())]
        runs, engine = _runs(list(distinct.values()), files, threads, stack)
        speeds = _speeds(runs, [_fitted(image, n.spec.input.size) for n in distinct.values()])
        sizes = [file.stat().st_size if file else None for file in files]
    costs = {
        key: {
            "parameters": network.spec.model["parameters"],
            "multiply_adds": multiply_adds(network.classifier, network.spec.input.size[0]),
            "ms_bytes": size,
            "photos_per_second": speed,
        }
        for (key, network), size, speed in zip(distinct.items(), sizes, speeds, strict=True)
    }
    calls = ROUNDS * PER_TURN
    how = (
        f"photos a second: {engine}, {threads} thread{'s' * (threads > 1)}, one prepared photo "
        f"after the other, median of {calls} calls in turns (load before: {load:.1f})"
    )
    return [costs[network.architecture] for network in networks], how


def summed(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The costs of networks that all run for one answer, from those of ``measured``.

    Sizes and work are sums, and so is the time of a photo; None where one of them has none.
    """
    total = {
        key: None if any(m[key] is None for m in members) else sum(m[key] for m in members)
        for key in ("parameters", "multiply_adds", "ms_bytes")
    }
    return {**total, "photos_per_second": 1 / sum(1 / m["photos_per_second"] for m in members)}


def _lite_file(network: Network, folder: Path) -> Path | None:
    """The ``.ms`` file beside its spec; None where it cannot be written here."""
    folder.mkdir()
    graph = onnx.load_model_from_string(
        logits_graph(network.classifier, network.spec.input.size[0])
    )
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1  # the converter wants to know
    onnx.save(graph, folder / "model.onnx")
    try:
        convert_to_ms(folder / "model.ms", folder / "model.onnx")
    except UserError as error:
        log.warning("no .ms file is measured: %s", error)
        return None
    network.spec.with_files(FileSpec.of(folder / "model.ms", "NHWC")).save(folder)
    return folder / "model.ms"


def _runs(
    networks: Sequence[Network], files: Sequence[Path | None], threads: int, stack: ExitStack
) -> tuple[list[Run], str]:
    """What runs each network, and the name of the engine."""
    if all(files):
        try:
            library = device_library()
            found = []
            for file in files:
                process = LiteProcess(library, file, threads)
                stack.callback(process.close)
                found.append(process.run)
            return found, f"`.ms` in {library.runtime}"
        except UserError as error:
            log.warning("MindSpore Lite is not measured: %s", error)
    sessions = [
        onnx_session(logits_graph(n.classifier, n.spec.input.size[0]), threads) for n in networks
    ]
    return [_session_run(session) for session in sessions], f"the same network in {VERSION}"


def _session_run(session: Any) -> Run:
    return lambda image: session.run(None, {INPUT_NAME: image[None]})


def _fitted(image: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """The photo in another size: values alike are what speed asks for, not a good picture."""
    grown = np.resize(image, (3, size[0], size[1])) if image.shape[1:] != tuple(size) else image
    return np.ascontiguousarray(grown, np.float32)


def _speeds(runs: Sequence[Run], images: Sequence[np.ndarray]) -> list[float]:
    """Photos a second of each, by the median call; they take turns, each round another first."""
    times: list[list[float]] = [[] for _ in runs]
    for run, image in zip(runs, images, strict=True):
        for _ in range(WARM):
            run(image)
    for number in range(ROUNDS):
        for step in range(len(runs)):
            place = (number + step) % len(runs)
            for _ in range(PER_TURN):
                began = time.perf_counter()
                runs[place](images[place])
                times[place].append(time.perf_counter() - began)
    return [1 / statistics.median(values) for values in times]
