"""Named arrays out of MindSpore checkpoints, safetensors files and Keras HDF5 files."""

import math
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.system.protobuf import parse_protobuf
from src_mindspore.system.read import check_file
from src_mindspore.system.write import atomic_path

MAX_DIMENSIONS = 32  # NumPy's own limit
MAX_BYTES = 1 << 30  # of all arrays of a file together; MobileNetV2 1.4 has 24 MB
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
KERAS_GROUP = "model_weights"  # absent from files that hold weights alone
CRC_MARK, CRC_BYTES = b"crc_num", 10  # mindspore.save_checkpoint(crc_check=True) appends both

# The names that MindSpore writes, mindspore/train/serialization.py; bfloat16 and str see below
CKPT_TYPES = {
    **{f"Int{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"Float{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    "Bool": np.dtype(bool),
}
CKPT_NAMES = {dtype: name for name, dtype in CKPT_TYPES.items()}


def _checkpoint() -> Any:
    """An empty message of a checkpoint."""
    # here: whoever only asks whether a run is there need not wait for MindSpore
    from mindspore.train.checkpoint_pb2 import Checkpoint

    return Checkpoint()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads a MindSpore ``.ckpt`` or a ``.safetensors`` file.

    Args:
        path: the file; its suffix decides the format.

    Returns:
        name -> array, in the file's order, types as stored; bfloat16 as float32, a text as an
        array of no dimensions.

    Raises:
        UserError: another suffix, or the file is missing, empty, damaged or holds nothing.
    """
    check_file(path)
    if path.suffix == ".safetensors":
        arrays = _read_safetensors(path)
    elif path.suffix == ".ckpt":
        arrays = _read_ckpt(path)
    else:
        raise UserError(f"{path}: must be a .ckpt or .safetensors file, got suffix {path.suffix!r}")
    if not arrays:
        raise UserError(f"{path}: the file holds no parameters")
    return arrays


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged or not a safetensors file ({error})") from error


def _read_ckpt(path: Path) -> dict[str, np.ndarray]:
    """Parses the protocol buffer that ``mindspore.save_checkpoint`` writes.

    Not by ``mindspore.load_checkpoint``: release 2.10 believes the shape in the file and reads
    beyond the content when that is shorter.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path}: larger than {MAX_BYTES} bytes, so no checkpoint of this project")
    content = path.read_bytes()
    if content[-CRC_BYTES - len(CRC_MARK) : -CRC_BYTES] == CRC_MARK:
        crc = int.from_bytes(content[-CRC_BYTES:], "big")
        content = content[: -CRC_BYTES - len(CRC_MARK)]
        if zlib.crc32(content) != crc:
            raise UserError(f"{path}: damaged: its content is not what its checksum is of")
    message = _checkpoint()
    if not parse_protobuf(message, content):
        raise UserError(f"{path}: damaged, cut short or not a MindSpore checkpoint")
    slices: dict[str, list[bytes]] = {}  # a large tensor comes in several pieces
    tensors = {}
    for value in message.value:
        if not value.HasField("tensor"):
            raise UserError(f"{path}: {value.tag} is a hash table; only tensors are read")
        slices.setdefault(value.tag, []).append(value.tensor.tensor_content)
        tensors[value.tag] = value.tensor
    return {
        name: _decode(path, name, tensor.tensor_type, list(tensor.dims), b"".join(slices[name]))
        for name, tensor in tensors.items()
    }


def write_ckpt(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a MindSpore checkpoint with a checksum, by which ``read_arrays`` notices damage.

    Byte for byte what ``mindspore.save_checkpoint(crc_check=True)`` writes. That one writes to a
    temporary file of its own, which a full disk or a kill leaves behind.

    Args:
        path: the file.
        arrays: name -> array of a type in ``CKPT_TYPES``.

    Raises:
        OSError: it cannot be written.
    """
    crc = 0
    with path.open("wb") as stream:
        for name, array in arrays.items():
            message = _checkpoint()
            value = message.value.add()
            value.tag = name
            value.tensor.dims.extend(array.shape)
            value.tensor.tensor_type = CKPT_NAMES[array.dtype]
            value.tensor.tensor_content = array.tobytes()
            part = message.SerializeToString()
            crc = zlib.crc32(part, crc)
            stream.write(part)
        stream.write(CRC_MARK + crc.to_bytes(CRC_BYTES, "big"))


def _decode(path: Path, name: str, kind: str, dims: list[int], content: bytes) -> np.ndarray:
    """One tensor of a checkpoint; the content must fill the shape exactly."""
    if kind == "str":  # UCS-4, NumPy's text
        return np.array(content.decode("utf-32-le", errors="replace"))
    dtype = np.dtype(np.uint16) if kind == "BFloat16" else CKPT_TYPES.get(kind)
    if dtype is None:
        raise UserError(f"{path}: {name} has type {kind}; {', '.join(CKPT_TYPES)} are read")
    shape = () if dims == [0] and content else tuple(dims)  # [0]: how old releases wrote scalars
    sizes = [max(size, 1) for size in shape]  # NumPy's bound holds for empty arrays as well
    if (
        min(shape, default=0) < 0
        or len(shape) > MAX_DIMENSIONS
        or math.prod(sizes) > MAX_BYTES
        or math.prod(shape) * dtype.itemsize != len(content)
    ):
        raise UserError(
            f"{path}: damaged: {name} of shape {shape} and type {kind} has {len(content)} bytes"
        )
    array = np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    if kind == "BFloat16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def read_keras(path: Path, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Reads the weights of a Keras HDF5 file, however deeply its groups are nested.

    Args:
        path: a saved model (group ``model_weights``) or a file of weights alone.
        wanted: ``layer/weight`` names, such as ``Conv1/kernel``; others are not read.

    Returns:
        name -> float array for the wanted names that the file has, and the layers that it has
        besides.

    Raises:
        UserError: the file is damaged, or a wanted weight is there twice or not stored plainly.
    """
    import h5py  # here: it takes 0.1 s to load, and a run has no such file

    found: dict[str, h5py.Dataset] = {}
    ignored: set[str] = set()

    def visit(name: str, item: "h5py.Group | h5py.Dataset") -> None:
        layer, _, weight = name.rpartition("/")
        layer = layer.rpartition("/")[2]
        # Keras 2 appends ":0"; Keras 3 calls the kernel of a depthwise layer plainly "kernel"
        key = f"{layer}/{weight.removesuffix(':0').removeprefix('depthwise_')}"
        if not isinstance(item, h5py.Dataset):
            return
        if key not in wanted:
            ignored.add(layer)
        elif key in found:
            raise UserError(f"{path}: {key} is there twice: {found[key].name} and {item.name}")
        else:
            found[key] = item

    try:
        with h5py.File(path, "r") as file:
            # visititems follows no soft or external link and visits each object once
            file.get(KERAS_GROUP, file).visititems(visit)
            for name, item in found.items():
                if item.external or item.is_virtual or item.dtype.kind != "f":
                    raise UserError(f"{path}: {name} must be a plain array of floats in this file")
            if sum(item.nbytes for item in found.values()) > MAX_BYTES:
                raise UserError(f"{path}: its weights take more than {MAX_BYTES} bytes")
            return {name: np.array(item[()]) for name, item in found.items()}, sorted(ignored)
    # h5py turns the library's errors into any of these
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged or cut short, not readable as HDF5 ({error})") from error


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as a MindSpore checkpoint, atomically."""
    with atomic_path(path) as temporary:
        write_ckpt(temporary, arrays)
