"""What becomes of a photo that cannot be used, in each of the ways to read photos."""

from pathlib import Path

import numpy as np
import pytest
from helpers import write_photos
from PIL import Image

from src_mindspore.photos.decode import MAX_PIXELS, open_photo
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import first_readable, plain_tensors, read_photos
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import square_input
from src_mindspore.system.errors import UserError

SPEC = square_input(32, (127.5,) * 3, (127.5,) * 3)
COUNT = 6  # more than ``FEW``: in threads
NAMES = [f"{i}.png" for i in range(COUNT)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path, NAMES)


@pytest.mark.parametrize("count", [1, COUNT])
def test_faults_are_noted_and_the_others_go_on(folder: Path, count: int) -> None:
    paths = [folder / name for name in NAMES[:count]]
    paths[-1].write_bytes(b"no image")
    faults: dict[Path, UserError] = {}
    images, gone = plain_tensors(paths, open_photo, SPEC, faults.__setitem__)
    assert gone.tolist() == [False] * (count - 1) + [True]
    assert list(faults) == paths[-1:]
    assert "is not an image that can be read" in str(faults[paths[-1]])
    black = normalise(np.zeros((1, 32, 32, 3), np.uint8), SPEC)[0]
    np.testing.assert_array_equal(images[-1], black)
    for path, image in zip(paths[:-1], images, strict=False):
        expected = normalise(prepare(open_photo(path), SPEC)[None], SPEC)
        np.testing.assert_array_equal(image[None], expected)
    with pytest.raises(UserError, match="is not an image that can be read"):
        read_photos(paths, SPEC)


def test_a_photo_that_cannot_be_prepared_is_named(tmp_path: Path) -> None:
    strip = tmp_path / "strip.png"
    Image.new("RGB", (40_000, 2)).save(strip)
    spec = square_input(64, SPEC.mean, SPEC.std, resize="shorter_side", shorter_side=72)
    with pytest.raises(UserError) as info:
        read_photos([strip], spec)
    assert str(info.value) == (
        f"{strip}: an image of 40000 x 2 becomes 1440000 x 72 with the shorter side at 72; up to "
        f"{MAX_PIXELS:,} pixels are accepted"
    )


def test_the_first_that_can_be_read(folder: Path) -> None:
    records = [Record(name, 0) for name in NAMES]
    (folder / NAMES[0]).unlink()
    reader = PhotoReader(folder, COUNT)
    got = first_readable(reader, records, 2, SPEC)
    np.testing.assert_array_equal(got, read_photos([folder / n for n in NAMES[1:3]], SPEC))
    assert list(reader.skipped) == NAMES[:1]
    with pytest.raises(UserError, match="none of the 1 photos can be read any more"):
        first_readable(reader, records[:1], 2, SPEC)
