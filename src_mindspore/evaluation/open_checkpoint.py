"""A checkpoint, run by ONNX Runtime where that is faster, else by MindSpore itself.

On a CPU the network is written as an ONNX file once, which ONNX Runtime runs at several times
MindSpore's speed. The file is kept in the user's cache under a hash of the checkpoint and of what
the spec says of the network. Its first answers to photos are compared with MindSpore's, and how far
they are apart is noted beside it: with the note there, MindSpore is not even loaded.
"""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from src_mindspore.config.load import section_problems
from src_mindspore.evaluation.kept_models import KeptLogits
from src_mindspore.evaluation.model import BATCH, Runner, first_line
from src_mindspore.evaluation.probabilities import logits_kind, probabilities
from src_mindspore.network.onnx_runtime import (
    MAX_DIFFERENCE,
    SLICE,
    VERSION,
    Run,
    onnx_call,
    relative_difference,
)
from src_mindspore.spec.model import FILE_NAME, ModelSpec
from src_mindspore.system.errors import UserError

if TYPE_CHECKING:
    from mindspore import nn

    from src_mindspore.network.classifier import Classifier, Deployed

log = logging.getLogger(__name__)


def open_model(file: Path, spec: ModelSpec, sha256: str, engine: str | None) -> Runner:
    """Opens a checkpoint.

    Args:
        file: the ``.ckpt``.
        spec: what it is.
        sha256: of the file.
        engine: of ``onnx_runtime.ENGINES``.

    Raises:
        UserError: the spec or the file describe no network; ONNX Runtime was asked for and
            disagrees with MindSpore.
    """
    wanted = engine or "auto"
    _check_spec(file, spec)
    kept = KeptLogits.of(spec, sha256)
    if wanted != "mindspore" and (difference := kept.difference()) is not None:
        log.info("engine: onnxruntime, %.1e from MindSpore at its first photos", difference)
        logits = onnx_call(kept.onnx)
        return Runner(lambda images: _activate(logits(images), spec), VERSION, concurrent=True)
    from src_mindspore.network.device import select_device

    device = select_device()
    deployed = classifier_of(spec, file)
    if wanted == "mindspore" or (wanted == "auto" and device != "CPU"):
        return mindspore_runner(deployed)
    return CheckedRunner(deployed.classifier, spec, kept, strict=wanted == "onnxruntime")


def mindspore_runner(network: "nn.Cell", photos: int | None = None) -> Runner:
    """A network of this process, in inference mode, run by MindSpore.

    Args:
        network: the network.
        photos: how many it will be given, where that is known: for few it is not compiled.
    """
    from src_mindspore.network.forward import FEW, MINDSPORE, run_batched

    compiled = photos is None or photos > FEW
    return Runner(lambda images: run_batched(network, images, BATCH, compiled), MINDSPORE)


def logits_runner(classifier: "Classifier", spec: ModelSpec, sha256: str, device: str) -> Runner:
    """The logits of a classifier of this process, by the engine that ``auto`` takes.

    Args:
        classifier: in inference mode, with the weights of the checkpoint.
        spec: what it is.
        sha256: of the checkpoint.
        device: the selected one.
    """
    if device != "CPU":
        return mindspore_runner(classifier)
    return CheckedRunner(classifier, spec, KeptLogits.of(spec, sha256))


def _check_spec(file: Path, spec: ModelSpec) -> None:
    sections = ("backbone", "head")
    problems = [n for s in sections for n in section_problems(spec.model.get(s), s)]
    if problems:
        raise UserError(f"{file.parent / FILE_NAME} describes no network: {'; '.join(problems)}")


def classifier_of(spec: ModelSpec, file: Path) -> "Deployed":
    """The network that a spec describes, with the weights of a checkpoint, in inference mode.

    Raises:
        UserError: the spec describes no network, or the file has other weights.
    """
    from src_mindspore.network.classifier import Deployed, build_classifier
    from src_mindspore.weights.assign import load_parameters

    _check_spec(file, spec)
    model = spec.model
    try:
        classifier = build_classifier(
            model["backbone"], model["head"], len(spec.classes), spec.input.size[0]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file.parent / FILE_NAME} describes no network: {error}") from None
    load_parameters(classifier, file)
    return Deployed(classifier, spec.model_temperature).set_train(False)


def _activate(logits: np.ndarray, spec: ModelSpec) -> np.ndarray:
    """What the deployed network does to its logits: (n, classes) -> (n, classes) float32."""
    scaled = logits if spec.model_temperature == 1 else logits / np.float32(spec.model_temperature)
    if spec.output == "logits":
        return scaled
    return probabilities(scaled, logits_kind(spec.activation)).astype(np.float32)


class CheckedRunner:
    """A classifier run by ONNX Runtime, compared with MindSpore at the first images.

    Where they are too far apart MindSpore computes all of them, with a warning. It is what
    ``model.Runner`` is; which runtime it took is known after the first call.

    Args:
        classifier: in inference mode.
        spec: what it is.
        kept: where the ONNX file is kept once it was compared.
        strict: whether a disagreement is an error.
    """

    def __init__(
        self, classifier: "Classifier", spec: ModelSpec, kept: KeptLogits, strict: bool = False
    ) -> None:
        self.runtime = VERSION
        self.concurrent = True
        self._classifier = classifier
        self._spec = spec
        self._kept = kept
        self._strict = strict
        self._logits: Run | None = None
        self._lock = threading.Lock()

    def run(self, images: np.ndarray) -> np.ndarray:
        """(n, 3, H, W) float32, normalised -> (n, classes) float32.

        Raises:
            UserError: the engines disagree, and ``strict``.
        """
        with self._lock:
            if self._logits is None:
                self._choose(images[:SLICE])
        return _activate(self._logits(images), self._spec)

    def _choose(self, sample: np.ndarray) -> None:
        try:
            logits, gap = self._compared(sample)
            problem = f"ONNX Runtime differs from MindSpore by {gap:.1e} (limit {MAX_DIFFERENCE})"
        except RuntimeError as error:  # NotImplementedError is one
            gap, problem = np.nan, f"it cannot be written as ONNX: {first_line(error)}"
        if gap <= MAX_DIFFERENCE:  # NaN is no agreement
            log.info("engine: onnxruntime, %.1e from MindSpore on %d photos", gap, len(sample))
            self._logits = logits
            return
        if self._strict:
            raise UserError(f"{problem}; the engine can be mindspore")
        log.warning("%s: MindSpore scores the checkpoint", problem)
        plain, alone = mindspore_runner(self._classifier), threading.Lock()

        def one_at_a_time(images: np.ndarray) -> np.ndarray:
            with alone:
                return plain.run(images)

        self._logits, self.runtime, self.concurrent = one_at_a_time, plain.runtime, False

    def _compared(self, sample: np.ndarray) -> tuple[Run, float]:
        """Logits by ONNX Runtime, and how far they are from MindSpore's; kept where that is near.

        Raises:
            RuntimeError: the network cannot be written as ONNX.
        """
        # here: whoever has the note of an earlier comparison needs none of it
        from src_mindspore.network.forward import run_uncompiled
        from src_mindspore.network.onnx_graph import logits_graph

        content = logits_graph(self._classifier, self._spec.input.size[0])
        logits = onnx_call(content)
        gap = relative_difference(logits(sample), run_uncompiled(self._classifier, sample))
        if gap <= MAX_DIFFERENCE:
            self._kept.keep(content, gap)
        return logits, gap
