"""EfficientNet-Lite: EfficientNet (Tan and Le 2019, arXiv:1905.11946) for mobile devices.

Against EfficientNet there is no squeeze-and-excitation, and ReLU6 stands for swish. Table and
scaling rules: tensorflow/tpu, ``models/official/efficientnet/lite/efficientnet_lite_builder.py``
and ``efficientnet_model.py`` (``fix_head_stem``).
"""

import math

from src_mindspore.backbones.interface import Layer, refuse_width
from src_mindspore.backbones.inverted_residual import (
    Block,
    InvertedResidualNetwork,
    describe_layers,
    round_channels,
)

# expansion, output channels, repetitions, first stride, kernel of the depthwise convolution
STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
STEM_CHANNELS = 32  # neither this nor the last is scaled
LAST_CHANNELS = 1280


def efficientnet_lite_layers(width: float, depth: float) -> tuple[Layer, ...]:
    """Stem, blocks and last convolution.

    Args:
        width: factor on the channels of the blocks, rounded to multiples of 8.
        depth: factor on the repetitions of a stage, rounded up; the first and last have one block.
    """
    blocks = []
    for index, (expand, channels, repetitions, stride, kernel) in enumerate(STAGES):
        scaled = index not in (0, len(STAGES) - 1)
        count = math.ceil(depth * repetitions) if scaled else repetitions
        outputs = round_channels(width * channels)
        blocks += [Block(expand, outputs, stride if i == 0 else 1, kernel) for i in range(count)]
    return describe_layers(STEM_CHANNELS, blocks, LAST_CHANNELS)


class EfficientNetLite(InvertedResidualNetwork):
    """EfficientNet-Lite of any scale, without its classifier.

    Input: (N, 3, H, W) float32, RGB, normalised as the weights ask; any size from 32 on works.
    Output: the last feature map, (N, 1280, H/32, W/32), after ReLU6, so in 0..6.

    Args:
        width: see ``efficientnet_lite_layers``.
        depth: likewise.
        padding: ``same`` (the published weights) or ``symmetric``.
        bn_eps: batch-norm epsilon, 1e-3 for the published weights.

    Raises:
        ValueError: another padding.
    """

    def __init__(self, width: float, depth: float, padding: str, bn_eps: float) -> None:
        super().__init__(efficientnet_lite_layers(width, depth), padding, bn_eps)


class EfficientNetLite0Backbone(EfficientNetLite):
    """EfficientNet-Lite0, 18 layers; its ImageNet weights saw 224x224 pixels.

    See ``EfficientNetLite``. Every backbone takes a ``width_mult``; it is 1 here: another width is
    another network of the family.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        refuse_width("efficientnet_lite0", width_mult)
        super().__init__(1.0, 1.0, padding, bn_eps)


class EfficientNetLite1Backbone(EfficientNetLite):
    """EfficientNet-Lite1, 23 layers; its ImageNet weights saw 240x240 pixels.

    As ``EfficientNetLite0Backbone``, with 1.1 times its blocks.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        refuse_width("efficientnet_lite1", width_mult)
        super().__init__(1.0, 1.1, padding, bn_eps)


class EfficientNetLite2Backbone(EfficientNetLite):
    """EfficientNet-Lite2, 23 layers; its ImageNet weights saw 260x260 pixels.

    As ``EfficientNetLite0Backbone``, with 1.1 times its channels and 1.2 times its blocks.
    """

    def __init__(
        self, width_mult: float = 1.0, padding: str = "same", bn_eps: float = 1e-3
    ) -> None:
        refuse_width("efficientnet_lite2", width_mult)
        super().__init__(1.1, 1.2, padding, bn_eps)
