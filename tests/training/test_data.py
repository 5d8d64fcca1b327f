"""What a training run says of its photos before it begins."""

import pytest
from helpers import write_photos

from src_mindspore.photos.exclusions import Exclusion, write_plan
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.training.data import checked_data_set


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    write_photos(root, [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(4)])
    return root


def test_display_names_are_compared_before_the_photos_are_read(tmp_path, photos, caplog):
    (tmp_path / "names.txt").write_text("A\nB\nC\n")
    (photos / "cat" / "0.png").write_bytes(b"no photo")
    options = (None, (0.5, 0.5), 0, None, "keep")
    with pytest.raises(UserError, match=r"names\.txt has 3 lines for 2 classes \(cat, dog\)"):
        checked_data_set(photos, *options, str(tmp_path / "names.txt"))
    (tmp_path / "names.yaml").write_text("classes: {Cat: {en: A cat}}")
    with pytest.raises(UserError, match="1 of 8 images cannot be used"):
        checked_data_set(photos, *options, str(tmp_path / "names.yaml"))
    assert "for cat, Cat differs in case or spaces only" in caplog.text


def test_an_excluded_photo_that_was_renamed_is_named(tmp_path, photos, caplog):
    plan = tmp_path / "plan.json"
    write_plan(plan, [Exclusion("cat/0.png", sha256_of(photos / "cat/0.png"), "blurred")], "test")
    (photos / "cat/0.png").rename(photos / "cat/9.png")
    data, _ = checked_data_set(photos, None, (0.5, 0.5), 0, str(plan), "keep")
    assert "cat/9.png" in data.digests
    assert "have other names now, and are used: cat/0.png = cat/9.png" in caplog.text
