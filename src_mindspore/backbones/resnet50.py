"""ResNet-50 (He et al. 2015, arXiv:1512.03385, table 1), with the strides of torchvision.

Where the paper halves a map in the first 1x1 convolution of a block, torchvision does in the 3x3
("ResNet v1.5", ``torchvision/models/resnet.py``): the weights that people have are of that one.
"""

from typing import NamedTuple

from mindspore import Tensor, nn, ops

from src_mindspore.backbones.interface import (
    Backbone,
    Convolution,
    Layer,
    check_padding,
    refuse_width,
)
from src_mindspore.backbones.inverted_residual import COLOURS, conv2d


class ResNetStage(NamedTuple):
    """A row of the paper's table: blocks of one width, the first of which may halve the map."""

    width: int  # channels of the 3x3 convolutions
    blocks: int
    stride: int


STEM_CHANNELS = 64
EXPANSION = 4  # output channels of a block over its width
STAGES = (
    ResNetStage(64, 3, 1),
    ResNetStage(128, 4, 2),
    ResNetStage(256, 6, 2),
    ResNetStage(512, 3, 2),
)


def resnet_layers(
    stages: tuple[ResNetStage, ...] = STAGES, stem: int = STEM_CHANNELS
) -> tuple[Layer, ...]:
    """The layers: a 7x7 stem of stride 2 with its maximum, then the blocks; 17 of ResNet-50."""
    layers = [Layer((Convolution(COLOURS, stem, 7, 2),), pool=2)]
    for width, blocks, first in stages:
        for index in range(blocks):
            inputs, outputs = layers[-1].outputs, width * EXPANSION
            stride = 1 if index else first
            convolutions = (
                Convolution(inputs, width),
                Convolution(width, width, 3, stride),
                Convolution(width, outputs, activated=False),
            )
            plain = stride == 1 and inputs == outputs
            shortcut = None if plain else Convolution(inputs, outputs, 1, stride, activated=False)
            layers.append(Layer(convolutions, shortcut))
    return tuple(layers)


def _activated(of: Convolution, padding: str, bn_eps: float) -> nn.SequentialCell:
    return nn.SequentialCell(conv2d(of, padding), nn.BatchNorm2d(of.outputs, eps=bn_eps), nn.ReLU())


class ConvBNPlainReLU(nn.Cell):
    """Convolution, batch norm, ReLU: (N, C, H, W) -> (N, outputs, H/stride, W/stride)."""

    def __init__(self, of: Convolution, padding: str, bn_eps: float) -> None:
        super().__init__()
        self.features = _activated(of, padding, bn_eps)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.features(x)


class ResNetStem(nn.Cell):
    """7x7 of stride 2, batch norm, ReLU, and the maximum over 3x3 of stride 2: H/4, W/4."""

    def __init__(self, layer: Layer, padding: str, bn_eps: float) -> None:
        super().__init__()
        self.features = _activated(*layer.convolutions, padding, bn_eps)
        same = padding == "same"
        self.pool = nn.MaxPool2d(
            3, layer.pool, pad_mode="same" if same else "pad", padding=0 if same else 1
        )

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.pool(self.features(x))


class Bottleneck(nn.Cell):
    """1x1, 3x3 and 1x1, added to the input or to its projection, then ReLU.

    Args:
        layer: the description, of ``resnet_layers``.
        padding: one of ``PADDINGS``.
        bn_eps: batch-norm epsilon.
    """

    def __init__(self, layer: Layer, padding: str, bn_eps: float) -> None:
        super().__init__()
        *activated, last = layer.convolutions
        cells: list[nn.Cell] = [ConvBNPlainReLU(of, padding, bn_eps) for of in activated]
        cells += [conv2d(last, padding), nn.BatchNorm2d(last.outputs, eps=bn_eps)]
        self.conv = nn.SequentialCell(cells)
        self.shortcut = None
        if layer.shortcut:
            norm = nn.BatchNorm2d(layer.shortcut.outputs, eps=bn_eps)
            self.shortcut = nn.SequentialCell(conv2d(layer.shortcut, padding), norm)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        y = x
        if self.shortcut is not None:
            y = self.shortcut(x)
        return ops.relu(self.conv(x) + y)


class ResNet(Backbone):
    """A ResNet of bottleneck blocks, without its classifier.

    Input: (N, 3, H, W) float32, RGB, normalised as the weights ask; any size from 32 on works.
    Output: the last feature map, (N, 4 * width of the last stage, H/32, W/32), after ReLU.

    Args:
        layers: of ``resnet_layers``.
        padding: ``symmetric`` (torchvision) or ``same``.
        bn_eps: batch-norm epsilon, 1e-5 for torchvision's weights.

    Raises:
        ValueError: another padding.
    """

    def __init__(self, layers: tuple[Layer, ...], padding: str, bn_eps: float) -> None:
        check_padding(padding)
        stem, *blocks = layers
        cells = [
            ResNetStem(stem, padding, bn_eps),
            *(Bottleneck(layer, padding, bn_eps) for layer in blocks),
        ]
        super().__init__(layers, cells)


class ResNet50Backbone(ResNet):
    """ResNet-50: 23,508,032 parameters, 2048 channels; its ImageNet weights saw 224x224 pixels.

    See ``ResNet``. Every backbone takes a ``width_mult``; it is 1 here.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        refuse_width("resnet50", width_mult)
        super().__init__(resnet_layers(), padding, bn_eps)
