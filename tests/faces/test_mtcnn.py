"""MTCNN: equal to a plain one here, and on 300 photos to the package whose weights it has."""

import math

import numpy as np
import pytest
from face_scenes import photos, scene
from lite_fakes import fetched_or_skip
from plain_mtcnn import plain_mtcnn, session

from benchmarks.peers.faces_peer import agreement, as_the_package, peer
from src_mindspore.faces.detector import load_detector
from src_mindspore.faces.files import MTCNN, network_files
from src_mindspore.faces.mtcnn import cut_out
from src_mindspore.faces.p_net import MARGIN, STRIDE, STRIP, PNet
from src_mindspore.faces.pyramid import SMALL, copies, pyramid

PHOTOS = 300


@pytest.fixture(scope="module")
def files():
    return fetched_or_skip(lambda: network_files(MTCNN))


ROWS = MARGIN + STRIDE * STRIP  # of a photo that is one strip


@pytest.mark.parametrize("rows", [12, 13, ROWS - 1, ROWS, ROWS + 2, 2 * ROWS + 9])
def test_the_rewritten_p_net_gives_the_same_values(files, rows) -> None:
    copy = np.random.default_rng(rows).integers(0, 256, (rows, 41, 3), np.uint8)
    values = ((copy - 127.5) / 128).astype(np.float32)[None]
    boxes, classes = session(files[0]).run(None, {"input_1": values})
    (answer,) = PNet(files[0])([copy])
    np.testing.assert_allclose(answer[:4].transpose(1, 2, 0), boxes[0], atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-answer[4])), classes[0, ..., 1], atol=1e-5)


@pytest.mark.parametrize(("seed", "side"), [(1, 50), (2, 40), (3, 64)])
def test_a_plain_implementation_finds_the_same(files, shared_data, seed, side) -> None:
    """Two faces, one of them cut by the border; with seed 3 several windows score 1."""
    picture, _ = scene(photos(shared_data, "without_mask", 2, seed), side, 2, 150, 80)
    picture = np.ascontiguousarray(picture[:, 8:])
    expected = np.array(plain_mtcnn(picture, files))
    faces = load_detector("mtcnn", threads=1).find(picture)
    assert len(faces.boxes) == len(expected) > 0
    np.testing.assert_allclose(faces.boxes, expected[:, :4], atol=0.05)
    np.testing.assert_allclose(faces.scores, expected[:, 4], atol=1e-3)
    points = expected[:, 5:].reshape(-1, 2, 5).transpose(0, 2, 1)
    np.testing.assert_allclose(faces.landmarks, points, atol=0.05)


def test_the_pyramid_by_hand() -> None:
    # the shorter side: 24, 17.02 and 12.06 pixels; then 23.76 and 16.85, and 11.94 are too few
    assert pyramid((40, 100), 20) == pytest.approx([0.6, 0.6 * 0.709, 0.6 * 0.709**2])
    assert pyramid((40, 100), 20.2) == pytest.approx([12 / 20.2, 12 / 20.2 * 0.709])
    assert pyramid((19, 100), 20) == []


def plain_averages(photo: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """By how much of each pixel lies in each cell, in both directions."""
    for axis, side in enumerate(sides):
        length = photo.shape[axis]
        ends = np.arange(side + 1) * length / side
        first, last = ends[:-1, None], ends[1:, None]
        pixel = np.arange(length)
        shares = np.clip(np.minimum(last, pixel + 1) - np.maximum(first, pixel), 0, None)
        photo = np.moveaxis(np.tensordot(shares / (last - first), photo, (1, axis)), 0, axis)
    return photo


@pytest.mark.parametrize("size", [(97, 130), (48, 60), (151, 90)])
def test_every_copy_is_an_average_over_areas(size) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    scales = [0.6, SMALL, 0.2, 0.11, 0.02]
    found = copies(photo, scales)
    assert [len(copy) for copy in found] == [math.ceil(size[0] * scale) for scale in scales]
    for copy in found:
        assert np.abs(copy - plain_averages(photo.astype(float), copy.shape[:2])).max() < 0.501


def test_a_photo_too_large_for_sums_of_32_bits() -> None:
    photo = np.full((2910, 2910, 3), 255, np.uint8)
    photo[-1200:, -1200:] = 7
    assert photo[..., 0].size * 255 > 2**31
    (copy,) = copies(photo, [0.01])
    assert copy[0, 0].tolist() == [255] * 3
    assert copy[-1, -1].tolist() == [7] * 3


def test_several_threads_find_the_same(files, shared_data) -> None:
    picture, _ = scene(photos(shared_data, "without_mask", 4, 4), 80, 2, 301, 403)
    one, two = (load_detector("mtcnn", threads=count).find(picture) for count in (1, 2))
    assert len(one.boxes) >= 2
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)


def test_what_reaches_over_the_border_is_black() -> None:
    photo = np.full((10, 20, 3), 200, np.uint8)
    whole, cut = cut_out(photo, np.array([[1.0, 1, 10, 10], [6, -4, 15, 5]]), 10)[..., 0]
    assert (whole == 200).all()
    assert (cut[:5, 5:] == 200).all()
    assert cut.sum() == 200 * 25


@pytest.mark.long
def test_the_package_itself_finds_the_same(shared_data, tmp_path) -> None:
    """99 % of its boxes at IoU 0.9, landmarks within 1 % of the box, in its whole pixels."""
    shares, off, extra = [], [], 0
    kinds = [photos(shared_data, kind, PHOTOS // 2) for kind in ("with_mask", "without_mask")]
    chosen = [*kinds[0], *kinds[1]]
    own = load_detector("mtcnn", threads=1)
    with peer(tmp_path, threads=1) as package:
        for photo in chosen:
            expected, got = package.find(photo)[0], as_the_package(own.find(photo))
            share, distance = agreement(expected, got)
            shares += share.tolist()
            off += distance[share >= 0.9].tolist()
            extra += len(got.boxes) - len(expected.boxes)
    assert len(shares) > 0.6 * PHOTOS
    assert np.mean(np.array(shares) >= 0.9) >= 0.99
    assert np.mean(np.array(off) <= 0.01) >= 0.99
    assert abs(extra) <= 0.01 * len(shares)
