"""Splits under the names that data sets give them; a class may bear such a name as well."""

import json
import os
from collections import Counter

import pytest
from helpers import load_data_set, write_photos

from src_mindspore.doctor.diagnosis import diagnose
from src_mindspore.photos.scored import scored_records
from src_mindspore.photos.split_folders import given_splits, split_named
from src_mindspore.system.errors import UserError


def layout(root, folders: list[str], count: int = 3):
    """A few photos in each of some folders."""
    for seed, folder in enumerate(folders):
        write_photos(root, [f"{folder}/{i}.png" for i in range(count)], 100 * seed)
    return root


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *[(name, "train") for name in ("Train", "TRAIN", "training", "training_set", "TrainSet")],
        *[(name, "train") for name in ("trainval", "训练数据", "train数据", "ｔｒａｉｎ")],
        *[(name, "val") for name in ("valid", "Validation", "dev", "val2017", "val-images")],
        *[(name, "val") for name in ("Validate", "valdata", "validacio\u0301n", "検証")],
        *[(name, "test") for name in ("Testing", "test_set", "TestData", "testimages", "测试集")],
        *[
            (name, None)
            for name in ("trainer", "trains", "steam train", "contest", "train_test", "")
        ],
    ],
)
def test_names_of_splits(name, split):
    assert split_named(name) == split


@pytest.mark.parametrize(
    "names",
    [
        ("Train", "Validation", "Test"),
        ("TRAIN", "VAL", "TEST"),
        ("training", "validation", "testing"),
        ("train", "valid", "test"),
        ("train", "dev", "test"),
        ("seg_train", "seg_val", "seg_test"),
        ("Training Set", "Dev Set", "Test Set"),
    ],
)
def test_all_agree_on_the_splits_of_a_folder(tmp_path, names):
    layout(tmp_path, [f"{name}/{label}" for name in names for label in ("cat", "dog")], 10)
    layout(tmp_path, ["@eaDir", ".git"])
    splits = ("train", "val", "test")
    data = load_data_set(tmp_path)
    assert data.classes == ("cat", "dog")
    for split, name in zip(splits, names, strict=True):
        records = data.records(split)
        assert [r.path for r in records] == sorted(
            f"{name}/{label}/{i}.png" for label in ("cat", "dog") for i in range(10)
        )
        assert tuple(scored_records(tmp_path, ["cat", "dog"], split)) == records
    report = diagnose(tmp_path).report
    assert report.photos == dict.fromkeys(splits, 20)
    assert report.status == 0


@pytest.mark.parametrize(
    "folders",
    [
        ["bus", "car", "train"],
        ["bus", "car", "train", "train/day1"],  # with a folder of its own, beside classes
        ["Test", "bus", "car"],
    ],
)
def test_a_class_with_the_name_of_a_split(tmp_path, folders, caplog):
    layout(tmp_path, folders, 12)
    classes = tuple(sorted(name for name in folders if "/" not in name))
    assert given_splits(tmp_path) == {}
    assert load_data_set(tmp_path).classes == classes
    assert "taken for classes, as they hold photos and no class folders: " in caplog.text
    assert len(scored_records(tmp_path, classes, "all")) == 12 * len(folders)
    report = diagnose(tmp_path).report
    (finding,) = [f for f in report.findings if f.kind == "split_as_class"]
    # photos without labels lie in a folder test/ more often than in train/
    assert finding.severity == ("decision" if "Test" in folders else "note")


def test_a_photo_beside_the_class_folders_of_a_split(tmp_path):
    layout(tmp_path, ["train/a", "train/b", "val/a", "val/b"])
    write_photos(tmp_path, ["train/loose.png", "val/loose.png"], 900)
    assert given_splits(tmp_path) == {"train": "train", "val": "val"}


REFUSED = [
    (
        ["train/a", "train/b", "val/a", "Validation/a"],
        r"has two folders for the split val: Validation/ and val/; one is accepted",
    ),
    (["train", "test"], r"has test/, train/ with photos and no class folders.*: test/CLASS/photo"),
    (
        ["train/a", "train/b", "test/a"],
        r"has train/ and test/ but no val/: training needs both.*--data \S+/train would be split "
        r"by data\.split.*test/ be scored afterwards with evaluate.*or rename test/ to val/",
    ),
    (["Train/a", "Train/b"], r"has Train/ but no val/.*--data \S+/Train would be split"),
    (
        ["bus", "car", "train/day1"],
        r"Beside it: bus/, car/; if train/ is a class like them, its photos lie in it directly",
    ),
    (["photos/cat", "photos/dog"], r"at least 2 class .* got 1; \S+/photos has the folders cat/"),
]


@pytest.mark.parametrize(("folders", "text"), REFUSED)
def test_what_is_refused_says_what_to_do(tmp_path, folders, text):
    layout(tmp_path, folders)
    with pytest.raises(UserError, match=text):
        load_data_set(tmp_path)


def test_photos_beside_the_splits_are_said(tmp_path, caplog):
    layout(tmp_path, ["train/a", "train/b", "val/a", "val/b", "extra/a"], 10)
    write_photos(tmp_path, ["loose.png", "labels.csv"], 900)
    load_data_set(tmp_path)
    assert caplog.messages == [
        f"{tmp_path}: folders beside train/, val/, not used: extra/ (10 photos)",
        f"{tmp_path}: files beside its folders, not used: 2 (loose.png, labels.csv)",
    ]
    found = {f.kind: f for f in diagnose(tmp_path).report.findings}
    assert found["unused_folder"].severity == found["no_class"].severity == "decision"


@pytest.mark.parametrize(
    ("folders", "kind", "names"),
    [
        (["drinks/can", "drinks/tin", "paper"], "nested_folder", ["drinks/can", "drinks/tin"]),
        (["cat/train", "cat/val", "dog"], "split_in_class", ["cat/train", "cat/val"]),
        (["train/a/b", "train/c", "val/a", "val/c"], "nested_folder", ["train/a/b"]),
    ],
)
def test_folders_inside_class_folders_are_said(tmp_path, folders, kind, names):
    report = diagnose(layout(tmp_path, folders, 12)).report
    (finding,) = [f for f in report.findings if f.kind in ("nested_folder", "split_in_class")]
    assert (finding.kind, finding.severity) == (kind, "decision")
    assert [group.files[0] for group in finding.groups] == names
    assert {group.detail for group in finding.groups} == {"12 photos"}


@pytest.mark.parametrize(
    ("folders", "alike"),
    [
        (["fit/cat", "fit/dog", "check/cat", "check/dog"], ["check", "fit"]),
        (["fit/cat", "fit/dog", "check/cat"], []),
        (["cat/day 1", "dog/day 1"], []),
    ],
)
def test_folders_that_may_be_splits_by_another_name_are_said(tmp_path, folders, alike):
    findings = diagnose(layout(tmp_path, folders, 1)).report.findings
    found = [g.files[0] for f in findings if f.kind == "alike_inside" for g in f.groups]
    assert found == alike


def test_evaluation_takes_the_other_names_of_a_split(workplace, run_folder):
    out = workplace.folder / "split_named.json"
    done = workplace.call(f"evaluate.py {run_folder} --data photos --split Valid --json {out}")
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["split"] == "val"


def test_the_doctor_lists_a_folder_a_few_times_whatever_the_classes(tmp_path, monkeypatch):
    layout(tmp_path, [f"{s}/{label}" for s in ("train", "val") for label in range(12)], 1)
    listed = Counter()
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.update([str(path)]) or scandir(path))
    diagnose(tmp_path)
    assert max(listed.values()) < 12
