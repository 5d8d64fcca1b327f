"""Rotation, shift, zoom and shear: where they take pixels from, and that nothing aliases."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers import input_spec, noise
from PIL import Image
from scipy import ndimage

from src_mindspore.features.job import Views
from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.warp import Warp, warped

STILL = Augmentation((1, 1), (1, 1), 0, 0, 0, 0, 0)
BILINEAR = Image.Resampling.BILINEAR
ALL = Warp(17, (0.1, -0.05), (1.1, 0.9), 12, mirrored=True)


def smooth(width: int, height: int) -> Image.Image:
    """No detail finer than some pixels, so that bilinear interpolation alone is compared."""
    pixels = np.random.default_rng(3).uniform(0, 255, (height, width, 3))
    pixels = ndimage.gaussian_filter(pixels, (3, 3, 0), mode="nearest")
    low, high = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - low) * 255 / (high - low)).round().astype(np.uint8))


def keras_matrix(warp: Warp, height: int, width: int) -> np.ndarray:
    """(3, 3), in rows and columns from the centre of the first pixel, as Keras composes it."""
    theta, shear = np.deg2rad(warp.angle), np.deg2rad(warp.shear)
    tx, ty = warp.shift[0] * height, warp.shift[1] * width
    zx, zy = warp.zoom
    sin, cos = np.sin(theta), np.cos(theta)
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    matrix = matrix @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    matrix = matrix @ np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    matrix = matrix @ np.diag([zx, zy, 1])
    row, column = height / 2 - 0.5, width / 2 - 0.5
    to_centre = np.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    back = np.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    return to_centre @ matrix @ back


PARTS = {
    "rotation": Warp(angle=30),
    "shift": Warp(shift=(0.2, -0.1)),
    "zoom": Warp(zoom=(0.7, 1.2)),
    "shear": Warp(shear=25),
    "mirror": Warp(mirrored=True),
    "all": ALL,
}


@pytest.mark.parametrize("part", PARTS)
def test_it_is_what_keras_does_to_the_resized_photo(part):
    """Enlarged three times, so that nothing has to be averaged, which Keras does not do."""
    image, warp, size = smooth(60, 44), PARTS[part], (132, 180)
    reduced = np.array([[1 / 3, 0, 1 / 6 - 0.5], [0, 1 / 3, 1 / 6 - 0.5], [0, 0, 1]])
    matrix = reduced @ keras_matrix(warp, *size)
    planes = [
        ndimage.affine_transform(
            plane.astype(float),
            matrix[:2, :2],
            matrix[:2, 2],
            output_shape=size,
            order=1,
            mode="nearest",
        )
        for plane in np.asarray(image).transpose(2, 0, 1)
    ]
    expected = np.stack(planes, -1)
    if warp.mirrored:  # Keras flips after the transform
        expected = expected[:, ::-1]
    got = warped(image, warp.matrix((0, 0, 60, 44), size), size, BILINEAR)
    differences = np.abs(got - expected)
    assert differences.max() < 1.5  # OpenCV places pixels to 1/32
    assert differences.mean() < 0.4
    still = warped(image, Warp().matrix((0, 0, 60, 44), size), size, BILINEAR)
    assert np.abs(got.astype(float) - still).mean() > 10


def composed(image: Image.Image, matrix: np.ndarray, size: tuple[int, int], n: int) -> np.ndarray:
    """The view from ``n`` x ``n`` samples in an output pixel: (H, W, 3) of floats.

    Each is the photo's pixel that it falls on; they have the weights of a triangle that ends in the
    middle of the neighbours.
    """
    pixels = np.asarray(image, float)
    axes = [(np.arange((side + 2) * n) + 0.5) / n - 1 for side in size]
    y, x = np.meshgrid(*axes, indexing="ij")
    x, y = (row[0] * x + row[1] * y + row[2] for row in matrix)
    rows = np.clip(np.floor(y).astype(int), 0, pixels.shape[0] - 1)
    columns = np.clip(np.floor(x).astype(int), 0, pixels.shape[1] - 1)
    samples = pixels[rows, columns]
    weights = 1 - np.abs((np.arange(2 * n) + 0.5) / n - 1)
    weights /= weights.sum()
    for axis, side in enumerate(size):
        samples = np.moveaxis(samples, axis, 0)
        starts = [n + i * n - n // 2 for i in range(side)]
        samples = np.stack([np.tensordot(weights, samples[s : s + 2 * n], 1) for s in starts])
        samples = np.moveaxis(samples, 0, axis)
    return samples


def rms(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(((one.astype(float) - other) ** 2).mean()))


@pytest.mark.parametrize(("side", "n"), [(24, 16), (70, 8), (110, 6)])
def test_a_large_photo_does_not_alias(side, n):
    """A photo becomes 11, 4 and 2.4 times smaller: as clean as by the resize without a warp."""
    y, x = np.mgrid[0:330, 0:440]
    rings = 127.5 + 127.5 * np.cos(np.pi * ((x - 220) ** 2 + (y - 165) ** 2) / 440)
    squares = 255 * ((x // 3 + y // 3) % 2)
    specks = np.random.default_rng(0).integers(0, 256, x.shape)
    photo = Image.fromarray(np.stack([rings, squares, specks], -1).round().astype(np.uint8))
    box, size = (3.3, 5.7, 431.2, 320.1), (side, side)
    matrix = replace(ALL, zoom=(0.6, 0.6), shift=(0.03, -0.02)).matrix(box, size)
    expected = composed(photo, matrix, size, n)
    error = rms(warped(photo, matrix, size, BILINEAR), expected)
    inner = (88.9, 68.6, 345.6, 257.2)  # what such a zoom shows
    plain = composed(photo, Warp().matrix(inner, size), size, n)
    present = rms(np.asarray(photo.resize(size, BILINEAR, box=inner)), plain)
    matrix[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # sees four pixels, whatever lies between
    aliased = rms(cv2.warpAffine(np.asarray(photo), matrix, size, flags=flags), expected)
    assert error < 1.3 * present
    assert error < aliased / 5


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(300, 200), (20, 16), (1, 1), (2, 400)])
def test_a_warp_by_nothing_is_the_resize(size, interpolation):
    image = noise(4, *size).resize(size, Image.Resampling.BICUBIC)
    kernel = {"bilinear": BILINEAR, "bicubic": Image.Resampling.BICUBIC}.get(
        interpolation, Image.Resampling.LANCZOS
    )
    box = (0, 0, *size)
    got = warped(image, Warp().matrix(box, (32, 32)), (32, 32), kernel)
    expected = np.asarray(image.resize((32, 32), kernel, box=box))
    assert got.shape == (32, 32, 3)
    assert rms(got, expected) < 16  # of noise; 74 between any two such images


def test_outside_of_the_photo_is_its_nearest_pixel():
    image = Image.new("RGB", (40, 40), "blue")
    image.paste("red", (0, 0, 1, 40))
    moved = Warp(shift=(0, -0.25)).matrix((0, 0, 40, 40), (40, 40))
    got = warped(image, moved, (40, 40), BILINEAR)
    assert (got[:, :11] == (255, 0, 0)).all()
    assert (got[:, 12:] == (0, 0, 255)).all()


def test_outside_of_the_crop_is_the_photo():
    image = Image.new("RGB", (80, 80), "blue")
    image.paste("red", (0, 0, 20, 80))
    moved = Warp(shift=(0, -0.25)).matrix((20, 20, 60, 60), (40, 40))
    got = warped(image, moved, (40, 40), BILINEAR)
    assert (got[:, :9] == (255, 0, 0)).all()
    assert (got[:, 11:] == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("amounts", "read", "low", "high"),
    [
        ({"rotation": 20}, lambda w: [w.angle], -20, 20),
        ({"shift": 0.2}, lambda w: w.shift, -0.2, 0.2),
        ({"zoom": 0.15}, lambda w: w.zoom, 0.85, 1.15),
        ({"shear": 10}, lambda w: [w.shear], -10, 10),
    ],
)
def test_amounts_reach_their_limits_and_move_nothing_else(amounts, read, low, high):
    augmentation = replace(STILL, **amounts)
    drawn = [augmentation._warp(np.random.default_rng(s), False) for s in range(400)]
    for values in zip(*map(read, drawn), strict=True):
        assert low <= min(values) < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < max(values) <= high
    (name,) = {"rotation": "angle"}.get(next(iter(amounts)), next(iter(amounts))).split()
    assert all(replace(warp, **{name: getattr(Warp(), name)}) == Warp() for warp in drawn)


def test_crop_flip_and_warp_are_one():
    image, spec, seed = smooth(90, 70), input_spec(64), 4
    asked = replace(STILL, scale=(0.5, 0.9), flip=1, rotation=30, zoom=0.1)
    got = asked(image, np.random.default_rng(seed), spec)
    rng = np.random.default_rng(seed)
    box = asked._crop_box(90, 70, rng)
    assert rng.random() < 1
    rng.uniform(size=4)  # colours
    (angle,), (rows, columns) = rng.uniform(-30, 30, 1), rng.uniform(-0.1, 0.1, 2)
    zoom = (1 + rows, 1 + columns)
    expected = composed(
        image, Warp(angle, zoom=zoom, mirrored=True).matrix(box, (64, 64)), (64, 64), 8
    )
    assert rms(got, expected) < 4
    assert np.array_equal(got, asked(image, np.random.default_rng(seed), spec))


def test_a_view_is_taken_smaller_and_enlarged():
    image, spec = noise(2, 64, 64), input_spec(32)
    got = replace(STILL, downscale=0.25)(image, np.random.default_rng(6), spec)
    rng = np.random.default_rng(6)
    rng.uniform(size=9)  # crop (4), flip, colours (4)
    side = round(32 * rng.uniform(0.25, 1))
    assert 8 <= side < 31
    small = image.resize((side, side), BILINEAR)
    np.testing.assert_array_equal(got, np.asarray(small.resize((32, 32), BILINEAR)))


def test_blur_is_a_gaussian_of_at_most_that_width():
    dot = Image.new("RGB", (65, 65))
    dot.putpixel((32, 32), (255, 255, 255))
    dot = dot.resize((65, 65), Image.Resampling.NEAREST)
    widths = []
    for seed in range(60):
        view = replace(STILL, blur=2.0)(dot, np.random.default_rng(seed), input_spec(65))
        light = view[..., 0].astype(float)
        widths.append(np.sqrt((light.sum(0) * (np.arange(65) - 32) ** 2).sum() / light.sum()))
    assert min(widths) < 0.2
    assert 1.7 < max(widths) < 2.05


def test_what_is_off_draws_nothing_and_is_in_no_key():
    rng, expected = np.random.default_rng(7), np.random.default_rng(7)
    Augmentation()(noise(1), rng, input_spec(32))
    expected.uniform(size=9)
    assert rng.bit_generator.state == expected.bit_generator.state
    before = (
        '{"augmentation": {"brightness": 0.2, "contrast": 0.2, "flip": 0.5, "hue": 0.02, '
        '"ratio": [0.75, 1.3333333333333333], "saturation": 0.2, "scale": [0.35, 1.0]}, '
        '"count": 2, "seed": 7}'
    )
    assert json.dumps(Views(2, Augmentation(), 7).to_dict(), sort_keys=True) == before
    assert Views(1).to_dict() == {"count": 1, "augmentation": None, "seed": 0}
    for name in ("rotation", "shift", "zoom", "shear", "downscale", "blur"):
        assert replace(STILL, **{name: 0.5}).to_dict()[name] == 0.5
