"""What runs the frozen layers: MindSpore itself, or ONNX Runtime where that is faster."""

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from src_mindspore.backbone import IMAGE, NamedOutputs
from src_mindspore.backbones.interface import Backbone
from src_mindspore.network.forward import run_batched, run_uncompiled
from src_mindspore.network.onnx_graph import INPUT_NAME, feature_graph
from src_mindspore.network.onnx_runtime import (
    MAX_DIFFERENCE,
    SLICE,
    onnx_session,
    relative_difference,
)
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered

log = logging.getLogger(__name__)


class FeatureEngine(Protocol):
    """Images to the named outputs of a backbone.

    ``concurrent``: a call works in its own thread, and several may run at the same time; else a
    call uses all cores, and there is one at a time.
    """

    name: str
    concurrent: bool

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """(n, 3, H, W) float32, normalised -> one float32 array per output, n rows each."""
        ...


class MindSporeEngine:
    """Runs the layers in MindSpore, on whatever device is selected."""

    name = "mindspore"
    concurrent = False

    def __init__(self, backbone: Backbone, outputs: Sequence[str], batch_size: int) -> None:
        self._network = NamedOutputs(backbone, outputs).set_train(False)
        self._batch_size = batch_size

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """See ``FeatureEngine``."""
        return run_batched(self._network, images, self._batch_size)


class OnnxRuntimeEngine:
    """Runs the layers in ONNX Runtime on the CPU; the weights are those of this moment.

    One thread a call: cores that work on photos of their own need not wait for one another. On two
    cores that is an eighth faster than two threads on one photo, and decoding fits in between.
    """

    name = "onnxruntime"
    concurrent = True

    def __init__(self, backbone: Backbone, outputs: Sequence[str], size: int) -> None:
        self._outputs = tuple(outputs)
        computed = [name for name in outputs if name != IMAGE]
        self._session = None
        if computed:
            self._session = onnx_session(feature_graph(backbone, computed, size), threads=1)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """See ``FeatureEngine``."""
        found = iter(self._session.run(None, {INPUT_NAME: images}) if self._session else ())
        return tuple(images if name == IMAGE else next(found) for name in self._outputs)


def run_on_all_cores(engine: FeatureEngine, images: np.ndarray) -> tuple[np.ndarray, ...]:
    """``engine(images)``, shared out over the cores where that is for the caller to do."""
    if not engine.concurrent:
        return engine(images)
    parts = (images[i : i + SLICE] for i in range(0, len(images), SLICE))
    columns = zip(*map_ordered(engine, parts), strict=True)
    return tuple(np.concatenate(column) for column in columns)


def reference_outputs(
    backbone: Backbone, outputs: Sequence[str], images: np.ndarray
) -> tuple[np.ndarray, ...]:
    """What ``MindSporeEngine`` gives, to the bit, without the seconds of compiling."""
    return run_uncompiled(NamedOutputs(backbone, outputs).set_train(False), images)


def choose_engine(
    wanted: str,
    device: str,
    backbone: Backbone,
    outputs: Sequence[str],
    sample: np.ndarray,
    batch_size: int,
) -> FeatureEngine:
    """The engine for ``wanted``, its output on ``sample`` checked against MindSpore's.

    ``auto`` takes ONNX Runtime on a CPU (6 times MindSpore's speed there) and MindSpore elsewhere.

    Args:
        wanted: one of ``onnx_runtime.ENGINES``.
        device: the selected device.
        backbone: the frozen network with its weights.
        outputs: names as in ``backbone.layers_before``.
        sample: ``(n, 3, H, W)`` float32, a few normalised photos.
        batch_size: images per call, for MindSpore.

    Raises:
        UserError: ONNX Runtime was asked for and disagrees with MindSpore.
    """
    if wanted == "mindspore" or (wanted == "auto" and device != "CPU"):
        return MindSporeEngine(backbone, outputs, batch_size)
    engine = OnnxRuntimeEngine(backbone, outputs, sample.shape[-1])
    reference = reference_outputs(backbone, outputs, sample)
    errors = [
        relative_difference(got, expected)
        for got, expected in zip(engine(sample), reference, strict=True)
    ]
    worst = float(np.max(errors))  # NaN where any is: that is no agreement
    if worst <= MAX_DIFFERENCE:
        log.info("engine: onnxruntime, %.1e from MindSpore on %d photos", worst, len(sample))
        return engine
    problem = f"ONNX Runtime differs from MindSpore by {worst:.1e} (limit {MAX_DIFFERENCE:.0e})"
    if wanted == "onnxruntime":
        raise UserError(f"{problem}; the engine can be mindspore")
    log.warning("%s: MindSpore runs the frozen layers", problem)
    return MindSporeEngine(backbone, outputs, batch_size)
