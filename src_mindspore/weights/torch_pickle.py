"""Unpickling what ``torch.save`` pickled, with nothing to call but inert stand-ins.

A pickle may call whatever function it names. Here it may name only what is in ``ALLOWED``, each
entry of which stands for an object of this module without effect; tensors come out as
descriptions, which ``src_mindspore.weights.torch_archive`` checks and cuts out of the file.
"""

import io
import pickle
import pickletools
import reprlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from src_mindspore.system.errors import UserError

MAX_PICKLE = 1 << 24  # bytes; a state dict of 300 tensors takes 50 KB
MAX_MEMO = 1 << 20  # one slot for each of the pickle's objects


class StorageType(NamedTuple):
    """What a ``torch.*Storage`` class says about the raw bytes."""

    dtype: str  # of NumPy, without byte order
    bfloat16: bool = False


class Storage(NamedTuple):
    """A run of ``count`` numbers, still in the file under ``key``."""

    type: StorageType
    key: str
    count: int


class TensorView(NamedTuple):
    """A tensor as the pickle describes it; nothing in here has been checked yet."""

    storage: Any
    offset: Any
    size: Any
    stride: Any


class _RebuildTensor:
    """Stands for ``torch._utils._rebuild_tensor_v2``; without a ``__dict__`` to tamper with."""

    __slots__ = ()

    def __call__(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> TensorView:
        return TensorView(storage, offset, size, stride)


class _RebuildParameter:
    """Stands for ``torch._utils._rebuild_parameter``: a parameter is its tensor."""

    __slots__ = ()

    def __call__(self, data: Any, *_: Any) -> Any:
        return data


ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter(),
    ("torch", "DoubleStorage"): StorageType("f8"),
    ("torch", "FloatStorage"): StorageType("f4"),
    ("torch", "HalfStorage"): StorageType("f2"),
    ("torch", "BFloat16Storage"): StorageType("u2", bfloat16=True),
    ("torch", "LongStorage"): StorageType("i8"),
    ("torch", "IntStorage"): StorageType("i4"),
    ("torch", "ShortStorage"): StorageType("i2"),
    ("torch", "CharStorage"): StorageType("i1"),
    ("torch", "ByteStorage"): StorageType("u1"),
    ("torch", "BoolStorage"): StorageType("?"),
    ("torch", "UntypedStorage"): StorageType("u1"),
    ("torch.storage", "UntypedStorage"): StorageType("u1"),
}


class _Unpickler(pickle.Unpickler):
    """Resolves the names of ``ALLOWED`` and nothing else; remembers the storages referred to."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        """See ``pickle.Unpickler.find_class``."""
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise UserError(
                f"the pickle inside asks for {module}.{name}, which is refused: only tensors in "
                "dictionaries are read. Save the state dict alone: "
                "torch.save(model.state_dict(), file)"
            ) from None

    def persistent_load(self, pid: Any) -> Storage:
        """Storages are kept outside the pickle: ('storage', type, key, device, count, view)."""
        if not (isinstance(pid, tuple) and len(pid) in (5, 6) and pid[0] == "storage"):
            raise UserError("the pickle inside refers to something that is no tensor storage")
        _, kind, key, _, count = pid[:5]
        if len(pid) == 6 and pid[5] is not None:
            raise UserError("storage views (PyTorch before 0.4) are not read: save the file anew")
        if not isinstance(kind, StorageType) or not isinstance(key, str) or not is_count(count):
            raise UserError(f"a tensor storage is described wrongly: {reprlib.repr(pid)}")
        storage = self.storages.setdefault(key, Storage(kind, key, count))
        if storage != (kind, key, count):
            raise UserError(f"storage {key} is described in two ways")
        return storage


def is_count(value: Any) -> bool:
    """Whether ``value`` is an int from 0 on, and no bool."""
    return type(value) is int and value >= 0


def unpickle(data: bytes, start: int = 0) -> tuple[Any, int, dict[str, Storage]]:
    """Loads the pickle at ``start``; returns the object, where the pickle ends, its storages."""
    stream = io.BytesIO(data)
    stream.seek(start)
    end = start
    for opcode, argument, position in pickletools.genops(stream):
        # CPython's unpickler allocates its memo up to the highest index, which an attacker picks
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= argument < MAX_MEMO:
            raise UserError(f"the pickle inside uses memo slot {argument}")
        end = position + 1
        if end - start > MAX_PICKLE:
            raise UserError(f"the pickle inside is longer than {MAX_PICKLE} bytes")
    unpickler = _Unpickler(data[start:end])
    return unpickler.load(), end, unpickler.storages
