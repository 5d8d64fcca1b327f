"""A data set with every fault: each is found, with its text; nothing is changed by looking."""

import hashlib
import json
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from helpers import noise, write_photos
from photo_files import ORIENTATION, RGB, png_bytes
from PIL import Image

from src_mindspore.doctor.diagnosis import Diagnosis, diagnose
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding
from src_mindspore.doctor.page import write_page
from src_mindspore.doctor.proposed_exclusions import proposed_exclusions
from src_mindspore.photos.decode import open_photo
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path_factory.mktemp("cache")))


def plain(root: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 12) -> Path:
    """A folder without faults."""
    for seed, name in enumerate(classes):
        write_photos(root, [f"{name}/{i:02}.png" for i in range(count)], 1000 * seed)
    return root


def found(seen: Diagnosis, kind: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = [f for f in seen.report.findings if f.kind == kind]
    return finding


def files(finding: Finding) -> list[tuple[str, ...]]:
    return [group.files for group in finding.groups]


def snapshot(root: Path) -> dict[str, bytes]:
    return {os.fsencode(p).hex(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_folder_without_faults(tmp_path):
    seen = diagnose(plain(tmp_path))
    assert list(seen.report.findings) == []
    assert seen.report.status == 0
    assert proposed_exclusions(seen) == []
    assert "nothing to decide" in "\n".join(seen.report.lines())


def write_faulty_photos(folder: Path) -> None:
    """One photo of every kind that is unusual or cannot be used."""
    whole = folder / "whole.jpg"
    smooth = noise(205, 9, 7).resize((300, 200), Image.Resampling.BICUBIC)
    smooth.save(whole)
    (folder / "zero.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no image at all")
    (folder / "short.jpg").write_bytes(whole.read_bytes()[:-900])
    noise(201).save(folder / "png.jpg", "PNG")
    noise(202).save(folder / "film.gif", save_all=True, append_images=[noise(203), noise(204)])
    noise(205).convert("CMYK").save(folder / "cmyk.jpg")
    deep = np.random.default_rng(6).integers(0, 1 << 16, (16, 20, 3))
    (folder / "deep.png").write_bytes(png_bytes(deep, RGB, 16))
    Image.fromarray(deep[..., 0].astype(np.uint16)).save(folder / "deepgrey.png")
    clear = noise(207).convert("RGBA")
    clear.putalpha(90)
    clear.save(folder / "clear.png")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    noise(208).save(folder / "turned.jpg", exif=exif)
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    (folder / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + b"IEND\xaeB`\x82"
    )


PHOTOS = [
    ("empty_file", ERROR, "0 bytes", ["zero.jpg"]),
    ("unreadable", ERROR, "no image", ["text.jpg"]),
    ("truncated", ERROR, "end too early", ["short.jpg"]),
    ("huge", ERROR, "100,000,000 pixels", ["bomb.png"]),
    ("suffix", NOTE, "suffix names another format", ["png.jpg"]),
    ("animated", NOTE, "first frame", ["film.gif"]),
    ("cmyk", NOTE, "CMYK", ["cmyk.jpg"]),
    ("deep", NOTE, "more than 8 bits", ["deep.png", "deepgrey.png"]),
    ("alpha", NOTE, "transparency", ["clear.png"]),
    ("rotated", NOTE, "EXIF", ["turned.jpg"]),
]


def test_every_kind_of_photo(tmp_path):
    write_faulty_photos(plain(tmp_path) / "dog")
    before = snapshot(tmp_path)
    seen = diagnose(tmp_path)
    for kind, severity, words, names in PHOTOS:
        finding = found(seen, kind)
        assert finding.severity == severity, kind
        assert words in finding.text
        assert files(finding) == [(f"dog/{name}",) for name in names]
    assert seen.report.status == 1
    unusable = ["bomb.png", "short.jpg", "text.jpg", "zero.jpg"]
    plan = proposed_exclusions(seen)
    assert [e.path for e in plan] == [f"dog/{name}" for name in unusable]
    assert plan[-1].sha256 == hashlib.sha256(b"").hexdigest()
    assert snapshot(tmp_path) == before


def test_names_in_two_unicode_forms(tmp_path):
    forms = ("cafe\u0301", "caf\u00e9")
    plain(tmp_path, ("cat", *forms))
    for seed, name in enumerate(forms):
        noise(50 + seed).save(tmp_path / "cat" / f"{name}.png", "PNG")
    seen = diagnose(tmp_path)
    assert files(found(seen, "class_form")) == [forms]
    assert found(seen, "class_form").severity == DECISION
    assert files(found(seen, "name_form")) == [tuple(f"cat/{name}.png" for name in forms)]
    assert not {"class_case", "name_case"} & {finding.kind for finding in seen.report.findings}
    assert r"cafe\u0301 ~ caf\xe9" in "\n".join(seen.report.lines())


def test_a_class_has_one_name_in_all_splits(tmp_path):
    for split, name in (("train", "cafe\u0301"), ("val", "caf\u00e9")):
        plain(tmp_path / split, ("cat", name))
    seen = diagnose(tmp_path)
    assert [c.name for c in seen.report.classes] == ["cafe\u0301", "cat"]
    assert [dict(c.photos) for c in seen.report.classes] == [{"train": 12, "val": 12}] * 2


def test_names(tmp_path):
    plain(tmp_path, ("Cat", "cat"))
    odd = ["-rf.png", "a .png ", "new\nline.png", "rtl\u202egnp.png", "Case.png", "case.png"]
    names = [*odd, "x" * 210 + ".png", " first.png"]
    for seed, name in enumerate(names, start=50):
        noise(seed).save(tmp_path / "cat" / name, "PNG")
    noise(70).save(os.fsencode(tmp_path / "cat") + b"/\xff\xfe.png", "PNG")
    seen = diagnose(tmp_path)
    assert files(found(seen, "name_dash")) == [("cat/-rf.png",)]
    assert files(found(seen, "name_space")) == [("cat/ first.png",)]
    assert files(found(seen, "name_control")) == [
        ("cat/new\nline.png",),
        ("cat/rtl\u202egnp.png",),
    ]
    assert files(found(seen, "name_long")) == [(f"cat/{'x' * 210}.png",)]
    assert files(found(seen, "name_case")) == [("cat/Case.png", "cat/case.png")]
    assert files(found(seen, "class_case")) == [("Cat", "cat")]
    assert found(seen, "class_case").severity == DECISION
    assert found(seen, "name_encoding").severity == ERROR
    # "a .png " has no suffix of an image: it is seen among what training passes over
    assert files(found(seen, "unused_photo")) == [("cat/a .png ",)]
    text = "\n".join(seen.report.lines()) + json.dumps(seen.report.to_json(), ensure_ascii=False)
    assert "\u202e" not in text
    assert "\\xff\\xfe" in text
    assert "new\\nline" in text
    assert "new\nline" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("träd 一.png", "träd 一.png"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\udcffb", "a\\xffb"),
        ("a\u2028\u200fb", "a\\u2028\\u200fb"),
        (SCRIPT, SCRIPT),
    ],
)
def test_names_as_they_are_shown(name, expected):
    assert shown_name(name) == expected


def test_form_of_the_folder(tmp_path):
    for split, classes in (("train", "ab"), ("val", "ac")):
        for seed, name in enumerate(classes):
            names = [f"{split}/{name}/{i}.png" for i in range(12)]
            write_photos(tmp_path, names, 100 * seed + 1000 * (split == "val"))
    (tmp_path / "train/a/notes.txt").write_text("x")
    noise(1).save(tmp_path / "train/a/photo.jpg_large", "JPEG")
    (tmp_path / "train/a/photo.nef").write_bytes(b"II*\0 not for Pillow")
    noise(2).save(tmp_path / "train/stray.png")
    (tmp_path / "train/a/gone.png").symlink_to("nowhere.png")
    outside = tmp_path.parent / f"{tmp_path.name} outside.png"
    noise(3).save(outside)
    (tmp_path / "train/a/link.png").symlink_to(outside)
    (tmp_path / "train/a/folder").symlink_to(tmp_path / "val")
    (tmp_path / "old").mkdir()
    seen = diagnose(tmp_path)
    expected = {
        "unknown_class": (ERROR, ["val/c"]),
        "empty_class": (ERROR, ["c"]),
        "unscored_class": (DECISION, ["b"]),
        "stray": (NOTE, ["train/a/notes.txt"]),
        "unused_photo": (DECISION, ["train/a/photo.jpg_large"]),
        "unread_format": (DECISION, ["train/a/photo.nef"]),
        "no_class": (DECISION, ["train/stray.png"]),
        "broken_link": (DECISION, ["train/a/gone.png"]),
        "linked_folder": (DECISION, ["train/a/folder"]),
        "outside_link": (NOTE, ["train/a/link.png"]),
        "unused_folder": (NOTE, ["old"]),
    }
    for kind, (severity, names) in expected.items():
        assert found(seen, kind).severity == severity, kind
        assert files(found(seen, kind)) == [(name,) for name in names], kind
    shutil.rmtree(tmp_path / "val")
    text = found(diagnose(tmp_path), "missing_split").text
    assert text.startswith(f"{tmp_path} has train/ but no val/: training needs both")
    assert f"--data {tmp_path}/train would be split" in text


def test_classes(tmp_path):
    for seed, (name, count) in enumerate({"a": 40, "b": 9, "c": 10}.items()):
        write_photos(tmp_path, [f"{name}/{i}.png" for i in range(count)], 1000 * seed)
    (tmp_path / "d").mkdir()
    seen = diagnose(tmp_path)
    assert files(found(seen, "empty_class")) == [("d",)]
    tiny = found(seen, "tiny_class")
    assert [(g.files, g.detail) for g in tiny.groups] == [(("b",), "9 photos")]
    (tmp_path / "d").rmdir()
    seen = diagnose(tmp_path)
    text = found(seen, "imbalance").text
    # balanced: 59 / (3 * count), its mean over the photos is 1
    assert "9 to 40 photos" in text
    assert "balanced: 0.49 to 2.19" in text
    shutil.rmtree(tmp_path / "a")
    shutil.rmtree(tmp_path / "b")
    assert files(found(diagnose(tmp_path), "one_class")) == [("c",)]


def copies(tmp_path: Path) -> Path:
    """Given splits with identical files of every kind."""
    plain(tmp_path / "train")
    for seed, name in enumerate(("cat", "dog"), start=5):
        for split in ("val", "test"):
            names = [f"{split}/{name}/{i}.png" for i in range(3)]
            write_photos(tmp_path, names, 1000 * seed + 100 * (split == "val"))
    for source, target in (
        ("train/cat/01.png", "train/cat/again.png"),
        ("val/cat/1.png", "train/cat/leak.png"),
        ("train/dog/03.png", "train/cat/label.png"),
        ("val/dog/2.png", "test/dog/shared.png"),
    ):
        shutil.copy(tmp_path / source, tmp_path / target)
    return tmp_path


def test_identical_files(tmp_path):
    seen = diagnose(copies(tmp_path))
    expected = {
        "identical_copies": (NOTE, ("train/cat/01.png", "train/cat/again.png")),
        "identical_across": (DECISION, ("train/cat/leak.png", "val/cat/1.png")),
        "identical_labels": (DECISION, ("train/cat/label.png", "train/dog/03.png")),
        "identical_val_test": (ERROR, ("test/dog/shared.png", "val/dog/2.png")),
    }
    for kind, (severity, group) in expected.items():
        assert found(seen, kind).severity == severity
        assert files(found(seen, kind)) == [group]
    assert seen.report.copies["groups of identical files"] == 4
    assert seen.report.copies["files in them"] == 8
    assert [(e.path, e.reason) for e in proposed_exclusions(seen)] == [
        ("train/cat/again.png", "identical to train/cat/01.png"),
        ("train/cat/label.png", "the same file has another label: train/dog/03.png"),
        ("train/cat/leak.png", "identical to the evaluated val/cat/1.png"),
        ("train/dog/03.png", "the same file has another label: train/cat/label.png"),
    ]


def test_thousands_of_copies_are_not_all_named(tmp_path):
    """A line about a group, and a reason for each of its files, would grow with its square."""
    plain(tmp_path)
    image = Image.new("RGB", (8, 8), (77, 77, 77))
    for number in range(60):
        image.save(tmp_path / ("cat", "dog")[number % 2] / f"copy{number:02d}.png")
    seen = diagnose(tmp_path)
    line = next(line for line in seen.report.lines() if "copy00" in line)
    assert line.count("copy") == 4
    assert line.endswith("copy06.png and 56 more")
    reasons = {e.path: e.reason for e in proposed_exclusions(seen)}
    assert reasons["cat/copy00.png"].count("copy") == 4
    assert reasons["cat/copy00.png"].endswith("copy08.png and 55 more")
    assert len(files(found(seen, "identical_labels"))[0]) == 60  # the JSON has them all


def test_the_plan_leaves_nothing_to_propose(tmp_path):
    plan = proposed_exclusions(diagnose(copies(tmp_path)))
    seen = diagnose(tmp_path, plan)
    assert proposed_exclusions(seen) == []
    assert {f.kind for f in seen.report.findings} == {"identical_val_test"}


def test_json(tmp_path):
    report = json.loads(json.dumps(diagnose(copies(tmp_path)).report.to_json()))
    assert report["format"] == 1
    assert report["photos"] == {"train": 27, "val": 6, "test": 7}
    assert report["counts"] == {"error": 1, "decision": 2, "note": 1}
    assert report["status"] == 1
    assert report["classes"][0]["name"] == "cat"
    assert report["classes"][0]["photos"] == {"train": 15, "val": 3, "test": 3}
    assert set(report["classes"][0]["weights"]) == {"sqrt", "balanced"}
    for finding in report["findings"]:
        assert set(finding) == {"kind", "severity", "text", "count", "groups"}
        assert finding["count"] == len(finding["groups"]) > 0
        assert all(set(group) == {"files", "detail"} for group in finding["groups"])


def test_the_page_takes_no_orders_from_names(tmp_path):
    root = tmp_path / f"{SCRIPT.replace('/', '-')}"
    evil = ["<script>alert(1)<", "b'\"><img src=x onerror=alert(1)>"]
    plain(root, tuple(evil), count=9)
    name = "\"'><svg onload=alert(2)>.png"
    for folder in evil:
        noise(77).save(root / folder / name, "PNG")  # one file, two labels: shown with pictures
    page = tmp_path / "page.html"
    before = set(tmp_path.rglob("*"))
    write_page(page, diagnose(root).report, root, "test")
    assert set(tmp_path.rglob("*")) - before == {page}
    text = page.read_text(encoding="utf-8")
    for tag in ("<script", "<svg", "<img src=x"):
        assert tag not in text
    assert "&lt;svg onload=alert(2)&gt;" in text
    assert "default-src 'none'; img-src data:" in text
    assert text.count('<img alt="" src="data:image/jpeg;base64,') == 2
    assert "http" not in text.replace("http-equiv", "")


@pytest.mark.parametrize("what", ["absent", "file", "empty"])
def test_what_is_no_data_set(tmp_path, what):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"does not exist or is not a folder|is no data set"):
        diagnose(tmp_path / what)


def test_looking_twice_gives_the_same(tmp_path):
    copies(tmp_path)
    one, other = (diagnose(tmp_path) for _ in range(2))
    assert one.report == other.report
    assert one.pairs == other.pairs


def test_a_file_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("src_mindspore.photos.decode.MAX_BYTES", 5000)
    plain(tmp_path)
    noise(1, 60, 60).save(tmp_path / "cat/large.png")
    assert files(found(diagnose(tmp_path), "huge")) == [("cat/large.png",)]
    with pytest.raises(UserError, match="files of up to 5,000 bytes are read; got"):
        open_photo(tmp_path / "cat/large.png")
