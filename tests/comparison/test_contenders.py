"""Which configs are compared: names, what makes two of them the same, what is not comparable."""

import json
import logging

import pytest

from src_mindspore.comparison.contenders import CHOSEN, LAST, digest_of, load_contenders
from src_mindspore.config.load import load_config
from src_mindspore.system.errors import UserError

HEAD = "finetune_stage: {epochs: 0}\n"


@pytest.fixture
def write(tmp_path):
    def write(name: str, text: str = ""):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_names_are_stems_or_as_much_of_the_paths_as_tells_them_apart(write, caplog) -> None:
    paths = [write("one/a.yaml"), write("two/a.yaml", "seed: 2"), write("two/b.yaml", "seed: 3")]
    assert [c.name for c in load_contenders(paths)] == ["one/a", "two/a", "b"]
    assert [c.name for c in load_contenders([paths[2]] * 2)] == ["b (1)", "b (2)"]


def test_what_decides_no_logits_is_not_in_the_digest(write) -> None:
    plain = digest_of(load_config(write("a.yaml", HEAD)))
    same = (
        "data.split=[0.5, 0.5]",
        "calibration.precision=0.9",
        "save_every=3",
        "features.cache_dir=elsewhere",
        "finetune_stage.lr.max=0.5",  # the stage has no epochs
        "head_stage.patience=3",  # the last epoch counts
        "input.shorter_side=300",  # nothing is cropped
    )
    others = ("head_stage.lr.max=0.5", "seed=7", "features.views=2", "head.dropout=0.5")
    for change in (*same, *others):
        changed = digest_of(load_config(write("a.yaml", HEAD), [change]))
        assert (changed == plain) == (change in same), change


def test_patience_counts_where_an_epoch_is_chosen(write) -> None:
    one, other = (load_config(write("a.yaml", HEAD), [f"head_stage.patience={n}"]) for n in (0, 3))
    assert digest_of(one, LAST) == digest_of(other, LAST)
    assert digest_of(one, CHOSEN) != digest_of(other, CHOSEN)


def test_weights_are_told_by_their_content(write) -> None:
    files = [write(f"{name}.ckpt", text) for name, text in (("a", "1"), ("b", "1"), ("c", "2"))]
    one, copy, other = (
        digest_of(load_config(write("a.yaml", HEAD), [f"backbone.weights={file}"]))
        for file in files
    )
    assert one == copy != other


def test_other_photos_or_classes_are_one_message(write, tmp_path) -> None:
    plan = {"format": 1, "exclude": []}
    plans = [write(f"{name}.json", json.dumps(plan)) for name in "ab"]
    a = write("a.yaml", f"data: {{exclude: {plans[0]}}}")
    same = write("b.yaml", f"data: {{exclude: {plans[1]}}}")
    assert len(load_contenders([a, same])) == 2  # another file of the same content
    b = write("c.yaml", "data: {classes: [x, y], near_duplicates: keep}")
    with pytest.raises(UserError) as caught:
        load_contenders([a, b])
    assert str(caught.value).startswith("configs are compared on the same photos and classes; ")
    for text in (
        "data.classes (a: None, c: ['x', 'y'])",
        "data.exclude (a: ",
        "data.near_duplicates (a: leave_out, c: keep)",
    ):
        assert text in str(caught.value)


def test_a_config_that_cannot_be_used_is_named(write, tmp_path) -> None:
    bad = write("bad.yaml", "backbone: {weights: missing.ckpt}")
    with pytest.raises(UserError, match=r"bad\.yaml cannot be used: backbone\.weights cannot be"):
        load_contenders([write("a.yaml"), bad])


def test_the_same_recipe_twice_and_what_has_no_effect_are_said(write, caplog) -> None:
    caplog.set_level(logging.WARNING)
    text = HEAD + "calibration: {precision: 0.9}\nhead_stage: {patience: 3}\n"
    load_contenders([write("a.yaml", text), write("b.yaml", text)])
    said = caplog.text
    assert "the same recipe under several names, trained once: a, b" in said
    assert said.count("calibration.precision: no effect in a comparison") == 1
    assert "head_stage.patience: no effect, the last epoch is scored (--epoch chosen" in said
    caplog.clear()
    load_contenders([write("a.yaml", text)], CHOSEN)
    assert "patience" not in caplog.text
