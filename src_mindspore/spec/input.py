"""From a decoded photo to the input tensor: what `photos/` does and every device repeats."""

from dataclasses import asdict, dataclass
from typing import Any

RESIZE_RULES = ("stretch", "shorter_side")
INTERPOLATIONS = ("bilinear", "bicubic", "lanczos")
LAYOUTS = ("NCHW", "NHWC")


@dataclass(frozen=True)
class ResizeSpec:
    """How a photo of any size becomes one of a known size, with an anti-aliasing filter.

    ``stretch`` gives exactly ``size``; ``shorter_side`` keeps the aspect and brings the shorter
    side to ``size[0]``, to be cropped afterwards.
    """

    rule: str
    size: tuple[int, int]  # height, width in pixels
    interpolation: str  # Pillow's filter of that name
    antialias: bool = True


@dataclass(frozen=True)
class CropSpec:
    """A centred crop; an odd remainder leaves the smaller part above and on the left."""

    rule: str  # "center"
    size: tuple[int, int]  # height, width in pixels


@dataclass(frozen=True)
class ValueRange:
    """The values of deep photos (of more than 8 bits, signed or real) that are black and white.

    Photos of 8 bits stay as they are.
    """

    low: float
    high: float  # above ``low``


@dataclass(frozen=True)
class InputSpec:
    """From a decoded photo to the model's input tensor.

    ``range`` is that of the photos of training; None where none of them was deep.
    """

    size: tuple[int, int]  # height, width in pixels
    mean: tuple[float, float, float]  # per channel, 0..255 units
    std: tuple[float, float, float]
    resize: ResizeSpec
    crop: CropSpec | None = None
    color: str = "RGB"
    layout: str = "NCHW"
    range: ValueRange | None = None

    def to_dict(self) -> dict[str, Any]:
        """As ``spec.json`` and the keys of the feature cache have it: no range but where it is."""
        table = asdict(self)
        return table if self.range else {k: v for k, v in table.items() if k != "range"}


def square_input(
    size: int,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    resize: str = "stretch",
    interpolation: str = "bilinear",
    shorter_side: int | None = None,
) -> InputSpec:
    """The input of a network that takes square photos.

    Args:
        size: height and width in pixels.
        mean: red, green, blue, in 0..255 units: input = (pixel - mean) / std.
        std: likewise, above 0.
        resize: one of ``RESIZE_RULES``.
        interpolation: one of ``INTERPOLATIONS``.
        shorter_side: pixels of the shorter side before the crop, for ``shorter_side`` alone.
    """
    square = (size, size)
    crops = resize == "shorter_side"
    first = (shorter_side, shorter_side) if crops else square
    crop = CropSpec("center", square) if crops else None
    return InputSpec(square, mean, std, ResizeSpec(resize, first, interpolation), crop)
