"""Checkpoints to arrays: types, texts, crafted sizes; HDF5 files that are not plain."""

from pathlib import Path

import h5py
import mindspore as ms
import numpy as np
import pytest
from mindspore.train.checkpoint_pb2 import Checkpoint
from safetensors.numpy import save_file

from src_mindspore.system.errors import UserError
from src_mindspore.weights.array_files import read_arrays, read_keras, write_ckpt

WANTED = ["Conv1/kernel"]
KERNEL = np.ones((3, 3, 3, 16), np.float32)


def craft(path: Path, *tensors: tuple[str, str, list[int], bytes], tail: bytes = b"") -> Path:
    message = Checkpoint()
    for name, kind, dims, content in tensors:
        value = message.value.add(tag=name)
        value.tensor.tensor_type, value.tensor.tensor_content = kind, content
        value.tensor.dims.extend(dims)
    path.write_bytes(message.SerializeToString() + tail)
    return path


def test_reads_what_mindspore_saves(tmp_path):
    arrays = {
        "weight": np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32),
        "half": np.array([1.5], np.float16),
        "epoch": np.array(7),
        "done": np.array([True, False]),
    }
    entries = [{"name": name, "data": ms.Tensor(array)} for name, array in arrays.items()]
    entries.append({"name": "brain", "data": ms.Tensor([1.0, -2.5], ms.bfloat16)})
    path = str(tmp_path / "a.ckpt")
    ms.save_checkpoint(entries, path, append_dict={"phase": "top 头", "lr": 0.25}, crc_check=True)
    read = read_arrays(Path(path))
    assert list(read) == [*arrays, "brain", "phase", "lr"]
    for name, array in arrays.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(read[name], array)
    np.testing.assert_array_equal(read["brain"], np.array([1, -2.5], np.float32))
    assert read["phase"].item() == "top 头"
    assert read["lr"] == np.float32(0.25)


def test_reads_safetensors(tmp_path):
    save_file({"a": np.arange(3)}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read_arrays(tmp_path / "a.safetensors")["a"], [0, 1, 2])


def test_joins_the_slices_of_a_large_tensor_and_reads_old_scalars(tmp_path):
    halves = [("a", "Float32", [4], np.float32([n, n + 1]).tobytes()) for n in (0, 2)]
    scalar = ("step", "Int32", [0], np.int32(5).tobytes())
    read = read_arrays(craft(tmp_path / "a.ckpt", *halves, scalar))
    np.testing.assert_array_equal(read["a"], [0, 1, 2, 3])
    assert (read["step"].shape, read["step"].item()) == ((), 5)


@pytest.mark.parametrize("dims", [[11], [9], [1 << 40], [-1], [-2, -5], [1 << 62, 4], []])
def test_content_that_does_not_fill_the_shape_is_refused(tmp_path, dims):
    path = craft(tmp_path / "a.ckpt", ("x", "Float32", dims, bytes(40)))
    with pytest.raises(UserError, match=r"a\.ckpt: damaged: x of shape .* has 40 bytes"):
        read_arrays(path)


def test_other_types_suffixes_and_emptiness_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"x has type Complex64; Int8, .* are read"):
        read_arrays(craft(tmp_path / "a.ckpt", ("x", "Complex64", [1], bytes(8))))
    with pytest.raises(UserError, match=r"\.ckpt or \.safetensors file, got suffix '\.npz'"):
        read_arrays(craft(tmp_path / "a.npz", ("x", "Float32", [1], bytes(4))))
    save_file({}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="holds no parameters"):
        read_arrays(tmp_path / "a.safetensors")


def test_links_out_of_an_hdf5_file_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file["kernel"] = KERNEL
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["model_weights/Conv1/kernel:0"] = h5py.ExternalLink("outside.h5", "/kernel")
    assert read_keras(tmp_path / "a.h5", WANTED) == ({}, [])


def test_hdf5_weights_that_are_not_plain_are_refused(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(KERNEL.nbytes))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        external = [(str(tmp_path / "raw"), 0, KERNEL.nbytes)]
        file.create_dataset("m/Conv1/kernel:0", KERNEL.shape, "f4", external=external)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["m/Conv1/kernel:0"] = "text"
    with h5py.File(tmp_path / "c.h5", "w") as file:  # 4 GiB in a file of 2 KB
        file.create_dataset("m/Conv1/kernel:0", (1 << 30,), "f4", chunks=(1 << 20,))
    for name, message in {
        "a": "plain array",
        "b": "plain array",
        "c": "more than 1073741824",
    }.items():
        with pytest.raises(UserError, match=rf"{name}\.h5: .*{message}"):
            read_keras(tmp_path / f"{name}.h5", WANTED)


def test_a_weight_that_is_there_twice_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["model_weights/first/Conv1/kernel:0"] = KERNEL
        file["model_weights/second/Conv1/kernel:0"] = KERNEL
    with pytest.raises(UserError, match=r"Conv1/kernel is there twice: .*first.*second"):
        read_keras(tmp_path / "a.h5", WANTED)


def test_what_is_written_is_what_mindspore_writes(tmp_path):
    arrays = {
        "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "scalar": np.array(0.5, np.float32),
        "step": np.array([7], np.int32),
        "state.json": np.frombuffer(b"{}", np.uint8),
    }
    write_ckpt(tmp_path / "ours.ckpt", arrays)
    entries = [{"name": name, "data": ms.Tensor(array)} for name, array in arrays.items()]
    ms.save_checkpoint(entries, str(tmp_path / "theirs.ckpt"), crc_check=True)
    assert (tmp_path / "ours.ckpt").read_bytes() == (tmp_path / "theirs.ckpt").read_bytes()
