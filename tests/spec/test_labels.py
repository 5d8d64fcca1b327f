"""Display names of classes."""

from pathlib import Path

import pytest

from src_mindspore.spec.labels import load_labels
from src_mindspore.system.errors import UserError

GROUPS = "groups:\n  dry: {en: Dry, zh: 干}\n  4: {en: Four}\n"


@pytest.fixture
def write(tmp_path):
    def write(source: str) -> Path:
        path = tmp_path / "labels.yaml"
        path.write_text(source, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a: {en: Paper, zh: 纸}", {"en": "Paper", "zh": "纸"}),
        ("a: {zh: 纸}", {"zh": "纸"}),
        ("a: {en: P, group: dry}", {"en": "P", "group": {"en": "Dry", "zh": "干"}}),
        ("a: {group: 4}", {"group": {"en": "Four"}}),
        ("a: {en: No}", {"en": "No"}),  # a name, not YAML's false
        ("a: {en: 007}", {"en": "007"}),
        ("a: {}", {}),
        ("a:", {"en": "a"}),
        ("b: {en: Paper}", {"en": "a"}),  # not named: called by its folder
        ("z: 3", {"en": "a"}),  # other classes are no fault
    ],
)
def test_one_class(write, source, expected):
    assert load_labels(write(f"{GROUPS}classes:\n  {source}"), ["a"]) == (expected,)


def test_order_is_that_of_the_classes(write):
    path = write("classes: {00_01: {en: B}, 00_00: {en: A}, x: {en: C}}")
    assert load_labels(path, ["00_00", "none", "00_01"]) == (
        {"en": "A"},
        {"en": "none"},
        {"en": "B"},
    )


def test_without_a_file():
    assert load_labels(None, ["a", "纸"]) == ({"en": "a"}, {"en": "纸"})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("classes: [a]", "labels.yaml must have a table 'classes'; got list"),
        ("[1]", "labels.yaml must have a table 'classes'; got NoneType"),
        ("", "labels.yaml must have a table 'classes'; got NoneType"),
        ("classes: [", r"the label file cannot be read: .*labels\.yaml is not YAML: while parsing"),
        ("classes: {a: Paper}", "class a has en, zh and group; got 'Paper'"),
        ("classes: {a: {de: Papier}}", "class a has en, zh and group; got {'de': 'Papier'}"),
        (
            f"{GROUPS}classes: {{a: {{group: wet}}}}",
            "class a is in group 'wet'; the groups are dry, 4",
        ),
        ("classes: {a: {group: wet}}", "class a is in group 'wet'; the groups are none"),
        (
            "groups: [x]\nclasses: {a: {group: [x]}}",
            r"class a is in group \['x'\]; the groups are x",
        ),
    ],
)
def test_refusals(write, source, text):
    with pytest.raises(UserError, match=text):
        load_labels(write(source), ["a"])


def test_missing_file(tmp_path):
    with pytest.raises(
        UserError, match=r"the label file cannot be read: .*none\.yaml: no such file"
    ):
        load_labels(tmp_path / "none.yaml", ["a"])


def test_the_garbage_labels():
    folder = Path(__file__).parents[2] / "configs" / "labels"
    names = [f"{group:02}_{i:02}" for group, n in enumerate((10, 8, 4, 4)) for i in range(n)]
    labels = load_labels(folder / "garbage.yaml", names)
    assert all(set(label) == {"en", "zh", "group"} for label in labels)
    assert len({label["zh"] for label in labels}) == 26
    assert labels[0] == {
        "en": "Plastic bottle",
        "zh": "塑料瓶",
        "group": {"en": "Recyclable", "zh": "可回收物"},
    }
