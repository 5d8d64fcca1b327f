"""The drawn data set: the same every time, varied inside, never overwriting anything else."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from src_mindspore.demo_photos import data_set as embedded
from src_mindspore.demo_photos.data_set import CLASSES, draw_photo, write_data_set
from src_mindspore.system.errors import UserError

TRAIN, VAL = 2, 1


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("drawn") / "set", TRAIN, VAL, seed=5)


def photos(folder: Path) -> list[Path]:
    return sorted(p for split in ("train", "val") for p in (folder / split).glob("*/*"))


def upright(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


def pixel_hash(photo: Image.Image) -> str:
    return hashlib.sha256(repr(photo.size).encode() + photo.tobytes()).hexdigest()


def test_classes_are_lab_codes_of_all_four_bins() -> None:
    assert tuple(sorted(CLASSES)) == CLASSES
    assert len(set(CLASSES)) == len(CLASSES) >= 10
    sizes = {"00": 10, "01": 8, "02": 4, "03": 4}  # of the lab's 26 classes
    assert {code[:2] for code in CLASSES} == set(sizes)
    assert all(int(code[3:]) < sizes[code[:2]] for code in CLASSES)


@pytest.mark.parametrize("label", CLASSES)
def test_each_class_draws_an_object_the_same_way_twice(label: str) -> None:
    first, again = (draw_photo(label, np.random.default_rng([1, 2, 3])) for _ in range(2))
    other = draw_photo(label, np.random.default_rng([1, 2, 4]))
    assert first.mode == "RGB"
    assert all(200 <= side <= 320 for side in first.size)
    assert pixel_hash(first) == pixel_hash(again)
    assert pixel_hash(first) != pixel_hash(other)


@pytest.mark.parametrize("label", CLASSES)
def test_every_variant_of_an_object_fits_its_sheet(label: str) -> None:
    for n in range(6):
        sheet = embedded.Sheet(np.random.default_rng(n))
        embedded.DRAWERS[label](sheet)
        alpha = np.asarray(sheet.image.getchannel("A"))
        # A tube of 4 x 90 units is the smallest thing drawn: 3.6 % of the sheet.
        assert (alpha > 0).mean() > 0.02
        border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert (border > 0).mean() < 0.02


def test_unknown_class_is_refused() -> None:
    with pytest.raises(UserError, match=r"known class: got 'Sofa', accepted: 00_00, 00_02,"):
        draw_photo("Sofa", np.random.default_rng(0))


def test_counts_and_folders(drawn: Path) -> None:
    for split, count in (("train", TRAIN), ("val", VAL)):
        assert sorted(p.name for p in (drawn / split).iterdir()) == list(CLASSES)
        assert all(len(list((drawn / split / c).iterdir())) == count for c in CLASSES)
    assert sorted(p.name for p in drawn.iterdir()) == ["embedded.json", "train", "val"]
    assert [p.name for p in drawn.parent.iterdir()] == ["set"]  # no temporary left


def test_no_two_pictures_are_alike(drawn: Path) -> None:
    hashes = {pixel_hash(upright(path)) for path in photos(drawn)}
    assert len(hashes) == (TRAIN + VAL) * len(CLASSES)


def test_same_seed_same_bytes_whatever_the_count(drawn: Path, tmp_path: Path) -> None:
    small = write_data_set(tmp_path / "small", 1, 1, seed=5)
    assert len(photos(small)) == 2 * len(CLASSES)
    for path in photos(small):
        assert path.read_bytes() == (drawn / path.relative_to(small)).read_bytes()


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_way_into_the_reader_is_there(drawn: Path, split: str) -> None:
    kinds, sizes = set(), set()
    for path in (drawn / split).glob("*/*"):
        with Image.open(path) as photo:
            kinds.add((path.suffix, photo.mode, photo.getexif().get(embedded.ORIENTATION, 1)))
            sizes.add(photo.size)
    assert kinds == {
        (".jpg", "RGB", 1),
        (".jpg", "RGB", 6),
        (".jpg", "RGB", 8),
        (".jpg", "L", 1),
        (".png", "RGB", 1),
        (".png", "RGBA", 1),
        (".png", "L", 1),
    }
    assert len(sizes) > len(CLASSES) // 2
    assert {np.sign(width - height) for width, height in sizes} == {-1, 0, 1}


def test_rgba_picture_has_clear_and_opaque_parts(drawn: Path) -> None:
    with Image.open(drawn / "train" / CLASSES[0] / "000.png") as photo:
        assert photo.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("index", [4, 5])
def test_exif_picture_is_upright_once_turned(drawn: Path, index: int) -> None:
    meant = draw_photo(CLASSES[index], np.random.default_rng([5, 0, index, 0]))
    stored = drawn / "train" / CLASSES[index] / "000.jpg"
    got = upright(stored)
    assert got.size == meant.size
    error = np.abs(np.asarray(got, float) - np.asarray(meant, float)).mean()
    wrong = np.abs(np.asarray(got.rotate(180), float) - np.asarray(meant, float)).mean()
    assert error < 8 < wrong  # JPEG loss is a few grey levels


def test_the_same_set_is_reused_untouched(drawn: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in photos(drawn)}
    calls: list[int] = []
    assert write_data_set(drawn, TRAIN, VAL, seed=5, drawn=calls.append) == drawn
    assert {p: p.stat().st_mtime_ns for p in photos(drawn)} == before
    assert calls == []


def test_another_set_in_the_folder_is_refused(drawn: Path) -> None:
    with pytest.raises(UserError, match=r"'seed': 5.*wanted.*'seed': 6.*name another folder"):
        write_data_set(drawn, TRAIN, VAL, seed=6)
    with pytest.raises(UserError, match=rf"'train': {TRAIN}.*wanted.*'train': {TRAIN + 1}"):
        write_data_set(drawn, TRAIN + 1, VAL, seed=5)


def test_foreign_things_are_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(UserError, match=r"mine is a folder without embedded\.json"):
        write_data_set(tmp_path / "mine", 1, 1)
    with pytest.raises(UserError, match=r"notes\.txt is a file"):
        write_data_set(tmp_path / "mine" / "notes.txt", 1, 1)
    (tmp_path / "mine" / "embedded.json").write_text("{")
    with pytest.raises(UserError, match=r"embedded\.json is not JSON"):
        write_data_set(tmp_path / "mine", 1, 1)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_an_incomplete_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "CLASSES", CLASSES[:2])
    folder = write_data_set(tmp_path / "set", 1, 1)
    next((folder / "val" / CLASSES[1]).iterdir()).unlink()
    with pytest.raises(UserError, match=r"00_02 has 0 pictures instead of 1"):
        write_data_set(folder, 1, 1)


def test_interruption_leaves_nothing(tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_data_set(tmp_path / "set", 1, 1, drawn=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ({"train": 0}, "train must be a whole number >= 1: got 0"),
        ({"val": -1}, "val must be a whole number >= 1: got -1"),
        ({"seed": -2}, "seed must be a whole number >= 0: got -2"),
    ],
)
def test_numbers_out_of_range(numbers: dict[str, int], text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=text):
        write_data_set(tmp_path / "set", **numbers)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the module as a person does."""
    whole = [sys.executable, "-m", "src_mindspore.demo_photos", *map(str, arguments)]
    return subprocess.run(whole, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_command(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "set"
    folder.mkdir(parents=True)  # an empty folder is as good as none
    done = command(folder, "--train", 2, "--val", 1, "--seed", 3)
    assert done.returncode == 0, done.stderr
    assert f"36 pictures of {len(CLASSES)} classes" in done.stdout
    found = json.loads((folder / "embedded.json").read_text())
    assert found == {
        "version": embedded.VERSION,
        "seed": 3,
        "classes": list(CLASSES),
        "train": 2,
        "val": 1,
    }
    refused = command(folder, "--train", 2, "--val", 1, "--seed", 4)
    assert refused.returncode == 2
    assert "wanted" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_has_an_example() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert "example: python -m src_mindspore.demo_photos demo/data" in done.stdout
