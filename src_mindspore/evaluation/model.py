"""A trained model in any of its forms, behind one call: images in, scores out."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.runs.names import MODEL
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FILE_NAME, FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of

BATCH = 16  # images a call, where calls work one after another
CHECKPOINT = ".ckpt"
# By suffix the module with a function ``open_model``: each loads its own runtime, and no other.
OPENERS = {
    CHECKPOINT: "open_checkpoint",
    ".mindir": "open_mindir",
    ".onnx": "open_onnx",
    ".ms": "open_lite",
}


class Runner(NamedTuple):
    """What runs a model.

    Attributes:
        run: see ``Model.run``.
        runtime: what it is, in words.
        concurrent: whether several calls may work at the same time, each in its own thread; else
            a call uses all cores, and there is one at a time.
    """

    run: Callable[[np.ndarray], np.ndarray]
    runtime: str
    concurrent: bool = False


@dataclass(frozen=True)
class Model:
    """A model that can be run.

    ``file`` is the entry of the model file in the spec.
    """

    path: Path
    spec: ModelSpec
    file: FileSpec
    runner: Runner

    def run(self, images: np.ndarray) -> np.ndarray:
        """(n, 3, H, W) float32, normalised -> (n, classes) float32: what ``spec.output`` says."""
        return self.runner.run(images)

    @property
    def runtime(self) -> str:
        """What runs it, in words."""
        return self.runner.runtime

    @property
    def loss(self) -> str:
        """What kind of scores ``run`` gives, in the words of ``metrics.summary``."""
        sigmoid = self.spec.activation == "sigmoid"
        return f"sigmoid_{self.spec.output}" if sigmoid else self.spec.output

    def calibrated(self, scores: np.ndarray) -> np.ndarray:
        """Scores of ``run`` divided by what the spec leaves to be done: (n, classes) alike.

        What they are stays ``loss``, and which is the largest stays the same.
        """
        return scores if self.spec.temperature == 1 else scores / self.spec.temperature

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Scores of ``run`` as shown to people, 0..1: (n, classes) -> (n, classes)."""
        return probabilities(self.calibrated(scores), self.loss)


def load_model(path: Path, machine: str | None = None, engine: str | None = None) -> Model:
    """Opens a run folder, or a ``.ckpt``, ``.mindir``, ``.onnx`` or ``.ms`` beside its spec.json.

    Args:
        path: the folder or file.
        machine: the processor for which a ``.ms`` file is run, ``x86_64`` or ``aarch64``; None is
            this computer's own. Other forms have no choice.
        engine: of ``onnx_runtime.ENGINES``, what runs a checkpoint; None is ``auto``: ONNX Runtime
            on a CPU, see ``open_checkpoint.py``. Other forms have no choice.

    Raises:
        UserError: nothing there, a form that cannot be run, or a file that is not the one which
            its spec describes.
    """
    file = path / MODEL if path.is_dir() else path
    opener = OPENERS.get(file.suffix)
    if opener is None:
        raise UserError(
            f"a model is a run folder or a file that ends in {', '.join(OPENERS)}; got {path}"
            f"{'' if path.exists() else ', which does not exist'}"
        )
    if machine and file.suffix != ".ms":
        raise UserError(f"the machine ({machine}) can be chosen for a .ms file only; got {path}")
    if engine and file.suffix != CHECKPOINT:
        raise UserError(
            f"the engine ({engine}) can be chosen for a run folder or .ckpt only; got {path}"
        )
    if not file.is_file():
        raise UserError(f"{file} does not exist{_no_run(path)}")
    spec = load_spec(file.parent / FILE_NAME)
    entry = described(file, spec)
    module = import_module(f"src_mindspore.evaluation.{opener}")
    choice = machine if file.suffix == ".ms" else engine
    return Model(file, spec, entry, module.open_model(file, spec, entry.sha256, choice))


def _no_run(path: Path) -> str:
    """What a folder without a checkpoint is, and what of it can be taken."""
    if not path.is_dir():
        return ""
    models = sorted(file.name for file in path.iterdir() if file.suffix in OPENERS)
    there = f"; of an export one file is named, here {some(models)}" if models else ""
    return f": {path} is no run folder{there}"


def described(file: Path, spec: ModelSpec) -> FileSpec:
    """The spec's entry of ``file``, told by its content, so that a file may be renamed.

    Raises:
        UserError: the spec describes other files.
    """
    digest = sha256_of(file)
    for entry in spec.files:
        if entry.sha256 == digest:
            return entry
    if spec.files:
        names = some([entry.name for entry in spec.files])
        raise UserError(
            f"{file} is not a file that {file.parent / FILE_NAME} describes ({names}, told by "
            f"their SHA-256): the model and its description must come from the same run"
        )
    return FileSpec.of(file)  # training has not ended yet


def try_image(file: Path, run: Callable[[np.ndarray], np.ndarray], spec: ModelSpec) -> None:
    """Runs an image, so that a file that does not go with its spec is told before the photos.

    Raises:
        UserError: it cannot be run, or gives another shape.
    """
    expected = (1, len(spec.classes))
    try:
        got = run(np.zeros((1, 3, *spec.input.size), np.float32))
    except Exception as error:  # the runtimes' exceptions share no base class of their own
        raise UserError(f"{file} cannot be run on an image: {first_line(error)}") from None
    if got.shape != expected:
        raise UserError(
            f"{file} gives an output of shape {got.shape} for an image; {file.parent / FILE_NAME} "
            f"describes {expected}"
        )


def first_line(error: Exception) -> str:
    """What an error says, without the pages that libraries add."""
    return str(error).strip().partition("\n")[0]
