"""HEIC: decoded upright, refused in words when damaged, free for those who have none."""

import subprocess
import sys

import numpy as np
import pytest
from heic_photo import HEIC, QUARTERS
from helpers import noise
from workplace import REPOSITORY

from src_mindspore.doctor.survey import inspect_photo
from src_mindspore.photos.decode import open_photo
from src_mindspore.system.errors import UserError


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "renamed.jpg"])
def test_a_photo_of_a_phone_is_upright(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HEIC)
    pixels = np.asarray(open_photo(path)).astype(int)
    assert pixels.shape == (32, 24, 3)
    seen = [[pixels[y, x] for x in (6, 18)] for y in (8, 24)]
    assert np.abs(np.array(seen) - QUARTERS).max() < 5
    facts = inspect_photo(path)
    assert facts.fault is None
    assert [kind for kind, _ in facts.traits] == (["suffix"] if name == "renamed.jpg" else [])


@pytest.mark.parametrize("end", [12, 40, 300, 700])
def test_a_damaged_one_is_refused(tmp_path, end):
    path = tmp_path / "short.heic"
    path.write_bytes(HEIC[:end])
    with pytest.raises(UserError, match=f"{path} "):
        open_photo(path)


def test_metadata_that_is_no_text_costs_no_photo(tmp_path):
    # pi-heif's own plugin ends the process here: it takes the type of an item for UTF-8
    assert HEIC.count(b"Exif\0\0") >= 1
    path = tmp_path / "a.heic"
    path.write_bytes(HEIC.replace(b"Exif", b"\xff\xffif", 1))
    assert open_photo(path).size == (24, 32)


def test_avif_stays_with_pillow(tmp_path):
    path = tmp_path / "a.heic"
    noise(1).save(path, "AVIF")
    for brand in (b"avif", b"mif1"):  # of which AVIF is one kind
        content = bytearray(path.read_bytes())
        content[8:12] = brand
        assert b"avif" in content[8:32]
        path.write_bytes(content)
        assert open_photo(path).size == noise(1).size


CHILD = """
import sys
from pathlib import Path
from src_mindspore.photos.decode import open_photo
open_photo(Path(sys.argv[1]))
assert "_pi_heif" not in sys.modules
if sys.argv[2:]:
    sys.modules["_pi_heif"] = None  # as where it is not installed
    open_photo(Path(sys.argv[2]))
"""


def test_the_decoder_is_loaded_for_heic_alone(tmp_path):
    noise(1).save(tmp_path / "a.jpg")
    (tmp_path / "b.heic").write_bytes(HEIC)
    command = [sys.executable, "-c", CHILD, tmp_path / "a.jpg", tmp_path / "b.heic"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert "AssertionError" not in done.stderr
    assert "b.heic cannot be decoded: HEIC takes pi-heif, see requirements.txt" in done.stderr
