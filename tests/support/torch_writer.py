"""Writes the files of ``torch.save`` without PyTorch, right ones and crafted ones."""

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
TYPES = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "i8": "LongStorage"}


def _rebuild_tensor_v2(*_: Any) -> None:
    """Pickled by name; never called here."""


_rebuild_tensor_v2.__module__ = "torch._utils"
STORAGES = {
    name: type(name, (), {"__module__": "torch"})
    for name in (*TYPES.values(), "BFloat16Storage", "FancyStorage")
}


def _fake_torch() -> dict[str, types.ModuleType]:
    """What pickle looks up to be sure that a global exists."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    vars(torch).update(STORAGES, _utils=utils)
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    return {"torch": torch, "torch._utils": utils}


class Storage:
    """Raw bytes with a key; ``count`` may lie."""

    def __init__(self, key: str, kind: str, raw: bytes, count: int) -> None:
        self.key, self.kind, self.raw, self.count = key, kind, raw, count


class TensorStub:
    """Pickles like a tensor; offset, size and stride may lie."""

    def __init__(self, storage: Storage, offset: Any, size: Any, stride: Any) -> None:
        self.arguments = (storage, offset, size, stride, False, OrderedDict())

    def __reduce__(self) -> tuple:
        return _rebuild_tensor_v2, self.arguments


def tensor(key: str, array: np.ndarray) -> TensorStub:
    """A contiguous tensor with a storage of its own."""
    array = array.copy(order="C")
    strides = tuple(step // array.itemsize for step in array.strides)
    kind = TYPES[array.dtype.str[1:]]
    return TensorStub(Storage(key, kind, array.tobytes(), array.size), 0, array.shape, strides)


def state_dict(arrays: dict[str, np.ndarray]) -> OrderedDict[str, TensorStub]:
    """As ``Module.state_dict()`` gives it, with its attribute ``_metadata``."""
    made = OrderedDict((name, tensor(str(i), a)) for i, (name, a) in enumerate(arrays.items()))
    made._metadata = OrderedDict(version=1)
    return made


def _dump(value: Any, legacy: bool) -> tuple[bytes, dict[str, Storage]]:
    storages: dict[str, Storage] = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, item: Any) -> Any:
            if not isinstance(item, Storage):
                return None
            storages[item.key] = item
            pid = ("storage", STORAGES[item.kind], item.key, "cpu", item.count)
            return (*pid, None) if legacy else pid

    stream = io.BytesIO()
    with mock.patch.dict(sys.modules, _fake_torch()):
        Pickler(stream, protocol=2).dump(value)
    return stream.getvalue(), storages


def save_zip(path: Path, value: Any, pickled: bytes | None = None, **extra: bytes) -> Path:
    """The container of PyTorch 1.6 and later; ``pickled`` replaces the pickle."""
    data, storages = _dump(value, legacy=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled or data)
        for name, content in extra.items():
            archive.writestr(f"archive/{name}", content)
        for key, storage in storages.items():
            archive.writestr(f"archive/data/{key}", storage.raw)
    return path


def save_legacy(path: Path, value: Any, pickled: bytes | None = None) -> Path:
    """The container before PyTorch 1.6; ``pickled`` replaces the object's pickle."""
    data, storages = _dump(value, legacy=True)
    system = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"int": 4}}
    parts = [pickle.dumps(part, protocol=2) for part in (MAGIC, PROTOCOL, system)]
    parts += [pickled or data, pickle.dumps(list(storages), protocol=2)]
    for storage in storages.values():
        parts += [struct.pack("<q", storage.count), storage.raw]
    path.write_bytes(b"".join(parts))
    return path
