"""How MindSpore's model zoo, torchvision and Keras name and shape the weights of MobileNetV2.

Sources: the model zoo's ``mobilenetv2`` checkpoints, ``torchvision/models/mobilenetv2.py``,
``keras/applications/mobilenet_v2.py``. The zoo's names are the project's own.
"""

from src_mindspore.backbones.inverted_residual import NamedConvolution, named_convolutions
from src_mindspore.backbones.mobilenet_v2 import mobilenet_v2_layers
from src_mindspore.weights.shapes import TORCH_NORM

KERAS_AXES = (3, 2, 0, 1)  # (height, width, in, out) -> (out, in, height, width)
KERAS_DEPTHWISE_AXES = (2, 3, 0, 1)  # (height, width, in, 1) -> (in, 1, height, width)


def torchvision_names() -> dict[str, str]:
    """Torchvision name -> zoo name; torchvision has no ``features`` inside of a layer."""
    names = {}
    for row in named_convolutions(mobilenet_v2_layers()):
        conv, norm = (name.replace(".features.", ".") for name in (row.conv, row.norm))
        names[f"{conv}.weight"] = f"{row.conv}.weight"
        names |= {f"{norm}.{torch}": f"{row.norm}.{zoo}" for zoo, torch in TORCH_NORM.items()}
    return names


def keras_names() -> dict[str, tuple[str, tuple[int, ...] | None]]:
    """Keras ``layer/weight`` -> zoo name and the order of axes (None: as it is)."""
    names: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    rows = named_convolutions(mobilenet_v2_layers())
    for row in rows:
        axes = KERAS_DEPTHWISE_AXES if row.of.depthwise else KERAS_AXES
        conv, norm = _in_keras(row, last=rows[-1].layer)
        names[f"{conv}/kernel"] = (f"{row.conv}.weight", axes)
        names |= {f"{norm}/{kind}": (f"{row.norm}.{kind}", None) for kind in TORCH_NORM}
    return names


def _in_keras(row: NamedConvolution, last: int) -> tuple[str, str]:
    """Names of a convolution and of its batch norm."""
    if row.layer in (0, last):
        return ("Conv1", "bn_Conv1") if row.layer == 0 else ("Conv_1", "Conv_1_bn")
    block = f"block_{row.layer - 1}" if row.layer > 1 else "expanded_conv"
    part = "project" if not row.of.activated else "depthwise" if row.of.depthwise else "expand"
    return f"{block}_{part}", f"{block}_{part}_BN"
