"""The parameters that a network of described layers has."""

from collections.abc import Callable, Sequence

from src_mindspore.backbones.interface import Layer
from src_mindspore.backbones.inverted_residual import named_convolutions
from src_mindspore.weights.compare import Shapes, difference

# The published ones of MobileNets first: widths that differ little have the same channel counts.
WIDTHS = tuple(
    dict.fromkeys(
        [1.0, 0.35, 0.5, 0.75, 1.3, 1.4, 0.25]
        + [k / 10 for k in range(1, 31)]
        + [k / 20 for k in range(1, 61)]
        + [k / 100 for k in range(5, 301)]
    )
)

# a batch norm's arrays in MindSpore and Keras, and in PyTorch
TORCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def parameter_shapes(layers: Sequence[Layer]) -> dict[str, tuple[int, ...]]:
    """Name -> shape of all parameters of a backbone."""
    shapes: dict[str, tuple[int, ...]] = {}
    for row in named_convolutions(layers):
        shapes[f"{row.conv}.weight"] = row.of.shape
        shapes |= {f"{row.norm}.{kind}": (row.of.outputs,) for kind in TORCH_NORM}
    return shapes


def nearest_width(
    file: Shapes, layers: Callable[[float], tuple[Layer, ...]]
) -> tuple[float, list[str]]:
    """The width multiplier whose shapes differ least from a file's, and the difference.

    Args:
        file: shapes by the project's own names.
        layers: gives those of a width.
    """

    def against(width: float) -> list[str]:
        return difference(file, parameter_shapes(layers(width)))

    best, best_lines = WIDTHS[0], against(WIDTHS[0])
    for width in WIDTHS[1:]:
        if not best_lines:
            break
        lines = against(width)
        if len(lines) < len(best_lines):
            best, best_lines = width, lines
    return best, best_lines
