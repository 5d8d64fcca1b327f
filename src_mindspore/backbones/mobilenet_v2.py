"""MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381, table 2).

Parameter names are those of the MindSpore model zoo, so the zoo's own checkpoints load unchanged.
"""

from src_mindspore.backbones.interface import Layer
from src_mindspore.backbones.inverted_residual import (
    Block,
    InvertedResidualNetwork,
    describe_layers,
    round_channels,
)

# expansion t, output channels c, repetitions n, first stride s: table 2 of the paper
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM_CHANNELS = 32
LAST_CHANNELS = 1280


def mobilenet_v2_layers(width_mult: float = 1.0, round_nearest: int = 8) -> tuple[Layer, ...]:
    """The 19 layers: stem, 17 blocks, last convolution; arguments as ``MobileNetV2Backbone``'s."""

    def width(channels: int, factor: float = width_mult) -> int:
        return round_channels(channels * factor, round_nearest)

    blocks = [
        Block(t, width(c), s if repetition == 0 else 1)
        for t, c, n, s in STAGES
        for repetition in range(n)
    ]
    return describe_layers(width(STEM_CHANNELS), blocks, width(LAST_CHANNELS, max(1.0, width_mult)))


class MobileNetV2Backbone(InvertedResidualNetwork):
    """MobileNetV2 without its classifier.

    Input: (N, 3, H, W) float32, RGB, normalised as the weights ask (their ``mean`` and ``std``);
    224x224 is what the pretrained weights saw, any size from 32 on works. Output: the last
    feature map, (N, 1280, H/32, W/32) at width 1.0, after ReLU6, so in 0..6.

    Args:
        width_mult: factor on all channel counts; the last layer never has fewer than 1280.
        round_nearest: channel counts are multiples of it.
        padding: ``same`` (Keras weights) or ``symmetric`` (MindSpore zoo, torchvision).
        bn_eps: batch-norm epsilon, 1e-3 for Keras weights, 1e-5 for the zoo and torchvision.

    Raises:
        ValueError: a padding other than these two, or a width that is not positive.
    """

    def __init__(
        self,
        width_mult: float = 1.0,
        round_nearest: int = 8,
        padding: str = "same",
        bn_eps: float = 1e-3,
    ) -> None:
        if width_mult <= 0:
            raise ValueError(f"width_mult must be above 0; got {width_mult}")
        super().__init__(mobilenet_v2_layers(width_mult, round_nearest), padding, bn_eps)
