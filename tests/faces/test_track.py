"""Crops, flow, votes and numbers, on pictures drawn here."""

import cv2
import numpy as np
import pytest

from src_mindspore.faces.crop import crop
from src_mindspore.faces.detector import Faces
from src_mindspore.faces.flow import grey_of, shifts
from src_mindspore.faces.label import LabelledFaces
from src_mindspore.faces.track import KEPT_SECONDS, SHOWN, Tracker, assigned
from src_mindspore.faces.vote import FEWEST, SECONDS, Vote

RATE = 25.0
TEXTURE = np.random.default_rng(5).integers(0, 256, (5, 5, 3), np.uint8)


def picture(*places: tuple[int, int], size: tuple[int, int] = (240, 320), side: int = 60):
    """Grey, with the same textured square at each place (left, top)."""
    pixels = np.full((*size, 3), 128, np.uint8)
    patch = cv2.resize(TEXTURE, (side, side), interpolation=cv2.INTER_CUBIC)
    for left, top in places:
        pixels[top : top + side, left : left + side] = patch
    return pixels


def found(*places: tuple[float, float], labels=None, side: float = 60) -> LabelledFaces:
    """Faces at each place, and what is said of them: (1, 0) if nothing else is given."""
    boxes = np.array([(x, y, x + side, y + side) for x, y in places], np.float32).reshape(-1, 4)
    rows = np.array(labels or [(1.0, 0.0)] * len(places)).reshape(-1, 2)
    return LabelledFaces(Faces(boxes, np.full(len(boxes), 0.9, np.float32), None), rows)


def numbers(faces) -> dict[int, tuple[int, int]]:
    return {face.number: tuple(np.round(face.box[:2]).astype(int)) for face in faces}


def test_a_crop_is_the_box_with_its_margin() -> None:
    photo = np.arange(100 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 80, 3)
    got = crop(photo, np.array([20, 30, 40, 70]), 0.25)
    assert np.array_equal(got, photo[20:80, 15:45])


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((-5, -3, 15, 17), (17, 15)),
        ((-90, -90, -50, -50), (1, 1)),
        ((25, 15, 99, 99), (5, 5)),
        ((3, 3, 3.1, 3.1), (1, 1)),
        ((-1e6, -1e6, 1e6, 1e6), (20, 30)),
    ],
)
def test_a_crop_ends_with_the_photo_and_is_never_empty(box, shape) -> None:
    photo = np.zeros((20, 30, 3), np.uint8)
    assert crop(photo, np.array(box), 0.0).shape[:2] == shape


def test_flow_tells_shift_and_scale() -> None:
    before, after = picture((100, 80)), picture((107, 76))
    (moved,) = shifts(grey_of(before), grey_of(after), np.array([[100, 80, 160, 140]]))
    assert moved.by == pytest.approx((7, -4), abs=0.5)
    assert moved.scale == pytest.approx(1, abs=0.02)
    larger = picture((97, 77), side=72)  # its middle was (130, 110)
    (grown,) = shifts(grey_of(picture((100, 80))), grey_of(larger), np.array([[100, 80, 160, 140]]))
    assert grown.scale == pytest.approx(1.2, abs=0.03)
    assert grown.by == pytest.approx((3, 3), abs=0.7)


def test_flow_in_a_large_picture_is_in_its_own_pixels() -> None:
    places = [(300, 200), (320, 190)]
    greys = [grey_of(picture(place, size=(960, 1280), side=240)) for place in places]
    assert max(greys[0].pixels.shape) == 320
    (moved,) = shifts(*greys, np.array([[300, 200, 540, 440]]))
    assert moved.by == pytest.approx((20, -10), abs=1.5)


def test_what_is_gone_cannot_be_followed() -> None:
    blank = np.random.default_rng(8).integers(0, 256, (240, 320, 3), np.uint8)
    box = np.array([[100, 80, 160, 140]])
    assert shifts(grey_of(picture((100, 80))), grey_of(blank), box) == [None]


def test_the_largest_overlap_first() -> None:
    assert assigned(np.array([[0.5, 0.9], [0.4, 0.8], [0.0, 0.1]])) == [(0, 1), (1, 0)]
    assert assigned(np.empty((0, 3))) == []


def test_faces_keep_their_numbers() -> None:
    tracker = Tracker()
    for frame in range(10):
        places = [(20 + 6 * frame, 40), (240 - 6 * frame, 140)]
        order = places if frame % 2 else places[::-1]
        seen = tracker.searched(found(*order), grey_of(picture(*places)), frame / RATE)
        assert numbers(seen) == ({1: places[1], 2: places[0]})


def test_faces_are_followed_between_searches() -> None:
    tracker = Tracker()
    for frame in range(9):
        place = (40 + 5 * frame, 60 + 3 * frame)
        grey = grey_of(picture(place))
        if frame % 4 == 0:
            (seen,) = tracker.searched(found(place), grey, frame / RATE)
        else:
            (seen,) = tracker.followed(grey)
        assert (seen.number, seen.detected) == (1, frame % 4 == 0)
        assert (seen.probabilities is None) == (frame % 4 != 0)
        assert seen.box[:2] == pytest.approx(place, abs=1.5)


def test_a_quick_face_keeps_its_number() -> None:
    tracker = Tracker()
    places = [(100, 80), (140, 80)]  # a fifth of the boxes is common
    for frame, place in enumerate(places):
        seen = tracker.searched(found(place), grey_of(picture(place)), frame / RATE)
        assert numbers(seen) == {1: place}


def test_a_few_missed_searches_are_bridged() -> None:
    tracker = Tracker()
    shown = []
    for frame in range(7):
        place = (100 + 2 * frame, 80)
        faces = found() if 1 <= frame <= 4 else found(place)
        seen = tracker.searched(faces, grey_of(picture(place)), frame / RATE)
        shown.append([(face.number, face.detected) for face in seen])
    bridged = [[(1, False)]] * (SHOWN - 1)
    assert shown == [[(1, True)], *bridged, [], [], [(1, True)], [(1, True)]]


def test_a_face_that_comes_back_late_is_another() -> None:
    tracker = Tracker()
    grey = grey_of(picture((100, 80)))
    tracker.searched(found((100, 80)), grey, 0.0)
    for missed in range(SHOWN):
        tracker.searched(found(), grey, KEPT_SECONDS + missed)
    seen = tracker.searched(found((100, 80)), grey, KEPT_SECONDS + SHOWN)
    assert numbers(seen) == {2: (100, 80)}
    assert tracker.numbers == 2


def test_a_face_that_leaves_the_picture_is_not_shown() -> None:
    tracker = Tracker()
    tracker.searched(found((250, 80)), grey_of(picture((250, 80))), 0.0)
    shown = []
    for step in range(1, 10):
        pixels = picture((250, 80), size=(240, 460))[:, 10 * step : 320 + 10 * step]
        wide = np.full((240, 600, 3), 128, np.uint8)
        wide[80:140, 250 + 10 * step : 310 + 10 * step] = picture((0, 0))[:60, :60]
        pixels = np.ascontiguousarray(wide[:, :320])
        shown.append(len(tracker.followed(grey_of(pixels))))
    assert shown[0] == 1
    assert shown[-1] == 0
    assert sorted(shown, reverse=True) == shown


def test_a_vote_does_not_flicker() -> None:
    vote = Vote()
    labels = []
    for frame in range(60):
        single = (0.45, 0.55) if frame % 3 == 2 else (0.7, 0.3)
        vote.add(frame / RATE, np.array(single))
        labels.append(int(vote.probabilities.argmax()))
    assert labels == [0] * 60
    assert vote.probabilities.sum() == pytest.approx(1)


def test_a_vote_forgets() -> None:
    vote = Vote()
    for frame in range(50):
        vote.add(frame / RATE, np.array([1.0, 0.0]))
    for frame in range(50, 50 + int(SECONDS * RATE)):
        vote.add(frame / RATE, np.array([0.0, 1.0]))
    assert vote.probabilities == pytest.approx([1 / 26, 25 / 26])
    rare = Vote()
    for second in range(20):
        rare.add(2.0 * second, np.array([second % 2, 1 - second % 2]))
    assert rare.probabilities == pytest.approx([0.6, 0.4])
    assert FEWEST == 5


def test_the_label_of_a_frame_and_that_of_the_last_ones() -> None:
    tracker = Tracker()
    grey = grey_of(picture((100, 80)))
    for frame in range(4):
        tracker.searched(found((100, 80), labels=[(0.9, 0.1)]), grey, frame / RATE)
    (seen,) = tracker.searched(found((100, 80), labels=[(0.3, 0.7)]), grey, 4 / RATE)
    assert seen.probabilities == pytest.approx([0.3, 0.7])
    assert seen.voted == pytest.approx([0.78, 0.22])
