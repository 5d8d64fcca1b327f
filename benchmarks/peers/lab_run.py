"""A whole training as the lab's users write it; one JSON line for each event.

    python lab_run.py MATERIALS MAPS EVENTS EPOCHS MEASURED

Its extraction takes a quarter of an hour, so only the first MEASURED batches are computed here;
the rest are taken from MAPS, where the same maps lie as the project computed them. The event
``extracted`` has the photos, and the seconds of a photo after the first batch, which also
compiles. The head is then trained on files, batch by batch, as it would be.
"""

import json
import math
import sys
import tempfile
import time
from pathlib import Path

import mindspore
import numpy as np
from mindspore import Tensor, nn

from benchmarks.peers.lab_network import Head, training_step
from benchmarks.peers.lab_training import BATCH, frozen, photos, train_head_epoch

RATE = 0.1  # of the head, falling to nothing on a cosine


def compute(network: nn.Cell, materials: Path, target: Path, batches: int) -> dict[str, float]:
    """Maps of the first training batches; the event ``extracted``."""
    data = photos(materials / "photos" / "train")
    times, count = [], 0
    rows = data.create_dict_iterator(num_epochs=1, output_numpy=True)
    for number, row in zip(range(batches), rows, strict=False):
        began = time.perf_counter()
        maps = network(Tensor(row["image"])).asnumpy()
        np.save(target / f"feature_{number}.npy", maps)
        np.save(target / f"label_{number}.npy", row["label"])
        times.append((time.perf_counter() - began) / len(maps))
        count += len(maps)
    return {"photos": count, "seconds_a_photo": float(np.median(times[1:]))}


def handed_over(maps: Path, target: Path, first: int) -> tuple[int, float]:
    """Files of the batches from ``first`` on; their number, and how far the first are apart."""
    features, labels = np.load(maps / "train.npy", mmap_mode="r"), np.load(maps / "train_y.npy")
    batches = math.ceil(len(labels) / BATCH)
    worst = 0.0
    for number in range(batches):
        rows = slice(number * BATCH, (number + 1) * BATCH)
        file = target / f"feature_{number}.npy"
        if number < first:
            worst = max(worst, float(np.abs(np.load(file) - features[rows]).max()))
        else:
            np.save(file, features[rows])
            np.save(target / f"label_{number}.npy", labels[rows])
    return batches, worst


def main() -> None:
    """See the module."""
    materials, maps, events, epochs, measured = sys.argv[1:]

    def tell(**event: object) -> None:
        with Path(events).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(event) + "\n")

    mindspore.set_seed(1)
    network = frozen({"materials": materials})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell(event="ready")
        extracted = compute(network, Path(materials), folder, int(measured))
        tell(event="extracted", **extracted)
        batches, worst = handed_over(Path(maps), folder, int(measured))
        val, truth = np.load(Path(maps) / "val.npy"), np.load(Path(maps) / "val_y.npy")
        tell(event="training", difference=worst)
        head = Head(1 + int(truth.max()))
        total = int(epochs) * batches
        rates = [RATE / 2 * (1 + math.cos(math.pi * step / total)) for step in range(total)]
        step = training_step(head, rates)
        rng = np.random.default_rng(1)
        for epoch in range(1, int(epochs) + 1):
            train_head_epoch(step, folder, rng.permutation(batches))
            top1 = float((head(Tensor(val)).asnumpy().argmax(1) == truth).mean())
            tell(event="epoch", epoch=epoch, val_top1=top1)


if __name__ == "__main__":
    main()
