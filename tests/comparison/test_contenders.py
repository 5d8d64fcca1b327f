"""Which configs are compared: names, what makes two of them the same, what is not comparable."""

import json
import logging

import pytest

from src_mindspore.comparison.contenders import (
    CHOSEN,
    Average,
    configs_of,
    load_contenders,
)
from src_mindspore.system.errors import UserError

HEAD = "finetune_stage: {epochs: 0}\n"


def test_names_are_stems_or_as_much_of_the_paths_as_tells_them_apart(write, caplog) -> None:
    paths = [write("one/a.yaml"), write("two/a.yaml", "seed: 2"), write("two/b.yaml", "seed: 3")]
    assert [c.name for c in load_contenders(paths)] == ["one/a", "two/a", "b"]
    assert [c.name for c in load_contenders([paths[2]] * 2)] == ["b (1)", "b (2)"]


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


def test_members_of_an_average_are_trained_as_contenders_are_and_once(write, caplog) -> None:
    a, b = write("a.yaml"), write("sub/b.yaml", "head: {dropout: 0.5}")
    both = write("both.yaml", "ensemble: [sub/b.yaml, a.yaml]")
    again = write("again.yaml", "ensemble: [a.yaml, sub/b.yaml]")
    found = load_contenders([a, both, again])
    assert [c.name for c in found] == ["a", "both", "again"]
    assert [c.name for c in configs_of(found)] == ["a", "b"]
    assert found[1].members[1] is found[0]
    assert found[1].digest == found[2].digest != found[0].digest
    assert isinstance(found[1], Average)
    assert "the same recipe under several names, trained once: both, again" in caplog.text
    (alone,) = load_contenders([both])
    assert [c.digest for c in alone.members] == [load_contenders([p])[0].digest for p in (b, a)]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("[a.yaml]", r"both\.yaml: an average is of two or three configs; got 1: .*a\.yaml"),
        ("[a.yaml, b.yaml, c.yaml, d.yaml]", "of two or three configs; got 4: "),
        (
            "[a.yaml, run]",
            r"both\.yaml: .* got the folder .*run: name the config that it was trained with; a run "
            r"has a copy, config\.yaml$",
        ),
        ("[a.yaml, inner.yaml]", r"got .*inner\.yaml, which is an average itself: name its"),
        ("[a.yaml, none.yaml]", r"config cannot be read: .*none\.yaml: no such file"),
        ("[a.yaml, a.yaml]", "is of different recipes; a and a are the same"),
        ("[a.yaml, same.yaml]", "is of different recipes; a and same are the same"),
        (
            "[a.yaml, sigmoid.yaml]",
            r"by softmax, or all by sigmoid; head\.activation is a: None, sigmoid: sigmoid",
        ),
        ("[a.yaml, copies.yaml]", r"must be alike, and differ: data\.near_duplicates \(a: leave_"),
        ("{a: b}", r"both\.yaml: got .*Accepted: a YAML file with the one key ensemble, a list"),
    ],
)
def test_members_that_do_not_go_together(write, tmp_path, members, said) -> None:
    a = write("a.yaml")
    write("same.yaml", "save_every: 3")
    write("sigmoid.yaml", "head: {activation: sigmoid}")
    write("copies.yaml", "data: {near_duplicates: keep}")
    write("inner.yaml", "ensemble: [a.yaml, b.yaml]")
    write("run/config.yaml")
    both = write("both.yaml", f"ensemble: {members}")
    with pytest.raises(UserError, match=said) as caught:
        load_contenders([a, both])
    assert "\n" not in str(caught.value)


def test_an_average_that_export_could_not_make_is_said(write, caplog) -> None:
    write("a.yaml"), write("b.yaml", "input: {interpolation: lanczos}")
    load_contenders([write("both.yaml", "ensemble: [a.yaml, b.yaml]")])
    assert "both: export.py could not make one network of it: members see the same" in caplog.text
    assert "input.interpolation is bilinear and lanczos (a, b)" in caplog.text
    for name, size, side in (("a", 224, 256), ("b", 260, 297), ("c", 260, 300)):
        write(
            f"{name}.yaml", f"input: {{resize: shorter_side, size: {size}, shorter_side: {side}}}"
        )
    caplog.clear()
    load_contenders([write("both.yaml", "ensemble: [a.yaml, b.yaml, c.yaml]")])
    assert caplog.text.count("could not make one network") == 1
    assert "input.size is 224 of 256 pixels and 260 of 300 (a, c)" in caplog.text
