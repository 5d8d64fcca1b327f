"""Overlaps by hand, suppression against OpenCV's."""

import cv2
import numpy as np
import pytest

from src_mindspore.faces.boxes import areas, overlaps, squares, suppress


def test_overlaps_by_hand() -> None:
    boxes = np.array([[0.0, 0, 4, 2]])
    others = np.array([[2.0, 0, 6, 2], [0, 0, 2, 2], [4, 0, 5, 1], [1, 1, 1, 1]])
    np.testing.assert_allclose(overlaps(boxes, others), [[4 / 12, 4 / 8, 0, 0]])
    np.testing.assert_allclose(overlaps(boxes, others, of="smaller"), [[4 / 8, 1, 0, 0]])
    # pixels 0 to 4 and 0 to 2: 5 x 3; common to both 3 x 3
    inclusive = overlaps(boxes, others[:1], inclusive=True)
    np.testing.assert_allclose(inclusive, [[9 / 21]])
    assert areas(np.array([[3.0, 0, 1, 5]])).tolist() == [0]


@pytest.mark.parametrize(("count", "most"), [(0, 0.5), (1, 0.5), (90, 0.3), (700, 0.5)])
def test_suppression_is_opencvs(count, most) -> None:
    rng = np.random.default_rng(count)
    corners = rng.uniform(0, 300, (count, 2))
    boxes = np.hstack([corners, corners + rng.uniform(20, 90, (count, 2))])
    scores = rng.permutation(np.linspace(0.1, 0.9, count))
    rectangles = np.hstack([corners, boxes[:, 2:] - corners])
    expected = cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, most)
    assert suppress(boxes, scores, most).tolist() == np.ravel(expected).tolist()


def test_of_equal_scores_the_first_stays() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    assert suppress(boxes, np.full(3, 0.5), 0.5).tolist() == [0, 2]


def test_squares_keep_the_middle_and_the_longer_side() -> None:
    assert squares(np.array([[0.0, 10, 4, 12]])).tolist() == [[0, 9, 4, 13]]
