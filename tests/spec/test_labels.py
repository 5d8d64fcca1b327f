"""Display names of classes."""

import logging
from pathlib import Path

import pytest

from src_mindspore.spec.labels import check_labels, load_labels
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
        ("classes: [a]", r"labels.yaml must have a table 'classes'; got \['a'\]\. Accepted: YAML"),
        ("[1]", r"labels.yaml must have a table 'classes'; got \['1'\]"),
        ("", "labels.yaml must have a table 'classes'; got nothing"),
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


NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(("name", "folder"), [(NFC, NFD), (NFD, NFC)])
def test_a_name_in_another_unicode_form_is_that_name(write, name, folder):
    path = write(f"classes: {{{name}: {{en: Coffee}}}}")
    assert load_labels(path, ["a", folder]) == ({"en": "a"}, {"en": "Coffee"})


def test_two_forms_of_a_name_side_by_side_are_two_names(write):
    path = write(f"classes: {{{NFC}: {{en: One}}, {NFD}: {{en: Two}}}}")
    assert load_labels(path, [NFD, NFC]) == ({"en": "Two"}, {"en": "One"})


def test_a_plain_list_names_the_classes_in_their_order(write, caplog):
    path = write("").with_suffix(".txt")
    path.write_text("\ufeffA box\r\n盒子\r\n\r\n", encoding="utf-8")
    assert load_labels(path, ["a", "b"]) == ({"en": "A box"}, {"en": "盒子"})
    with caplog.at_level(logging.INFO):
        check_labels(path, ["a", "b"])
    assert "a = A box, b = 盒子" in caplog.text
    with pytest.raises(UserError, match=r"has 2 lines for 3 classes \(a, b, c\)\. Accepted: YAML"):
        load_labels(path, ["a", "b", "c"])
    path.write_text("classes:\n  a: {en: Paper}\n")
    assert load_labels(path, ["a"]) == ({"en": "Paper"},)


def test_a_file_for_other_classes_is_said_with_both_lists(write, caplog):
    path = write("classes: {Box: {en: A box}, disk: {en: A disc}}")
    check_labels(path, ["box", "disc"])
    text = caplog.messages[0]
    assert "has a display name for no class; without one: box, disc" in text
    assert "it names Box, disk, which are none of the classes" in text
    assert "for box, Box differs in case or spaces only; for disc, disk is the nearest" in text
    with pytest.raises(UserError, match="for no class; without one: box, disc"):
        check_labels(path, ["box", "disc"], strict=True)


def test_what_a_file_leaves_unnamed_is_said_once_and_other_names_alone_are_no_fault(write, caplog):
    path = write("classes: {a: {en: A}, b: {en: B}, z: {en: Z}}")
    check_labels(path, ["a", "b"], strict=True)
    assert not caplog.messages
    check_labels(path, ["a", NFC, NFD], strict=True)
    (text,) = caplog.messages
    assert r"for 1 of 3 classes; without one: caf\xe9, cafe\u0301" in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_windows_editors_put_a_mark_in_front(write, encoding):
    path = write("")
    path.write_bytes("classes: {a: {zh: 纸}}".encode(encoding))
    assert load_labels(path, ["a"]) == ({"zh": "纸"},)
