"""MobileNetV2 in MindSpore as the lab's users have it: plain layers, MindSpore's own defaults."""

from pathlib import Path

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

# expansion, output channels, repetitions, first stride: arXiv:1801.04381, table 2
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int, group: int = 1, relu: bool = True
) -> list[nn.Cell]:
    """Convolution, batch norm and perhaps ReLU6."""
    layers: list[nn.Cell] = [
        nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="same", group=group, has_bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]
    return [*layers, nn.ReLU6()] if relu else layers


class Block(nn.Cell):
    """An inverted residual block: (N, C, H, W) -> (N, outputs, H/stride, W/stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = convolution(inputs, hidden, 1, 1) if expansion > 1 else []
        self.layers = nn.SequentialCell(
            *expand,
            *convolution(hidden, hidden, 3, stride, hidden),
            *convolution(hidden, outputs, 1, 1, relu=False),
        )
        self.skip = stride == 1 and inputs == outputs

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return x + self.layers(x) if self.skip else self.layers(x)


class Head(nn.Cell):
    """Spatial mean and a dense layer: (N, 1280, H, W) -> (N, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.dense = nn.Dense(1280, classes)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.dense(ops.mean(x, (2, 3)))


def trunk(weights: Path) -> nn.SequentialCell:
    """The 19 layers up to the last map, (N, 3, H, W) -> (N, 1280, H/32, W/32).

    Args:
        weights: an ``.npz`` file with, for every convolution from the image on, its kernel and the
            gamma, beta, mean and variance of its batch norm, in this order.
    """
    layers: list[nn.Cell] = [nn.SequentialCell(*convolution(3, 32, 3, 2))]
    inputs = 32
    for expansion, outputs, repetitions, first in STAGES:
        for number in range(repetitions):
            layers.append(Block(inputs, outputs, first if number == 0 else 1, expansion))
            inputs = outputs
    layers.append(nn.SequentialCell(*convolution(inputs, 1280, 1, 1)))
    network = nn.SequentialCell(*layers)
    slots = []
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.Conv2d):
            slots.append(cell.weight)
        elif isinstance(cell, nn.BatchNorm2d):
            slots += [cell.gamma, cell.beta, cell.moving_mean, cell.moving_variance]
    with np.load(weights) as file:
        for slot, name in zip(slots, file.files, strict=True):
            if slot.shape != file[name].shape:
                raise ValueError(f"{weights}: {name} has another shape than {slot.shape}")
            slot.set_data(Tensor(file[name], mindspore.float32))
    return network


def training_step(network: nn.Cell, rate: float | list[float]) -> nn.Cell:
    """Momentum on cross entropy: (images or maps, labels) -> loss."""
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = nn.Momentum(network.trainable_params(), rate, 0.9, weight_decay=1e-4)
    return nn.TrainOneStepCell(nn.WithLossCell(network, loss), optimizer).set_train()
