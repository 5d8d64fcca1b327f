"""Photos on the disk: no copy and no near copy of what is scored was trained on."""

import shutil

import numpy as np
import pytest
from helpers import noise
from PIL import Image

from src_mindspore.comparison.folds import NEVER
from src_mindspore.comparison.photos import divided
from src_mindspore.system.errors import UserError
from src_mindspore.training.part import CHOOSE, SCORED, TRAIN

DATA = {"classes": None, "exclude": None, "near_duplicates": "leave_out"}


def picture(seed: int) -> Image.Image:
    """Large patches, as photos have them: a copy of another size shows the same."""
    return noise(seed, 7, 6).resize((140, 120), Image.Resampling.BICUBIC)


def write(root, cls: str, seeds) -> None:
    (root / cls).mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        picture(seed).save(root / cls / f"{seed:03}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of seven photos with copies: of another size, recompressed, the same file."""
    root = tmp_path_factory.mktemp("photos")
    write(root, "a", range(7))
    write(root, "b", range(10, 17))
    picture(0).resize((100, 86)).save(root / "a" / "smaller.png")
    picture(1).save(root / "b" / "recompressed.jpg", quality=60)
    shutil.copy(root / "a" / "002.png", root / "b" / "same_file.png")
    shutil.copy(root / "b" / "010.png", root / "b" / "twice.png")
    return root


ALIKE = (
    ("a/000.png", "a/smaller.png"),
    ("a/001.png", "b/recompressed.jpg"),
    ("a/002.png", "b/same_file.png"),
    ("b/010.png", "b/twice.png"),
)


def paths(photos, places) -> set[str]:
    records = photos.whole.records("all")
    return {records[i].path for i in places}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_copies_of_every_kind_are_on_one_side_of_every_fold(folder, seed) -> None:
    photos = divided(folder, DATA, 4, seed)
    assert len(photos.whole.records("all")) == 18
    scored_once = []
    for fold in range(4):
        for choosing in (False, True):
            parts = photos.parts(fold, choosing, seed)
            sides = {name: paths(photos, places) for name, places in parts.items()}
            assert sum(map(len, sides.values())) == 18
            for pair in ALIKE:
                assert sum(bool(side & set(pair)) for side in sides.values()) == 1, (pair, fold)
            assert {path[0] for path in sides[TRAIN]} == {"a", "b"}
            assert (CHOOSE in sides) == choosing
        scored_once += sides[SCORED]
    assert len(scored_once) == len(set(scored_once)) == 18


def test_too_few_photos_to_choose_an_epoch_by_are_one_message(tmp_path) -> None:
    write(tmp_path, "a", range(60, 62))
    write(tmp_path, "b", range(62, 64))
    photos = divided(tmp_path, DATA, 2, 1)
    start = (
        r"^too few photos to choose an epoch by \(--epoch chosen\): one of 5 parts of the 2 train"
    )
    with pytest.raises(UserError, match=start):
        photos.parts(0, True, 1)


def test_near_copies_are_free_where_the_config_keeps_them(folder) -> None:
    photos = divided(folder, DATA | {"near_duplicates": "keep"}, 4, 1)
    assert any("data.near_duplicates: keep" in line for line in photos.remarks)
    assert len(np.unique(photos.groups)) == 16  # the same files are still together


def test_train_and_val_are_taken_together_and_test_is_kept_out(tmp_path, folder) -> None:
    places = (("train", "a"), ("train", "b"), ("val", "a"), ("val", "b"), ("test", "a"))
    for number, (split, cls) in enumerate(places):
        write(tmp_path / split, cls, range(100 + 4 * number, 104 + 4 * number))
    shutil.copy(folder / "a" / "000.png", tmp_path / "train" / "a" / "copy.png")
    shutil.copy(folder / "a" / "000.png", tmp_path / "val" / "a" / "other.png")
    photos = divided(tmp_path, DATA, 3, 1)
    assert photos.remarks[:2] == (
        "photos of all splits are taken together, 9 of train/ and 9 of val/",
        "the 4 photos of test/ are kept out",
    )
    every = paths(photos, range(18))
    assert not any(path.startswith("test") for path in every)
    for fold in range(3):
        pair = {"train/a/copy.png", "val/a/other.png"}
        assert len(paths(photos, photos.folds.scored(fold)) & pair) in (0, 2)


def test_what_is_like_a_scored_photo_is_not_trained_on(tmp_path, folder) -> None:
    write(tmp_path, "a", [50, 51])
    picture(3).resize((200, 172)).save(tmp_path / "a" / "larger.png")
    shutil.copy(folder / "b" / "010.png", tmp_path / "a" / "of_b.png")
    photos = divided(folder, DATA, 5, 1, tmp_path)
    parts = photos.parts(0, False, 1)
    scored, trained = (paths(photos, parts[name]) for name in (SCORED, TRAIN))
    assert {path.rpartition("/")[2] for path in scored} == {
        *("050.png", "051.png", "larger.png", "of_b.png")
    }
    names = {"/".join(path.split("/")[-2:]) for path in trained}
    assert not names & {"a/003.png", "b/010.png", "b/twice.png"}
    assert len(names) == 15
    assert any(line.startswith("3 of 18 training photos are identical") for line in photos.remarks)
    assert f"not scored, as {tmp_path} has no photo of them: b" in photos.remarks
    assert (photos.folds.of_photo == NEVER).sum() == 15
    digests = [digest for digest, _ in photos.told(range(19))]
    assert len(set(digests)) == 18  # a/002.png twice; hashes go with their photos
    for record, digest in zip(photos.whole.records("all"), digests, strict=True):
        assert photos.whole.digests[record.path] == digest
        assert (photos.whole.root / record.path).is_file()


def test_scored_photos_that_are_those_of_training_are_one_message(folder) -> None:
    with pytest.raises(UserError, match="have photos in common, 18 of them"):
        divided(folder, DATA, 5, 1, folder)


def test_a_class_that_would_have_nothing_left_is_one_message(tmp_path, folder) -> None:
    shutil.copytree(folder / "b", tmp_path / "b")
    with pytest.raises(UserError, match=r"every photo of b is in .* as well"):
        divided(folder, DATA, 5, 1, tmp_path)
