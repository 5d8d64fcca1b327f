"""Measures an epoch of head training on features in memory: the loop and the compiled head.

Features are drawn at random, in the shape that a backbone's pooled features have. All train the
same head with the same batches and draws, in turns; the median epoch is printed, without its
validation. A busy machine spoils the numbers: the load beside them is that at the start.

example: python benchmarks/head.py --photos 2000 --hidden 640
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

VIEWS = 4
SEED = (0, 0)
TURNS = 5


def main() -> None:
    """See the module."""
    args = parse_arguments()
    rng = np.random.default_rng(0)
    shape = (args.photos, VIEWS, args.width)
    features = np.maximum(rng.normal(0, 1, shape), 0).astype(np.float32)
    labels = rng.integers(0, args.classes, args.photos).astype(np.int32)
    load = os.getloadavg()[0]
    epochs = {
        "compiled, 1 thread": compiled_epoch(args, features, labels, 1),
        "compiled, 2 threads": compiled_epoch(args, features, labels, 2),
        "the loop": loop_epoch(args, features, labels),
    }
    times: dict[str, list[float]] = {name: [] for name in epochs}
    for turn in range(TURNS):
        for name, train in epochs.items():
            for number in range(args.epochs):
                began = time.perf_counter()
                train(turn * args.epochs + number)
                times[name].append(1000 * (time.perf_counter() - began))
    print(
        f"{args.photos} photos x {args.width} features, {args.classes} classes, hidden layers "
        f"{args.hidden}, batches of {args.batch}, dropout {args.dropout}; load {load:.1f}"
    )
    for name, found in times.items():
        found = found[args.epochs :]  # the first turn warms up
        print(f"{name:20} {np.median(found):8.2f} ms an epoch, at best {min(found):.2f}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--classes", type=int, default=26)
    parser.add_argument("--hidden", type=int, nargs="*", default=[])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=10, help="in a turn")
    return parser.parse_args()


def rates(args: argparse.Namespace) -> np.ndarray:
    """A learning rate for every step that can be taken."""
    return np.full(args.epochs * TURNS * -(-args.photos // args.batch), 0.01, np.float32)


def compiled_epoch(
    args: argparse.Namespace, features: np.ndarray, labels: np.ndarray, threads: int
) -> Callable[[int], object]:
    """An epoch of the compiled head, by its number."""
    from src_mindspore.training.fast_head import FastHead, first_weights

    weights = first_weights((args.width, *args.hidden, args.classes), np.random.default_rng(0))
    head = FastHead(weights, rates(args), weight_decay=1e-4, dropout=args.dropout, threads=threads)
    ones = np.ones(args.classes, np.float32)
    return lambda epoch: head.train_epoch(features, labels, ones, SEED, epoch, args.batch)


def loop_epoch(
    args: argparse.Namespace, features: np.ndarray, labels: np.ndarray
) -> Callable[[int], object]:
    """An epoch of ``training/loop.py``, by its number."""
    from mindspore import Tensor, nn

    from src_mindspore.head import ClassifierHead
    from src_mindspore.network.device import select_device
    from src_mindspore.training.inputs import CachedInputs
    from src_mindspore.training.loop import fit
    from src_mindspore.training.loss import ClassificationLoss
    from src_mindspore.training.optimizers import build_optimizer
    from src_mindspore.training.stage import Stage
    from src_mindspore.training.step import TrainStep

    class HeadAlone(nn.Cell):
        """What a stage trains that is cut behind the pooling."""

        def __init__(self, head: ClassifierHead) -> None:
            super().__init__(auto_prefix=False)
            self.head = head

        def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
            """Logits."""
            return self.head.classify(x, keep)

    select_device("CPU")
    top = HeadAlone(
        ClassifierHead(args.width, 1, args.classes, hidden=args.hidden, dropout=args.dropout)
    )
    lr = rates(args)
    optimizer = build_optimizer("momentum", top.trainable_params(), lr, 0.9, 1e-4)
    stage = Stage(
        name="head",
        classifier=top,
        step=TrainStep(top, ClassificationLoss(args.classes, None), optimizer),
        inputs=CachedInputs(features, labels, SEED),
        val=None,
        val_loss="logits",
        lr=lr,
        class_weights=np.ones(args.classes, np.float32),
        epochs=0,
        batch_size=args.batch,
        patience=0,
    )

    def train(epoch: int) -> None:
        stage.epochs = epoch + 1
        fit(stage, lambda *_: None)

    return train


if __name__ == "__main__":
    main()
