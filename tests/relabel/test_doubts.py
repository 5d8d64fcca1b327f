"""Which labels are contradicted: by one voice, of those who may be asked."""

import numpy as np
import pytest

from src_mindspore.relabel.doubts import contradicted

NO = [np.nan] * 3


def doubts(answers, labels):
    return contradicted(np.array(answers, np.float64), np.array(labels))


def test_all_must_say_the_same_and_not_the_label() -> None:
    one = [[0.1, 0.7, 0.2], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]]
    two = [[0.2, 0.5, 0.3], [0.9, 0.1, 0.0], [0.1, 0.3, 0.6], [0.1, 0.1, 0.8]]
    # photo 0: both say 1, 3: both say 2; 1: they are for the label, 2: they are not of one voice
    found = doubts([one, two], [0, 0, 0, 1])
    assert [(doubt.place, doubt.said) for doubt in found] == [(3, 2), (0, 1)]  # 85 %, 60 %
    assert [doubt.probability for doubt in found] == pytest.approx([0.85, 0.6])
    assert [doubt.of_label for doubt in found] == pytest.approx([0.1, 0.15])
    assert found[1].each == pytest.approx((0.7, 0.5))


def test_who_has_learned_a_label_is_not_asked() -> None:
    one = [[0.1, 0.7, 0.2], NO, NO, [0.6, 0.2, 0.2]]
    two = [NO, [0.3, 0.0, 0.7], NO, [0.2, 0.2, 0.6]]
    found = doubts([one, two], [0, 0, 0, 1])
    assert [(doubt.place, doubt.said, doubt.each) for doubt in found] == [
        (0, 1, (0.7, None)),
        (1, 2, (None, 0.7)),
    ]
    assert [doubt.teachers for doubt in found] == [1, 1]
    assert [doubt.probability for doubt in found] == [0.7, 0.7]
