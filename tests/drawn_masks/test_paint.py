"""Masks on a drawn head: what they hide, how they are lit, and what stays as it was."""

import cv2
import numpy as np
import pytest
from drawn_face import face, head

from src_mindspore.drawn_masks.fabric import draw_fabric
from src_mindspore.drawn_masks.faces import CORRECT, INCORRECT, drawn_on
from src_mindspore.drawn_masks.mask import (
    FORMS,
    OVER_NOSE,
    PLACEMENTS,
    UNDER_CHIN,
    UNDER_NOSE,
    draw_mask,
)
from src_mindspore.drawn_masks.paint import light_of, paint, share_within
from src_mindspore.drawn_masks.pose import Pose

# millimetres, on the head of ``pose.LANDMARKS``
PLACES = {"eye": (-31.5, 0, 0), "nose": (0, 42, 28), "mouth": (0, 72, 12), "chin": (0, 108, 10)}
HIDDEN = {
    OVER_NOSE: {"nose", "mouth", "chin"},
    UNDER_NOSE: {"mouth", "chin"},
    UNDER_CHIN: {"chin"},
}


def painted(placement: str, form: str, yaw: float, seed: int, photo: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return paint(photo, head(yaw), draw_mask(form, placement, rng), draw_fabric(form, rng), rng)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("yaw", [-35, 20])
def test_a_mask_hides_what_its_label_says(placement, form, yaw):
    for seed in (PLACEMENTS.index(placement) + 3 * FORMS.index(form) + round(yaw),):
        got = painted(placement, form, yaw, seed % 97, face())
        changed = np.abs(got.astype(int) - face()).max(-1)
        hidden = set()
        for name, place in PLACES.items():
            x, y = head(yaw).turned(np.array(place, float))[:2].round().astype(int)
            around = got[y - 1 : y + 2, x - 1 : x + 2].astype(float).mean((0, 1))
            skin = face()[y - 1 : y + 2, x - 1 : x + 2].astype(float).mean((0, 1))
            # a shadow leaves the hue as it was, to a few levels of brightness
            ratio = around / skin
            if np.ptp(ratio) > 0.06 or not 0.5 < ratio.mean() < 1.1:
                hidden.add(name)
        assert hidden == HIDDEN[placement], (seed, hidden)
        assert changed[:20].max() == 0  # far above the mask nothing has changed


def test_the_same_generator_draws_the_same():
    one, same, other = (painted(OVER_NOSE, "cloth", 10, seed, face()) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one.astype(int) - other).mean() > 3


def test_a_mask_is_as_dark_as_its_photo():
    fabric = draw_fabric("surgical", np.random.default_rng(0))
    mask = draw_mask("surgical", OVER_NOSE, np.random.default_rng(0))
    means = []
    for share in (1.0, 0.5):
        photo = (face() * share).astype(np.uint8)
        got = paint(photo, head(), mask, fabric, np.random.default_rng(0))
        means.append(got[130:160, 80:120].mean())
    assert means[1] / means[0] == pytest.approx(0.5, abs=0.06)


def test_light_comes_from_the_brighter_side():
    across = np.linspace(0.6, 1.0, 200)[None, :, None]
    right = light_of((face() * across).astype(np.uint8), head())
    left = light_of((face() * across[:, ::-1]).astype(np.uint8), head())
    assert right.direction[0] > 0.1
    assert left.direction[0] < -0.1
    assert right.colour


def test_a_grey_photo_stays_grey():
    grey = np.repeat(face().mean(-1, keepdims=True).astype(np.uint8), 3, -1)
    got = painted(OVER_NOSE, "cloth", 0, 4, grey)
    # but for the grain, which is drawn for each channel
    assert np.ptp(got.astype(int), axis=2).mean() < 4
    assert np.abs(got.astype(int) - grey).max() > 20


def test_the_blur_of_a_photo_is_measured():
    sharp = np.random.default_rng(0).normal(128, 40, (220, 200))
    fine = cv2.GaussianBlur(sharp, (0, 0), 0.7)
    found = []
    for sigma in (1.0, 2.5):
        soft = cv2.GaussianBlur(fine, (0, 0), sigma)
        soft = 128 + (soft - soft.mean()) * 40 / soft.std()
        photo = np.repeat(soft[..., None], 3, -1).round().clip(0, 255).astype(np.uint8)
        found.append(light_of(photo, head()).blur)
    assert found[0] < found[1]
    assert 0.5 < found[0] < 1.6
    assert 1.2 < found[1] <= 3


def test_a_photo_without_a_chin_gets_no_mask_below_it():
    cut, pose = face()[:150], head()
    mask = draw_mask("surgical", UNDER_CHIN, np.random.default_rng(0))
    assert share_within(face().shape, pose, mask) > 0.95
    assert share_within(cut.shape, pose, mask) < 0.1
    worn = {drawn_on(cut, [pose], INCORRECT, np.random.default_rng(s)).placement for s in range(3)}
    assert worn == {UNDER_NOSE}
    worn = {
        drawn_on(face(), [pose], INCORRECT, np.random.default_rng(s)).placement for s in range(5)
    }
    assert worn == {UNDER_NOSE, UNDER_CHIN}
    assert drawn_on(face(), [pose], CORRECT, np.random.default_rng(0)).placement == OVER_NOSE


def test_two_faces_wear_it_alike():
    photo = np.concatenate([face(), face()], 1)
    right = Pose(head().rotation, 1.0, np.array([300.0, 70.0]))
    drawn = drawn_on(photo, [head(), right], CORRECT, np.random.default_rng(3))
    assert len(drawn.masks) == 2
    changed = np.abs(drawn.pixels.astype(int) - photo).max(-1) > 12
    assert changed[:, :200].sum() > 4000
    assert changed[:, 200:].sum() > 4000


def test_far_from_the_face_a_photo_stays():
    wide = np.pad(face(), ((300, 200), (400, 100), (0, 0)), mode="reflect")
    pose = Pose(np.eye(3), 1.0, np.array([500.0, 370.0]))
    rng = np.random.default_rng(2)
    got = paint(wide, pose, draw_mask("cloth", OVER_NOSE, rng), draw_fabric("cloth", rng), rng)
    rows, columns = np.nonzero((got != wide).any(-1))
    assert 360 < rows.min() < 400
    assert rows.max() < 530
    assert 405 < columns.min() < 450
    assert 550 < columns.max() < 595
