"""Random views of a training photo, in place of the plain one of `transform.prepare`."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from src_mindspore.photos.transform import FILTERS
from src_mindspore.spec.input import InputSpec


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
