"""Metadata never costs a photo: the orientation alone is read, and a damaged one is upright."""

import io
from pathlib import Path

import numpy as np
import pytest
from odd_files import PHOTO, jpeg, jpeg_files, other_files, png_files
from PIL import Image

from src_mindspore.photos.decode import TURNS, notes_of, open_photo, opened, upright

ODD = {**dict(jpeg_files()), **dict(png_files()), **dict(other_files())}
WHERE = Path("photo")
STORED = {
    "jpg": np.asarray(Image.open(io.BytesIO(jpeg()))),
    "png": np.asarray(PHOTO),
    "webp": np.asarray(PHOTO),
    "tif": np.asarray(PHOTO),
}


@pytest.mark.parametrize("name", ODD)
def test_good_pixels_are_read_whatever_stands_beside_them(name):
    odd = ODD[name]
    with opened(WHERE, io.BytesIO(odd.content)) as image:
        notes = notes_of(image)
        got = upright(image)
    assert (notes.orientation, notes.odd) == (odd.orientation, odd.odd)
    stored = STORED.get(name.rpartition(".")[2])
    if stored is not None:
        turn = TURNS.get(odd.orientation)
        expected = Image.fromarray(stored)
        expected = expected if turn is None else expected.transpose(turn)
        np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))


def test_the_pixels_of_an_avif_with_damaged_exif():
    stream = io.BytesIO()
    PHOTO.save(stream, "AVIF")
    with Image.open(stream) as plain:
        expected = np.asarray(plain.convert("RGB"))
    with opened(WHERE, io.BytesIO(ODD["exif_garbage.avif"].content)) as image:
        np.testing.assert_array_equal(np.asarray(upright(image)), expected)


@pytest.mark.parametrize("orientation", TURNS)
def test_the_container_of_an_avif_says_how_it_is_turned(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    PHOTO.save(tmp_path / "a.avif", exif=exif, quality=100, subsampling="4:4:4")
    got = np.asarray(open_photo(tmp_path / "a.avif")).astype(int)
    expected = np.asarray(PHOTO.transpose(TURNS[orientation]))
    assert np.abs(got - expected).mean() < 4


def test_frames_are_counted_and_the_first_is_read():
    films = {}
    for kind in ("PNG", "TIFF", "GIF", "WEBP"):
        stream = io.BytesIO()
        PHOTO.save(stream, kind, save_all=True, append_images=[PHOTO.rotate(90), PHOTO.rotate(180)])
        with opened(WHERE, io.BytesIO(stream.getvalue())) as image:
            films[kind] = max(notes_of(image).frames, getattr(image, "n_frames", 1))
            upright(image)
    assert films == {"PNG": 3, "TIFF": 3, "GIF": 3, "WEBP": 3}


def test_a_directory_that_follows_itself_is_counted_once():
    stream = io.BytesIO()
    PHOTO.save(stream, "TIFF")
    content = bytearray(stream.getvalue())
    start = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[start : start + 2], "little")
    at = start + 2 + entries * 12
    content[at : at + 4] = content[4:8]
    with opened(WHERE, io.BytesIO(bytes(content))) as image:
        assert notes_of(image).frames <= 2
        np.testing.assert_array_equal(np.asarray(upright(image)), np.asarray(PHOTO))
