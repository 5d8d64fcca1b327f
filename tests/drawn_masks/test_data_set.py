"""The folder that the generator fills: its three classes, its splits, and what it refuses."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from drawn_face import KnownFaces, face
from in_process import REPOSITORY, call
from PIL import Image

from src_mindspore.drawn_masks.__main__ import DETECTORS
from src_mindspore.drawn_masks.data_set import CLASSES, MANIFEST, counts_of, write_data_set
from src_mindspore.faces.detector import NAMES
from src_mindspore.spec.labels import load_labels
from src_mindspore.system.errors import UserError

BARE, MASKED, SCALE = 11, 12, 0.25
NOBODY, BROKEN = "without_mask/nobody.png", "with_mask/broken.jpg"


def save(path: Path, pixels: np.ndarray, **how: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces on grounds that differ, one of them twice; one photo of nobody, one broken."""
    root = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(0)
    for kind, count in (("without_mask", BARE), ("with_mask", MASKED)):
        for i in range(count):
            ground = Image.fromarray(rng.integers(30, 226, (6, 6, 3), np.uint8))
            pixels = face(tuple(rng.integers(110, 230, 3).tolist()), SCALE, (0, 0, 0), i)
            there = np.asarray(ground.resize(pixels.shape[1::-1], Image.Resampling.BICUBIC))
            pixels = np.where(pixels.max(-1, keepdims=True) < 40, there, pixels)
            pixels[0, 0] = 200
            save(root / kind / f"{kind[:4]} {i:02d}.png", pixels)
    first = np.asarray(Image.open(root / "without_mask" / "with 00.png"))
    save(root / "without_mask" / "again.jpg", first, quality=80)
    nobody = np.random.default_rng(9).integers(0, 256, (60, 50, 3), np.uint8)
    nobody[0, 0] = 0
    save(root / NOBODY, nobody)
    (root / BROKEN).write_bytes(b"\xff\xd8\xff no photo")
    return root


@pytest.fixture(scope="module")
def made(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "three"
    write_data_set(photos, out, KnownFaces(), seed=3)
    return out


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_photo_is_there_once_and_drawn_on_twice(photos: Path, made: Path):
    manifest = json.loads((made / MANIFEST).read_text())
    paths = [entry["path"] for entry in manifest["photos"]]
    assert sorted([*paths, MANIFEST]) == sorted(files_of(made))
    counts = defaultdict(int)
    for (_, label, kind), count in counts_of(manifest).items():
        counts[label, kind] += count
    faces = BARE + 1
    assert dict(counts) == {
        ("correct", "real"): MASKED,
        ("correct", "drawn"): faces,
        ("incorrect", "drawn"): faces,
        ("none", "real"): faces + 1,
    }
    assert manifest["without_face"] == [NOBODY]
    assert list(manifest["unusable"]) == [BROKEN]
    for entry in manifest["photos"]:
        copied = (made / entry["path"]).read_bytes() == (photos / entry["source"]).read_bytes()
        assert copied == (entry["kind"] == "real")
        assert Path(entry["path"]).name.startswith(f"{entry['kind']}_")
        if entry["kind"] == "drawn":
            over = entry["placement"] == "over_nose"
            assert over == (Path(entry["path"]).parts[1] == "correct")
            assert entry["placement"] in entry["path"]
            assert len(entry["masks"]) == 1


def test_nobody_is_in_two_splits(made: Path):
    entries = json.loads((made / MANIFEST).read_text())["photos"]
    splits = defaultdict(set)
    for entry in entries:
        splits[entry["group"]].add(Path(entry["path"]).parts[0])
    assert all(len(names) == 1 for names in splits.values())
    group_of = {entry["source"]: entry["group"] for entry in entries}
    assert group_of["without_mask/again.jpg"] == group_of["without_mask/with 00.png"]
    assert len(splits) == BARE + MASKED + 1
    of_class = {tuple(Path(entry["path"]).parts[:2]) for entry in entries}
    assert of_class == {(split, label) for split in ("train", "val", "test") for label in CLASSES}


def test_the_seed_says_it_all(photos: Path, made: Path, tmp_path: Path):
    write_data_set(photos, tmp_path / "same", KnownFaces(), seed=3)
    assert files_of(tmp_path / "same") == files_of(made)
    write_data_set(photos, tmp_path / "other", KnownFaces(), seed=4)
    one, other = (
        {d for p, d in files_of(folder).items() if "drawn_" in p}
        for folder in (made, tmp_path / "other")
    )
    assert not one & other


def test_what_is_there_stays(photos: Path, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    for out, text in (
        (
            tmp_path,
            f"--out must be a new or empty folder; {tmp_path} holds other things, and stays",
        ),
        (tmp_path / "mine.txt", "mine.txt is a file"),
        (photos / "inside", f"--out must be outside of {photos}, whose photos it is made from"),
    ):
        done = call(REPOSITORY, f"-m src_mindspore.drawn_masks '{photos}' --out '{out}'")
        assert done.returncode == 2
        assert text in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_other_folders_are_refused(photos: Path, tmp_path: Path):
    detector = KnownFaces()
    with pytest.raises(UserError, match="--masked and --bare name two classes; got 'a' for both"):
        write_data_set(photos, tmp_path / "new", detector, "a", "a")
    with pytest.raises(UserError, match="no_such"):
        write_data_set(photos, tmp_path / "new", detector, bare="no_such")
    few = tmp_path / "few"
    for i in range(3):
        save(few / "with_mask" / f"{i}.png", face(seed=i, scale=SCALE, ground=(60 * i, 9, 9)))
        save(few / "without_mask" / f"{i}.png", face(seed=i, scale=SCALE, ground=(9, 9, 60 * i)))
    with pytest.raises(UserError, match=r"with_mask has . usable photos that are not alike; 10 or"):
        write_data_set(few, tmp_path / "new", detector)
    assert not (tmp_path / "new").exists()


def test_the_options_are_the_detectors():
    assert sorted(DETECTORS) == sorted(NAMES)


def test_the_classes_have_names():
    file = REPOSITORY / "configs" / "labels" / "masks.yaml"
    for classes in (CLASSES, ("with_mask", "without_mask")):
        assert all(label.keys() == {"en", "zh"} for label in load_labels(file, classes))
