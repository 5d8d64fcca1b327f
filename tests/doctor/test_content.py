"""Deep photos, their one range, and photos that show nothing: what the doctor says of them."""

from pathlib import Path

import numpy as np
import pytest
from helpers import noise
from odd_files import SHORT, jpeg_files, tiff
from photo_files import RGB, _chunk, png_bytes
from PIL import Image

from src_mindspore.doctor.diagnosis import Diagnosis, diagnose
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding
from src_mindspore.doctor.proposed_exclusions import proposed_exclusions
from src_mindspore.photos.decode import open_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.training.data import checked_data_set


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path_factory.mktemp("cache")))


def ramp(seed: int, low: float, high: float, kind: str) -> np.ndarray:
    """(16, 20) values that reach from ``low`` to ``high``."""
    values = np.random.default_rng(seed).random((16, 20))
    values.flat[:2] = 0, 1
    return (low + values * (high - low)).astype(kind)


def write_set(root: Path, low: float, high: float, kind: str, first: int = 0, **options) -> Path:
    """Twelve TIFF photos in each of two classes."""
    for label, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(first, first + 12):
            values = ramp(100 * label + i, low, high, kind)
            (root / name / f"{i:02}.tif").write_bytes(tiff(values, **options))
    return root


def found(seen: Diagnosis) -> dict[str, Finding]:
    return {finding.kind: finding for finding in seen.report.findings}


def names(finding: Finding) -> list[str]:
    return [path for group in finding.groups for path in group.files]


@pytest.mark.parametrize(
    ("low", "high", "kind", "tags", "words", "spread"),
    [
        (0, 1000, "uint16", (), "0 to 1,023 (by their values)", (0, 1023)),
        (28_000, 31_000, "uint16", (), "28,000 to 31,000 (by their values)", (28_000, 31_000)),
        (-1000, 3000, "int16", (), "-1,000 to 3,000 (by their values)", (-1000, 3000)),
        (0, 0.9, "float32", (), "0 to 1 (by their values)", (0, 1)),
        (0, 900, "uint16", [(281, SHORT, 1, 999)], "0 to 999 (by their tags)", (0, 999)),
    ],
)
def test_all_deep_photos_of_a_set_have_one_range(tmp_path, low, high, kind, tags, words, spread):
    write_set(tmp_path, low, high, kind, tags=tags)
    seen = diagnose(tmp_path)
    assert list(found(seen)) == ["deep"]
    assert words in found(seen)["deep"].text
    assert seen.report.status == 0
    data, _ = checked_data_set(tmp_path, None, (0.8, 0.2), 0)
    assert data.value_range == seen.data.value_range == ValueRange(*spread)
    reader = data.reader()
    for record in data.records("all"):
        pixels = np.asarray(reader.open(record.path))
        assert np.ptp(pixels) > 200
        again = open_photo(tmp_path / record.path, data.value_range)
        np.testing.assert_array_equal(pixels, np.asarray(again))


def test_a_set_of_8_bits_has_none(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        for i in range(12):
            noise(i + 50 * (label == "b")).save(tmp_path / label / f"{i}.png")
    data, _ = checked_data_set(tmp_path, None, (0.8, 0.2), 0)
    assert data.value_range is None
    assert not found(diagnose(tmp_path))


def test_the_range_is_told_to_training(tmp_path, caplog):
    write_set(tmp_path, 0, 4000, "uint16")
    with caplog.at_level("INFO"):
        checked_data_set(tmp_path, None, (0.8, 0.2), 0)
    assert "0 to 4,095 (by their values) becomes 0 to 255 in all of them" in caplog.text


def test_kinds_of_values_that_no_range_fits(tmp_path):
    write_set(tmp_path, 0, 60_000, "uint16")
    (tmp_path / "cat/real.tif").write_bytes(tiff(ramp(7, 0, 1, "float32")))
    seen = found(diagnose(tmp_path))["deep_kinds"]
    assert seen.severity == ERROR
    assert names(seen) == ["cat/real.tif"]
    assert "real ones of 0 to 1 and whole ones of 0 to 65535" in seen.text
    with pytest.raises(UserError, match="no range fits both"):
        checked_data_set(tmp_path, None, (0.8, 0.2), 0)


def test_real_and_whole_numbers_of_one_range_are_no_fault(tmp_path):
    write_set(tmp_path, 0, 1000, "uint16")
    write_set(tmp_path, 0, 1000, "float32", first=20)
    assert list(found(diagnose(tmp_path))) == ["deep"]


def test_photos_of_another_depth_among_the_others(tmp_path):
    write_set(tmp_path, 0, 60_000, "uint16")
    (tmp_path / "cat/dark.tif").write_bytes(tiff(ramp(7, 0, 1000, "uint16")))
    dark = found(diagnose(tmp_path))["deep_dark"]
    assert (dark.severity, names(dark)) == (DECISION, ["cat/dark.tif"])


def test_one_photo_that_would_make_the_others_black(tmp_path):
    write_set(tmp_path, 0, 1000, "uint16")
    (tmp_path / "cat/bright.tif").write_bytes(tiff(ramp(7, 0, 60_000, "uint16")))
    few = found(diagnose(tmp_path))["deep_few"]
    assert (few.severity, names(few)) == (ERROR, ["cat/bright.tif"])
    assert "leaves 24 others nearly black" in few.text
    with pytest.raises(UserError, match="nearly black"):
        checked_data_set(tmp_path, None, (0.8, 0.2), 0)


@pytest.mark.parametrize(("high", "severity"), [(1000, DECISION), (60_000, NOTE)])
def test_deep_photos_beside_others(tmp_path, high, severity):
    write_set(tmp_path, 0, high, "uint16")
    noise(1).save(tmp_path / "cat/eight.jpg")
    mixed = found(diagnose(tmp_path))["deep_mixed"]
    assert mixed.severity == severity
    assert "beside 1 of 8 bits" in mixed.text
    assert len(mixed.groups) == 24


def test_depths_that_tags_name(tmp_path):
    write_set(tmp_path, 0, 900, "uint16", bits=None)
    said = {10: b"\x0a", 12: b"\x0c"}
    for bits, body in said.items():
        for i in range(3):
            samples = ramp(300 + bits * 10 + i, 0, 900, "uint16")[..., None]
            content = png_bytes(samples, 0, 16, before=_chunk(b"sBIT", body))
            (tmp_path / f"cat/{bits}_{i}.png").write_bytes(content)
    depths = found(diagnose(tmp_path))["deep_depths"]
    assert depths.severity == DECISION
    assert names(depths) == [f"cat/10_{i}.png" for i in range(3)]


def blank_photos() -> dict[str, Image.Image]:
    """Nothing is seen in any of these."""
    rng = np.random.default_rng(3)
    covered = rng.integers(0, 9, (160, 200, 3)).astype(np.uint8)
    hot = covered.copy()
    hot[50, 60] = 255
    return {
        "black.png": Image.new("RGB", (40, 30)),
        "white.jpg": Image.new("RGB", (40, 30), "white"),
        "one.gif": Image.new("RGB", (40, 30), (10, 200, 30)),
        "covered.jpg": Image.fromarray(covered),
        "hot.png": Image.fromarray(hot),
        "clear.png": Image.fromarray(np.dstack([covered * 20, np.zeros_like(covered[..., 0])])),
    }


def showing_photos() -> dict[str, Image.Image]:
    """Something is seen in each of these."""
    hues = np.zeros((40, 40, 3), np.uint8)
    hues[:, :20], hues[:, 20:] = (200, 0, 0), (0, 102, 0)  # of the same luminance
    dot = np.full((400, 400, 3), 255, np.uint8)
    dot[200:206, 200:206] = 60
    return {
        "hues.png": Image.fromarray(hues),
        "dot.png": Image.fromarray(dot),
        "faint.png": Image.fromarray(np.repeat(np.arange(100, 130)[None], 30, 0).astype(np.uint8)),
    }


def test_photos_without_content_are_named(tmp_path):
    write_set(tmp_path, 0, 60_000, "uint16")
    for name, image in {**blank_photos(), **showing_photos()}.items():
        image.save(tmp_path / "cat" / name)
    for name, kind, value in (("flat", "uint16", 700), ("none", "float32", np.nan)):
        (tmp_path / f"dog/{name}.tif").write_bytes(tiff(np.full((9, 9), value, kind)))
    deep = np.full((9, 9, 3), 40_000)
    (tmp_path / "dog/flat.png").write_bytes(png_bytes(deep, RGB, 16))
    blank = found(diagnose(tmp_path))["blank"]
    assert blank.severity == DECISION
    expected = [*(f"cat/{name}" for name in blank_photos()), "dog/flat.tif", "dog/none.tif"]
    assert set(names(blank)) == {*expected, "dog/flat.png"}
    plan = proposed_exclusions(diagnose(tmp_path))
    assert {entry.path for entry in plan} == set(names(blank))
    assert {entry.reason for entry in plan} == {"shows nothing: one colour"}


@pytest.mark.parametrize(("high", "faint"), [(14, True), (90, False)])
def test_a_set_with_hardly_any_contrast(tmp_path, high, faint):
    """Values of 8 bits that use few of them, as masks do."""
    rng = np.random.default_rng(3)
    for label in "ab":
        (tmp_path / label).mkdir()
        for i in range(12):
            small = Image.fromarray(rng.integers(0, high, (6, 8)).astype(np.uint8))
            small.resize((80, 60), Image.Resampling.NEAREST).save(tmp_path / label / f"{i}.png")
    seen = diagnose(tmp_path)
    assert ("contrast" in found(seen)) == faint
    assert seen.report.status == int(faint)
    if faint:
        assert found(seen)["contrast"].severity == DECISION
    assert proposed_exclusions(seen) == []


def test_damaged_orientations_are_counted(tmp_path):
    write_set(tmp_path, 0, 60_000, "uint16")
    odd = dict(jpeg_files())
    for name in ("exif_nine.jpg", "exif_garbage.jpg", "exif_six.jpg", "comments.jpg"):
        (tmp_path / "cat" / name).write_bytes(odd[name].content)
    seen = found(diagnose(tmp_path))
    assert seen["orientation"].severity == NOTE
    assert names(seen["orientation"]) == ["cat/exif_garbage.jpg", "cat/exif_nine.jpg"]
    assert names(seen["rotated"]) == ["cat/exif_six.jpg"]


@pytest.mark.parametrize(
    ("kind", "mark", "low", "high"),
    [("float32", -9999, 0, 1), ("uint16", 65535, 0, 1000), ("int16", -32768, 0, 1000)],
)
def test_a_mark_for_missing_values_that_takes_up_the_range(tmp_path, kind, mark, low, high):
    write_set(tmp_path, low, high, kind)
    assert "deep_marked" not in found(diagnose(tmp_path))
    for i in range(5):
        values = ramp(i, low, high, kind)
        values[3, :6] = mark
        (tmp_path / "cat" / f"{i:02}.tif").write_bytes(tiff(values))
    finding = found(diagnose(tmp_path))["deep_marked"]
    assert (finding.severity, len(names(finding))) == (DECISION, 5)
