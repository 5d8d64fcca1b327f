"""Folders of photos: records, splits, twins, and the errors about them."""

import logging
import shutil
from collections import Counter
from itertools import combinations

import pytest
from helpers import load_data_set, write_photos

from src_mindspore.dataset import DataSet, list_data_set
from src_mindspore.photos.exclusions import Exclusion, excluded_of, write_plan
from src_mindspore.photos.passed_over import ACCEPTED
from src_mindspore.photos.records import Record
from src_mindspore.photos.split import split_records
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.write import sha256_of

GIVEN = [
    *["train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "train/dog/2.png"],
    *["val/cat/1.png", "val/dog/1.png", "test/dog/1.png"],
]


def names(folder: str, count: int) -> list[str]:
    return [f"{folder}/{i}.png" for i in range(count)]


def paths(records) -> list[str]:
    return [record.path for record in records]


@pytest.fixture
def given(tmp_path):
    return write_photos(tmp_path, GIVEN)


def test_given_splits(given):
    data = load_data_set(given)
    assert data.classes == ("cat", "dog")
    assert {name: paths(records) for name, records in data.splits.items()} == {
        name: [p for p in GIVEN if p.startswith(name)] for name in ("train", "val", "test")
    }
    assert data.records("val") == (Record("val/cat/1.png", 0), Record("val/dog/1.png", 1))
    assert paths(data.records("all")) == sorted(GIVEN)
    assert data.left_out == ()
    assert len(set(data.digests.values())) == len(data.digests) == len(GIVEN)


def test_class_folders_are_split_stratified_and_seeded(tmp_path):
    counts = {"a": 40, "b": 10, "c": 5, "d": 2}
    for seed, (folder, count) in enumerate(counts.items()):
        write_photos(tmp_path, names(folder, count), 1000 * seed)
    shares = (0.7, 0.1, 0.2)
    data = load_data_set(tmp_path, None, shares, seed=3)
    found = {n: Counter(r.path[0] for r in records) for n, records in data.splits.items()}
    # by hand: 28/4/8, 7/1/2, 3.5/4/5 rounded and one kept for val, two photos: train first
    assert found == {
        "train": {"a": 28, "b": 7, "c": 3, "d": 1},
        "val": {"a": 4, "b": 1, "c": 1, "d": 1},
        "test": {"a": 8, "b": 2, "c": 1},
    }
    assert paths(data.records("all")) == sorted(p for f, n in counts.items() for p in names(f, n))
    assert load_data_set(tmp_path, None, shares, seed=3).splits == data.splits
    assert load_data_set(tmp_path, None, shares, seed=4).splits != data.splits


@pytest.mark.parametrize(
    ("fractions", "count", "expected"),
    [
        ((0.8, 0.2), 10, [8, 2]),
        ((0.5, 0.5), 1, [1, 0]),  # 0.5 rounds to 0; training is served first
        ((0.1, 0.9), 1, [1, 0]),
        ((0.01, 0.99), 5, [1, 4]),
        ((0.99, 0.01), 5, [4, 1]),
        ((0.9, 0.05, 0.05), 3, [1, 1, 1]),
        ((0.2, 0.2, 0.6), 2, [1, 1, 0]),
        ((0.7, 0.1, 0.2), 1000, [700, 100, 200]),
    ],
)
def test_sizes_of_a_split(fractions, count, expected):
    records = [Record(f"{i:04}", 0) for i in range(count)]
    splits = split_records(records, {r.path: r.path for r in records}, fractions, 0)
    assert [len(s) for s in splits.values()] == expected
    assert sorted(r.path for s in splits.values() for r in s) == [r.path for r in records]


@pytest.mark.parametrize("fractions", [(1,), (0.5, 0.6), (0.8, 0.1, 0.05, 0.05), (1.2, -0.2)])
def test_shares_that_are_none(fractions):
    with pytest.raises(UserError, match="split shares are 2 or 3 numbers that add up to 1; got"):
        split_records([Record("a", 0)], {"a": "x"}, fractions, 0)


def test_a_class_that_val_has_no_photo_of_is_named(tmp_path, caplog):
    write_photos(tmp_path, [*names("a", 6), "b/1.png"])
    for i in range(5):
        shutil.copy(tmp_path / "b/1.png", tmp_path / f"b/copy{i}.png")
    data = load_data_set(tmp_path)
    assert {r.label for r in data.records("val")} == {0}
    assert caplog.messages == [
        "no photo in val of: b; photos that are identical or nearly so stay in train"
    ]


@pytest.mark.parametrize("seed", range(5))
def test_twins_stay_together(tmp_path, seed):
    write_photos(tmp_path, names("a", 6))
    write_photos(tmp_path, names("b", 6), 100)
    for i in range(3):
        shutil.copy(tmp_path / f"a/{i}.png", tmp_path / f"a/twin_{i}.png")
    data = load_data_set(tmp_path, None, (0.4, 0.3, 0.3), seed)
    assert sum(map(len, data.splits.values())) == 15
    sides = [{data.digests[r.path] for r in records} for records in data.splits.values()]
    assert not any(one & other for one, other in combinations(sides, 2))


def test_training_loses_what_is_evaluated(given, caplog):
    shutil.copy(given / "val/dog/1.png", given / "train/dog/copy of val.png")
    shutil.copy(given / "test/dog/1.png", given / "train/cat/copy of test.png")  # another label
    shutil.copy(given / "train/cat/1.png", given / "train/cat/3.png")  # harmless
    data = load_data_set(given)
    leaks = ("train/cat/copy of test.png", "train/dog/copy of val.png")
    assert data.left_out == leaks
    assert paths(data.records("train")) == [*GIVEN[:2], "train/cat/3.png", *GIVEN[2:4]]
    assert paths(data.records("val") + data.records("test")) == GIVEN[4:]
    assert caplog.messages == [
        "2 training images are byte-identical to evaluated ones and are left out: "
        + ", ".join(leaks)
    ]


def test_a_class_that_only_had_leaks(given):
    for i in (1, 2):
        shutil.copy(given / "val/dog/1.png", given / f"train/dog/{i}.png")
    with pytest.raises(UserError) as info:
        load_data_set(given)
    assert str(info.value) == (
        f"{given}: every training photo of dog is in val/ or test/ as well, identical or nearly "
        f"so, and is left out (2 of 4 training photos: train/dog/1.png, train/dog/2.png). A photo "
        f"that is trained on says nothing when it is scored: take the copies away from val/ and "
        f"test/, or give --data the folder with all class folders, which data.split divides"
    )


def test_val_and_test_share_an_image(given):
    shutil.copy(given / "val/cat/1.png", given / "test/dog/again.png")
    with pytest.raises(UserError) as info:
        load_data_set(given)
    assert str(info.value) == (
        "val and test may not share an image; remove one of: val/cat/1.png = test/dog/again.png"
    )


def test_one_file_with_two_labels(tmp_path):
    write_photos(tmp_path, [*names("a", 3), *names("b", 3)])
    shutil.copy(tmp_path / "a/1.png", tmp_path / "b/other.png")
    with pytest.raises(UserError, match=r"same file has two labels.*: a/1\.png, b/other\.png$"):
        load_data_set(tmp_path)


EMPTY = f"{{root}}: every class needs at least one image ({ACCEPTED}); without any: "
BOTH = "training needs both train/ and val/"
NO_VAL = (
    "{root}: the split val has no image; it decides which epoch is the best, so that it needs "
    "at least one: "
)
IN_VAL = "they lie in val/CLASS/photo.jpg"
ALIKE = "a class gives it one from two different photos on; what is alike stays in train"
BAD_FOLDERS = [
    (
        ["train/a/1.png"],
        None,
        f"{{root}} has train/ but no val/: {BOTH}; --data {{root}}/train would be split by "
        "data.split, 0.8/0.2 if not said",
    ),
    (
        ["test/a/1.png"],
        None,
        f"{{root}} has test/ but no train/: {BOTH}; other names that are understood: "
        "train: training, trn, trainval; val: valid, validation, dev; test: testing, tst, holdout",
    ),
    (["a/1.png"], None, "{root}: at least 2 class folders are needed; got 1"),
    (["1.png", "2.png"], None, "{root}: at least 2 class folders are needed; got 0"),
    (["a/1.png", "b/notes.txt", "c/1.png"], None, EMPTY + "b"),
    (
        ["train/a/1.png", "train/b/1.png", "val/a/1.png", "val/x/1.png"],
        None,
        "{root}/val has folders that are no class: x; the classes are a, b",
    ),
    (
        ["a/1.png", "b/1.png", "c/1.png"],
        ["b", "a"],
        "{root} has folders that are no class: c; the classes are b, a",
    ),
    (["a/1.png", "b/1.png"], ["a", "b", "c"], EMPTY + "c"),
    (
        ["a/1.png", "b/1.png"],
        ["a", "b", "a"],
        "every class is listed once; listed again: a",
    ),
    (["train/a/1.png", "train/b/1.png", "val/a/notes.txt"], None, NO_VAL + IN_VAL),
    (["train/a/1.png", "train/b/1.png", "val/1.png"], None, NO_VAL + IN_VAL),
    (["a/1.png", "b/1.png"], None, NO_VAL + ALIKE),
]


@pytest.mark.parametrize(("files", "classes", "text"), BAD_FOLDERS)
def test_what_is_no_data_set(tmp_path, files, classes, text):
    write_photos(tmp_path, files)
    with pytest.raises(UserError) as info:
        load_data_set(tmp_path, classes)
    assert str(info.value) == text.format(root=tmp_path)


@pytest.mark.parametrize("what", ["absent", "file"])
def test_a_folder_that_is_none(tmp_path, what):
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as info:
        load_data_set(tmp_path / what)
    assert str(info.value) == (
        f"the data folder {tmp_path / what} does not exist or is not a folder"
    )


def test_unknown_split_of_a_data_set(tmp_path):
    data = DataSet(tmp_path, ("a", "b"), {"train": (Record("a", 0),), "val": ()})
    for split in ("test", "val"):
        with pytest.raises(UserError, match=f"has no split '{split}'; it has train, val and all"):
            data.records(split)


def test_hidden_and_stray_files(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    good = ["a/1.PNG", "a/deep/er/2.jpeg", "b/ü 一.png", "b/x.gif"]
    write_photos(tmp_path, good)
    hidden = ["a/.3.png", ".hidden/1.png", "b/.thumbs/4.png", "a/.DS_Store"]
    stray = ["a/notes.txt", "b/clip.mp4"]
    write_photos(tmp_path, [*hidden, *stray, "readme.png"], 100)
    (tmp_path / "a/folder.png").mkdir()
    data = load_data_set(tmp_path, None, (0.5, 0.5))
    assert data.classes == ("a", "b")
    assert paths(data.records("all")) == sorted(good)
    assert caplog.messages == [
        f"1 images beside the class folders of {tmp_path} are not used: readme.png",
        f"{tmp_path}: films, not used: 1 (b/clip.mp4); take pictures out of them, for example: "
        "ffmpeg -i FILM -vf fps=1 %04d.jpg",
        f"{tmp_path}: other files, not used: 1 (a/notes.txt)",
    ]


def test_the_class_order_is_the_configs(given):
    data = load_data_set(given, ["dog", "cat"])
    assert data.classes == ("dog", "cat")
    assert {r.label for r in data.records("all") if "/dog/" in r.path} == {0}
    assert {r.label for r in data.records("all") if "/cat/" in r.path} == {1}


def test_map_ordered_keeps_the_order_and_stays_near_the_reader():
    started = []

    def work(item: int) -> int:
        started.append(item)
        return item * item

    results = map_ordered(work, range(200), ahead=10)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert max(started) < 5 + 10
    assert list(results) == [i * i for i in range(5, 200)]
    with pytest.raises(ZeroDivisionError):
        list(map_ordered(lambda i: 1 // (i - 3), range(9)))


NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_a_class_is_its_folder_in_either_unicode_form(tmp_path):
    names = [f"train/{NFD}/1.png", "train/b/1.png", f"val/{NFC}/2.png", "val/b/2.png"]
    write_photos(tmp_path, names)
    for classes in (None, ["b", NFC], ["b", NFD]):
        data = load_data_set(tmp_path, classes)
        assert data.classes == tuple(classes or ("b", NFD))
        assert [r.path for r in data.records("all")] == sorted(names)
        assert [r.label for r in data.records("val")] == [0, 1]


def test_folders_that_differ_in_their_form_alone_are_two_and_shown_apart(tmp_path):
    write_photos(tmp_path, [f"{NFC}/1.png", f"{NFD}/1.png"])
    assert list_data_set(tmp_path).classes == (NFD, NFC)
    with pytest.raises(UserError, match=r"no class: cafe\\u0301; the classes are caf\\xe9, b"):
        list_data_set(tmp_path, [NFC, "b"])


def test_an_exclusion_is_its_photo_in_either_unicode_form(tmp_path, caplog):
    root = write_photos(tmp_path / "photos", [f"a/{NFD}.png", "a/1.png", "b/1.png"])
    entry = Exclusion(f"a/{NFC}.png", sha256_of(root / f"a/{NFD}.png"), "blurred")
    write_plan(tmp_path / "plan.json", [entry], "test")
    plan = tmp_path / "plan.json"
    plan.write_text("\ufeff" + plan.read_text(encoding="utf-8"), encoding="utf-8")
    data = list_data_set(root, None, excluded_of(str(plan), root))
    assert [r.path for r in data.records("all")] == ["a/1.png", "b/1.png"]
    assert not caplog.messages
