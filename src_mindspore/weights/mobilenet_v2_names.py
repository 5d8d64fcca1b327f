"""How MindSpore's model zoo, torchvision and Keras name and shape the weights of MobileNetV2.

Sources: the model zoo's ``mobilenetv2`` checkpoints, ``torchvision/models/mobilenetv2.py``,
``keras/applications/mobilenet_v2.py``.
"""

from typing import NamedTuple

from src_mindspore.backbone import (
    LAST_CHANNELS,
    NUM_LAYERS,
    STAGES,
    STEM_CHANNELS,
    round_channels,
)
from src_mindspore.weights.compare import Shapes, difference

KERAS_AXES = (3, 2, 0, 1)  # (height, width, in, out) -> (out, in, height, width)
KERAS_DEPTHWISE_AXES = (2, 3, 0, 1)  # (height, width, in, 1) -> (in, 1, height, width)
TORCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
# The published ones first: widths that differ little have the same channel counts.
WIDTHS = tuple(
    dict.fromkeys(
        [1.0, 0.35, 0.5, 0.75, 1.3, 1.4]
        + [k / 10 for k in range(1, 31)]
        + [k / 20 for k in range(1, 61)]
        + [k / 100 for k in range(5, 301)]
    )
)


class ConvNorm(NamedTuple):
    """A convolution and the batch norm behind it: zoo names, Keras names, kernel shape."""

    conv: str
    norm: str
    keras_conv: str
    keras_norm: str
    shape: tuple[int, int, int, int]  # (out, in per group, height, width)

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel has a kernel of its own."""
        return self.shape[1] == 1


def conv_norms(width_mult: float = 1.0) -> list[ConvNorm]:
    """The 52 convolutions of the backbone, in the order in which they run."""

    def width(channels: int, factor: float = width_mult) -> int:
        return round_channels(channels * factor)

    def row(name: str, keras_conv: str, keras_norm: str, *shape: int) -> ConvNorm:
        return ConvNorm(f"{name}.features.0", f"{name}.features.1", keras_conv, keras_norm, shape)

    inputs = width(STEM_CHANNELS)
    rows = [row("features.0", "Conv1", "bn_Conv1", inputs, 3, 3, 3)]
    outputs = [(t, width(c)) for t, c, n, _ in STAGES for _ in range(n)]
    for index, (expand, channels) in enumerate(outputs, start=1):
        keras = f"block_{index - 1}" if index > 1 else "expanded_conv"
        hidden, place = inputs * expand, f"features.{index}.conv"
        parts = [("expand", (hidden, inputs, 1, 1))] if expand != 1 else []
        parts.append(("depthwise", (hidden, 1, 3, 3)))
        for position, (part, shape) in enumerate(parts):
            name = f"{place}.{position}"
            rows.append(row(name, f"{keras}_{part}", f"{keras}_{part}_BN", *shape))
        end, keras = len(parts), f"{keras}_project"
        shape = (channels, hidden, 1, 1)
        rows.append(ConvNorm(f"{place}.{end}", f"{place}.{end + 1}", keras, f"{keras}_BN", shape))
        inputs = channels
    last = width(LAST_CHANNELS, max(1.0, width_mult))
    rows.append(row(f"features.{NUM_LAYERS - 1}", "Conv_1", "Conv_1_bn", last, inputs, 1, 1))
    return rows


def zoo_shapes(width_mult: float = 1.0) -> dict[str, tuple[int, ...]]:
    """Zoo name -> shape of all 260 parameters of the backbone."""
    shapes: dict[str, tuple[int, ...]] = {}
    for row in conv_norms(width_mult):
        shapes[f"{row.conv}.weight"] = row.shape
        shapes |= {f"{row.norm}.{kind}": row.shape[:1] for kind in TORCH_NORM}
    return shapes


def torchvision_names() -> dict[str, str]:
    """Torchvision name -> zoo name; torchvision has no ``features`` inside of a layer."""
    names = {}
    for row in conv_norms():
        conv, norm = (name.replace(".features.", ".") for name in (row.conv, row.norm))
        names[f"{conv}.weight"] = f"{row.conv}.weight"
        names |= {f"{norm}.{torch}": f"{row.norm}.{zoo}" for zoo, torch in TORCH_NORM.items()}
    return names


def keras_names() -> dict[str, tuple[str, tuple[int, ...] | None]]:
    """Keras ``layer/weight`` -> zoo name and the order of axes (None: as it is)."""
    names: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for row in conv_norms():
        axes = KERAS_DEPTHWISE_AXES if row.is_depthwise else KERAS_AXES
        names[f"{row.keras_conv}/kernel"] = (f"{row.conv}.weight", axes)
        names |= {f"{row.keras_norm}/{kind}": (f"{row.norm}.{kind}", None) for kind in TORCH_NORM}
    return names


def nearest_width(file: Shapes) -> tuple[float, list[str]]:
    """The width multiplier whose shapes differ least from the file's, and the difference."""
    best, best_lines = WIDTHS[0], difference(file, zoo_shapes(WIDTHS[0]))
    for width in WIDTHS[1:]:
        if not best_lines:
            break
        lines = difference(file, zoo_shapes(width))
        if len(lines) < len(best_lines):
            best, best_lines = width, lines
    return best, best_lines
