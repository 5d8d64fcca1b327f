"""Settings and the keys of a config: there and back."""

from dataclasses import replace

import pytest
from search_ground import toy_base, toy_config

from src_mindspore.config.load import load_config, resolved_yaml
from src_mindspore.search.settings import KEYS, changes, in_words, nested, settings_of
from src_mindspore.search.space import draw, each_alone


@pytest.fixture
def base(tmp_path):
    return toy_base(tmp_path)


def test_the_attributes_are_those_of_the_table(base) -> None:
    assert list(vars(base)) == list(KEYS)


def test_what_decides_nothing_tells_no_heads_apart(base) -> None:
    idle = {"hidden_activation", "activation", "lr_init", "lr_end"}
    assert replace(base, hidden_activation="gelu").digest() == base.digest()
    assert replace(base, activation="softmax").digest() == base.digest()
    assert replace(base, activation="sigmoid").digest() != base.digest()
    adam = replace(base, optimizer="adam")
    assert replace(adam, momentum=0.5).digest() == adam.digest()
    assert replace(base, momentum=0.5).digest() != base.digest()
    still = replace(base, warmup_epochs=0, decay="constant")
    assert replace(still, lr_init=0.01, lr_end=0.01).digest() == still.digest()
    for name in set(KEYS) - idle:
        value = getattr(base, name)
        other = (5,) if name == "hidden" else value + 1 if isinstance(value, int | float) else "?"
        assert replace(base, **{name: other}).digest() != base.digest(), name


def test_changes_written_into_a_config_give_the_head_that_was_searched(base, tmp_path) -> None:
    heads = [change.settings for change in each_alone(base)]
    heads += [draw(base, 3, number) for number in range(30)]
    for head in heads:
        table = {"base": toy_config(tmp_path).name, **nested(changes(base, head))}
        path = tmp_path / "best.yaml"
        path.write_text(resolved_yaml(table))
        assert settings_of(load_config(path)).digest() == head.digest(), table


def test_a_rate_keeps_the_ends_in_proportion(base) -> None:
    warm = replace(base, lr_init=0.003, lr_end=0.0003)
    other = warm.with_rate(0.3)
    assert (other.lr_max, other.lr_init, other.lr_end) == (0.3, 0.03, 0.003)


def test_words(base) -> None:
    head = replace(base, dropout=0.5, hidden=(64, 32), activation="sigmoid")
    assert in_words(changes(base, head)) == (
        "head.hidden [64, 32], head.dropout 0.5, head.activation sigmoid"
    )
    assert in_words(changes(head, replace(head, activation=None))) == "head.activation null"
    assert in_words({}) == "no change"
