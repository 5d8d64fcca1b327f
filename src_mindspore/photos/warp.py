"""A part of a photo, turned, sheared, zoomed, shifted and mirrored, as a view: resampled once."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

# Pillow's filter, what OpenCV interpolates with, and how far the filter reaches, in output pixels
_KERNELS = {
    Image.Resampling.BILINEAR: (cv2.INTER_LINEAR, 1),
    Image.Resampling.BICUBIC: (cv2.INTER_CUBIC, 2),
    Image.Resampling.LANCZOS: (cv2.INTER_LANCZOS4, 3),
}


@dataclass(frozen=True)
class Warp:
    """An affine map of a view, about its centre, and where it takes its pixels from.

    Rotation, shift, shear and zoom are those of Keras, ``apply_affine_transform``
    (https://www.tensorflow.org/api_docs/python/tf/keras/preprocessing/image), which takes pixels
    from input = R T S Z output, in rows and columns from the centre. The mirror is of the output.

    Attributes:
        angle: degrees.
        shift: down and across, shares of the height and the width.
        zoom: factors of the rows and columns; above 1 shows more of the photo, smaller.
        shear: degrees.
        mirrored: left and right swapped.
    """

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0
    mirrored: bool = False

    def matrix(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
        """Where in the photo a point of the view lies: (2, 3), for x and y.

        Both are in pixels from the upper left corner: the first pixel's centre is at 0.5, 0.5.

        Args:
            box: left, top, right, bottom of the part that the view shows, in pixels.
            size: height and width of the view in pixels.
        """
        height, width = size
        turn, shear = math.radians(self.angle), math.radians(self.shear)
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        shearing = np.array([[1, -math.sin(shear)], [0, math.cos(shear)]])
        linear = rotation @ shearing @ np.diag(self.zoom)
        linear = linear @ np.diag([1, -1 if self.mirrored else 1])
        moved = rotation @ (np.array(self.shift) * size)
        # rows and columns of the view, from its centre, to x and y of the photo
        left, top, right, bottom = box
        scale = np.diag([(right - left) / width, (bottom - top) / height])
        linear = scale @ linear[::-1, ::-1]
        centre = np.array([(left + right) / 2, (top + bottom) / 2]) + scale @ moved[::-1]
        return np.column_stack([linear, centre - linear @ [width / 2, height / 2]])


def warped(
    image: Image.Image, matrix: np.ndarray, size: tuple[int, int], kernel: Image.Resampling
) -> np.ndarray:
    """The view of a photo that an affine map gives; beyond its border the nearest pixel stands.

    A photo that becomes smaller is sampled densely enough for its finest detail, on a grid of whole
    steps within an output pixel, and the samples are weighted as the filter of a resize weights
    pixels. One that becomes much smaller is first averaged over blocks of whole pixels, as a JPEG
    is decoded at a reduced size, to no less than three in an output pixel.

    Args:
        image: RGB, any size.
        matrix: of ``Warp.matrix``.
        size: height and width of the view in pixels.
        kernel: the filter: bilinear, bicubic or Lanczos.

    Returns:
        (H, W, 3) uint8.
    """
    interpolation, reach = _KERNELS[kernel]
    # a wave along an axis of the photo is shortened by the length of that row of the matrix
    shrinks = np.hypot(matrix[:, 0], matrix[:, 1])
    blocks = np.maximum(1, shrinks // 3).astype(int)
    steps = max(1, math.ceil((shrinks / blocks).max() - 1e-6))
    margin = reach if steps > 1 else 0
    height, width = (side + 2 * margin for side in size)
    grid = matrix.copy()  # from the samples' grid, which begins a margin outside of the view
    grid[:, 2] -= matrix[:, :2].sum(1) * margin
    grid[:, :2] /= steps
    left, top, right, bottom = _needed(grid, (height * steps, width * steps), image.size, blocks)
    pixels = np.asarray(_averaged(image, (left, top, right, bottom), blocks))
    grid[:, 2] -= (left, top)
    grid /= blocks[:, None]
    grid[:, 2] += grid[:, :2].sum(1) / 2 - 0.5  # OpenCV counts from the centre of the first pixel
    samples = cv2.warpAffine(
        pixels,
        grid,
        (width * steps, height * steps),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if steps == 1:
        return samples
    edge = margin * steps
    box = (edge, edge, edge + size[1] * steps, edge + size[0] * steps)
    return np.asarray(Image.fromarray(samples).resize(size[::-1], kernel, box=box))


def _needed(
    grid: np.ndarray, samples: tuple[int, int], size: tuple[int, int], blocks: np.ndarray
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels that the samples are interpolated from.

    Args:
        grid: (2, 3), from samples to the photo.
        samples: rows and columns.
        size: width and height of the photo.
        blocks: across and down: left and top are multiples, so that all views share blocks.
    """
    rows, columns = samples
    corners = np.array([[0, 0, 1], [columns, 0, 1], [0, rows, 1], [columns, rows, 1]]).T
    places = grid @ corners
    around = 4 * blocks  # the widest kernel reaches four pixels
    limits = np.array(size) - 1
    first = np.clip(np.floor(places.min(1)) - around, 0, limits).astype(int) // blocks * blocks
    last = np.clip(np.ceil(places.max(1)) + around, first + 1, size).astype(int)
    last = np.minimum(-(-last // blocks) * blocks, size)  # no block is cut but by the border
    return (*first.tolist(), *last.tolist())


def _averaged(
    image: Image.Image, box: tuple[int, int, int, int], blocks: np.ndarray
) -> Image.Image:
    """A part of a photo, each block of pixels their mean; at its far border they are smaller."""
    if (blocks == 1).all():
        return image.crop(box)
    return image.reduce((int(blocks[0]), int(blocks[1])), box=box)
