"""Cells that compute what the network's own layers do, with their parameters, by the kernels.

Those of ``CompiledTop`` take the batch norms' moving mean and variance as they are: what a layer
does in training with frozen statistics, and in inference. Between the layers maps are NHWC. Where
batch norms learn their statistics, ``DepthwiseTop`` compiles the depthwise convolutions alone.
"""

from pathlib import Path

from mindspore import ParameterTuple, Tensor, nn, ops

from src_mindspore.backbones.inverted_residual import ConvBNReLU, InvertedResidual
from src_mindspore.network.classifier import Top
from src_mindspore.network.kernels import operators
from src_mindspore.network.kernels.depthwise_cells import depthwise_compiled, is_known_block


def _parameters(pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]]) -> ParameterTuple:
    return ParameterTuple(
        parameter
        for conv, norm in pairs
        for parameter in (
            *(conv.weight, norm.gamma, norm.beta),
            *(norm.moving_mean, norm.moving_variance),
        )
    )


class _Compiled(nn.Cell):
    """One operator with the parameters of a layer."""

    def __init__(
        self, settings: Tensor, pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]], operator: ops.Custom
    ) -> None:
        super().__init__(auto_prefix=False)
        self.settings = settings
        self.weights = _parameters(pairs)
        self.operator = operator


class CompiledBlock(_Compiled):
    """``InvertedResidual``: (N, H, W, I) -> (N, H/stride, W/stride, O).

    Without ``input_gradient`` the gradient of the input is zero: nothing before it is trained.
    """

    def __init__(self, library: Path, layer: InvertedResidual, input_gradient: bool) -> None:
        *activated, conv, norm = layer.conv
        pairs = [(cell.features[0], cell.features[1]) for cell in activated]
        depthwise, expands = pairs[-1], len(pairs) == 2
        super().__init__(
            operators.settings_of(depthwise[0], depthwise[1].eps, layer.skip, input_gradient),
            [*pairs, (conv, norm)],
            operators.block(library, expands, depthwise[0].stride[0], input_gradient),
        )

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.operator(self.settings, x, *self.weights)


class CompiledStem(_Compiled):
    """The stem, ``ConvBNReLU`` 3x3: (N, C, H, W) -> (N, H/stride, W/stride, O), no dx."""

    def __init__(self, library: Path, layer: ConvBNReLU) -> None:
        conv, norm = layer.features[0], layer.features[1]
        operator = operators.stem(library, conv.stride[0])
        super().__init__(operators.settings_of(conv, norm.eps), [(conv, norm)], operator)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.operator(self.settings, x, *self.weights)


class CompiledLast(_Compiled):
    """The last layer, ``ConvBNReLU`` 1x1: (N, H, W, I) -> (N, O, H, W)."""

    def __init__(self, library: Path, layer: ConvBNReLU, input_gradient: bool) -> None:
        conv, norm = layer.features[0], layer.features[1]
        operator = operators.last(library, input_gradient)
        settings = operators.settings_of(conv, norm.eps, input_gradient=input_gradient)
        super().__init__(settings, [(conv, norm)], operator)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.operator(self.settings, x, *self.weights)


class Transposed(nn.Cell):
    """A map in another order of axes: between compiled layers and MindSpore's own."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__(auto_prefix=False)
        self.axes = axes

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return ops.transpose(x, self.axes)


TO_NHWC, TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)


def compiled_layer(library: Path, layer: nn.Cell, first: bool) -> _Compiled | None:
    """What computes a layer by the kernels; None where they do not know it.

    Args:
        library: of ``build.library``.
        layer: of a ``Top``.
        first: whether nothing before it is trained, so that nobody wants the input's gradient.
    """
    if isinstance(layer, InvertedResidual):
        known = is_known_block(layer)
        return CompiledBlock(library, layer, input_gradient=not first) if known else None
    if not isinstance(layer, ConvBNReLU):
        return None
    conv = layer.features[0]
    if conv.kernel_size == (3, 3) and conv.group == 1 and first:
        return CompiledStem(library, layer)
    if conv.kernel_size == (1, 1) and conv.group == 1:
        return CompiledLast(library, layer, input_gradient=not first)
    return None


class CompiledTop(nn.Cell):
    """What ``top`` does, by the kernels; it has the same parameters, head and inputs.

    A layer that they do not know is MindSpore's own, in its place, but for a depthwise convolution
    of a size that they know. Batch norms of compiled layers
    use their moving statistics in training too, and do not change them; those of the others do so
    once ``set_train(False)`` was said to them, as to all frozen batch norms.

    Attributes:
        known: how many of the layers run by the kernels.
        partly: of how many others the depthwise convolution does.
        total: how many there are.
    """

    def __init__(self, top: Top, library: Path) -> None:
        super().__init__(auto_prefix=False)
        cells: list[nn.Cell] = []
        self.known, self.partly, self.total = 0, 0, len(top.layers)
        nhwc = False
        for index, layer in enumerate(top.layers):
            known = compiled_layer(library, layer, first=index == 0)
            self.known += known is not None
            wants = isinstance(known, CompiledBlock | CompiledLast)
            if wants != nhwc:
                cells.append(Transposed(TO_NHWC if wants else TO_NCHW))
            cell = depthwise_compiled(library, layer) if known is None else known
            self.partly += known is None and cell is not layer
            cells.append(cell)
            nhwc = isinstance(known, CompiledBlock | CompiledStem)
        if nhwc:
            cells.append(Transposed(TO_NCHW))
        self.layers = nn.CellList(cells, auto_prefix=False)
        self.head = top.head

    def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """See ``Top``."""
        for layer in self.layers:
            x = layer(x)
        return self.head(x, keep)


class DepthwiseTop(nn.Cell):
    """What ``top`` does, its depthwise convolutions by the kernels; batch norms stay as they are.

    It has the same parameters, head and inputs; ``known`` and ``partly`` as in ``CompiledTop``.
    """

    def __init__(self, top: Top, library: Path) -> None:
        super().__init__(auto_prefix=False)
        layers = [depthwise_compiled(library, layer) for layer in top.layers]
        pairs = zip(layers, top.layers, strict=True)
        self.known, self.partly = 0, sum(cell is not layer for cell, layer in pairs)
        self.layers = nn.CellList(layers, auto_prefix=False)
        self.head = top.head

    def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """See ``Top``."""
        for layer in self.layers:
            x = layer(x)
        return self.head(x, keep)


AnyTop = Top | CompiledTop | DepthwiseTop
