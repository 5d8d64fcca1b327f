"""What an evaluation counts: every image of a split, once."""

import logging
import shutil
from dataclasses import replace

import pytest
from helpers import load_data_set, write_photos

from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.identity import RunPhotos, identity
from src_mindspore.photos.records import Record
from src_mindspore.photos.scored import scored_records
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of

GIVEN = [
    *["train/cat/1.png", "train/cat/2.png", "train/dog/1.png", "train/dog/2.png"],
    *["val/cat/1.png", "val/dog/1.png", "test/dog/1.png"],
]


@pytest.fixture
def given(tmp_path):
    return write_photos(tmp_path, GIVEN)


def paths(records) -> list[str]:
    return [record.path for record in records]


@pytest.mark.parametrize(
    ("split", "expected"),
    [("train", GIVEN[:4]), ("val", GIVEN[4:6]), ("test", GIVEN[6:]), ("all", GIVEN)],
)
def test_every_image_of_a_split_is_scored_once(given, split, expected):
    # "bird" is known to the model and absent here
    records = scored_records(given, ["bird", "cat", "dog"], split)
    assert paths(records) == expected
    assert all(r.label == (1 if "/cat/" in r.path else 2) for r in records)


def test_class_folders_are_scored_whole_or_as_they_were_split(tmp_path):
    every = [*(f"cat/{i}.png" for i in range(9)), *(f"dog/{i}.png" for i in range(7))]
    write_photos(tmp_path, every)
    classes = ["cat", "dog"]
    assert paths(scored_records(tmp_path, classes, "all")) == every
    data = load_data_set(tmp_path, classes, (0.5, 0.25, 0.25), seed=2)
    splits = {name: paths(records) for name, records in data.splits.items()}
    for run in (RunPhotos(splits), RunPhotos(splits, data.digests)):
        for split in ("train", "val", "test"):
            assert tuple(scored_records(tmp_path, classes, split, run)) == data.records(split)


UNSCORABLE = [
    ("val", None, r"has class folders and no val/, and the model does not say .*--split all"),
    ("val", {"train": ["cat/0.png"]}, r"run has no split 'val' either; it has train, and all"),
    ("val", {"val": ["cat/0.png", "cat/9.png"]}, r"1 of 2 images of its split 'val' are missing"),
    ("val", {"val": []}, r"has no image to score in split 'val'"),
]


@pytest.mark.parametrize(("split", "known", "text"), UNSCORABLE)
def test_a_split_that_cannot_be_told(tmp_path, split, known, text):
    write_photos(tmp_path, ["cat/0.png", "dog/0.png"])
    with pytest.raises(UserError, match=text):
        scored_records(tmp_path, ["cat", "dog"], split, known and RunPhotos(known))


def test_a_folder_without_photos_of_the_classes(tmp_path):
    with pytest.raises(UserError, match=r"has no image to score in the folders of its classes$"):
        scored_records(tmp_path, ["cat", "dog"], "all")


def test_scoring_an_unknown_split_or_class(given):
    shutil.rmtree(given / "test")
    with pytest.raises(UserError, match=r"has no split 'test'; it has train, val and all$"):
        scored_records(given, ["cat", "dog"], "test")
    with pytest.raises(UserError, match=r"val has folders that are no class: dog; .* are cat, cow"):
        scored_records(given, ["cat", "cow"], "val")


def test_labels_follow_the_models_order(given):
    assert scored_records(given, ["dog", "cat"], "test") == [Record("test/dog/1.png", 0)]


@pytest.mark.parametrize("what", ["absent", "file"])
def test_a_folder_that_is_none(tmp_path, what):
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as info:
        scored_records(tmp_path / what, ["a", "b"], "all")
    assert str(info.value) == (
        f"the data folder {tmp_path / what} does not exist or is not a folder"
    )


@pytest.fixture
def moved(tmp_path):
    """A folder, and the photos of a run that had it; then things happened to it."""
    write_photos(tmp_path, [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(4)])
    run = RunPhotos(
        {
            "train": ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"],
            "val": ["cat/2.png", "cat/3.png", "dog/2.png"],
        },
        {
            p: sha256_of(tmp_path / p)
            for p in (f"{c}/{i}.png" for c in ("cat", "dog") for i in range(4))
        },
        left_out=["dog/3.png"],
    )
    return tmp_path, run


def scored(root, run, split="val"):
    return paths(scored_records(root, ["cat", "dog"], split, run))


def test_photos_of_a_split_are_found_under_other_names(moved, caplog):
    root, run = moved
    caplog.set_level(logging.INFO)
    assert scored(root, run) == ["cat/2.png", "cat/3.png", "dog/2.png"]
    assert not caplog.messages
    (root / "cat/2.png").rename(root / "cat/x.png")
    (root / "cat/0.png").rename(root / "cat/2.png")  # a training photo under a scored name
    assert scored(root, run) == ["cat/3.png", "cat/x.png", "dog/2.png"]
    assert "1 photos of the run's split val have other names" in caplog.text
    assert "5 other photos (4 train, 1 left out)" in caplog.text


def test_what_is_gone_or_new_is_said(moved, caplog):
    root, run = moved
    (root / "cat/2.png").unlink()
    (root / "dog/new.png").write_bytes(b"new")
    assert scored(root, run) == ["cat/3.png", "dog/2.png"]
    assert "1 of the 3 photos of the run's split val are not in" in caplog.text
    assert "6 other photos (4 train, 1 left out, 1 none of the run)" in caplog.text


def test_a_copy_is_no_second_photo(moved, caplog):
    root, run = moved
    shutil.copy(root / "cat/2.png", root / "cat/copy.png")
    assert scored(root, run) == ["cat/2.png", "cat/3.png", "dog/2.png"]
    assert "1 other photos (1 val)" in caplog.text


def test_other_photos_of_the_same_names_are_no_split_of_the_run(moved, tmp_path_factory):
    _, run = moved
    other = tmp_path_factory.mktemp("other")
    for i, name in enumerate(["cat/2.png", "cat/3.png", "dog/2.png"]):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_bytes(bytes([i]))
    with pytest.raises(UserError, match=r"has none of the 3 photos .*'val', told by .*--split all"):
        scored(other, run)


def test_whose_photos_these_are(moved):
    _, run = moved
    digests = [*run.digests.values(), "0" * 64]
    assert identity(run, digests) == {
        "checked": True,
        "train": 4,
        "val": 3,
        "test": 0,
        "left_out": 1,
        "excluded": 0,
        "new": 1,
    }
    assert "kept no hashes" in identity(RunPhotos(run.splits), digests)["reason"]
    assert "not beside it" in identity(None, digests)["reason"]


def test_an_excluded_photo_stays_out_in_another_unicode_form(moved):
    root, run = moved
    shutil.copy(root / "cat/0.png", root / "cat/e\u0301.png")
    gone = Exclusion("cat/\u00e9.png", run.digests["cat/0.png"], "")
    assert len(scored(root, replace(run, excluded=(gone,)), "all")) == 8
