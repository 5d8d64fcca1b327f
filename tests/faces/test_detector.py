"""The options of both detectors, and photos of every kind through their one interface."""

import numpy as np
import pytest
from face_scenes import found_at, photos, scene
from lite_fakes import fetched_or_skip
from PIL import Image

from src_mindspore.faces.boxes import overlaps
from src_mindspore.faces.detector import NAMES, Detector, Faces, load_detector
from src_mindspore.photos.decode import open_photo
from src_mindspore.system.errors import UserError


@pytest.fixture(scope="module", params=NAMES)
def detector(request) -> Detector:
    return fetched_or_skip(lambda: load_detector(request.param, threads=1))


@pytest.fixture(scope="module")
def centerface() -> Detector:
    return fetched_or_skip(lambda: load_detector(threads=1))


@pytest.fixture(scope="module")
def bare(shared_data) -> list[np.ndarray]:
    return photos(shared_data, "without_mask", 16)


def only(faces: Faces) -> np.ndarray:
    """The box of the one face."""
    assert len(faces.boxes) == 1
    return faces.boxes.astype(float)


def same(boxes: np.ndarray, expected: np.ndarray, share: float = 0.75) -> bool:
    return overlaps(boxes, expected).diagonal().min() >= share


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "haar"}, "a face detector is one of centerface, mtcnn; got 'haar'"),
        ({"smallest_face": 7}, "the smallest face is 8 to 10,000 pixels; got 7"),
        ({"smallest_face": float("nan")}, "the smallest face is 8 to 10,000 pixels; got nan"),
        ({"longest_side": 31}, "the longest side is 32 to 10,000 pixels; got 31"),
        ({"threshold": 1.0}, "the least score of a face is above 0 and below 1; got 1.0"),
        ({"threshold": 0.0}, "the least score of a face is above 0 and below 1; got 0.0"),
        ({"threads": 0}, "the number of threads is a whole number from 1 on; got 0"),
    ],
)
def test_options_out_of_their_limits(options, message) -> None:
    with pytest.raises(UserError, match=message):
        load_detector(**options)


def test_what_is_no_photo_is_refused(detector) -> None:
    for shape, kind in (((8, 8), np.uint8), ((8, 8, 4), np.uint8), ((8, 8, 3), np.float32)):
        with pytest.raises(ValueError, match=r"a photo is \(H, W, 3\) uint8"):
            detector.find(np.zeros(shape, kind))


@pytest.mark.parametrize("shape", [(300, 200), (1, 1), (3, 900), (11, 11), (640, 7)])
def test_no_face_in_an_empty_photo(detector, shape) -> None:
    faces = detector.find(np.full((*shape, 3), 90, np.uint8))
    assert [a.shape for a in faces] == [(0, 4), (0,), (0, 5, 2)]
    assert all(a.dtype == np.float32 for a in faces)


def test_a_face_and_its_landmarks(detector, bare) -> None:
    picture, places = scene(bare[:4], 120, 2)
    faces = detector.find(picture)
    assert found_at(faces.boxes, places).all()
    assert len(faces.boxes) == 4
    assert (np.diff(faces.scores) <= 0).all()
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.landmarks.transpose(1, 2, 0)
    assert (left_eye[0] < right_eye[0]).all()
    assert (left_mouth[0] < right_mouth[0]).all()
    assert (left_eye[1] < nose[1]).all()
    assert (nose[1] < left_mouth[1]).all()
    again = detector.find(picture)
    assert all((a == b).all() for a, b in zip(faces, again, strict=True))


def test_a_large_photo_is_searched_in_a_smaller_copy(detector, bare) -> None:
    small = load_detector(detector.name, smallest_face=80, longest_side=320, threads=1)
    picture, _ = scene(bare[:1], 150, 1, 320, 240)
    large = np.asarray(Image.fromarray(picture).resize((1280, 960)))
    assert same(only(small.find(large)) / 4, only(detector.find(picture)))


def test_grey_transparent_and_exif_rotated(centerface, bare, tmp_path) -> None:
    picture, places = scene(bare[:1], 200, 1, 320, 320)
    image, expected = Image.fromarray(picture), only(centerface.find(picture))
    assert found_at(expected, places).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees to be seen
    turned = image.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    image.convert("L").save(tmp_path / "grey.png")
    image.putalpha(Image.fromarray(np.tile(np.linspace(200, 255, 320).astype(np.uint8), (320, 1))))
    image.save(tmp_path / "transparent.png")
    for name in ("turned.jpg", "grey.png", "transparent.png"):
        assert same(only(centerface.find(np.array(open_photo(tmp_path / name)))), expected)


def test_at_the_border(detector, bare) -> None:
    """A face cut by the left border: its box may reach over it, and stays near it."""
    picture, _ = scene(bare[:1], 200, 1, 320, 320)
    whole = only(detector.find(picture))
    cut = int(whole[0, 0] + 0.25 * (whole[0, 2] - whole[0, 0]))
    box = only(detector.find(np.ascontiguousarray(picture[:, cut:])))
    assert box[0, 0] < 15
    visible = np.maximum(whole - [cut, 0, cut, 0], 0)
    assert overlaps(np.maximum(box, 0), visible)[0, 0] > 0.6


def test_turned_by_twenty_degrees(detector, bare) -> None:
    picture, places = scene(bare[:1], 200, 1, 400, 400)
    turned = np.array(Image.fromarray(picture).rotate(20, fillcolor=(110, 110, 110)))
    faces = detector.find(turned)
    assert found_at(faces.boxes, places).all()
    left, right = faces.landmarks[0, :2]
    angle = np.degrees(np.arctan2(left[1] - right[1], right[0] - left[0]))
    assert 8 < angle < 32


def test_forty_faces(centerface, shared_data) -> None:
    picture, places = scene(photos(shared_data, "without_mask", 40), 60, 8)
    assert found_at(centerface.find(picture).boxes, places).sum() >= 36


def test_tiny_faces_are_found_in_an_enlarged_photo(centerface, bare) -> None:
    picture, places = scene(bare, 14, 4, 160, 120)
    fine = load_detector(smallest_face=8, threads=1)
    found = [found_at(d.find(picture).boxes, places).sum() for d in (centerface, fine)]
    assert found[0] == 0  # too small for the default
    assert found[1] >= 8
    assert (np.ptp(fine.find(picture).boxes.reshape(-1, 2, 2), axis=1).max(1) >= 8).all()


def test_sixteen_crops_of_sixty_pixels(centerface, shared_data) -> None:
    """80 % of them; both kinds, the middle within a quarter of the side."""
    found = []
    for seed in range(2):
        kinds = [photos(shared_data, kind, 8, seed) for kind in ("with_mask", "without_mask")]
        picture, places = scene([*kinds[0], *kinds[1]], 60, 4)
        found += found_at(centerface.find(picture).boxes, places).tolist()
    assert np.mean(found) >= 0.8
