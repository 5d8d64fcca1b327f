"""A small network that is trained from photos: there are no pretrained weights of it.

The table is this project's own, of the blocks of MobileNetV2: their depthwise convolutions are
what phones and the compiled kernels are quick at. With a head for two classes it has 8.2 % of
MobileNetV2's parameters.
"""

from src_mindspore.backbones.interface import Layer, refuse_width
from src_mindspore.backbones.inverted_residual import (
    Block,
    InvertedResidualNetwork,
    describe_layers,
)

STEM_CHANNELS = 16
# A step of training goes for the most part into batch norms of large maps, so the first block
# does not expand and halves the map; the parameters are behind, where a map has few pixels.
BLOCKS = (
    Block(1, 24, stride=2),
    Block(4, 24),
    Block(4, 40, stride=2),
    Block(4, 40),
    Block(4, 80, stride=2),
    Block(4, 80),
    Block(4, 80),
)
LAST_CHANNELS = 256


def small_cnn_layers() -> tuple[Layer, ...]:
    """The nine layers: stem, seven blocks, last convolution."""
    return describe_layers(STEM_CHANNELS, BLOCKS, LAST_CHANNELS)


class SmallCNNBackbone(InvertedResidualNetwork):
    """The small CNN without its classifier: 182,880 parameters.

    Input: (N, 3, H, W) float32, RGB, normalised to -1..1; meant for 96x96, any size from 32 on
    works. Output: the last feature map, (N, 256, H/16, W/16), after ReLU6, so in 0..6.

    Args:
        width_mult: 1: another width would be another network.
        padding: ``same`` or ``symmetric``.
        bn_eps: batch-norm epsilon.

    Raises:
        ValueError: another width or padding.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        refuse_width("small_cnn", width_mult)
        super().__init__(small_cnn_layers(), padding, bn_eps)
