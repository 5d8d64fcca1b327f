"""What the rest of the project knows of an architecture: an ordered list of described layers.

Sides of maps, channels and the work of a layer all follow from the convolutions in it, so that
nothing outside of this room holds a number of one architecture.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mindspore import Tensor, nn

PADDINGS = ("same", "symmetric")

# Work is counted in multiplications of dense convolutions; a depthwise multiplication costs 10 and
# an output element, which batch norm and activation read and write, 20 of them. That reproduces the
# ratios of training steps of MobileNetV2 measured on two x86-64 cores from layer 15, 11 and 0 on
# (17.6, 34.6 and 139 ms) within 36 %.
DEPTHWISE, ELEMENT = 10.0, 20.0


class Convolution(NamedTuple):
    """A square convolution with the batch norm behind it."""

    inputs: int  # channels
    outputs: int
    kernel: int = 1  # height and width in pixels
    stride: int = 1
    depthwise: bool = False  # every channel has a kernel of its own
    activated: bool = True  # by ReLU6 or ReLU, behind the batch norm

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of its weight: (out, in per group, height, width)."""
        return (self.outputs, 1 if self.depthwise else self.inputs, self.kernel, self.kernel)

    def side(self, size: int) -> int:
        """Height or width of the output: rounded up, in both padding conventions."""
        return -(-size // self.stride)

    def work(self, side: int) -> float:
        """The work for one photo whose output is ``side`` pixels high and wide, see the module."""
        taps = self.kernel**2 * (DEPTHWISE if self.depthwise else self.inputs)
        return (taps + ELEMENT) * self.outputs * side**2


class Layer(NamedTuple):
    """A unit that a network can be cut behind: a convolution, or a block of several.

    A ``shortcut`` takes the input of the layer to where its output is added; ``pool`` is the
    stride of a maximum behind all of it.
    """

    convolutions: tuple[Convolution, ...]
    shortcut: Convolution | None = None
    pool: int = 1

    @property
    def inputs(self) -> int:
        """Channels of what comes in."""
        return self.convolutions[0].inputs

    @property
    def outputs(self) -> int:
        """Channels of the map that comes out."""
        return self.convolutions[-1].outputs

    def side(self, size: int) -> int:
        """Height or width of the output, of an input of ``size`` pixels."""
        for convolution in self.convolutions:
            size = convolution.side(size)
        return -(-size // self.pool)

    def work(self, size: int) -> float:
        """The work for one photo, of an input of ``size`` by ``size`` pixels; see the module."""
        total = self.shortcut.work(self.shortcut.side(size)) if self.shortcut else 0.0
        for convolution in self.convolutions:
            size = convolution.side(size)
            total += convolution.work(size)
        return total


def refuse_width(name: str, width_mult: float) -> None:
    """Raises ValueError where an architecture without other widths is asked for one."""
    if width_mult != 1:
        raise ValueError(f"width_mult of {name} must be 1; got {width_mult}")


def check_padding(padding: str) -> None:
    """Raises ValueError where it is none of ``PADDINGS``."""
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {', '.join(PADDINGS)}; got {padding!r}")


class Backbone(nn.Cell):
    """An architecture without its classifier.

    Input: (N, 3, H, W) float32, RGB, normalised as the weights ask (their ``mean`` and ``std``).
    Output: the last feature map, (N, out_channels, h, w) with h and w of ``map_sides``.

    Attributes:
        layers: descriptions, first to last.
        features: the cells that compute them, one each, in the same order.
    """

    def __init__(self, layers: Sequence[Layer], cells: Sequence[nn.Cell]) -> None:
        super().__init__()
        self.features = nn.SequentialCell(list(cells))
        self.layers = tuple(layers)

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each layer's output."""
        return tuple(layer.outputs for layer in self.layers)

    @property
    def out_channels(self) -> int:
        """Channels of the last feature map."""
        return self.layers[-1].outputs

    def map_sides(self, size: int) -> list[int]:
        """Height or width of the map after each layer, of an input of ``size`` pixels."""
        sides = []
        for layer in self.layers:
            size = layer.side(size)
            sides.append(size)
        return sides

    def work(self, size: int) -> list[float]:
        """The work of each layer for one photo of ``size`` by ``size`` pixels, see the module."""
        before = [size, *self.map_sides(size)]
        return [layer.work(side) for layer, side in zip(self.layers, before, strict=False)]

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.features(x)
