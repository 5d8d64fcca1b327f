"""PyTorch's pieces, see ``serve``: eager, channels-last, batch norm folded where it only infers.

``torch.compile`` is left out: its compilation takes longer than these runs, and was no faster here.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.optim import SGD, Optimizer

from benchmarks.peers.serve import Ready, serve
from benchmarks.peers.torch_data import Photos, loader, photo_rows
from benchmarks.peers.torch_network import Pooled, classifier, trunk

EXTRACTION_BATCH = 8  # the fastest of 1, 8, 16 and 32: its maps stay in the caches
BATCH = 32
HEAD_BATCH = 64
HEAD_EPOCHS = 5  # in a turn


def version() -> str:
    """For the report."""
    return torch.__version__


def extractor(weights: Path) -> nn.Module:
    """Photos to pooled features, (N, 3, H, W) -> (N, 1280), batch norms folded."""
    return fuse(nn.Sequential(trunk(weights), Pooled()).eval()).to(
        memory_format=torch.channels_last
    )


def difference(network: nn.Module, materials: Path) -> float:
    """The largest difference from the project's features."""
    expected = np.load(materials / "expected.npy")
    images = torch.from_numpy(np.load(materials / "images.npy")[: len(expected)])
    with torch.inference_mode():
        return float(np.abs(network(images).numpy() - expected).max())


def features(network: nn.Module, rows: list[list[Any]]) -> tuple[Tensor, Tensor]:
    """Pooled features (n, 1280) and labels (n,) of photos on the disk."""
    vectors, labels = [], []
    with torch.inference_mode():
        for images, truth in loader(Photos(rows), EXTRACTION_BATCH):
            vectors.append(network(images))
            labels.append(truth)
    return torch.cat(vectors), torch.cat(labels)


def extraction(settings: dict[str, Any]) -> Ready:
    """Photos on the disk to features; the loader's processes are there before the clock runs."""
    materials = Path(settings["materials"])
    network = extractor(materials / "weights.npz")
    rows = photo_rows(materials, "train")
    count = settings["photos"]

    def turn(number: int) -> tuple[float, int]:
        chosen = [rows[(number * count + i) % len(rows)] for i in range(count)]
        batches = iter(loader(Photos(chosen), EXTRACTION_BATCH))
        vectors = [network(next(batches)[0])]
        began = time.perf_counter()
        vectors += [network(images) for images, _ in batches]
        return time.perf_counter() - began, count - EXTRACTION_BATCH

    with torch.inference_mode():
        turn(-1)
    about = {"version": version(), "difference": difference(network, materials)}
    return Ready(torch.inference_mode()(turn), about)


def head_epoch(settings: dict[str, Any]) -> Ready:
    """Epochs of a linear layer on features in memory, the validation after each included."""
    materials = Path(settings["materials"])
    rows = {name: photo_rows(materials, name) for name in ("train", "val")}
    labels = {name: torch.tensor([row[1] for row in rows[name]]) for name in rows}
    vectors = {name: torch.rand(len(rows[name]), 1280) for name in rows}
    head = nn.Linear(1280, settings["classes"])
    optimizer = SGD(head.parameters(), 0.01, momentum=0.9)

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        for _ in range(HEAD_EPOCHS):
            train_head_epoch(head, optimizer, vectors["train"], labels["train"])
            accuracy(head, vectors["val"], labels["val"])
        return time.perf_counter() - began, HEAD_EPOCHS * len(labels["train"])

    turn(-1)
    return Ready(turn, {"version": version()})


def train_head_epoch(
    head: nn.Module, optimizer: Optimizer, vectors: Tensor, labels: Tensor
) -> None:
    """Every photo once, in a random order."""
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for rows in torch.randperm(len(labels)).split(HEAD_BATCH):
        optimizer.zero_grad()
        loss(head(vectors[rows]), labels[rows]).backward()
        optimizer.step()


def accuracy(head: nn.Module, vectors: Tensor, labels: Tensor) -> float:
    """Share of right answers, 0..1."""
    with torch.inference_mode():
        return float((head(vectors).argmax(1) == labels).float().mean())


def steps(network: nn.Module, inputs: Tensor, labels: Tensor) -> Callable[[int], tuple[float, int]]:
    """Turns of one pass over ``inputs`` in batches of ``BATCH``."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = SGD(parameters, 0.001, momentum=0.9, weight_decay=1e-4)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)

    def batches() -> Iterator[Tensor]:
        return iter(torch.randperm(len(labels)).split(BATCH))

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        for rows in batches():
            optimizer.zero_grad()
            loss(network(inputs[rows]), labels[rows]).backward()
            optimizer.step()
        return time.perf_counter() - began, len(labels)

    turn(-1)
    return turn


def training_mode(network: nn.Module, frozen_statistics: bool) -> nn.Module:
    """Training, with batch norm's statistics as they are or learned."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and frozen_statistics:
            module.eval()
    return network


def whole_step(settings: dict[str, Any]) -> Ready:
    """The whole network on photos in memory."""
    materials = Path(settings["materials"])
    network = classifier(materials / "weights.npz", settings["classes"])
    training_mode(network, settings["frozen_statistics"])
    images = torch.from_numpy(np.load(materials / "images.npy")[: settings["photos"]])
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(settings["classes"], (len(images),))
    return Ready(steps(network, images, labels), {"version": version()})


def top_step(settings: dict[str, Any]) -> Ready:
    """The last four layers and the head: from maps cached by hand, or behind the frozen layers."""
    materials = Path(settings["materials"])
    network = classifier(materials / "weights.npz", settings["classes"])
    layers = network[0]
    below, top = layers[:15].eval(), nn.Sequential(layers[15:], *network[1:])
    images = torch.from_numpy(np.load(materials / "images.npy")[: settings["photos"]])
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        maps = torch.cat([below(part) for part in images.split(EXTRACTION_BATCH)])
    training_mode(top, True)
    labels = torch.randint(settings["classes"], (len(images),))
    return Ready(steps(top, maps, labels), {"version": version()})


def latency(settings: dict[str, Any]) -> Ready:
    """One photo a call, to pooled features."""
    materials = Path(settings["materials"])
    network = extractor(materials / "weights.npz")
    images = torch.from_numpy(np.load(materials / "images.npy")[: settings["photos"]])
    images = [image[None].contiguous(memory_format=torch.channels_last) for image in images]

    def turn(number: int) -> tuple[float, int]:
        began = time.perf_counter()
        for image in images:
            network(image)
        return time.perf_counter() - began, len(images)

    run = torch.inference_mode()(turn)
    run(-1)
    return Ready(run, {"version": version(), "difference": difference(network, materials)})


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
