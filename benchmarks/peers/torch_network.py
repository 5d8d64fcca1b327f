"""MobileNetV2 in PyTorch, as a user of PyTorch has it, with the weights handed over as ``.npz``."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

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
EPSILON = 1e-3  # Keras


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1, relu: bool = True
) -> list[nn.Module]:
    """Convolution, batch norm and perhaps ReLU6.

    TensorFlow's padding at stride 2 is one row and column at the far end only; as everywhere in
    PyTorch it takes a padding of its own.
    """
    layers: list[nn.Module] = []
    if stride == 2:
        layers.append(nn.ZeroPad2d((0, 1, 0, 1)))
    padding = 0 if stride == 2 else kernel // 2
    layers += [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=EPSILON),
    ]
    return [*layers, nn.ReLU6(inplace=True)] if relu else layers


class Block(nn.Sequential):
    """An inverted residual block: (N, C, H, W) -> (N, outputs, H/stride, W/stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        hidden = inputs * expansion
        expand = convolution(inputs, hidden, 1, 1) if expansion > 1 else []
        super().__init__(
            *expand,
            *convolution(hidden, hidden, 3, stride, groups=hidden),
            *convolution(hidden, outputs, 1, 1, relu=False),
        )
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return x + super().forward(x) if self.skip else super().forward(x)


def trunk(weights: Path) -> nn.Sequential:
    """The 19 layers up to the last map, (N, 3, H, W) -> (N, 1280, H/32, W/32), channels-last.

    Args:
        weights: an ``.npz`` file with, for every convolution from the image on, its kernel and the
            gamma, beta, mean and variance of its batch norm, in this order.
    """
    layers: list[nn.Module] = [nn.Sequential(*convolution(3, 32, 3, 2))]
    inputs = 32
    for expansion, outputs, repetitions, first in STAGES:
        for number in range(repetitions):
            layers.append(Block(inputs, outputs, first if number == 0 else 1, expansion))
            inputs = outputs
    layers.append(nn.Sequential(*convolution(inputs, 1280, 1, 1)))
    network = nn.Sequential(*layers)
    with np.load(weights) as file:
        arrays = [file[name] for name in file.files]
    slots: list[Tensor] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            slots.append(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            slots += [module.weight, module.bias, module.running_mean, module.running_var]
    with torch.no_grad():
        for slot, array in zip(slots, arrays, strict=True):
            if slot.shape != array.shape:
                raise ValueError(f"{weights}: {array.shape} where {tuple(slot.shape)} is wanted")
            slot.copy_(torch.from_numpy(array))
    return network.to(memory_format=torch.channels_last)


class Pooled(nn.Module):
    """Spatial mean of a map: (N, C, H, W) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return x.mean((2, 3))


def classifier(weights: Path, classes: int, dropout: float = 0.2) -> nn.Sequential:
    """Trunk, pooling, dropout and a linear layer: (N, 3, H, W) -> (N, classes)."""
    return nn.Sequential(
        trunk(weights), Pooled(), nn.Dropout(dropout), nn.Linear(1280, classes)
    ).to(memory_format=torch.channels_last)
