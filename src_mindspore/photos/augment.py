"""Random views of a training photo, in place of the plain one of `transform.prepare`."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import cv2
import numpy as np
from PIL import Image

from src_mindspore.photos.transform import FILTERS
from src_mindspore.photos.warp import Warp, warped
from src_mindspore.spec.input import InputSpec

ADDED = ("rotation", "shift", "zoom", "shear", "downscale", "blur")
LEAST_SIGMA = 0.1  # pixels: below it a Gaussian's neighbours weigh less than 1 in 256


@dataclass(frozen=True)
class Augmentation:
    """Random crop, flip and colour of a training photo; where asked for, geometry and sharpness.

    Rotation, shift, zoom and shear are drawn as Keras's ``ImageDataGenerator`` draws them, see
    ``Warp``. They act on the view, which the crop fills, and are one resampling with crop and flip.
    What they bring in from outside the crop is the photo's own; outside of that, its nearest pixel.

    Args:
        scale: smallest and largest share of the photo's area that the crop covers, 0..1.
        ratio: smallest and largest width / height of the crop, relative to the photo's own.
        flip: probability of a left-right flip.
        brightness: factor drawn from 1 - b .. 1 + b; likewise ``contrast`` and ``saturation``.
        contrast: see ``brightness``.
        saturation: see ``brightness``.
        hue: shift drawn from -h .. h of the full circle, 0..0.5.
        rotation: degrees drawn from -r .. r.
        shift: shares of the height and the width drawn from -s .. s, one each.
        zoom: factors drawn from 1 - z .. 1 + z, one each for height and width.
        shear: degrees drawn from -s .. s.
        downscale: the view is taken at a share of its height and width drawn from d .. 1, and
            enlarged to its size: a face far away, or a poor camera. 1: off.
        blur: standard deviation of a Gaussian drawn from 0 .. b pixels of the view.
    """

    scale: tuple[float, float] = (0.35, 1.0)
    ratio: tuple[float, float] = (0.75, 4 / 3)
    flip: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.02
    rotation: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    downscale: float = 1.0
    blur: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As the keys of the feature cache have it: what came later and is off is not in it."""
        off = {field.name: field.default for field in fields(self) if field.name in ADDED}
        return {k: v for k, v in asdict(self).items() if k not in off or v != off[k]}

    def __call__(self, image: Image.Image, rng: np.random.Generator, spec: InputSpec) -> np.ndarray:
        """One random view of ``image`` (RGB, any size): (H, W, 3) uint8 of ``spec.size``."""
        kernel = FILTERS[spec.resize.interpolation]
        box = self._crop_box(image.width, image.height, rng)
        mirrored = bool(rng.random() < self.flip)
        colours = self._colours(rng)
        warp = self._warp(rng, mirrored)
        height, width = self._taken_size(rng, spec.size)
        if warp:
            pixels = warped(image, warp.matrix(box, (height, width)), (height, width), kernel)
        else:
            pixels = np.asarray(image.resize((width, height), kernel, box=box))
            pixels = np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)
        if (height, width) != spec.size:
            pixels = np.asarray(Image.fromarray(pixels).resize(spec.size[::-1], kernel))
        return self._blurred(_recoloured(pixels, *colours), rng)

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

    def _colours(self, rng: np.random.Generator) -> tuple[float, float, float, float]:
        """Factors of brightness, contrast and saturation, shift of the hue."""
        factors = (
            rng.uniform(1 - amount, 1 + amount)
            for amount in (self.brightness, self.contrast, self.saturation)
        )
        return (*factors, rng.uniform(-self.hue, self.hue))

    def _warp(self, rng: np.random.Generator, mirrored: bool) -> Warp | None:
        """None where all of it is off. What is off draws nothing."""
        if not (self.rotation or self.shift or self.zoom or self.shear):
            return None

        def drawn(amount: float, count: int) -> tuple[float, ...]:
            return tuple(rng.uniform(-amount, amount, count)) if amount else (0.0,) * count

        (angle,) = drawn(self.rotation, 1)
        down, across = drawn(self.shift, 2)
        rows, columns = drawn(self.zoom, 2)
        (shear,) = drawn(self.shear, 1)
        return Warp(angle, (down, across), (1 + rows, 1 + columns), shear, mirrored)

    def _taken_size(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width at which the photo is looked at."""
        if self.downscale == 1:
            return size
        share = rng.uniform(self.downscale, 1)
        return max(1, round(size[0] * share)), max(1, round(size[1] * share))

    def _blurred(self, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        sigma = rng.uniform(0, self.blur) if self.blur else 0.0
        if sigma < LEAST_SIGMA:
            return pixels
        return cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def _recoloured(
    pixels: np.ndarray, brightness: float, contrast: float, saturation: float, hue: float
) -> np.ndarray:
    """(H, W, 3) uint8 with other brightness, contrast, saturation (factors) and hue (a shift)."""
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
