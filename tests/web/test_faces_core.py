"""Faces in the page, run by node: the same boxes, landmarks and crops as in Python."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from face_scenes import photos, scene
from helpers import noise
from lite_fakes import fetched_or_skip
from web_core import WebCore, web_core

from src_mindspore.faces.boxes import suppress
from src_mindspore.faces.centerface import CenterFace, decode
from src_mindspore.faces.crop import MARGIN, crop
from src_mindspore.faces.detector import LONGEST_SIDE, SMALLEST_FACE, THRESHOLDS
from src_mindspore.faces.files import CENTERFACE, network_files
from src_mindspore.faces.web_files import page_detector
from src_mindspore.web.runtime import runtime_files

SPEC = {
    "format": 1,
    "threshold": THRESHOLDS["centerface"],
    "smallest_face": SMALLEST_FACE,
    "longest_side": LONGEST_SIDE,
    "margin": MARGIN,
}


@pytest.fixture(scope="module")
def core() -> Iterator[WebCore]:
    with web_core() as started:
        yield started


def maps_of(rng: np.random.Generator, rows: int, columns: int) -> list[np.ndarray]:
    heat = rng.random((rows, columns), np.float32) ** 4
    size = rng.normal(1.5, 0.6, (2, rows, columns)).astype(np.float32)
    offset = rng.random((2, rows, columns), np.float32) - 0.5
    return [heat, size, offset, rng.random((10, rows, columns), np.float32)]


@pytest.mark.parametrize("threshold", [0.3, 0.7])
def test_maps_become_the_same_faces(core, tmp_path, threshold):
    for seed, (rows, columns) in enumerate(((20, 24), (33, 17), (1, 1))):
        maps = maps_of(np.random.default_rng(seed), rows, columns)
        maps[0].flat[0] = np.float32(threshold)  # as float32 it is not below
        files = []
        for place, values in enumerate(maps):
            files.append(tmp_path / f"map{place}")
            files[-1].write_bytes(values.tobytes())
        reply = core.good("faces_in", files=files, columns=columns, threshold=threshold)
        boxes, scores, points = decode(maps, threshold)
        kept = suppress(boxes, scores, 0.3)
        faces = reply["faces"]
        assert len(faces) == len(kept) > 0
        np.testing.assert_allclose([f["box"] for f in faces], boxes[kept], rtol=1e-12)
        np.testing.assert_array_equal([np.float32(f["score"]) for f in faces], scores[kept])
        np.testing.assert_allclose([f["landmarks"] for f in faces], points[kept], rtol=1e-12)


def test_nothing_found(core, tmp_path):
    for place, values in enumerate(maps_of(np.random.default_rng(0), 4, 4)):
        (tmp_path / f"map{place}").write_bytes(np.zeros_like(values).tobytes())
    files = [tmp_path / f"map{place}" for place in range(4)]
    assert core.good("faces_in", files=files, columns=4, threshold=0.3)["faces"] == []


@pytest.mark.parametrize(
    ("size", "to"),
    [((64, 48), (32, 24)), ((100, 75), (31, 24)), ((50, 9), (49, 9)), ((7, 5), (1, 1))],
)
def test_a_smaller_copy_is_opencv_s(core, tmp_path, size, to):
    """At most one of 255 off, where a mean lies in the middle between two levels."""
    photo = np.asarray(noise(1, *size))
    names = {"file": tmp_path / "file", "out": tmp_path / "out"}
    names["file"].write_bytes(photo.tobytes())
    core.good("shrink", **names, width=size[0], height=size[1], to=to)
    got = np.frombuffer(names["out"].read_bytes(), np.uint8).reshape(to[1], to[0], 3)
    expected = cv2.resize(photo, to, interpolation=cv2.INTER_AREA)
    off = abs(got.astype(int) - expected)
    assert off.max() <= 1
    assert (off > 0).mean() < 0.15


BOXES = [
    (10.5, 3.25, 30.5, 28.75),
    (-8.0, -9.0, 12.5, 7.5),
    (50.0, 30.0, 90.0, 60.0),
    (-30.0, 5.0, -20.0, 9.0),
    (12.0, 12.0, 12.0, 12.0),
]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_the_part_around_a_face(core, tmp_path, box, margin):
    photo = np.asarray(noise(2, 64, 48))
    names = {"file": tmp_path / "file", "out": tmp_path / "out"}
    names["file"].write_bytes(photo.tobytes())
    reply = core.good("around", **names, width=64, height=48, box=box, margin=margin)
    expected = crop(photo, np.array(box), margin)
    assert reply["size"] == [expected.shape[1], expected.shape[0]]
    assert names["out"].read_bytes() == np.ascontiguousarray(expected).tobytes()


def faces_json(folder: Path, **changes: object) -> None:
    file = {"name": "centerface.onnx", "bytes": 3, "sha256": "00"}
    (folder / "faces.json").write_text(json.dumps({**SPEC, "file": file, **changes}))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"threshold": 2}, "threshold"),
        ({"smallest_face": 8}, "smallest_face"),
        ({"longest_side": "1280"}, "longest_side"),
        ({"margin": -1}, "margin"),
        ({"colour": 1}, "faces.json"),
        ({"file": {}}, "file.name"),
        ({"file": {"name": "../a", "bytes": 1, "sha256": ""}}, "file.name"),
        ({"file": {"name": "a", "bytes": 1.5, "sha256": ""}}, "file.bytes"),
        ({"file": {"name": "a", "bytes": 1, "sha256": None}}, "file.sha256"),
    ],
)
def test_a_broken_description_is_refused(core, tmp_path, changes, key):
    faces_json(tmp_path, **changes)
    reply = core.ask("open_faces", folder=tmp_path, runtime=tmp_path)
    assert (reply["code"], reply["details"]["key"]) == ("spec_bad", key)
    faces_json(tmp_path, format=2)
    assert core.ask("open_faces", folder=tmp_path, runtime=tmp_path)["code"] == "spec_format"


class Opened:
    """The page's detector and Python's."""

    def __init__(self, core: WebCore, folder: Path, runtime: Path) -> None:
        for name, content in page_detector().items():
            (folder / name).write_bytes(content)
        core.good("open_faces", folder=folder, runtime=runtime)
        self.core, self.folder = core, folder
        self.detector = CenterFace(SMALLEST_FACE, SPEC["threshold"], LONGEST_SIDE, 1)

    def compare(self, photo: np.ndarray, within: float = 0.01) -> int:
        """Asserts that both find the same faces; how many."""
        (self.folder / "photo").write_bytes(np.ascontiguousarray(photo).tobytes())
        height, width = photo.shape[:2]
        ask = {"file": self.folder / "photo", "width": width, "height": height}
        faces = self.core.good("faces", **ask)["faces"]
        expected = self.detector.find(photo)
        assert len(faces) == len(expected.scores)
        for face, box, score, points in zip(faces, *expected, strict=True):
            np.testing.assert_allclose(face["box"], box, atol=within)
            np.testing.assert_allclose(face["landmarks"], points, atol=within)
            assert face["score"] == pytest.approx(float(score), abs=1e-4 + within / 100)
        return len(faces)


@pytest.fixture(scope="module")
def opened(core, tmp_path_factory) -> Opened:
    fetched_or_skip(lambda: network_files(CENTERFACE))
    runtime = fetched_or_skip(runtime_files)
    return Opened(core, tmp_path_factory.mktemp("faces"), runtime[0].parent)


@pytest.mark.long
def test_faces_are_found_where_python_finds_them(opened, shared_data):
    picture, _ = scene(photos(shared_data, "with_mask", 2), 120, 2, 320, 320)
    assert opened.compare(picture) == 2
    assert opened.compare(np.asarray(noise(3, 50, 40))) == 0


@pytest.mark.long
def test_many_faces_are_found_where_python_finds_them(opened, shared_data):
    alone = [p for kind in ("with_mask", "without_mask") for p in photos(shared_data, kind, 60)]
    assert sum(opened.compare(photo) for photo in alone) > 100
    together, _ = scene(alone[:12], 120, 4)
    assert opened.compare(together) >= 8
    large = cv2.resize(together, (1800, 1350), interpolation=cv2.INTER_CUBIC)
    assert opened.compare(large, within=0.2) >= 8  # searched in a smaller copy
    for photo in photos(shared_data, "none", 20):
        opened.compare(photo)
