"""PyTorch files: both containers, views, types, and crafted files that must be refused."""

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from torch_writer import Storage, TensorStub, save_legacy, save_zip, state_dict, tensor

from src_mindspore.system.errors import UserError
from src_mindspore.weights.torch_archive import read_state_dict

BOTH = pytest.mark.parametrize("save", [save_zip, save_legacy])
NUMBERS = np.arange(12, dtype=np.float32)


def numbers(kind: str = "FloatStorage", raw: bytes = NUMBERS.tobytes(), count: int = 12) -> Storage:
    return Storage("0", kind, raw, count)


@BOTH
def test_reads_types_and_shapes(tmp_path, save):
    arrays = {
        "weight": np.random.default_rng(0).normal(size=(4, 3, 2, 1)).astype(np.float32),
        "double": np.array([1.5, -2.0]),
        "half": np.array([[0.5, 65504]], np.float16),
        "count": np.array(7),
        "none": np.zeros((0, 3), np.float32),
    }
    read = read_state_dict(save(tmp_path / "a.pth", state_dict(arrays)))
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype, name
        np.testing.assert_array_equal(read[name], array)


@BOTH
def test_reads_views_of_one_storage(tmp_path, save):
    shared = numbers()
    views = {
        "transposed": TensorStub(shared, 0, (4, 3), (1, 4)),
        "slice": TensorStub(shared, 5, (2, 2), (4, 2)),
        "expanded": TensorStub(shared, 3, (2, 2), (0, 1)),
    }
    read = read_state_dict(save(tmp_path / "a.pth", views))
    np.testing.assert_array_equal(read["transposed"], NUMBERS.reshape(3, 4).T)
    np.testing.assert_array_equal(read["slice"], [[5, 7], [9, 11]])
    np.testing.assert_array_equal(read["expanded"], [[3, 4], [3, 4]])


def test_reads_bfloat16_and_big_endian(tmp_path):
    values = np.array([1.0, -2.5, 3e38], np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    storage = Storage("0", "BFloat16Storage", upper.tobytes(), 3)
    read = read_state_dict(save_zip(tmp_path / "a.pth", {"x": TensorStub(storage, 0, (3,), (1,))}))
    np.testing.assert_allclose(read["x"], values, rtol=2**-7)
    storage = numbers(raw=NUMBERS.astype(">f4").tobytes())
    view = {"x": TensorStub(storage, 0, (12,), (1,))}
    read = read_state_dict(save_zip(tmp_path / "b.pth", view, byteorder=b"big"))
    np.testing.assert_array_equal(read["x"], NUMBERS)


@BOTH
@pytest.mark.parametrize("key", ["state_dict", "model"])
def test_unwraps_a_training_checkpoint(tmp_path, save, key):
    inner = {"module.a": tensor("0", NUMBERS), "module.b": tensor("1", NUMBERS)}
    read = read_state_dict(save(tmp_path / "a.pt", {"epoch": 3, key: inner}))
    assert list(read) == ["a", "b"]


class Attack:
    """Pickles as a call of ``os.system``."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.target}",)


@BOTH
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_call_in_the_pickle_is_refused_and_not_made(tmp_path, save, protocol):
    target = tmp_path / "attacked"
    attack = pickle.dumps({"a": Attack(target)}, protocol=protocol)
    with pytest.raises(UserError, match=r"a\.pth.*asks for (posix|nt)\.system, which is refused"):
        read_state_dict(save(tmp_path / "a.pth", {}, attack))
    assert not target.exists()
    pickle.loads(attack)  # noqa: S301 - shows that the attack would have worked
    assert target.exists()


# by name: what a permissive whitelist ("everything of torch", "builtins are fine") would let in
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch._utils", "__builtins__"),
        ("collections", "OrderedDict.fromkeys"),
        ("torch", "FancyStorage"),
        ("numpy", "load"),
    ],
)
def test_other_globals_are_refused(tmp_path, module, name):
    names = b"".join(b"X" + struct.pack("<I", len(s)) + s.encode() for s in (module, name))
    crafted = b"\x80\x04" + names + b"\x93)R."  # STACK_GLOBAL, empty tuple, REDUCE
    with pytest.raises(UserError, match="which is refused") as info:
        read_state_dict(save_zip(tmp_path / "a.pth", {}, crafted))
    assert f"asks for {module}.{name}" in str(info.value)


def test_the_stand_ins_cannot_be_tampered_with(tmp_path):
    # BUILD sets attributes; on a plain function or class it would outlive the call
    crafted = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb."
    with pytest.raises(UserError, match="AttributeError"):
        read_state_dict(save_zip(tmp_path / "a.pth", {}, crafted))
    view = {"x": TensorStub(numbers(), 0, (12,), (1,))}
    assert list(read_state_dict(save_zip(tmp_path / "b.pth", view))) == ["x"]


@BOTH
@pytest.mark.parametrize(
    ("offset", "size", "stride", "message"),
    [
        (0, (13,), (1,), "reaches beyond its storage of 12 numbers"),
        (1, (12,), (1,), "reaches beyond its storage"),
        (12, (), (), "reaches beyond its storage"),
        (0, (3, 4), (5, 1), "reaches beyond its storage"),
        (0, (2,), (1 << 62,), "reaches beyond its storage"),
        (-1, (2,), (1,), "described wrongly"),
        (4, (2,), (-1,), "described wrongly"),
        (0, (-1, -1), (1, 1), "described wrongly"),
        (0, (2, 2), (1,), "described wrongly"),
        (0, [2], [1], "described wrongly"),
        (True, (2,), (1,), "described wrongly"),
        (0, (1,) * 33, (1,) * 33, "described wrongly"),
        (0, (1 << 20, 1 << 20), (0, 0), "take more than 1073741824 bytes"),
    ],
)
def test_tensors_outside_of_their_storage_are_refused(
    tmp_path, save, offset, size, stride, message
):
    path = save(tmp_path / "a.pth", {"x": TensorStub(numbers(), offset, size, stride)})
    with pytest.raises(UserError, match=message):
        read_state_dict(path)


LENGTHS = r"must have \d+ bytes; it has 48|truncated|bytes follow|described wrongly|more than"


@BOTH
@pytest.mark.parametrize("count", [11, 13, 1 << 50, -1])
def test_a_storage_of_another_length_is_refused(tmp_path, save, count):
    lying = TensorStub(numbers(count=count), 0, (2,), (1,))
    with pytest.raises(UserError, match=LENGTHS):
        read_state_dict(save(tmp_path / "a.pth", {"x": lying}))


@BOTH
def test_a_memo_slot_that_would_exhaust_memory_is_refused(tmp_path, save):
    crafted = b"\x80\x02}r" + struct.pack("<I", 0xFFFFFFF0) + b"."  # LONG_BINPUT
    with pytest.raises(UserError, match="memo slot 4294967280"):
        read_state_dict(save(tmp_path / "a.pth", {}, crafted))


@BOTH
@pytest.mark.parametrize("value", [{}, [1, 2], {"a": 3}, {1: 2}, "text"])
def test_what_is_no_state_dict_is_refused(tmp_path, save, value):
    with pytest.raises(UserError, match=r"no state dict|is no tensor"):
        read_state_dict(save(tmp_path / "a.pth", value))


@BOTH
def test_every_truncation_is_reported(tmp_path, save):
    path = save(tmp_path / "a.pth", state_dict({"x": NUMBERS, "y": NUMBERS}))
    content = path.read_bytes()
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"a\.pth: "):
            read_state_dict(path)


def test_flipped_bytes_never_escape_as_another_error(tmp_path):
    path = save_legacy(tmp_path / "a.pth", state_dict({"x": NUMBERS}))
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for position in rng.permutation(len(content))[:300]:
        flipped = bytearray(content)
        flipped[position] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        try:
            read_state_dict(path)
        except UserError:
            refused += 1
    assert refused > 100
