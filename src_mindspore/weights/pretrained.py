"""Pretrained weights of a backbone from MindSpore, Keras, PyTorch and safetensors files.

Weights are of use only with the convention they were trained in: padding, batch-norm epsilon,
pixel normalisation. ``BackboneWeights`` keeps them together, ``save_weights`` stores them together.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.backbone import DEFAULT, build_backbone
from src_mindspore.backbones.interface import Backbone
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import check_file
from src_mindspore.system.write import atomic_path
from src_mindspore.weights.array_files import HDF5_MAGIC, read_arrays, read_keras, write_ckpt
from src_mindspore.weights.assign import assign_strict
from src_mindspore.weights.compare import check_numbers, explain, shapes_of
from src_mindspore.weights.convention import KERAS, PREFIX, Convention, from_arrays, to_arrays
from src_mindspore.weights.sources import SOURCES, KerasNames, WeightsSource
from src_mindspore.weights.torch_archive import ZIP_MAGIC, read_state_dict

PICKLE_MAGIC = b"\x80"  # PROTO, the first opcode of the stream of pickles before PyTorch 1.6
# Optimizer state: what a checkpoint may hold besides the backbone and a classifier
DROPPED_PREFIXES = ("moments.", "moment1.", "moment2.", "accum.", "stat.")
DROPPED_NAMES = (
    *("global_step", "learning_rate", "momentum", "beta1_power", "beta2_power"),
    *("epoch_num", "step_num", "loss_scale", "scale_sense"),
)
COUNTER = ".num_batches_tracked"  # PyTorch's batch norm counts, inference needs no count

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackboneWeights:
    """Weights of a backbone and the convention they were trained in.

    Attributes:
        parameters: own name (``features.*``) -> float32 array; all of the backbone's, all finite.
        padding: ``same`` or ``symmetric``, see ``backbones/inverted_residual.py``.
        bn_eps: batch-norm epsilon.
        mean: of the pixels, red, green, blue, in 0..255 units: input = (pixel - mean) / std.
        std: likewise.
        width_mult: factor on the channel counts, derived from the shapes.
        source: file name and format, for messages and the description of the model.
        name: the architecture, one of ``backbone.BACKBONES``.
    """

    parameters: dict[str, np.ndarray]
    padding: str
    bn_eps: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    width_mult: float
    source: str
    name: str = DEFAULT

    @property
    def arguments(self) -> dict[str, str | float]:
        """Of ``build_backbone``, for the network that they fit."""
        return {
            "name": self.name,
            "width_mult": self.width_mult,
            "padding": self.padding,
            "bn_eps": self.bn_eps,
        }


def read_weights(path: Path, name: str = DEFAULT) -> BackboneWeights:
    """Reads backbone weights; the file's content, then its suffix, decides the format.

    A classifier and optimizer state in the file are left out, with a line in the log. The
    convention is the file's own (``save_weights``), else that of the format.

    Args:
        path: the file.
        name: the architecture whose weights they must be, one of ``backbone.BACKBONES``.

    Raises:
        UserError: the file is missing, empty, damaged, of another format, or its parameters are
            not exactly those of this architecture, in a width that it has.
    """
    source = SOURCES[name]
    kind, convention, found = _read(path, source)
    stored = {key: found.pop(key) for key in list(found) if key.startswith(PREFIX)}
    if stored:
        convention = from_arrays(path, stored)
    arrays = found
    if source.torch_names and any(key.endswith(".running_mean") for key in found):
        kind += f", {source.torch} names"
        arrays = _renamed(found, name)
    width, lines = source.nearest(shapes_of(arrays))
    if lines:
        if other := _whose(found):
            raise UserError(
                f"{path}: must be weights of {name}; got those of {other}, which is accepted as "
                "backbone.name"
            )
        nearest = f"; the nearest has width {width}" if name == DEFAULT else ""
        raise UserError(
            f"{path}: not the weights of {source.title}{nearest}:\n{explain(lines)}\n"
            f"{source.accepted}"
        )
    check_numbers(arrays, str(path))
    parameters = {key: array.astype(np.float32) for key, array in arrays.items()}
    return BackboneWeights(parameters, *convention, width, f"{path.name} ({kind})", name)


def _read(path: Path, source: WeightsSource) -> tuple[str, Convention, dict[str, np.ndarray]]:
    """The format, the convention that it implies, and the arrays without classifier."""
    check_file(path)
    with path.open("rb") as stream:
        start = stream.read(len(HDF5_MAGIC))
    if start == HDF5_MAGIC and source.keras_names:
        return "Keras HDF5", KERAS, _read_keras(path, source.keras_names())
    if start.startswith((ZIP_MAGIC, PICKLE_MAGIC)) and path.suffix != ".safetensors":
        return "PyTorch", source.convention, _drop(path, read_state_dict(path), source)
    if path.suffix in (".ckpt", ".safetensors"):
        kind = "MindSpore checkpoint" if path.suffix == ".ckpt" else "safetensors"
        return kind, source.convention, _drop(path, read_arrays(path), source)
    raise UserError(f"{path}: the content is of no known format; {source.accepted}")


def _renamed(arrays: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """PyTorch's names as the project has them; other names stay."""
    names = source.torch_names() if (source := SOURCES[name]).torch_names else {}
    return {names.get(key, key): array for key, array in arrays.items()}


def _whose(arrays: Mapping[str, np.ndarray]) -> str | None:
    """The architecture whose parameters these are exactly; None where none's."""
    for name, source in SOURCES.items():
        own = _renamed(arrays, name)
        # names are those of every width: compared sooner than the shapes of all
        if source.torch_names and set(own) != set(source.torch_names().values()):
            continue
        if not source.nearest(shapes_of(own))[1]:
            return name
    return None


def _drop(
    path: Path, arrays: Mapping[str, np.ndarray], source: WeightsSource
) -> dict[str, np.ndarray]:
    """Leaves out what a checkpoint is known to hold besides the backbone."""
    prefixes = (*source.classifier, *DROPPED_PREFIXES)
    dropped = {
        name
        for name in arrays
        if name in DROPPED_NAMES or name.startswith(prefixes) or name.endswith(COUNTER)
    }
    _log_dropped(path, sorted(dropped))
    return {name: array for name, array in arrays.items() if name not in dropped}


def _log_dropped(path: Path, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        log.info("%s: not used by the backbone, left out: %d (%s)", path.name, len(names), shown)


def _read_keras(path: Path, names: KerasNames) -> dict[str, np.ndarray]:
    """A Keras file's weights under the zoo's names, kernels in MindSpore's order of axes."""
    found, ignored = read_keras(path, names)
    _log_dropped(path, ignored)
    if missing := [name for name in names if name not in found]:
        shown = ", ".join(missing[:6]) + (", ..." if len(missing) > 6 else "")
        raise UserError(
            f"{path}: not the weights of a Keras MobileNetV2: {len(missing)} of {len(names)} are "
            f"missing ({shown}); the names are those of tf.keras.applications.MobileNetV2"
        )
    arrays = {}
    for name, (zoo, axes) in names.items():
        array = found[name]
        if axes and array.ndim != len(axes):
            raise UserError(f"{path}: {name} must have {len(axes)} axes, got shape {array.shape}")
        arrays[zoo] = np.ascontiguousarray(array.transpose(axes)) if axes else array
    return arrays


def pretrained_backbone(weights: BackboneWeights) -> Backbone:
    """The network that the weights fit, with them in it."""
    backbone = build_backbone(**weights.arguments)
    load_backbone(backbone, weights)
    return backbone


def load_backbone(backbone: Backbone, weights: BackboneWeights) -> None:
    """Gives the backbone the weights.

    Raises:
        UserError: the width differs, or the backbone was built for another convention.
    """
    conv, norm, _ = backbone.features[0].features
    padding = "same" if conv.pad_mode == "same" else "symmetric"
    if padding != weights.padding or not np.isclose(norm.eps, weights.bn_eps, rtol=1e-3):
        raise UserError(
            f"{weights.source}: trained with padding {weights.padding} and epsilon "
            f"{weights.bn_eps}; the network has {padding} and {norm.eps}"
        )
    assign_strict(backbone, weights.parameters, weights.source)


def save_weights(weights: BackboneWeights, path: Path) -> None:
    """Writes a MindSpore checkpoint, atomically, with the convention inside.

    The convention travels beside the parameters, see ``convention.to_arrays``.

    Raises:
        UserError: the suffix is not ``.ckpt``.
    """
    if path.suffix != ".ckpt":
        raise UserError(f"{path}: weights are saved as a .ckpt file, got suffix {path.suffix!r}")
    convention = Convention(weights.padding, weights.bn_eps, weights.mean, weights.std)
    arrays = weights.parameters | to_arrays(convention)
    with atomic_path(path) as temporary:
        write_ckpt(temporary, {name: np.asarray(a, np.float32) for name, a in arrays.items()})
