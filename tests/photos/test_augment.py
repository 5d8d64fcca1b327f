"""Random views: within their limits, and the same again from the same generator."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers import input_spec, noise
from PIL import Image

from src_mindspore.photos.augment import Augmentation
from src_mindspore.photos.transform import prepare

STILL = Augmentation((1, 1), (1, 1), 0, 0, 0, 0, 0)


def test_augmentation_by_nothing_is_the_plain_view():
    image, spec = noise(8, 70, 50), input_spec(32)
    for seed in range(5):
        got = STILL(image, np.random.default_rng(seed), spec)
        np.testing.assert_array_equal(got, prepare(image, spec))


def test_augmentation_follows_its_generator():
    image, spec = noise(8, 70, 50), input_spec(32)
    views = [Augmentation()(image, np.random.default_rng(s), spec) for s in (1, 1, 2)]
    assert views[0].shape == (32, 32, 3)
    assert views[0].dtype == np.uint8
    np.testing.assert_array_equal(views[0], views[1])
    assert np.abs(views[0].astype(int) - views[2]).mean() > 10


def test_a_view_is_what_it_was():
    """The bytes of a released version: features that are kept belong to their key."""
    view = Augmentation(scale=(0.3, 0.5))(
        noise(8, 70, 50), np.random.default_rng(1), input_spec(32)
    )
    assert hashlib.sha256(view.tobytes()).hexdigest() == (
        "81264392cc6dce55153c27d0ff78f2df3c3c57ccad219f4315332248bb99195e"
    )


def test_flip_mirrors_left_and_right():
    image, spec = noise(9, 32, 32), input_spec(32)
    rng = np.random.default_rng(0)
    always = replace(STILL, flip=1)(image, rng, spec)
    np.testing.assert_array_equal(always, np.asarray(image)[:, ::-1])
    half = [replace(STILL, flip=0.5)(image, rng, spec) for _ in range(200)]
    flipped = sum(np.array_equal(view, always) for view in half)
    assert 70 < flipped < 130
    plain = sum(np.array_equal(view, np.asarray(image)) for view in half)
    assert plain + flipped == 200


@pytest.mark.parametrize("size", [(400, 300), (3, 500), (1, 1), (2, 1)])
def test_crops_stay_inside_and_cover_what_they_should(size):
    width, height = size
    rng = np.random.default_rng(10)
    augmentation = Augmentation(scale=(0.3, 0.5), ratio=(0.8, 1.25))
    boxes = np.array([augmentation._crop_box(width, height, rng) for _ in range(1000)])
    left, top, right, bottom = boxes.T
    assert left.min() >= 0
    assert top.min() >= 0
    assert right.max() <= width + 1e-9
    assert bottom.max() <= height + 1e-9
    assert (right - left).min() >= 1 - 1e-9
    assert (bottom - top).min() >= 1 - 1e-9
    if width > 100:
        shares = (right - left) * (bottom - top) / (width * height)
        ratios = (right - left) / width / ((bottom - top) / height)
        for values, low, high in ((shares, 0.3, 0.5), (ratios, 0.8, 1.25)):
            assert low - 1e-9 <= values.min() < low + 0.01
            assert high - 0.01 < values.max() <= high + 1e-9
        assert left.min() < 0.02 * width  # and reach both sides
        assert right.max() > 0.98 * width
    else:
        augmentation(noise(0, *size), rng, input_spec(32))


def recoloured(colour, seeds=300, **amounts) -> np.ndarray:
    """What one colour becomes: (seeds, 3)."""
    image, spec = Image.new("RGB", (32, 32), colour), input_spec(32)
    changed = replace(STILL, **amounts)
    views = [changed(image, np.random.default_rng(s), spec) for s in range(seeds)]
    assert all((view == view[0, 0]).all() for view in views)
    return np.array([view[0, 0] for view in views], int)


def test_brightness_is_a_factor():
    got = recoloured((100, 60, 200), brightness=0.2)
    for channel, value in enumerate((100, 60, 200)):
        low, high = got[:, channel].min(), got[:, channel].max()
        assert value * 0.8 - 1 <= low < value * 0.83
        assert value * 1.17 < high <= value * 1.2 + 1
    bright = recoloured((250, 250, 250), brightness=1)  # by 0 to 2
    assert 0.4 < (bright == 255).mean() < 0.6  # clipped, not wrapped around


def test_contrast_turns_around_the_mean():
    image = Image.new("RGB", (32, 32), (100, 100, 100))
    image.paste((160, 160, 160), (0, 0, 16, 32))
    views = [
        replace(STILL, contrast=0.5)(image, np.random.default_rng(s), input_spec(32)).astype(int)
        for s in range(200)
    ]
    spans = [int(np.ptp(view)) for view in views]
    assert 30 - 1 <= min(spans) < 33
    assert 87 < max(spans) <= 90 + 1
    assert all(abs(view.mean() - 130) < 1.5 for view in views)


def test_saturation_moves_between_grey_and_colour():
    got = recoloured((200, 150, 100), saturation=0.5)
    assert np.abs(got[:, 0] - 200).max() <= 2  # the value of HSV stays
    spans = np.ptp(got, axis=1)
    assert 48 <= spans.min() < 55
    assert 145 < spans.max() <= 152
    grey = recoloured((120, 120, 120), saturation=1.0, hue=0.5)
    assert np.abs(grey - 120).max() <= 1


@pytest.mark.parametrize("limit", [0.02, 0.1, 0.5])
def test_hue_turns_the_colour_circle_both_ways(limit):
    got = recoloured((255, 0, 0), hue=limit)
    hues = np.array([cv2.cvtColor(c[None, None].astype(np.uint8), cv2.COLOR_RGB2HSV) for c in got])
    degrees = (hues[..., 0].ravel() * 2.0 + 180) % 360 - 180
    assert np.abs(degrees).max() <= 360 * limit + 2
    assert degrees.max() > 360 * limit * 0.6
    assert degrees.min() < -360 * limit * 0.6


def test_a_crop_keeps_the_area_that_was_drawn():
    whole = Augmentation(scale=(1, 1), ratio=(0.5, 2))
    for seed in range(20):
        box = whole._crop_box(300, 200, np.random.default_rng(seed))
        assert box == pytest.approx((0, 0, 300, 200))
    half = Augmentation(scale=(0.5, 0.5), ratio=(0.5, 2))
    for seed in range(20):
        left, top, right, bottom = half._crop_box(300, 200, np.random.default_rng(seed))
        assert (right - left) * (bottom - top) == pytest.approx(0.5 * 300 * 200)
        assert 0 <= left < right <= 300
        assert 0 <= top < bottom <= 200
