"""MobileNetV2 feature extractor (Sandler et al. 2018, arXiv:1801.04381, table 2) for MindSpore.

Parameter names are those of the MindSpore model zoo (``features.0.features.0.weight``, ...), so
the zoo's own checkpoints load unchanged.
"""

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

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
NUM_LAYERS = 2 + sum(n for _, _, n, _ in STAGES)  # 19: stem, 17 blocks, last 1x1 convolution
STRIDE = 32  # of the whole network

PADDINGS = ("same", "symmetric")
IMAGE = "image"
POOLED = ("mean", "max")


def round_channels(channels: float, divisor: int = 8) -> int:
    """Rounds to the nearest multiple of ``divisor``, never below 90 % of ``channels``.

    The rule of the reference implementation (tensorflow/models, ``_make_divisible``).
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int, groups: int, padding: str
) -> nn.Conv2d:
    """A convolution without bias, in one of the two padding conventions."""
    if padding == "same":  # TensorFlow's: at stride 2 an even input is padded (0, 1)
        pad_mode, pad = "same", 0
    else:  # PyTorch's and the zoo's: (k - 1) / 2 on every side
        pad_mode, pad = "pad", (kernel - 1) // 2
    return nn.Conv2d(
        inputs,
        outputs,
        kernel,
        stride,
        pad_mode=pad_mode,
        padding=pad,
        group=groups,
        has_bias=False,
        weight_init="he_normal",
    )


class ConvBNReLU(nn.Cell):
    """Convolution, batch norm, ReLU6: (N, C, H, W) -> (N, outputs, H/stride, W/stride)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        groups: int,
        padding: str,
        bn_eps: float,
    ) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            _conv(inputs, outputs, kernel, stride, groups, padding),
            nn.BatchNorm2d(outputs, eps=bn_eps),
            nn.ReLU6(),
        )

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.features(x)


class InvertedResidual(nn.Cell):
    """Expand 1x1, depthwise 3x3, project 1x1 without activation; a skip where shapes allow."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, expand: int, padding: str, bn_eps: float
    ) -> None:
        super().__init__()
        hidden = inputs * expand
        layers: list[nn.Cell] = []
        if expand != 1:
            layers.append(ConvBNReLU(inputs, hidden, 1, 1, 1, padding, bn_eps))  # pw
        layers += [
            ConvBNReLU(hidden, hidden, 3, stride, hidden, padding, bn_eps),  # dw
            _conv(hidden, outputs, 1, 1, 1, padding),  # pw-linear
            nn.BatchNorm2d(outputs, eps=bn_eps),
        ]
        self.conv = nn.SequentialCell(layers)
        self.skip = stride == 1 and inputs == outputs

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.skip:
            return x + self.conv(x)
        return self.conv(x)


class MobileNetV2Backbone(nn.Cell):
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
        super().__init__()
        if padding not in PADDINGS:
            raise ValueError(f"padding must be one of {', '.join(PADDINGS)}; got {padding!r}")
        if width_mult <= 0:
            raise ValueError(f"width_mult must be above 0; got {width_mult}")

        def width(channels: int, factor: float = width_mult) -> int:
            return round_channels(channels * factor, round_nearest)

        inputs = width(STEM_CHANNELS)
        layers: list[nn.Cell] = [ConvBNReLU(3, inputs, 3, 2, 1, padding, bn_eps)]
        channels = [inputs]
        for t, c, n, s in STAGES:
            for i in range(n):
                stride = s if i == 0 else 1
                layers.append(InvertedResidual(inputs, width(c), stride, t, padding, bn_eps))
                inputs = width(c)
                channels.append(inputs)
        last = width(LAST_CHANNELS, max(1.0, width_mult))
        layers.append(ConvBNReLU(inputs, last, 1, 1, 1, padding, bn_eps))
        self.features = nn.SequentialCell(layers)
        self.channels = (*channels, last)  # of each layer's output

    @property
    def out_channels(self) -> int:
        """Channels of the last feature map: 1280 up to width 1.0."""
        return self.channels[-1]

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.features(x)


def layer_name(index: int) -> str:
    """Name of the map after layer ``index`` (0 stem, 1..17 blocks, 18 last convolution)."""
    return f"features.{index}"


def layers_before(cut: str) -> int:
    """How many of the 19 layers lie before the cut named ``cut``.

    ``image`` is the input (0 layers), ``features.K`` the map after layer K (K + 1 layers), ``mean``
    and ``max`` the pooled last map (all 19).

    Raises:
        ValueError: a name that is none of these.
    """
    if cut == IMAGE:
        return 0
    if cut in POOLED:
        return NUM_LAYERS
    prefix, _, index = cut.partition(".")
    if prefix == "features" and index.isdigit() and int(index) < NUM_LAYERS:
        return int(index) + 1
    raise ValueError(
        f"a cut is {IMAGE}, features.0 to features.{NUM_LAYERS - 1}, {' or '.join(POOLED)}; "
        f"got {cut!r}"
    )


def pool(x: Tensor, kind: str) -> Tensor:
    """Spatial mean or maximum: (N, C, H, W) -> (N, C)."""
    return ops.mean(x, (2, 3)) if kind == "mean" else ops.amax(x, (2, 3))


class NamedOutputs(nn.Cell):
    """Runs a backbone once and returns the intermediate outputs that were asked for by name.

    Input as the backbone's. Output: a tuple in the order of ``names`` (see ``layers_before``):
    ``features.K`` maps (N, C, H, W), ``mean`` and ``max`` vectors (N, C). Layers after the last
    one needed are not run.
    """

    def __init__(self, backbone: MobileNetV2Backbone, names: Sequence[str]) -> None:
        super().__init__(auto_prefix=False)
        depths = [layers_before(name) for name in names]
        self.layers = nn.CellList(list(backbone.features)[: max(depths)], auto_prefix=False)
        self.names = tuple(names)
        self.depths = tuple(depths)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        maps = (x,)
        for layer in self.layers:
            x = layer(x)
            maps += (x,)
        outputs = ()
        for name, depth in zip(self.names, self.depths):  # noqa: B905 - not parsed in graph mode
            outputs += (pool(maps[depth], name) if name in POOLED else maps[depth],)
        return outputs
