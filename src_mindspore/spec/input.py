"""From a decoded photo to the input tensor: what `photos/` does and every device repeats."""

from dataclasses import dataclass

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
class InputSpec:
    """From a decoded photo to the model's input tensor."""

    size: tuple[int, int]  # height, width in pixels
    mean: tuple[float, float, float]  # per channel, 0..255 units
    std: tuple[float, float, float]
    resize: ResizeSpec
    crop: CropSpec | None = None
    color: str = "RGB"
    layout: str = "NCHW"
