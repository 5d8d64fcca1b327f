"""A whole training with PyTorch, from photos to a validation accuracy; one JSON line an epoch.

    python torch_run.py KIND MATERIALS EVENTS EPOCHS

KIND ``by_hand``: features of the plain view, computed once and kept in memory, and a linear layer
(AdamW, one cycle up to 3e-3, label smoothing). KIND ``whole``: the whole network, channels-last,
batch 32, SGD with momentum 0.9, one cycle up to 0.01, label smoothing 0.1, random crop and flip.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import OneCycleLR

from benchmarks.peers.torch_data import Photos, loader, photo_rows
from benchmarks.peers.torch_network import classifier
from benchmarks.peers.torch_training import BATCH, HEAD_BATCH, accuracy, extractor, features


def by_hand(materials: Path, epochs: int) -> Iterator[float]:
    """Validation accuracy after every epoch of the head."""
    network = extractor(materials / "weights.npz")
    vectors, labels = features(network, photo_rows(materials, "train"))
    val, truth = features(network, photo_rows(materials, "val"))
    head = nn.Linear(vectors.shape[1], int(labels.max()) + 1)
    optimizer = AdamW(head.parameters(), weight_decay=0.01)
    steps = -(-len(labels) // HEAD_BATCH)
    schedule = OneCycleLR(optimizer, 3e-3, total_steps=epochs * steps)
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(HEAD_BATCH):
            optimizer.zero_grad()
            loss(head(vectors[rows]), labels[rows]).backward()
            optimizer.step()
            schedule.step()
        yield accuracy(head, val, truth)


def whole(materials: Path, epochs: int) -> Iterator[float]:
    """Validation accuracy after every epoch of the whole network."""
    rows = photo_rows(materials, "train")
    network = classifier(materials / "weights.npz", 1 + max(label for _, label in rows))
    photos = loader(Photos(rows, augmented=True), BATCH, shuffle=True)
    val = loader(Photos(photo_rows(materials, "val")), BATCH)
    optimizer = SGD(network.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    schedule = OneCycleLR(optimizer, 0.01, total_steps=epochs * len(photos))
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    for _ in range(epochs):
        network.train()
        for images, labels in photos:
            optimizer.zero_grad()
            loss(network(images), labels).backward()
            optimizer.step()
            schedule.step()
        network.eval()
        with torch.inference_mode():
            right = [network(images).argmax(1) == labels for images, labels in val]
        yield float(torch.cat(right).float().mean())


def main() -> None:
    """See the module."""
    kind, materials, events, epochs = sys.argv[1:]
    torch.manual_seed(1)
    began = time.perf_counter()
    scores = {"by_hand": by_hand, "whole": whole}[kind](Path(materials), int(epochs))
    for epoch, top1 in enumerate(scores, 1):
        line = {"epoch": epoch, "val_top1": top1, "seconds": time.perf_counter() - began}
        with Path(events).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
