"""MobileNetV1 (Howard et al. 2017, arXiv:1704.04861, table 1): depthwise separable convolutions.

Table 1 prints stride 2 for the last depthwise convolution too, between two maps of 7x7: it is 1, as
in the authors' ``tensorflow/models``, ``mobilenet_v1.py``, whose ReLU6 stands here for the paper's
ReLU as well.
"""

from collections.abc import Sequence

from mindspore import Tensor, nn

from src_mindspore.backbones.interface import Backbone, Convolution, Layer, check_padding
from src_mindspore.backbones.inverted_residual import COLOURS, ConvBNReLU, round_channels

STEM_CHANNELS = 32
# output channels and stride of each depthwise separable convolution
SEPARABLE = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)


def mobilenet_v1_layers(width_mult: float = 1.0) -> tuple[Layer, ...]:
    """The 14 layers: stem, 13 depthwise separable convolutions.

    Args:
        width_mult: factor on all channel counts (the paper's alpha), rounded to multiples of 8.
    """
    inputs = round_channels(STEM_CHANNELS * width_mult)
    layers = [Layer((Convolution(COLOURS, inputs, 3, 2),))]
    for channels, stride in SEPARABLE:
        outputs = round_channels(channels * width_mult)
        depthwise = Convolution(inputs, inputs, 3, stride, depthwise=True)
        layers.append(Layer((depthwise, Convolution(inputs, outputs))))
        inputs = outputs
    return tuple(layers)


class DepthwiseSeparable(nn.Cell):
    """Depthwise 3x3 and 1x1, each with batch norm and ReLU6.

    (N, C, H, W) -> (N, outputs, H/stride, W/stride).

    Args:
        layer: these two convolutions.
        padding: one of ``PADDINGS``.
        bn_eps: batch-norm epsilon.
    """

    def __init__(self, layer: Layer, padding: str, bn_eps: float) -> None:
        super().__init__()
        self.conv = nn.SequentialCell(
            [ConvBNReLU(of, padding, bn_eps) for of in layer.convolutions]
        )

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.conv(x)


class MobileNetV1Backbone(Backbone):
    """MobileNetV1 without its classifier: 3,206,976 parameters at width 1.

    Input: (N, 3, H, W) float32, RGB, normalised to -1..1; any size from 32 on works. Output: the
    last feature map, (N, 1024, H/32, W/32) at width 1, after ReLU6, so in 0..6.

    Args:
        width_mult: see ``mobilenet_v1_layers``.
        padding: ``same`` or ``symmetric``.
        bn_eps: batch-norm epsilon.

    Raises:
        ValueError: another padding, or a width that is not positive.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        if width_mult <= 0:
            raise ValueError(f"width_mult must be above 0; got {width_mult}")
        check_padding(padding)
        layers = mobilenet_v1_layers(width_mult)
        super().__init__(layers, _cells(layers, padding, bn_eps))


def _cells(layers: Sequence[Layer], padding: str, bn_eps: float) -> list[nn.Cell]:
    stem, *rest = layers
    return [
        ConvBNReLU(*stem.convolutions, padding, bn_eps),
        *(DepthwiseSeparable(layer, padding, bn_eps) for layer in rest),
    ]
