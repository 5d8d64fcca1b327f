"""What an evaluation counts: every image of a split, once."""

import shutil

import pytest
from helpers import load_data_set, write_photos

from src_mindspore.photos.records import Record
from src_mindspore.photos.scored import scored_records
from src_mindspore.system.errors import UserError

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
    known = {name: paths(records) for name, records in data.splits.items()}
    for split in ("train", "val", "test"):
        assert tuple(scored_records(tmp_path, classes, split, known)) == data.records(split)


UNSCORABLE = [
    ("val", None, r"has class folders and no val/, and the model does not say .*--split all"),
    ("val", {"train": ["cat/0.png"]}, r"has class folders and no val/"),
    ("val", {"val": ["cat/0.png", "cat/9.png"]}, r"1 of 2 images of its split 'val' are missing"),
    ("val", {"val": []}, r"has no image to score in split 'val'"),
]


@pytest.mark.parametrize(("split", "known", "text"), UNSCORABLE)
def test_a_split_that_cannot_be_told(tmp_path, split, known, text):
    write_photos(tmp_path, ["cat/0.png", "dog/0.png"])
    with pytest.raises(UserError, match=text):
        scored_records(tmp_path, ["cat", "dog"], split, known)


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
