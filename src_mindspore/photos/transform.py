"""Pixels: from an image file to the model's input tensor, RGB everywhere.

There is one evaluation transform, ``prepare`` followed by ``normalise``; training, evaluation,
prediction and export all call it. Training adds ``Augmentation`` in place of ``prepare``.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from src_mindspore.spec.model import InputSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import open_file

MAX_PIXELS = 100_000_000  # a decoded photo of this size takes 300 MB; phones reach 50 megapixels
MAX_BYTES = 1 << 30  # of an image file; so many pixels uncompressed, 16 bits each, take 600 MB
# What an image may be, whatever its name ends in. Pillow knows forty more formats; for one of them
# it starts another program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
NAMES = "JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF"
FAULTS = ("unreadable", "truncated", "huge")
FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class PhotoError(UserError):
    """An image file that cannot be used; ``kind`` is one of ``FAULTS``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def open_photo(path: Path) -> Image.Image:
    """Decodes an image file to an upright 8-bit RGB image.

    EXIF orientation is applied, transparency is laid on white, 16-bit grey is scaled to 8 bits, of
    an animation the first frame is taken.

    Raises:
        UserError: no such file, not an image, cut short, or above ``MAX_PIXELS``.
    """
    with open_image(path) as stream, opened(path, stream) as image:
        return upright(image)


def open_image(path: Path) -> BinaryIO:
    """Opens an image file to be read; pipes and devices are not waited for.

    Raises:
        PhotoError: no such file, no file, or one above ``MAX_BYTES``.
    """
    try:
        stream = open_file(path)
    except UserError as error:
        raise PhotoError("unreadable", str(error)) from None
    if (size := os.fstat(stream.fileno()).st_size) > MAX_BYTES:
        stream.close()
        text = f"{path}: files of up to {MAX_BYTES:,} bytes are read; got {size:,}"
        raise PhotoError("huge", text)
    return stream


@contextmanager
def opened(path: Path, source: BinaryIO) -> Iterator[Image.Image]:
    """The image in ``source``, its header read and its size checked; ``path`` is for messages.

    Raises:
        PhotoError: as ``open_photo``, also for what is found while the body decodes.
    """
    try:
        with Image.open(source, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PhotoError(
                    "huge",
                    f"{path}: images of up to {MAX_PIXELS:,} pixels are accepted; "
                    f"this one has {image.width} x {image.height}",
                )
            yield image
    except UnidentifiedImageError:
        text = f"{path} is not an image that can be read ({NAMES})"
        raise PhotoError("unreadable", text) from None
    except UserError:
        raise
    except Exception as error:  # Pillow answers damaged files with almost any
        what = str(error) or type(error).__name__
        bomb = isinstance(error, Image.DecompressionBombError)
        # Pillow has no class of its own for files cut short: its words are all there is
        kind = "huge" if bomb else "truncated" if "truncated" in what.lower() else "unreadable"
        raise PhotoError(kind, f"{path} cannot be decoded: {what}") from None


def upright(image: Image.Image) -> Image.Image:
    """Decodes an opened image; see ``open_photo``."""
    image.load()
    return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow would clip at 255
        wide = np.asarray(image).astype(np.int64)
        image = Image.fromarray((wide.clip(0, 65535) >> 8).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def prepare(image: Image.Image, spec: InputSpec) -> np.ndarray:
    """The evaluation transform up to 8-bit pixels: resize, then crop, as ``spec`` says.

    Args:
        image: RGB, any size.
        spec: the model's input.

    Returns:
        ``(H, W, 3)`` uint8, RGB.

    Raises:
        UserError: so long a strip that its resized form is above ``MAX_PIXELS``.
    """
    height, width = spec.resize.size
    if spec.resize.rule == "shorter_side":
        scale = height / min(image.size)
        width = max(height, round(image.width * scale))
        height = max(spec.resize.size[0], round(image.height * scale))
        if width * height > MAX_PIXELS:
            raise UserError(
                f"an image of {image.width} x {image.height} becomes {width} x {height} with the "
                f"shorter side at {spec.resize.size[0]}; up to {MAX_PIXELS:,} pixels are accepted"
            )
    pixels = np.asarray(image.resize((width, height), FILTERS[spec.resize.interpolation]))
    if spec.crop:
        top = (pixels.shape[0] - spec.crop.size[0]) // 2
        left = (pixels.shape[1] - spec.crop.size[1]) // 2
        pixels = pixels[top : top + spec.crop.size[0], left : left + spec.crop.size[1]]
    return pixels


def normalise(pixels: np.ndarray, spec: InputSpec) -> np.ndarray:
    """``x * (1 / std) - mean * (1 / std)``: (N, H, W, 3) uint8 -> (N, 3, H, W) float32.

    The 256 values of a channel are looked up, which gives the same bits as computing every pixel's
    and takes a seventh of the time.
    """
    scale = 1 / np.asarray(spec.std, np.float32)
    shift = -np.asarray(spec.mean, np.float32) * scale
    tables = np.arange(256, dtype=np.float32)[:, None] * scale + shift
    count, height, width, _ = pixels.shape
    values = np.empty((count, 3, height, width), np.float32)
    for image, planes in zip(pixels, values, strict=True):
        for channel, plane in enumerate(cv2.split(image)):
            planes[channel] = cv2.LUT(plane, tables[:, channel])
    return values


@dataclass(frozen=True)
class Augmentation:
    """Random crop, flip and colour of a training photo.

    Args:
        scale: smallest and largest share of the photo's area that the crop covers, 0..1.
        ratio: smallest and largest width / height of the crop, relative to the photo's own.
        flip: probability of a left-right flip.
        brightness: factor drawn from 1 - b .. 1 + b; likewise ``contrast`` and ``saturation``.
        contrast: see ``brightness``.
        saturation: see ``brightness``.
        hue: shift drawn from -h .. h of the full circle, 0..0.5.
    """

    scale: tuple[float, float] = (0.35, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.02

    def __call__(self, image: Image.Image, rng: np.random.Generator, spec: InputSpec) -> np.ndarray:
        """One random view of ``image`` (RGB, any size): (H, W, 3) uint8 of ``spec.size``."""
        height, width = spec.size
        pixels = np.asarray(
            image.resize(
                (width, height),
                FILTERS[spec.resize.interpolation],
                box=self._crop_box(image.width, image.height, rng),
            )
        )
        if rng.random() < self.flip:
            pixels = pixels[:, ::-1]
        return self._recolour(np.ascontiguousarray(pixels), rng)

    def _crop_box(
        self, width: int, height: int, rng: np.random.Generator
    ) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels, always inside the photo (as in arXiv:1409.4842)."""
        side = math.sqrt(rng.uniform(*self.scale))
        stretch = math.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])) / 2)
        stretch = min(max(stretch, side), 1 / side)  # a large crop gives up its shape, not its area
        crop_width = min(max(1.0, width * side * stretch), width)
        crop_height = min(max(1.0, height * side / stretch), height)
        left = rng.uniform(0, width - crop_width)
        top = rng.uniform(0, height - crop_height)
        return left, top, left + crop_width, top + crop_height

    def _recolour(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        brightness, contrast, saturation = (
            rng.uniform(1 - amount, 1 + amount)
            for amount in (self.brightness, self.contrast, self.saturation)
        )
        hue = rng.uniform(-self.hue, self.hue)
        if brightness != 1 or contrast != 1:
            # both in one table: v -> mean + (v * brightness - mean) * contrast
            levels = np.arange(256) * brightness
            centre = pixels.mean() * brightness
            table = (centre + (levels - centre) * contrast).round().clip(0, 255).astype(np.uint8)
            pixels = cv2.LUT(pixels, table)
        if saturation != 1 or hue != 0:
            hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
            levels = np.arange(256)
            table = np.stack(
                [
                    (levels + round(hue * 256)) % 256,
                    (levels * saturation).round().clip(0, 255),
                    levels,
                ],
                -1,
            ).astype(np.uint8)
            hsv = cv2.LUT(hsv, table[None])
            pixels = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
        return pixels
