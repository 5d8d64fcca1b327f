"""Networks of inverted residual blocks: a stem, blocks, a last 1x1 convolution, all with ReLU6.

The block is that of MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381, section 3.3). Parameter
names are those of the MindSpore model zoo's MobileNetV2 (``features.0.features.0.weight``, ...).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mindspore import Tensor, nn

from src_mindspore.backbones.interface import Backbone, Convolution, Layer, check_padding

COLOURS = 3


class Block(NamedTuple):
    """What tables of such networks say of a block."""

    expand: int  # hidden channels over input channels
    outputs: int  # channels
    stride: int = 1
    kernel: int = 3  # of the depthwise convolution


def round_channels(channels: float, divisor: int = 8) -> int:
    """Rounds to the nearest multiple of ``divisor``, never below 90 % of ``channels``.

    The rule of the reference implementations (tensorflow/models, ``_make_divisible``;
    tensorflow/tpu, ``round_filters`` of EfficientNet).
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def describe_block(inputs: int, block: Block) -> Layer:
    """The convolutions of a block behind a map of ``inputs`` channels."""
    hidden = inputs * block.expand
    parts = [Convolution(inputs, hidden)] if block.expand != 1 else []
    parts.append(Convolution(hidden, hidden, block.kernel, block.stride, depthwise=True))
    parts.append(Convolution(hidden, block.outputs, activated=False))
    return Layer(tuple(parts))


def describe_layers(stem: int, blocks: Iterable[Block], last: int) -> tuple[Layer, ...]:
    """The layers of a network: a 3x3 stem of stride 2, the blocks, a last 1x1 convolution.

    Args:
        stem: channels of the stem.
        blocks: first to last.
        last: channels of the last convolution.
    """
    layers = [Layer((Convolution(COLOURS, stem, 3, 2),))]
    for block in blocks:
        layers.append(describe_block(layers[-1].outputs, block))
    return (*layers, Layer((Convolution(layers[-1].outputs, last),)))


class NamedConvolution(NamedTuple):
    """A convolution and the names of its parameters: ``{conv}.weight``, ``{norm}.gamma``, ..."""

    layer: int
    conv: str
    norm: str
    of: Convolution


def named_convolutions(layers: Sequence[Layer]) -> list[NamedConvolution]:
    """All convolutions in the order in which they run, named as the cells below name them."""
    rows = []
    for index, layer in enumerate(layers):
        place = f"features.{index}"
        single = len(layer.convolutions) == 1
        for position, convolution in enumerate(layer.convolutions):
            name = place if single else f"{place}.conv.{position}"
            pair = (f"{name}.features.0", f"{name}.features.1")
            if not convolution.activated:  # the projection stands in the sequence by itself
                pair = (name, f"{place}.conv.{position + 1}")
            rows.append(NamedConvolution(index, *pair, convolution))
        if layer.shortcut:
            pair = (f"{place}.shortcut.0", f"{place}.shortcut.1")
            rows.append(NamedConvolution(index, *pair, layer.shortcut))
    return rows


def conv2d(of: Convolution, padding: str) -> nn.Conv2d:
    """A convolution without bias, in one of the two padding conventions."""
    if padding == "same":  # TensorFlow's: at stride 2 an even input is padded (0, 1) around 3x3
        pad_mode, pad = "same", 0
    else:  # PyTorch's and the zoo's: (k - 1) / 2 on every side
        pad_mode, pad = "pad", (of.kernel - 1) // 2
    return nn.Conv2d(
        of.inputs,
        of.outputs,
        of.kernel,
        of.stride,
        pad_mode=pad_mode,
        padding=pad,
        group=of.inputs if of.depthwise else 1,
        has_bias=False,
        weight_init="he_normal",
    )


class ConvBNReLU(nn.Cell):
    """Convolution, batch norm, ReLU6: (N, C, H, W) -> (N, outputs, H/stride, W/stride)."""

    def __init__(self, of: Convolution, padding: str, bn_eps: float) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            conv2d(of, padding), nn.BatchNorm2d(of.outputs, eps=bn_eps), nn.ReLU6()
        )

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.features(x)


class InvertedResidual(nn.Cell):
    """Expand 1x1, depthwise, project 1x1 without activation; a skip where shapes allow.

    Args:
        layer: the description, of ``describe_block``.
        padding: one of ``PADDINGS``.
        bn_eps: batch-norm epsilon.
    """

    def __init__(self, layer: Layer, padding: str, bn_eps: float) -> None:
        super().__init__()
        *activated, project = layer.convolutions
        cells: list[nn.Cell] = [ConvBNReLU(of, padding, bn_eps) for of in activated]
        cells += [conv2d(project, padding), nn.BatchNorm2d(project.outputs, eps=bn_eps)]
        self.conv = nn.SequentialCell(cells)
        stride = activated[-1].stride
        self.skip = stride == 1 and layer.inputs == layer.outputs

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.skip:
            return x + self.conv(x)
        return self.conv(x)


class InvertedResidualNetwork(Backbone):
    """A backbone of such layers; its last map is behind ReLU6, so in 0..6.

    Args:
        layers: of ``describe_layers``.
        padding: ``same`` (TensorFlow's weights) or ``symmetric`` (MindSpore zoo, torchvision).
        bn_eps: batch-norm epsilon, above 0.

    Raises:
        ValueError: a padding other than these two.
    """

    def __init__(self, layers: Sequence[Layer], padding: str, bn_eps: float) -> None:
        check_padding(padding)
        cells = [
            ConvBNReLU(*layer.convolutions, padding, bn_eps)
            if len(layer.convolutions) == 1
            else InvertedResidual(layer, padding, bn_eps)
            for layer in layers
        ]
        super().__init__(layers, cells)
