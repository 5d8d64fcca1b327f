"""Pretrained MobileNetV2 weights from MindSpore, Keras, torchvision and safetensors files.

Weights are of use only with the convention they were trained in: padding, batch-norm epsilon,
pixel normalisation. ``BackboneWeights`` keeps them together, ``save_weights`` stores them together.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src_mindspore.backbone import MobileNetV2Backbone
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import check_file
from src_mindspore.system.write import atomic_path
from src_mindspore.weights.array_files import HDF5_MAGIC, read_arrays, read_keras, write_ckpt
from src_mindspore.weights.assign import assign_strict
from src_mindspore.weights.compare import check_numbers, difference, explain, shapes_of
from src_mindspore.weights.mobilenet_v2_names import keras_names, nearest_width, torchvision_names
from src_mindspore.weights.torch_archive import ZIP_MAGIC, read_state_dict

ACCEPTED = (
    "accepted: MindSpore .ckpt or .safetensors with the model zoo's names, Keras HDF5 "
    "(.h5, .hdf5, .model), PyTorch .pth or .pt or .safetensors with torchvision's names"
)
PICKLE_MAGIC = b"\x80"  # PROTO, the first opcode of the stream of pickles before PyTorch 1.6
CONVENTION = "convention."
# Classifiers and optimizer state: what a checkpoint may hold besides the backbone
DROPPED_PREFIXES = (
    *("head.", "dense.", "classifier."),
    *("moments.", "moment1.", "moment2.", "accum.", "stat."),
)
DROPPED_NAMES = (
    *("global_step", "learning_rate", "momentum", "beta1_power", "beta2_power"),
    *("epoch_num", "step_num", "loss_scale", "scale_sense"),
)
COUNTER = ".num_batches_tracked"  # PyTorch's batch norm counts, inference needs no count

log = logging.getLogger(__name__)


class Convention(NamedTuple):
    """What a network needs to know about weights besides their values."""

    padding: str
    bn_eps: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


# x / 127.5 - 1: keras/applications/imagenet_utils.py, mode "tf"
KERAS = Convention("same", 1e-3, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
# ImageNet's mean (0.485, 0.456, 0.406) and std (0.229, 0.224, 0.225), times 255
IMAGENET = Convention("symmetric", 1e-5, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


@dataclass(frozen=True)
class BackboneWeights:
    """Weights of a ``MobileNetV2Backbone`` and the convention they were trained in.

    Attributes:
        parameters: zoo name (``features.*``) -> float32 array; all 260 of them, all finite.
        padding: ``same`` or ``symmetric``, see ``MobileNetV2Backbone``.
        bn_eps: batch-norm epsilon.
        mean: of the pixels, red, green, blue, in 0..255 units: input = (pixel - mean) / std.
        std: likewise.
        width_mult: factor on the channel counts, derived from the shapes.
        source: file name and format, for messages and the description of the model.
    """

    parameters: dict[str, np.ndarray]
    padding: str
    bn_eps: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    width_mult: float
    source: str


def read_weights(path: Path) -> BackboneWeights:
    """Reads backbone weights; the file's content, then its suffix, decides the format.

    A classifier and optimizer state in the file are left out, with a line in the log. The
    convention is the file's own (``save_weights``), else that of the format.

    Raises:
        UserError: the file is missing, empty, damaged, of another format, or its parameters are
            not exactly those of a MobileNetV2 of some width.
    """
    check_file(path)
    with path.open("rb") as stream:
        start = stream.read(len(HDF5_MAGIC))
    convention = IMAGENET
    if start == HDF5_MAGIC:
        kind, convention, arrays = "Keras HDF5", KERAS, _read_keras(path)
    elif start.startswith((ZIP_MAGIC, PICKLE_MAGIC)) and path.suffix != ".safetensors":
        kind, arrays = "PyTorch", _drop(path, read_state_dict(path))
    elif path.suffix in (".ckpt", ".safetensors"):
        kind = "MindSpore checkpoint" if path.suffix == ".ckpt" else "safetensors"
        arrays = _drop(path, read_arrays(path))
    else:
        raise UserError(f"{path}: the content is of no known format; {ACCEPTED}")
    stored = {name: arrays.pop(name) for name in list(arrays) if name.startswith(CONVENTION)}
    if stored:
        convention = _stored_convention(path, stored)
    names = torchvision_names()
    if any(name.endswith(".running_mean") for name in arrays):
        kind += ", torchvision names"
        arrays = {names.get(name, name): array for name, array in arrays.items()}
    width, lines = nearest_width(shapes_of(arrays))
    if lines:
        raise UserError(
            f"{path}: not the weights of a MobileNetV2; the nearest has width {width}:\n"
            f"{explain(lines)}\n{ACCEPTED}"
        )
    check_numbers(arrays, str(path))
    parameters = {name: array.astype(np.float32) for name, array in arrays.items()}
    return BackboneWeights(parameters, *convention, width, f"{path.name} ({kind})")


def _drop(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leaves out what a checkpoint is known to hold besides the backbone."""
    dropped = {
        name
        for name in arrays
        if name in DROPPED_NAMES or name.startswith(DROPPED_PREFIXES) or name.endswith(COUNTER)
    }
    _log_dropped(path, sorted(dropped))
    return {name: array for name, array in arrays.items() if name not in dropped}


def _log_dropped(path: Path, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        log.info("%s: not used by the backbone, left out: %d (%s)", path.name, len(names), shown)


def _read_keras(path: Path) -> dict[str, np.ndarray]:
    """A Keras file's weights under the zoo's names, kernels in MindSpore's order of axes."""
    names = keras_names()
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


def _stored_convention(path: Path, stored: Mapping[str, np.ndarray]) -> Convention:
    """What ``save_weights`` put beside the parameters."""
    wanted = {"padding_same": (1,), "bn_eps": (1,), "mean": (3,), "std": (3,)}
    wanted = {CONVENTION + name: shape for name, shape in wanted.items()}
    if lines := difference(shapes_of(stored), wanted):
        raise UserError(f"{path}: the convention beside the weights is wrong:\n{explain(lines)}")
    check_numbers(stored, str(path))
    # through text: the shortest decimal that names the float32 is the number that was meant
    same, eps, mean, std = (
        tuple(float(str(number)) for number in stored[name].astype(np.float32)) for name in wanted
    )
    if same[0] not in (0, 1) or eps[0] <= 0 or min(std) <= 0:
        raise UserError(f"{path}: the convention beside the weights is impossible: {stored}")
    return Convention("same" if same[0] else "symmetric", eps[0], mean, std)


def load_backbone(backbone: MobileNetV2Backbone, weights: BackboneWeights) -> None:
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

    The convention travels as tensors beside the parameters: ``convention.padding_same`` (1,) 1 or
    0, ``convention.bn_eps`` (1,), ``convention.mean`` (3,), ``convention.std`` (3,).

    Raises:
        UserError: the suffix is not ``.ckpt``.
    """
    if path.suffix != ".ckpt":
        raise UserError(f"{path}: weights are saved as a .ckpt file, got suffix {path.suffix!r}")
    extra: dict[str, Iterable[float]] = {
        "padding_same": [weights.padding == "same"],
        "bn_eps": [weights.bn_eps],
        "mean": weights.mean,
        "std": weights.std,
    }
    arrays = weights.parameters | {CONVENTION + name: value for name, value in extra.items()}
    with atomic_path(path) as temporary:
        write_ckpt(temporary, {name: np.asarray(a, np.float32) for name, a in arrays.items()})
