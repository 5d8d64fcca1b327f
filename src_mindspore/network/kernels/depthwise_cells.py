"""Cells whose depthwise convolution is compiled, and whose other parts are MindSpore's own.

They serve where batch norms learn their statistics, and among compiled blocks where the rest of a
layer is not known to the kernels. Maps are NCHW.
"""

from pathlib import Path

from mindspore import Tensor, nn

from src_mindspore.backbones.inverted_residual import InvertedResidual
from src_mindspore.backbones.mobilenet_v1 import DepthwiseSeparable
from src_mindspore.network.kernels import operators

DEPTHWISE = ((3, 3), (5, 5))  # sizes of the depthwise convolutions that are compiled


def is_known_block(layer: nn.Cell) -> bool:
    """Whether the layer is a block with a depthwise convolution that can be compiled."""
    block = isinstance(layer, InvertedResidual)
    return block and layer.conv[-3].features[0].kernel_size in DEPTHWISE


class CompiledDepthwise(nn.Cell):
    """A depthwise convolution, 3x3 or 5x5: (N, C, H, W) -> (N, C, H/stride, W/stride)."""

    def __init__(self, library: Path, conv: nn.Conv2d) -> None:
        super().__init__(auto_prefix=False)
        self.settings = operators.settings_of(conv)
        self.weight = conv.weight
        self.operator = operators.planes(library, conv.stride[0])

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.operator(self.settings, x, self.weight)


class DepthwiseBlock(nn.Cell):
    """``InvertedResidual`` with its depthwise convolution compiled, the rest as it is."""

    def __init__(self, library: Path, layer: InvertedResidual) -> None:
        super().__init__(auto_prefix=False)
        *expansion, depthwise, project, norm = layer.conv
        conv, *rest = depthwise.features
        cells = [*expansion, CompiledDepthwise(library, conv), *rest, project, norm]
        self.layers = nn.CellList(cells, auto_prefix=False)
        self.skip = layer.skip

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        y = x
        for cell in self.layers:
            y = cell(y)
        return x + y if self.skip else y


class SeparableBlock(nn.Cell):
    """``DepthwiseSeparable`` with its depthwise convolution compiled, the rest as it is."""

    def __init__(self, library: Path, layer: DepthwiseSeparable) -> None:
        super().__init__(auto_prefix=False)
        depthwise, pointwise = layer.conv
        conv, *rest = depthwise.features
        cells = [CompiledDepthwise(library, conv), *rest, pointwise]
        self.layers = nn.CellList(cells, auto_prefix=False)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        for cell in self.layers:
            x = cell(x)
        return x


def depthwise_compiled(library: Path, layer: nn.Cell) -> nn.Cell:
    """The layer with its depthwise convolution compiled; itself where there is none to compile."""
    if is_known_block(layer):
        return DepthwiseBlock(library, layer)
    if isinstance(layer, DepthwiseSeparable) and (3, 3) in DEPTHWISE:
        return SeparableBlock(library, layer)
    return layer
