"""Reading the state dict of a PyTorch ``.pth`` or ``.pt`` file without PyTorch.

Both containers of ``torch.save`` are read, as ``torch/serialization.py`` defines them: the zip
archive (since 1.6) and the older stream of pickles. The pickles are run by
``torch_pickle.py``, which executes nothing; every bound is checked before a tensor is cut out of
the raw bytes.
"""

import math
import reprlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from src_mindspore.system.errors import UserError
from src_mindspore.weights.torch_pickle import (
    MAX_PICKLE,
    Storage,
    TensorView,
    is_count,
    unpickle,
)

MAX_BYTES = 1 << 30  # of all tensors together; MobileNetV2 1.4 has 24 MB
MAX_DIMENSIONS = 32  # NumPy's own limit
ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
WRAPPERS = ("state_dict", "model")  # keys under which training scripts put the state dict


def _count_numbers(view: TensorView) -> int:
    """Checks a tensor's description; returns how many numbers it has."""
    storage, offset, size, stride = view
    well_formed = (
        isinstance(storage, Storage)
        and is_count(offset)
        and all(isinstance(t, tuple) and len(t) <= MAX_DIMENSIONS for t in (size, stride))
        and all(map(is_count, (*size, *stride)))
        and len(size) == len(stride)
    )
    if not well_formed:
        raise UserError(f"a tensor is described wrongly: {reprlib.repr(tuple(view))}")
    numbers = math.prod(size)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if numbers and last >= storage.count:
        raise UserError(
            f"a tensor of offset {offset}, size {size}, stride {stride} reaches beyond its storage "
            f"of {storage.count} numbers"
        )
    return numbers


def _cut(view: TensorView, raw: bytes, order: str) -> np.ndarray:
    """A checked tensor's numbers out of its storage's bytes, as an array of its own."""
    storage, offset, size, stride = view
    dtype = np.dtype(order + storage.type.dtype)
    flat = np.frombuffer(raw, dtype, storage.count)
    if 0 in size:
        array = np.zeros(size, dtype)
    else:
        steps = tuple(step * dtype.itemsize for step in stride)
        array = as_strided(flat[offset:], size, steps, writeable=False)
    array = array.astype(dtype.newbyteorder("="), order="C")
    if storage.type.bfloat16:  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _to_arrays(root: Any, read: Callable[[Storage], bytes], order: str) -> dict[str, np.ndarray]:
    """Unwraps the dictionary and turns every tensor of it into an array."""
    for key in WRAPPERS:
        if isinstance(root, dict) and isinstance(dict.get(root, key), dict):
            root = dict.get(root, key)
    if not isinstance(root, dict) or not root:
        raise UserError(f"it holds no state dict, but an object of type {type(root).__name__}")
    arrays: dict[str, np.ndarray] = {}
    total = 0
    for name, view in dict.items(root):
        if not isinstance(name, str) or not isinstance(view, TensorView):
            raise UserError(f"entry {reprlib.repr(name)} of the state dict is no tensor")
        # before anything is allocated: strides of 0 make a large tensor of a small storage
        numbers = _count_numbers(view)
        total += max(numbers, view.storage.count) * _item_size(view.storage)
        if total > MAX_BYTES:
            raise UserError(f"its tensors take more than {MAX_BYTES} bytes")
        arrays[name] = _cut(view, read(view.storage), order)
    if all(name.startswith("module.") for name in arrays):  # nn.DataParallel's wrapping
        arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
    return arrays


def _item_size(storage: Storage) -> int:
    return np.dtype(storage.type.dtype).itemsize


def _read_zip(path: Path) -> dict[str, np.ndarray]:
    """One folder with data.pkl, byteorder (little where absent) and data/KEY for each storage."""
    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        pickles = [name for name in sizes if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise UserError(
                "a zip archive that torch.save wrote has one data.pkl; this one has not (a .keras "
                "archive must be saved as .h5)"
            )
        prefix = pickles[0].removesuffix("data.pkl")

        def read(name: str, expected: int) -> bytes:
            """The member's bytes; sizes in the directory may lie, so both are checked."""
            if sizes.get(name) != expected:
                raise UserError(f"{name} must have {expected} bytes; it has {sizes.get(name)}")
            with archive.open(name) as stream:
                data = stream.read(expected + 1)
            if len(data) != expected:
                raise UserError(f"{name} must have {expected} bytes; it unpacks to {len(data)}")
            return data

        def read_storage(storage: Storage) -> bytes:
            return read(f"{prefix}data/{storage.key}", storage.count * _item_size(storage))

        if sizes[pickles[0]] > MAX_PICKLE:
            raise UserError(f"the pickle inside is longer than {MAX_PICKLE} bytes")
        root, _, _ = unpickle(read(pickles[0], sizes[pickles[0]]))
        big = sizes.get(f"{prefix}byteorder") == 3 and read(f"{prefix}byteorder", 3) == b"big"
        return _to_arrays(root, read_storage, ">" if big else "<")


def _read_legacy(path: Path) -> dict[str, np.ndarray]:
    """Pickles: magic, protocol, platform, object, storage keys; then count and data of each key."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"it is larger than {MAX_BYTES} bytes")
    data = path.read_bytes()
    magic, end, _ = unpickle(data)
    if magic != LEGACY_MAGIC:
        raise UserError("it is a pickle, but not one that torch.save wrote")
    protocol, end, _ = unpickle(data, end)
    if protocol != LEGACY_PROTOCOL:
        raise UserError(f"its protocol is {reprlib.repr(protocol)}; {LEGACY_PROTOCOL} is read")
    _, end, _ = unpickle(data, end)
    root, end, storages = unpickle(data, end)
    keys, end, _ = unpickle(data, end)
    contents: dict[str, bytes] = {}
    for key in keys if isinstance(keys, list) else ():
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None:
            raise UserError("its list of storages does not belong to its tensors")
        size = storage.count * _item_size(storage)
        raw = data[end : end + 8 + size]
        if len(raw) != 8 + size:
            raise UserError(f"it ends within storage {key}: truncated")
        if int.from_bytes(raw[:8], "little") != storage.count:
            raise UserError(f"storage {key} has another length than its tensors say")
        contents[key] = raw[8:]
        end += len(raw)
    if end != len(data):
        raise UserError(f"{len(data) - end} bytes follow its last storage")
    if len(contents) != len(storages):
        raise UserError("its list of storages does not belong to its tensors")
    return _to_arrays(root, lambda storage: contents[storage.key], "<")


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Reads the tensors of a file that ``torch.save`` wrote, in either container.

    A dictionary under ``state_dict`` or ``model`` is unwrapped, a ``module.`` before every name
    removed.

    Args:
        path: the file; its content decides which container it is.

    Returns:
        name -> array, in the file's order; bfloat16 as float32, other types as they are.

    Raises:
        UserError: the file is damaged, names anything but tensors, or describes tensors outside
            of their storage or of more than ``MAX_BYTES``.
    """
    try:
        with path.open("rb") as stream:
            is_zip = stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        return _read_zip(path) if is_zip else _read_legacy(path)
    except UserError as error:
        raise UserError(f"{path}: cannot be read as a PyTorch file: {error}") from None
    # unpickling and unzipping damaged files raises almost any exception
    except Exception as error:
        raise UserError(
            f"{path}: damaged or not a PyTorch file ({type(error).__name__}: {error})"
        ) from error
