"""CenterFace: equal to OpenCV's run of the file as it comes; how its maps are read."""

import cv2
import numpy as np
import onnx
import pytest
from face_scenes import photos, scene
from lite_fakes import fetched_or_skip

from src_mindspore.faces.centerface import GREY, LEAST_SIDE, MAPS, CenterFace, decode, frame
from src_mindspore.faces.files import CENTERFACE, network_files


@pytest.fixture(scope="module")
def detector() -> CenterFace:
    return fetched_or_skip(lambda: CenterFace(20, 0.3, 1280, 1))


@pytest.mark.parametrize("size", [(320, 320), (352, 256)])
def test_the_maps_are_opencvs(detector, shared_data, size) -> None:
    picture, _ = scene(photos(shared_data, "with_mask", 2), 120, 2, *size)
    file, _ = network_files(CENTERFACE)
    network = cv2.dnn.readNetFromONNX(str(file))
    network.setInput(cv2.dnn.blobFromImage(picture))
    expected = network.forward(MAPS)
    got = detector.maps(picture)
    assert got[0].shape == (size[1] // 4, size[0] // 4)
    assert got[0].max() > 0.5
    for ours, theirs in zip(got, expected, strict=True):
        assert np.abs(ours - np.squeeze(theirs)).max() < 1e-3


def test_a_cell_becomes_a_face() -> None:
    heat = np.zeros((8, 10), np.float32)
    heat[3, 5] = 0.5
    size, offset = np.zeros((2, 2, 8, 10), np.float32)
    landmarks = np.zeros((10, 8, 10), np.float32)
    size[:, 3, 5] = np.log(8), np.log(6)  # 32 high, 24 wide
    offset[:, 3, 5] = 0.25, -0.5
    landmarks[:2, 3, 5] = 0.5, 0.25  # y, x of the left eye
    boxes, scores, points = decode((heat, size, offset, landmarks), 0.5)
    # the middle: y = 4 * 3.75 = 15, x = 4 * 5 = 20
    np.testing.assert_allclose(boxes, [[8, -1, 32, 31]], rtol=1e-6)
    np.testing.assert_allclose(points[0, :2], [[14, 15], [8, -1]], rtol=1e-6)
    assert scores.tolist() == [0.5]
    assert len(decode((heat, size, offset, landmarks), 0.51)[0]) == 0


def test_a_photo_is_framed_and_never_stretched() -> None:
    photo = np.zeros((100, 500, 3), np.uint8)
    framed, left, top = frame(photo)
    assert framed.shape == (LEAST_SIDE, 512, 3)
    assert (left, top) == (6, 110)
    assert not framed[top : top + 100, left : left + 500].any()
    assert (framed == GREY).sum() == framed.size - photo.size
    same = np.zeros((352, 640, 3), np.uint8)
    assert frame(same)[0] is same


def test_the_weights_are_no_inputs(detector) -> None:
    """ONNX Runtime folds what is constant only then."""
    file, _ = network_files(CENTERFACE)
    assert len(onnx.load(file).graph.input) > 100
    inputs = detector._session.get_inputs()
    assert [(value.name, value.shape) for value in inputs] == [
        ("input.1", ["batch", 3, "height", "width"])
    ]
