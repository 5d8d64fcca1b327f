"""A trained model in any of its forms, behind one call: images in, scores out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mindspore
import numpy as np
import onnxruntime
from mindspore import Tensor, nn

from src_mindspore.config.load import section_problems
from src_mindspore.evaluation.file_checks import check_mindir, check_onnx
from src_mindspore.evaluation.probabilities import probabilities
from src_mindspore.lite.library import device_library
from src_mindspore.lite.runtime import LiteModel
from src_mindspore.network.classifier import Deployed, build_classifier
from src_mindspore.network.engines import onnx_session
from src_mindspore.network.forward import run_batched
from src_mindspore.runs.checkpoint import MODEL
from src_mindspore.spec.load import load_spec
from src_mindspore.spec.model import FILE_NAME, FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of
from src_mindspore.weights.assign import load_parameters

log = logging.getLogger(__name__)

BATCH = 16
MINDSPORE = f"MindSpore {mindspore.__version__}"
Run = Callable[[np.ndarray], np.ndarray]  # see ``Model.run``


@dataclass(frozen=True)
class Model:
    """A model that can be run.

    ``run`` takes (n, 3, H, W) float32 images, normalised, and gives (n, classes) float32: what
    ``spec.output`` says. ``file`` is the entry of the model file in the spec, ``runtime`` what
    runs it, in words.
    """

    path: Path
    spec: ModelSpec
    file: FileSpec
    run: Run
    runtime: str

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


def load_model(path: Path, machine: str | None = None) -> Model:
    """Opens a run folder, or a ``.ckpt``, ``.mindir``, ``.onnx`` or ``.ms`` beside its spec.json.

    Args:
        path: the folder or file.
        machine: the processor for which a ``.ms`` file is run, ``x86_64`` or ``aarch64``; None is
            this computer's own. Other forms have no choice.

    Raises:
        UserError: nothing there, a form that cannot be run, or a file that is not the one which
            its spec describes.
    """
    file = path / MODEL if path.is_dir() else path
    opener = OPENERS.get(file.suffix)
    if opener is None:
        raise UserError(
            f"a model is a run folder or a file that ends in {', '.join(OPENERS)}; got {path}"
        )
    if machine and file.suffix != ".ms":
        raise UserError(f"the machine ({machine}) can be chosen for a .ms file only; got {path}")
    if not file.is_file():
        raise UserError(f"{file} does not exist" + (f": {path} is no run folder" * path.is_dir()))
    spec = load_spec(file.parent / FILE_NAME)
    entry = described(file, spec)
    return Model(file, spec, entry, *opener(file, spec, machine))


def network_model(path: Path, spec: ModelSpec, file: FileSpec, network: nn.Cell) -> Model:
    """A network of this process, whose weights are in ``file``, as a model."""
    return Model(path, spec, file, *_runner(network))


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


def _open_checkpoint(file: Path, spec: ModelSpec, _: str | None) -> tuple[Run, str]:
    return _runner(classifier_of(spec, file))


def _runner(network: nn.Cell) -> tuple[Run, str]:
    return lambda images: run_batched(network, images, BATCH), MINDSPORE


def classifier_of(spec: ModelSpec, file: Path) -> Deployed:
    """The network that a spec describes, with the weights of a checkpoint."""
    model = spec.model
    sections = ("backbone", "head")
    if problems := [line for name in sections for line in section_problems(model.get(name), name)]:
        raise UserError(f"{file.parent / FILE_NAME} describes no network: {'; '.join(problems)}")
    try:
        classifier = build_classifier(
            model["backbone"], model["head"], len(spec.classes), spec.input.size[0]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file.parent / FILE_NAME} describes no network: {error}") from None
    load_parameters(classifier, file)
    return Deployed(classifier, spec.model_temperature).set_train(False)


def _open_mindir(file: Path, spec: ModelSpec, _: str | None) -> tuple[Run, str]:
    check_mindir(file)
    try:
        network = nn.GraphCell(mindspore.load(str(file)))
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{file} is not a MINDIR file: {_first_line(error)}") from None

    def run(images: np.ndarray) -> np.ndarray:
        return np.concatenate([network(Tensor(image[None])).asnumpy() for image in images])

    _try(file, run, spec)
    return run, MINDSPORE


def _open_onnx(file: Path, spec: ModelSpec, _: str | None) -> tuple[Run, str]:
    check_onnx(file)
    try:
        session = onnx_session(file)
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        raise UserError(f"{file} is not an ONNX file: {_first_line(error)}") from None
    name = session.get_inputs()[0].name if session.get_inputs() else ""

    def run(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), BATCH)
        return np.concatenate([session.run(None, {name: images[i : i + BATCH]})[0] for i in starts])

    _try(file, run, spec)
    return run, f"ONNX Runtime {onnxruntime.__version__}"


def _try(file: Path, run: Run, spec: ModelSpec) -> None:
    """Runs an image, so that a file that does not go with its spec is told before the photos."""
    expected = (1, len(spec.classes))
    try:
        got = run(np.zeros((1, 3, *spec.input.size), np.float32))
    except Exception as error:  # the runtimes' exceptions share no base class of their own
        raise UserError(f"{file} cannot be run on an image: {_first_line(error)}") from None
    if got.shape != expected:
        raise UserError(
            f"{file} gives an output of shape {got.shape} for an image; {file.parent / FILE_NAME} "
            f"describes {expected}"
        )


def _open_lite(file: Path, _: ModelSpec, machine: str | None) -> tuple[Run, str]:
    library = device_library(machine)
    return LiteModel(library, file).run, library.runtime


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


OPENERS: dict[str, Callable[[Path, ModelSpec, str | None], tuple[Run, str]]] = {
    ".ckpt": _open_checkpoint,
    ".mindir": _open_mindir,
    ".onnx": _open_onnx,
    ".ms": _open_lite,
}
