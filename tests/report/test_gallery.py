"""Which photos a page shows, of few and of many."""

import numpy as np

from src_mindspore.photos.records import Record
from src_mindspore.report.gallery import (
    RIGHT,
    UNSURE,
    WRONG,
    Answers,
    Card,
    Neighbour,
    chosen,
    near_count,
    top_classes,
)


def answers(labels: list[int], said: list[int], confidence: list[float], classes: int) -> Answers:
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), said] = confidence
    records = [Record(f"val/{label}/{i}.jpg", label) for i, label in enumerate(labels)]
    return Answers(records, rows, np.array(labels))


def test_of_few_photos_all_are_shown() -> None:
    labels, said = [0, 0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 0, 2, 2]
    found = chosen(answers(labels, said, [0.9, 0.6, 0.8, 0.7, 0.5, 0.4, 1.0], 3))
    # the most frequent confusion first, in it the most certain photo
    assert list(found.wrong.items()) == [((0, 1), [2, 1]), ((1, 0), [4])]
    assert found.unsure == [5, 3, 0, 6]
    assert found.right == {0: [0], 1: [3], 2: [5, 6]}
    assert (found.wrong_of, found.right_of) == (3, 4)
    assert found.large == [2, 1, 4, 5, 3, 0, 6]


def test_of_many_photos_a_part_is_shown() -> None:
    rng = np.random.default_rng(4)
    labels, said = rng.integers(0, 30, (2, 4000)).tolist()
    right = [0] * 5000
    every = answers(labels + right, said + right, rng.uniform(0.1, 1, 9000).tolist(), 30)
    found = chosen(every)
    assert len(found.large) == WRONG + UNSURE
    assert len(found.small) <= RIGHT
    assert set(found.right) == set(range(30))  # no class without a photo
    assert found.wrong_of + found.right_of == 9000
    counts = [len(part) for part in found.wrong.values()]
    assert counts[:-1] == sorted(counts[:-1], reverse=True)
    assert near_count(len(found.large)) < near_count(20)


def test_a_label_is_doubtful_where_alike_photos_are_of_the_class_said() -> None:
    def card(label: int, *near: int) -> Card:
        photos = [Neighbour("x", k, None, 1.0) for k in near]
        return Card("x", label, [(1, 0.9), (0, 0.1)], None, near=photos)

    assert card(0, 1, 1, 1).doubtful
    assert card(0, 1, 1, 2, 1, 1).doubtful
    assert not card(0, 1, 1, 0, 1, 1).doubtful  # one is of the label
    assert not card(0, 1, 1, 2, 3, 1).doubtful
    assert not card(0, 1, 2, 1).doubtful
    assert not card(1, 1, 1, 1).doubtful  # right
    assert not card(0).doubtful


def test_the_likeliest_classes_a_tie_goes_to_the_lower() -> None:
    assert top_classes(np.array([0.1, 0.4, 0.1, 0.4])) == [(1, 0.4), (3, 0.4), (0, 0.1)]
    assert top_classes(np.array([0.3, 0.7])) == [(1, 0.7), (0, 0.3)]
