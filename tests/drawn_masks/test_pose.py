"""A head's pose: found again from the points that it throws on a picture."""

import cv2
import numpy as np
import pytest

from src_mindspore.drawn_masks.pose import LANDMARKS, Pose, pose_of


def pose(yaw: float, pitch: float = 0.0, roll: float = 0.0, scale: float = 2.0) -> Pose:
    """Angles in degrees, composed from rotations about one axis each."""
    turns = np.deg2rad([[0, yaw, 0], [pitch, 0, 0], [0, 0, roll]])
    across, up, within = (cv2.Rodrigues(turn)[0] for turn in turns)
    return Pose(within @ across @ up, scale, np.array([150.0, 110.0]))


@pytest.mark.parametrize("yaw", [-45, -20, 0, 20, 45])
@pytest.mark.parametrize("roll", [-30, 0, 30])
def test_a_turned_head_is_found_again(yaw, roll):
    true = pose(yaw, roll=roll)
    found = pose_of(true.turned(LANDMARKS)[:, :2])
    assert np.rad2deg(true.yaw) == pytest.approx(yaw * 1.0, abs=15)  # with the roll it is less
    cosine = (np.trace(true.rotation.T @ found.rotation) - 1) / 2
    assert np.rad2deg(np.arccos(min(cosine, 1))) < 3
    assert found.scale == pytest.approx(true.scale, rel=0.03)
    assert found.shift == pytest.approx(true.shift, abs=2)


def test_left_and_right_are_told_apart():
    """The nose of a face that looks to the right of the picture is nearer to the right eye."""
    true = pose(30)
    eyes_and_nose = true.turned(LANDMARKS)[:3, 0]
    assert abs(eyes_and_nose[1] - eyes_and_nose[2]) < abs(eyes_and_nose[0] - eyes_and_nose[2])
    assert np.rad2deg(pose_of(true.turned(LANDMARKS)[:, :2]).yaw) == pytest.approx(30, abs=3)


def test_a_long_face_is_no_raised_one():
    found = pose_of((LANDMARKS * [1, 1.1, 1] * 2)[:, :2] + 50)
    assert 1.05 < found.length < 1.15
    assert abs(np.rad2deg(np.arcsin(found.rotation[1, 2]))) < 4


def test_points_that_are_none():
    with pytest.raises(ValueError, match="the eyes of a face are apart"):
        pose_of(np.zeros((5, 2)))
