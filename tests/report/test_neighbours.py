"""Nearest photos: the same as by comparing all with all."""

import numpy as np
import pytest

from src_mindspore.report import neighbours
from src_mindspore.report.neighbours import nearest


@pytest.mark.parametrize("rows", [7, 4096])
def test_nearest_is_what_all_pairs_say(monkeypatch, rows: int) -> None:
    monkeypatch.setattr(neighbours, "ROWS", rows)
    rng = np.random.default_rng(3)
    vectors, wanted = rng.normal(size=(40, 6)), rng.normal(size=(5, 6))
    vectors[11] = np.nan  # a photo that is gone
    vectors[30] = vectors[2] * 4  # as near as the other: the first counts
    numbers, cosines = nearest(wanted, vectors, 4)
    for place, row in enumerate(wanted):
        every = [
            (-row @ v / np.linalg.norm(row) / np.linalg.norm(v), i)
            for i, v in enumerate(vectors)
            if i != 11
        ]
        expected = sorted((round(c, 12), i) for c, i in every)[:4]
        assert numbers[place].tolist() == [i for _, i in expected]
        np.testing.assert_allclose(cosines[place], [-c for c, _ in expected], atol=1e-9)


def test_fewer_vectors_than_are_wanted() -> None:
    numbers, cosines = nearest(np.ones((2, 3)), np.eye(3)[:2], 5)
    assert numbers.shape == cosines.shape == (2, 2)
    np.testing.assert_allclose(cosines, 3**-0.5)
