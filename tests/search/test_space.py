"""Which heads are tried."""

from collections import Counter
from dataclasses import replace

import pytest
from search_ground import toy_base

from src_mindspore.search.settings import changes
from src_mindspore.search.space import MOST_CHANGES, draw, each_alone, with_decay, with_optimizer

# Rows that change a second setting, which their labels name
TWO = ("adam, lr", "adamw, lr", "rmsprop, lr", "momentum, lr", "to 0.0003", "2 Dense (")


@pytest.fixture
def base(tmp_path):
    return toy_base(tmp_path)


def test_each_row_changes_one_setting_or_says_so(base) -> None:
    rows = each_alone(base)
    for row in rows:
        count = len(changes(base, row.settings))
        assert count == 1 or (count == 2 and any(text in row.label for text in TWO)), row
    assert max(Counter(row.label for row in rows).values()) == 1
    digests = {row.settings.digest() for row in rows}
    assert len(digests) == len(rows)
    assert base.digest() not in digests


def test_the_table_has_what_the_lab_tried(base) -> None:
    labels = [row.label for row in each_alone(base)]
    for label in (
        *("1 Dense, no dropout", "1 Dense, dropout 0.5"),
        *("2 Dense (640)", "2 Dense (640), no dropout"),
        *("constant", "exponential to 0.0003", "square", "adam, lr 0.001", "output sigmoid"),
    ):
        assert label in labels
    deep = replace(base, hidden=(256,), dropout=0.0)
    labels = [row.label for row in each_alone(deep)]
    assert "1 Dense" in labels
    assert "2 Dense, dropout 0.2" in labels
    assert "2 Dense, tanh" in labels


def test_there_is_no_row_of_what_a_config_has_not(base) -> None:
    bare = replace(base, views=0, optimizer="adam", epochs=1)
    labels = [row.label for row in each_alone(bare)]
    assert "plain views alone" not in labels
    assert "momentum 0.8" not in labels
    assert "momentum, lr 0.9" in labels  # thirty times the rate
    assert "0 epochs" not in labels
    assert "5 epochs of warm-up" not in labels


def test_rates_belong_to_optimisers(base) -> None:
    adam = with_optimizer(base, "adam")
    assert adam.lr_max == 0.001
    assert with_optimizer(adam, "rmsprop").lr_max == 0.001
    assert with_optimizer(adam, "momentum").lr_max == 0.03
    assert with_decay(base, "exponential").lr_end == 0.0003
    assert with_decay(replace(base, lr_end=0.01), "exponential").lr_end == 0.01


def test_heads_are_drawn_alike_and_near_the_base_half_of_the_time(base) -> None:
    heads = [draw(base, 1, number) for number in range(60)]
    assert heads == [draw(base, 1, number) for number in range(60)]
    assert heads != [draw(base, 2, number) for number in range(60)]
    near, far = ([len(changes(base, head)) for head in heads[i::2]] for i in (0, 1))
    # a rate that belongs to the optimiser, and the end of a decay, come on top
    assert max(near) <= MOST_CHANGES + 2
    assert sum(far) / len(far) > 8
    assert {head.views for head in heads} == {0, 2}
    assert {head.optimizer for head in heads} == {"momentum", "adam", "adamw", "rmsprop"}
    assert all(head.lr_end > 0 for head in heads if head.decay == "exponential")
