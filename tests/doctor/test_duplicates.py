"""Near-identical photos: copies are found, other photos are not; the search misses no pair."""

import io
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers import load_data_set
from PIL import Image

from src_mindspore.demo_photos.data_set import write_data_set
from src_mindspore.doctor import duplicates
from src_mindspore.doctor.diagnosis import diagnose
from src_mindspore.doctor.duplicates import Pair, candidates, families, near_pairs
from src_mindspore.doctor.survey import survey
from src_mindspore.photos.records import Record
from src_mindspore.training.data import checked_data_set

SPLIT = (0.5, 0.5)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path_factory.mktemp("cache")))


def test_where_many_are_alike_the_same_pairs_are_found(monkeypatch):
    """There the pairs of a photo are not all sorted, which would take minutes for 20,000."""
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 2**63, 300, dtype=np.uint64)
    codes[:200] = codes[0] ^ rng.integers(0, 64, 200).astype(np.uint64)
    codes[250:] = 0
    both = [(codes, codes), (codes[:150], codes[120:]), (codes[:5], codes[:9])]
    expected = [list(candidates(*sides)) for sides in both]
    assert max(map(len, expected)) > 200 * duplicates.NEIGHBOURS
    monkeypatch.setattr(duplicates, "CROWDED", 0)
    monkeypatch.setattr(duplicates, "CELLS", 7000)
    assert [list(candidates(*sides)) for sides in both] == expected


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> list[Image.Image]:
    """Drawn pictures, no two of one scene."""
    folder = tmp_path_factory.mktemp("drawn")
    write_data_set(folder, train=1, val=1)
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".jpg", ".png"))
    return [Image.open(path).convert("RGB") for path in paths]


def cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    return image.crop((width * share, height * share, width * (1 - share), height * (1 - share)))


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


COPIES = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2)),
    "double": lambda image: image.resize((image.width * 2, image.height * 2)),
    "another shape": lambda image: image.resize((image.width, round(image.height * 1.3))),
    "quality 40": lambda image: recompressed(image, 40),
    "cropped by 1 %": lambda image: cropped(image, 0.01),
    "cropped by 3 %": lambda image: cropped(image, 0.03),
    "all of it": lambda image: recompressed(cropped(image.resize((160, 160)), 0.01), 60),
    "brighter": lambda image: image.point(lambda value: min(255, value + 12)),
}


def pairs_of(folder: Path) -> list[tuple[str, str]]:
    found = survey(folder, [Record(p.name, 0) for p in sorted(folder.iterdir())])
    every = np.arange(len(found.records))
    return [
        (found.records[pair.first].path, found.records[pair.second].path)
        for pair in near_pairs(found, [(every, every)])
    ]


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found(tmp_path, drawn, kind):
    for i, image in enumerate(drawn):
        image.save(tmp_path / f"{i:02}a.png")
        COPIES[kind](image).save(tmp_path / f"{i:02}b.png")
    pairs = pairs_of(tmp_path)
    assert all(one[:2] == other[:2] for one, other in pairs)  # no two scenes are taken for one
    # of the larger crops some are lost: fine grain between two pixels is another than on one
    assert len(pairs) >= len(drawn) * (0.75 if kind == "cropped by 3 %" else 0.9)


def test_plain_surfaces_are_like_nothing(tmp_path):
    for i, level in enumerate((0, 90, 91, 255)):
        Image.new("RGB", (60, 60), (level,) * 3).save(tmp_path / f"{i}.png")
    assert pairs_of(tmp_path) == []


def brute(codes: np.ndarray, distance: int) -> set[tuple[int, int]]:
    return {
        (i, j)
        for i, j in combinations(range(len(codes)), 2)
        if bin(int(codes[i]) ^ int(codes[j])).count("1") <= distance
    }


@pytest.mark.parametrize("cells", [1, 5000, 1 << 24])
def test_the_search_is_that_by_hand(monkeypatch, cells):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 1 << 64, 300, np.uint64)
    for i in range(0, 280, 4):  # neighbours at every distance up to 20
        codes[i + 1] = codes[i]
        for bit in rng.choice(64, rng.integers(0, 20), replace=False):
            codes[i + 1] ^= np.uint64(1 << int(bit))
    expected = brute(codes, 12)
    assert len(expected) > 20
    monkeypatch.setattr(duplicates, "CELLS", cells)
    found = list(candidates(codes, codes))
    assert {(min(pair), max(pair)) for pair in found} == expected
    across = {(i, j) for i, j in candidates(codes[:100], codes[100:])}
    assert across == {(i, j - 100) for i, j in expected if i < 100 <= j}


def test_a_film_makes_a_chain_not_a_square():
    codes = np.full(500, 12345, np.uint64)
    found = list(candidates(codes, codes))
    assert len(found) == 500 * duplicates.NEIGHBOURS
    assert list(candidates(codes[:0], codes)) == list(candidates(codes, codes[:0])) == []


def test_families():
    pairs = [Pair(4, 9, 1.0), Pair(1, 2, 1.0), Pair(2, 4, 1.0), Pair(5, 6, 1.0)]
    assert families(pairs) == [[1, 2, 4, 9], [5, 6]]


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def paths(records) -> set[str]:
    return {record.path for record in records}


@pytest.fixture
def given(tmp_path, drawn) -> Path:
    """Given splits; a training photo is a crop of a validation one, another has a twin of such."""
    for i, image in enumerate(drawn[:20]):
        save(image, tmp_path / f"{'val' if i % 4 == 0 else 'train'}/{'ab'[i % 2]}/{i:02}.png")
    save(drawn[20], tmp_path / "val/b/20.png")
    save(cropped(drawn[0], 0.01), tmp_path / "train/a/crop.png")
    shutil.copy(tmp_path / "train/a/crop.png", tmp_path / "train/a/twin of crop.png")
    save(recompressed(drawn[20], 60), tmp_path / "train/b/again.png")
    return tmp_path


LEFT_OUT = ("train/a/crop.png", "train/a/twin of crop.png", "train/b/again.png")


def test_training_loses_what_is_nearly_evaluated(given, caplog):
    caplog.set_level("INFO")
    data, _ = checked_data_set(given, None, SPLIT, 0)
    assert data.left_out == LEFT_OUT
    assert not paths(data.records("train")) & set(LEFT_OUT)
    assert (
        "3 training images are nearly identical to evaluated ones and are left out: "
        + ", ".join(LEFT_OUT)
    ) in caplog.messages
    assert len(data.records("val")) == 6
    kept, _ = checked_data_set(given, None, SPLIT, 0, near_duplicates="keep")
    assert kept.left_out == ()
    assert set(LEFT_OUT) <= paths(kept.records("train"))


def test_the_doctor_names_them(given):
    seen = diagnose(given)
    (finding,) = [f for f in seen.report.findings if f.kind == "near_across"]
    assert [group.files for group in finding.groups] == [
        (*LEFT_OUT[:2], "val/a/00.png"),
        (LEFT_OUT[2], "val/b/20.png"),
    ]
    shutil.move(given / LEFT_OUT[2], given / "train/a/again.png")
    (finding,) = [f for f in diagnose(given).report.findings if f.kind == "near_labels"]
    assert [group.files for group in finding.groups] == [("train/a/again.png", "val/b/20.png")]


@pytest.mark.parametrize("seed", range(4))
def test_a_split_of_ours_keeps_them_together(tmp_path, drawn, seed):
    for i, image in enumerate(drawn[:20]):
        save(image, tmp_path / f"{'ab'[i % 2]}/{i:02}.png")
        save(recompressed(image, 70), tmp_path / f"{'ab'[i % 2]}/{i:02} again.png")
    data, _ = checked_data_set(tmp_path, None, SPLIT, seed)
    sides = [{path[:4] for path in paths(records)} for records in data.splits.values()]
    assert sides[0] | sides[1] == {f"{'ab'[i % 2]}/{i:02}" for i in range(20)}
    assert not sides[0] & sides[1]
    assert [len(records) for records in data.splits.values()] == [20, 20]
    again, _ = checked_data_set(tmp_path, None, SPLIT, seed)
    assert again == data


def test_without_copies_the_split_is_what_it_was(tmp_path, drawn):
    for i, image in enumerate(drawn[:20]):
        save(image, tmp_path / f"{'ab'[i % 2]}/{i:02}.png")
    assert checked_data_set(tmp_path, None, SPLIT, 5)[0] == load_data_set(tmp_path, None, SPLIT, 5)
