"""Small photos: each once, within the page's room; evidence as pixels; what the network sees."""

import base64
import io

import numpy as np
import pytest
from helpers import input_spec, write_photos
from PIL import Image

from src_mindspore.photos.reader import PhotoReader
from src_mindspore.photos.transform import prepare
from src_mindspore.report import pictures
from src_mindspore.report.pictures import Pictures, overlay, seen_part


def decoded(uri: str) -> Image.Image:
    kind, _, content = uri.partition(";base64,")
    assert kind in ("data:image/png", "data:image/jpeg")
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_a_photo_is_embedded_once_and_the_page_has_its_room(tmp_path, monkeypatch) -> None:
    names = [f"{i}.png" for i in range(6)]
    write_photos(tmp_path, names)
    (tmp_path / "0.png").write_bytes(b"no photo")
    found = Pictures(PhotoReader(tmp_path, 600), 600)
    found.add(names[:4], 10)
    found.add(names[:4], 20)
    assert found.get("0.png") is None
    assert [found.get(name).name for name in names[1:4]] == ["p0", "p1", "p2"]
    picture = found.get("1.png")
    assert (picture.width, picture.height) == (20, 16)
    assert decoded(picture.uri).size == (10, 8)
    assert found.rules.count("data:image/jpeg") == 3
    assert found.missing == 0
    monkeypatch.setattr(pictures, "FIRST", len(picture.uri) + 1)
    monkeypatch.setattr(pictures, "EACH", 0)
    full = Pictures(PhotoReader(tmp_path, 600), 600)
    full.add(names[1:4], 10)
    full.add(names[4:], 10)
    assert len(full.rules) < len(picture.uri) + 60
    assert full.missing == 4


def test_evidence_as_pixels() -> None:
    assert overlay(np.full((2, 2), -1.0)) is None
    image = decoded(overlay(np.array([[4.0, 2.0], [-3.0, 0.0]])))
    assert (image.mode, image.size) == ("RGBA", (2, 2))
    alpha = np.asarray(image)[..., 3].tolist()
    assert alpha == [[184, 92], [0, 0]]  # 0.72 of 255, and half of it


@pytest.mark.parametrize("size", [(40, 40), (90, 40), (31, 77)])
@pytest.mark.parametrize("shorter", [None, 36])
def test_the_part_that_the_network_sees(size: tuple[int, int], shorter: int | None) -> None:
    spec = input_spec(32, shorter)
    width, height = size
    across = np.tile(np.linspace(0, 255, width), (height, 1))
    down = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    image = Image.fromarray(np.stack([across, down, down], 2).round().astype(np.uint8))
    seen = prepare(image, spec).astype(float) / 255
    left, top, wide, tall = seen_part(width, height, spec)
    # values are places: the first and the last that are seen, half a pixel of the input inside
    for low, span, first, last in (
        (left, wide, seen[16, 0, 0], seen[16, -1, 0]),
        (top, tall, seen[0, 16, 1], seen[-1, 16, 1]),
    ):
        assert first == pytest.approx(low + span / 64, abs=0.02)
        assert last == pytest.approx(low + span - span / 64, abs=0.02)
