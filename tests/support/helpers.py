"""What several test modules use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import mindspore as ms
import numpy as np
import toy_mobilenet
from PIL import Image

from src_mindspore.backbones.mobilenet_v2 import MobileNetV2Backbone
from src_mindspore.dataset import DataSet, divide, list_data_set
from src_mindspore.spec.input import CropSpec, InputSpec, ResizeSpec
from src_mindspore.weights.assign import assign_strict


@contextmanager
def mode(wanted: int) -> Iterator[None]:
    """MindSpore in graph or PyNative mode for a while; both are global, so they are put back."""
    before = ms.get_context("mode")
    ms.set_context(mode=wanted)
    try:
        yield
    finally:
        ms.set_context(mode=before)


def noise(seed: int, width: int = 20, height: int = 16) -> Image.Image:
    """An RGB image of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def write_photos(root: Path, names: list[str], first_seed: int = 0) -> Path:
    """Small PNG files below ``root``, no two alike."""
    for seed, name in enumerate(names, start=first_seed):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        noise(seed).save(root / name, "PNG")
    return root


def input_spec(
    size: int, shorter_side: int | None = None, interpolation: str = "bilinear"
) -> InputSpec:
    """Pixels to -1..1; stretched, or cropped where a shorter side is given."""
    square = (size, size)
    first = (shorter_side, shorter_side) if shorter_side else square
    rule = "shorter_side" if shorter_side else "stretch"
    crop = CropSpec("center", square) if shorter_side else None
    middle = (127.5, 127.5, 127.5)
    return InputSpec(square, middle, middle, ResizeSpec(rule, first, interpolation), crop)


@cache
def toy_backbone() -> MobileNetV2Backbone:
    """The network at width 0.35 with random weights; shared, so nobody may change it."""
    backbone = MobileNetV2Backbone(toy_mobilenet.WIDTH)
    assign_strict(backbone, toy_mobilenet.zoo_arrays(), "toy")
    return backbone.set_train(False)


def load_data_set(
    root: Path, classes: Sequence[str] | None = None, fractions=(0.8, 0.2), seed: int = 0
) -> DataSet:
    """The images below ``root``, divided."""
    return divide(list_data_set(root, classes), fractions, seed)
