"""A child of ``test_fuzz_weights.py``: FOLDER SEED COUNT; damaged checkpoints and weights.

Small files through the readers of each format, and whole networks through what commands call.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import mindspore as ms
import numpy as np
import toy_mobilenet
from fuzzing import Case, fuzz, limit_memory
from mindspore import nn
from mutations import mutate
from safetensors.numpy import save_file
from torch_writer import save_legacy, save_zip, state_dict

from src_mindspore.runs.checkpoint import read_state
from src_mindspore.weights.array_files import read_arrays, read_keras, save_arrays
from src_mindspore.weights.assign import load_parameters
from src_mindspore.weights.pretrained import read_weights
from src_mindspore.weights.torch_archive import read_state_dict

SMALL = {
    "features.0.weight": np.ones((4, 3, 2, 2), np.float32),
    "half": np.ones(5, np.float16),
    "step": np.array(7),
}
STATE = {"stage": "head", "progress": {"epoch": 1, "stale": 0}, "epochs_logged": 1}
WANTED = ("Conv1/kernel", "bn_Conv1/gamma")
NEAR = 3000  # bytes at both ends, where the formats keep their directories


def write_keras(path: Path) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"Conv1", b"bn_Conv1"]
        group.create_dataset("Conv1/Conv1/kernel:0", data=np.ones((3, 3, 3, 8), np.float32))
        chunked = {"chunks": (4,), "compression": "gzip", "shuffle": True, "fletcher32": True}
        group.create_dataset("bn_Conv1/bn_Conv1/gamma:0", data=np.ones(8, np.float32), **chunked)
        group["again"] = h5py.SoftLink("/model_weights/Conv1")
        group["text"] = "a text of any length"


def good_files(folder: Path) -> dict[str, bytes]:
    """Kind of reader and suffix -> a good file."""
    dense = nn.Dense(2, 3)
    state = {"state.json": np.frombuffer(json.dumps(STATE).encode(), np.uint8)}
    zoo = toy_mobilenet.zoo_arrays()
    save_arrays(folder / "small.ckpt", SMALL)
    save_arrays(folder / "state.ckpt", SMALL | state)
    save_arrays(folder / "dense.ckpt", {n: p.asnumpy() for n, p in dense.parameters_dict().items()})
    entries = [{"name": name, "data": ms.Tensor(array)} for name, array in SMALL.items()]
    ms.save_checkpoint(entries, str(folder / "crc.ckpt"), crc_check=True)
    save_file(SMALL, folder / "small.safetensors")
    save_zip(folder / "zip.pth", state_dict(SMALL))
    save_legacy(folder / "legacy.pth", state_dict(SMALL))
    write_keras(folder / "keras.h5")
    save_arrays(folder / "whole.ckpt", zoo)
    save_file(zoo, folder / "whole.safetensors")
    save_zip(folder / "whole.pth", state_dict(zoo))
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for path in folder.iterdir():
        path.unlink()
    return files


def cases(folder: Path, seed: int, count: int) -> Iterator[Case]:
    files = good_files(folder)
    rng = random.Random(seed)  # noqa: S311 - no secret
    small = [name for name in files if not name.startswith("whole")]
    for number in range(count):
        # reading a whole network takes long, and it is mostly numbers
        name = small[number % len(small)] if number % 20 else rng.choice(list(files))
        limit = NEAR if rng.random() < 0.5 else None
        data = mutate(files[name], rng, files[rng.choice(small)], limit)
        yield name.partition(".")[0], folder / f"case{Path(name).suffix}", data


def fits(path: Path) -> None:
    load_parameters(nn.Dense(2, 3), path)


READERS = {
    "small": read_arrays,
    "crc": read_arrays,
    "state": read_state,
    "dense": fits,
    "zip": read_state_dict,
    "legacy": read_state_dict,
    "keras": lambda path: read_keras(path, WANTED),
    "whole": read_weights,
}

if __name__ == "__main__":
    chosen = sys.argv[4:]
    limit_memory(4)
    total = cases(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    wanted = (case for case in total if not chosen or case[0] in chosen)
    print(json.dumps(fuzz(wanted, READERS)))
