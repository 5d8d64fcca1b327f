"""The parameters that a network of described layers has."""

from collections.abc import Sequence

from src_mindspore.backbones.interface import Layer
from src_mindspore.backbones.inverted_residual import named_convolutions

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
