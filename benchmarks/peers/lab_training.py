"""Plain MindSpore's pieces, see ``serve``: what the lab's users write, default oneDNN.

Nothing of the project is imported: it would cap oneDNN's instruction set.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import mindspore
import mindspore.dataset as ds
import numpy as np
from mindspore import Tensor, nn
from mindspore.dataset import transforms, vision

from benchmarks.peers.lab_network import Head, training_step, trunk
from benchmarks.peers.serve import Ready, serve

BATCH = 24  # the lab's
SIZE = 224
EXTRACTED = BATCH  # photos of a turn
STEP_PHOTOS = 8  # of a turn of the whole network: it takes seconds a photo


def photos(folder: Path) -> ds.Dataset:
    """Photos of a folder per class, in the order of their names, in batches."""
    data = ds.ImageFolderDataset(str(folder), shuffle=False, num_parallel_workers=2)
    pixels = [
        vision.Decode(),
        vision.Resize((SIZE, SIZE)),
        vision.Normalize([127.5] * 3, [127.5] * 3),
        vision.HWC2CHW(),
    ]
    data = data.map(pixels, "image", num_parallel_workers=2)
    data = data.map(transforms.TypeCast(mindspore.int32), "label")
    return data.batch(BATCH, drop_remainder=False)


def extract(network: nn.Cell, data: ds.Dataset, target: Path, batches: int) -> int:
    """Caches the maps of the first batches, a ``.npy`` file for each; returns the photos."""
    count = 0
    rows = data.create_dict_iterator(num_epochs=1, output_numpy=True)
    for number, row in zip(range(batches), rows, strict=False):
        maps = network(Tensor(row["image"])).asnumpy()
        np.save(target / f"feature_{number}.npy", maps)
        np.save(target / f"label_{number}.npy", row["label"])
        count += len(maps)
    return count


def frozen(settings: dict[str, Any]) -> nn.Cell:
    """The trunk in inference mode, in graph mode on the CPU."""
    mindspore.set_device("CPU")
    mindspore.set_context(mode=mindspore.GRAPH_MODE)
    return trunk(Path(settings["materials"]) / "weights.npz").set_train(False)


def difference(network: nn.Cell, materials: Path) -> float:
    """The largest difference from the project's features."""
    expected = np.load(materials / "expected.npy")
    images = np.load(materials / "images.npy", mmap_mode="r")[: len(expected)]
    got = network(Tensor(np.array(images))).asnumpy().mean((2, 3))
    return float(np.abs(got - expected).max())


def extraction(settings: dict[str, Any]) -> Ready:
    """Photos on the disk to maps in files; one batch a turn, always the first photos."""
    network = frozen(settings)
    materials = Path(settings["materials"])

    def turn(number: int) -> tuple[float, int]:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            count = extract(network, photos(materials / "photos" / "train"), Path(folder), 1)
            return time.perf_counter() - began, count

    turn(-1)
    about = {"version": mindspore.__version__, "difference": difference(network, materials)}
    return Ready(turn, about)


def head_epoch(settings: dict[str, Any]) -> Ready:
    """One epoch of the head on maps in files, without a validation: the lab has none."""
    mindspore.set_device("CPU")
    mindspore.set_context(mode=mindspore.GRAPH_MODE)
    folder = tempfile.TemporaryDirectory()
    batches = settings["train_photos"] // BATCH
    rng = np.random.default_rng(1)
    maps = rng.uniform(0, 6, (BATCH, 1280, 7, 7)).astype(np.float32)
    for number in range(batches):
        np.save(Path(folder.name) / f"feature_{number}.npy", maps)
        labels = rng.integers(settings["classes"], size=BATCH).astype(np.int32)
        np.save(Path(folder.name) / f"label_{number}.npy", labels)
    step = training_step(Head(settings["classes"]), 0.01)

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        train_head_epoch(step, Path(folder.name), rng.permutation(batches))
        return time.perf_counter() - began, batches * BATCH

    turn(-1)
    turn.folder = folder  # lives as long as the turns
    return Ready(turn, {"version": mindspore.__version__})


def train_head_epoch(step: nn.Cell, folder: Path, order: np.ndarray) -> None:
    """Reads every file once, in ``order``, and trains on it."""
    for number in order:
        maps = Tensor(np.load(folder / f"feature_{number}.npy"))
        labels = Tensor(np.load(folder / f"label_{number}.npy"))
        step(maps, labels).asnumpy()


def steps(step: nn.Cell, inputs: np.ndarray, classes: int) -> Ready:
    """Turns of one step."""
    labels = np.random.default_rng(1).integers(classes, size=len(inputs)).astype(np.int32)
    values = Tensor(inputs), Tensor(labels)

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        step(*values).asnumpy()
        return time.perf_counter() - began, len(inputs)

    turn(-1)
    return Ready(turn, {"version": mindspore.__version__})


def top_step(settings: dict[str, Any]) -> Ready:
    """The last four layers and the head, from maps in memory."""
    layers = list(frozen(settings))[15:]
    network = nn.SequentialCell(*layers, Head(settings["classes"]))
    maps = np.random.default_rng(1).normal(size=(BATCH, 160, 7, 7)).astype(np.float32)
    return steps(training_step(network, 0.001), maps, settings["classes"])


def whole_step(settings: dict[str, Any]) -> Ready:
    """The whole network on photos in memory."""
    network = nn.SequentialCell(frozen(settings), Head(settings["classes"]))
    images = np.load(Path(settings["materials"]) / "images.npy", mmap_mode="r")
    images = np.array(images[:STEP_PHOTOS])
    return steps(training_step(network, 0.001), images, settings["classes"])


def latency(settings: dict[str, Any]) -> Ready:
    """One photo a call, to the last map."""
    network = frozen(settings)
    materials = Path(settings["materials"])
    image = Tensor(np.array(np.load(materials / "images.npy", mmap_mode="r")[:1]))

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        for _ in range(2):
            network(image).asnumpy()
        return time.perf_counter() - began, 2

    turn(-1)
    return Ready(turn, {"version": mindspore.__version__})


if __name__ == "__main__":
    serve(
        {
            "extraction": extraction,
            "head_epoch": head_epoch,
            "top_step": top_step,
            "whole_step": whole_step,
            "latency": latency,
        }
    )
