"""From files to pixels: decoding, resizing, normalising."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers import input_spec, noise
from PIL import Image

from src_mindspore.photos import decode
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import CropSpec
from src_mindspore.system.errors import UserError


def saved(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


def pixels(path) -> np.ndarray:
    image = open_photo(path)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif", "gif"])
def test_red_stays_red(tmp_path, suffix):
    red = Image.new("RGB", (9, 7), (255, 0, 0))
    got = pixels(saved(tmp_path / f"a.{suffix}", red))
    assert got.shape == (7, 9, 3)
    assert np.abs(got.astype(int) - (255, 0, 0)).max() <= 3  # JPEG and WebP are lossy


def test_lossless_pixels_arrive_as_they_are(tmp_path):
    np.testing.assert_array_equal(pixels(saved(tmp_path / "a.png", noise(0))), np.asarray(noise(0)))


# EXIF 2.3, tag 274: what has to be done to the stored rows and columns
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation(tmp_path, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    stored = noise(1, 12, 5)
    expected = UPRIGHT[orientation](np.asarray(stored))
    np.testing.assert_array_equal(pixels(saved(tmp_path / "a.png", stored, exif=exif)), expected)


def grey16() -> Image.Image:
    return Image.fromarray(np.array([[0, 255, 256, 32768, 65535]], np.uint16))


def palette() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putdata([0, 1])
    return image


MODES = [
    ("alpha.png", Image.new("RGBA", (1, 1), (255, 0, 0, 0)), {}, [[255, 255, 255]]),
    ("half.png", Image.new("RGBA", (1, 1), (255, 0, 0, 51)), {}, [[255, 204, 204]]),
    ("grey_alpha.png", Image.new("LA", (1, 1), (0, 51)), {}, [[204, 204, 204]]),
    ("palette.png", palette(), {}, [[10, 20, 30], [200, 100, 0]]),
    ("clear.png", palette(), {"transparency": 1}, [[10, 20, 30], [255, 255, 255]]),
    ("clear.gif", palette(), {"transparency": 0}, [[255, 255, 255], [200, 100, 0]]),
    (
        "colour_key.png",
        Image.new("RGB", (1, 1), (1, 2, 3)),
        {"transparency": (1, 2, 3)},
        [[255] * 3],
    ),
    ("grey.png", Image.new("L", (1, 1), 77), {}, [[77] * 3]),
    ("bit.png", Image.new("1", (1, 1), 1), {}, [[255] * 3]),
    ("grey16.png", grey16(), {}, [[v] * 3 for v in (0, 0, 1, 128, 255)]),
    ("grey16.tif", grey16(), {}, [[v] * 3 for v in (0, 0, 1, 128, 255)]),
    ("cmyk.jpg", Image.new("CMYK", (1, 1), (0, 255, 255, 0)), {}, [[255, 0, 0]]),
    ("one.jpg", Image.new("RGB", (1, 1), (40, 40, 40)), {}, [[40] * 3]),
]


@pytest.mark.parametrize(("name", "image", "options", "expected"), MODES, ids=[m[0] for m in MODES])
def test_every_kind_of_image_becomes_rgb(tmp_path, name, image, options, expected):
    assert pixels(saved(tmp_path / name, image, **options))[0].tolist() == expected


def test_an_animation_shows_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("blue", "red", "lime")]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    with Image.open(path) as image:
        assert image.n_frames == 3
    assert (pixels(path) == (0, 0, 255)).all()


def jpeg_bytes() -> bytes:
    stream = io.BytesIO()
    noise(2, 64, 64).save(stream, "JPEG")
    return stream.getvalue()


NO_IMAGE = f"{{path}} is not an image that can be read ({decode.NAMES})"
BROKEN = [
    (b"", NO_IMAGE),
    (b"my shopping list\n" * 20, NO_IMAGE),
    (jpeg_bytes()[:1], NO_IMAGE),
    (jpeg_bytes()[:1500], "{path} cannot be decoded: image file is truncated"),
    (None, "{path}: no such file"),
]


@pytest.mark.parametrize(("content", "text"), BROKEN)
def test_what_is_no_photo(tmp_path, content, text):
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as info:
        open_photo(path)
    assert str(info.value).startswith(text.format(path=path))


def test_a_folder_is_no_photo(tmp_path):
    with pytest.raises(UserError, match="must be a file, but is a folder"):
        open_photo(tmp_path)


def test_too_many_pixels(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", noise(0, 20, 16))
    monkeypatch.setattr(decode, "MAX_PIXELS", 320)
    assert open_photo(path).size == (20, 16)
    monkeypatch.setattr(decode, "MAX_PIXELS", 319)
    with pytest.raises(UserError) as info:
        open_photo(path)
    assert str(info.value) == (
        f"{path}: images of up to 319 pixels are accepted; this one has 20 x 16"
    )


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(200, 150), (31, 90), (1, 1), (64, 64)])
def test_stretch_is_pillows_resize(size, interpolation):
    image = noise(3, *size)
    kind = getattr(Image.Resampling, interpolation.upper())
    expected = np.asarray(image.resize((64, 64), kind))
    np.testing.assert_array_equal(
        prepare(image, input_spec(64, interpolation=interpolation)), expected
    )


# photo, shorter side, crop -> size after the resize, left and top of the crop; all by hand
CROPS = [
    ((200, 100), 64, 48, (128, 64), (40, 8)),
    ((100, 200), 64, 48, (64, 128), (8, 40)),
    ((100, 100), 64, 64, (64, 64), (0, 0)),
    ((150, 101), 64, 48, (95, 64), (23, 8)),  # 150 * 64 / 101 = 95.05; (95 - 48) // 2
    ((101, 150), 65, 48, (65, 97), (8, 24)),  # 150 * 65 / 101 = 96.53; (65 - 48) // 2 = 8
    ((150, 101), 65, 48, (97, 65), (24, 8)),
    ((5, 3), 33, 32, (55, 33), (11, 0)),
    ((1, 1), 40, 32, (40, 40), (4, 4)),
    ((1, 50), 32, 32, (32, 1600), (0, 784)),
]


@pytest.mark.parametrize(("size", "side", "crop", "resized", "corner"), CROPS)
def test_shorter_side_and_crop(size, side, crop, resized, corner):
    image = noise(4, *size)
    left, top = corner
    whole = image.resize(resized, Image.Resampling.BILINEAR)
    expected = np.asarray(whole.crop((left, top, left + crop, top + crop)))
    np.testing.assert_array_equal(prepare(image, input_spec(crop, side)), expected)


def test_a_crop_need_not_be_square():
    spec = replace(input_spec(32, 40), size=(20, 36), crop=CropSpec("center", (20, 36)))
    assert prepare(noise(5, 90, 70), spec).shape == (20, 36, 3)


def test_shrinking_is_anti_aliased():
    board = np.indices((256, 256)).sum(0) % 2 * 255
    image = Image.fromarray(np.repeat(board[..., None], 3, 2).astype(np.uint8))
    grey = prepare(image, input_spec(32)).astype(int)
    assert np.abs(grey - 127.5).max() < 4  # without the filter every pixel is black or white


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_shrinking_is_close_to_an_area_mean(interpolation):
    smooth = cv2.GaussianBlur(np.asarray(noise(6, 256, 256)), (0, 0), 16).astype(float)
    smooth = ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)
    mean = smooth.reshape(32, 8, 32, 8, 3).mean((1, 3))
    got = prepare(Image.fromarray(smooth), input_spec(32, interpolation=interpolation))
    assert np.abs(got - mean)[2:-2, 2:-2].max() < 8
    assert np.abs(got - mean).mean() < 2


def test_normalise():
    spec = replace(input_spec(4), mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    x = np.random.default_rng(7).integers(0, 256, (2, 4, 5, 3), np.uint8)
    got = normalise(x, spec)
    expected = ((x.astype(np.float64) - spec.mean) / spec.std).transpose(0, 3, 1, 2)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_red_is_channel_0_of_the_input():
    red = prepare(Image.new("RGB", (50, 40), (255, 0, 0)), input_spec(32))
    x = normalise(red[None], input_spec(32))
    assert x.shape == (1, 3, 32, 32)
    assert x[0].mean((1, 2)).tolist() == [1, -1, -1]
