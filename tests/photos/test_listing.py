"""One rule of which files are photos, for every command: a photo, rubbish, or named and counted."""

import logging
import os
import re
import tempfile
from pathlib import Path

import pytest
from heic_photo import HEIC
from helpers import load_data_set, noise, write_photos
from workplace import REPOSITORY

from src_mindspore.config.load import load_config, resolved_yaml
from src_mindspore.doctor.diagnosis import diagnose
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE
from src_mindspore.evaluation.predict import image_paths
from src_mindspore.features.partial_entry import ABOUT
from src_mindspore.photos import listing, own_output
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.listing import FORMAT_OF, SUFFIXES, is_rubbish, walk
from src_mindspore.photos.own_output import NOT_SURE, is_output
from src_mindspore.photos.passed_over import KINDS
from src_mindspore.photos.scored import scored_records
from src_mindspore.runs import names as run_names
from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest

RUBBISH = [
    *("@eaDir/SYNOPHOTO_THUMB_M.jpg", "__MACOSX/a/._1.png", ".ipynb_checkpoints/1-checkpoint.png"),
    *("a/@eaDir/1.png/SYNOPHOTO_THUMB_XL.jpg", "a/._1.png", "a/.DS_Store", "a/Thumbs.db"),
    *("$RECYCLE.BIN/x.png", "lost+found/x.png", "System Volume Information/x.png", "a/desktop.ini"),
    *("#recycle/a/1.png", ".git/x.png", "b/.thumbnails/x.png", "a/1.png:Zone.Identifier"),
    *("a/~$1.png", "a/LOST.DIR/x.png", "a/1.png@SynoEAStream", "env/pyvenv.cfg", "env/lib/x.png"),
    *("@__thumb/1.png", "~snapshot/x.png", "node_modules/y/logo.png", "a/iPod Photo Cache/x.png"),
]
NAMED = [
    *(
        "a/IMG.CR2",
        "a/clip.MP4",
        "b/logo.svg",
        "b/more.zip",
        "a/.3.png.icloud",
        "b/4.jpg.crdownload",
    ),
    *("a/notes.txt", "b/no_suffix", "labels.csv"),
]
PHOTOS = ["a/1.PNG", "a/2.jfif", "a/day 1/3.JPE", "b/1.avif", "b/2.pgm", "b/3.dib", "b/day/4.webp"]


@pytest.fixture
def mixed(tmp_path):
    write_photos(tmp_path, [*PHOTOS, *RUBBISH, *NAMED])
    return tmp_path


def kinds(report) -> dict[str, tuple[str, set[str]]]:
    """By kind the severity and the files of all findings."""
    found: dict[str, tuple[str, set[str]]] = {}
    for finding in report.findings:
        files = found.setdefault(finding.kind, (finding.severity, set()))[1]
        files |= {file for group in finding.groups for file in group.files}
    return found


def test_every_file_is_a_photo_rubbish_or_named(mixed):
    below = walk(mixed)
    assert sorted(below.photos) == sorted(PHOTOS)
    assert sorted(below.others) == sorted(NAMED)
    left = [p for p in RUBBISH if not any(p == r or p.startswith(f"{r}/") for r in below.rubbish)]
    assert left == []


def test_all_commands_list_the_same_photos(mixed, caplog):
    caplog.set_level(logging.INFO)
    data = load_data_set(mixed, fractions=(0.5, 0.5))
    assert data.classes == ("a", "b")
    assert [r.path for r in data.records("all")] == sorted(PHOTOS)
    trained = caplog.text
    caplog.clear()
    assert [r.path for r in scored_records(mixed, ["a", "b"], "all")] == sorted(PHOTOS)
    scored = caplog.text
    caplog.clear()
    assert sorted(str(p.relative_to(mixed)) for p in image_paths([mixed])) == sorted(PHOTOS)
    seen = diagnose(mixed)
    assert [r.path for r in seen.survey.records] == sorted(PHOTOS)
    found = kinds(seen.report)
    assert found["unread_format"] == (DECISION, set(NAMED[:6]))
    assert found["unused_photo"] == (DECISION, {"a/notes.txt", "b/no_suffix", "labels.csv"})
    assert found["nested_folder"] == (DECISION, {"a/day 1", "b/day"})
    assert found["rubbish"][0] == NOTE
    assert seen.report.status == 1
    for text in (trained, scored, caplog.text):
        for name in NAMED:
            assert name in text
        assert "camera raw files, not used: 1 (a/IMG.CR2); export them as JPEG" in text
        assert "films, not used: 1 (a/clip.MP4); take pictures" in text


def test_nothing_to_decide_about_rubbish(tmp_path):
    write_photos(tmp_path, [f"{name}/{i}.png" for name in "ab" for i in range(10)])
    write_photos(tmp_path, RUBBISH, 100)
    report = diagnose(tmp_path).report
    assert (report.status, [f.kind for f in report.findings]) == (0, ["rubbish"])
    assert [c.name for c in report.classes] == ["a", "b"]


@pytest.fixture
def as_nobody():
    """A folder whose modes hold for us: root, who may run the tests, becomes nobody for a while."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        write_photos(root, [f"{name}/{i}.png" for name in "ab" for i in range(10)])
        write_photos(root, ["b/day2/11.png"], 50)
        (root / "b/day2").chmod(0)
        own = os.geteuid()
        if own == 0:
            os.seteuid(65534)
        try:
            yield root
        finally:
            os.seteuid(own)
            (root / "b/day2").chmod(0o755)


def test_a_folder_that_may_not_be_listed_is_named(as_nobody):
    assert walk(as_nobody).closed == [("b/day2", "Permission denied")]
    with pytest.raises(UserError, match=r"cannot be listed.*: b/day2 \(Permission denied\)"):
        load_data_set(as_nobody)
    with pytest.raises(UserError, match="b/day2: cannot be read: Permission denied"):
        open_photo(image_paths([as_nobody])[-1])


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch, caplog):
    write_photos(tmp_path, [f"{name}/{i}.png" for name in "ab" for i in range(10)])
    write_photos(tmp_path, ["b/day2/11.png"], 50)
    closed = tmp_path / "b/day2"
    scandir = os.scandir

    def refused(path):  # root, who may run the tests, reads what its mode forbids
        if os.fspath(path) == os.fspath(closed):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(listing.os, "scandir", refused)
    for what in (load_data_set, lambda root: scored_records(root, ["a", "b"], "all")):
        with pytest.raises(UserError, match=r"cannot be listed.*: b/day2 \(Permission denied\)"):
            what(tmp_path)
    found = kinds(diagnose(tmp_path).report)
    assert found["closed_folder"] == (ERROR, {"b/day2"})
    # beside the photos that are labelled: what cannot be read is said at their end
    assert closed in image_paths([tmp_path])
    assert len(image_paths([tmp_path])) == 21
    closed = tmp_path
    for what in (load_data_set, diagnose):
        with pytest.raises(UserError, match=f"{tmp_path} cannot be listed: Permission denied"):
            what(tmp_path)


def test_a_folder_without_photos_says_what_it_has(tmp_path):
    write_photos(tmp_path, ["1.nef", "2.NEF", ".hidden.png"])
    raw = r"camera raw files, not used: 2 \(1\.nef.*"
    with pytest.raises(UserError, match=rf"has no images.*{raw}leftovers, not used: \.hidden"):
        image_paths([tmp_path])
    write_photos(tmp_path, ["3.png"])
    with pytest.raises(UserError, match=rf"is no data set.*but 1 photos that no folder.*{raw}"):
        diagnose(tmp_path)


@pytest.mark.parametrize("name", ["@eaDir", "THUMBS.DB", "Icon\r", "a.jpg:Zone.Identifier", "._a"])
def test_rubbish(name):
    assert is_rubbish(name)


@pytest.mark.parametrize("name", ["a.jpg", "eadir", "thumbs", "trash", "recycled", ".a.jpg.icloud"])
def test_names_that_people_give_are_no_rubbish(name):
    assert not is_rubbish(name)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_suffix_is_read(tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    if FORMAT_OF[suffix] == "HEIF":
        path.write_bytes(HEIC)
    else:
        image = noise(1).convert("1") if suffix == ".pbm" else noise(1)
        image.save(path, FORMAT_OF[suffix])
    assert open_photo(path).size == ((24, 32) if FORMAT_OF[suffix] == "HEIF" else noise(1).size)


def test_no_suffix_is_both_read_and_not():
    ends = [end for kind in KINDS for end in kind.ends]
    assert len(ends) == len(set(ends))
    assert not SUFFIXES & set(ends)


def test_the_tables_of_cpp_are_these():
    source = (REPOSITORY / "deploy/cpp/examples/photos.cc").read_text(encoding="utf-8")

    def table(name: str) -> list[str]:
        (body,) = re.findall(rf"{name}\[\] = (?:\{{([^}}]*)\}}|(\"[^\"]*\"));", source)
        return [text.replace("\\r", "\r") for text in re.findall(r'"([^"]*)"', "".join(body))]

    assert table("kSuffixes") == sorted(SUFFIXES)
    assert table("kRubbish") == sorted(listing.RUBBISH)
    assert table("kRubbishEnds") == sorted(listing.RUBBISH_ENDS)
    assert table("kRubbishMarks") == list(listing.RUBBISH_MARKS)
    assert table("kCloud") == [listing.CLOUD]


def resolved(folder) -> str:
    (folder / "tiny.yaml").write_text("head_stage: {epochs: 3}")
    return resolved_yaml(load_config(folder / "tiny.yaml"))


def test_our_own_runs_are_no_class(tmp_path, caplog, monkeypatch):
    data = tmp_path / "data"
    write_photos(data, [f"{name}/{i}.png" for name in "ab" for i in range(10)])
    write_photos(data, ["runs/1/curves.png", "mine/confusion.png", "runs/sweep/2/curves.png"], 50)
    for run in ("runs/1", "mine", "runs/sweep/2"):
        (data / run / run_names.CONFIG).write_text(resolved(tmp_path))
    write_photos(data, ["export/spec.json", "export/model.ms", "own/weights/x.ckpt"], 70)
    write_photos(data, [f"cache/{'0af' * 10}00/{name}" for name in ("x.npy", ABOUT)], 75)
    monkeypatch.setenv("POCKETLENS_CACHE", str(data / "own"))
    write_photos(data, [f"all/features/{'0af' * 10}00/x.npy", "all/weights/w.ckpt"], 80)
    write_photos(data, ["web/icon.png"], 90)
    Manifest(data / "web", "export.py").adopt(["icon.png"])
    (data / "runs/compare.json").write_text("{}")
    loaded = load_data_set(data)
    assert loaded.classes == ("a", "b")
    wrote = {"all", "cache", "export", "mine", "own", "runs", "web"}
    listed = ", ".join(sorted(wrote))
    assert f"folders that these commands wrote, not used: 7 ({listed})" in caplog.text
    report = diagnose(data).report
    assert kinds(report)["own_output"] == (NOTE, wrote)
    assert report.status == 0
    assert len(scored_records(data, ["a", "b"], "all")) == 20
    assert len(image_paths([data])) == 20


def test_what_prediction_was_not_sure_of_is_no_silent_class(tmp_path):
    folders = ("a", "b", NOT_SURE)
    write_photos(tmp_path, [f"{name}/{i}.png" for name in folders for i in range(10)])
    found = kinds(diagnose(tmp_path).report)
    assert found == {"not_sure_class": (DECISION, {NOT_SURE})}


def test_folders_that_only_look_like_runs(tmp_path):
    write_photos(tmp_path, ["a/config.yaml", "a/1.png", "b/spec.json", "c/1.png", "runs/1.png"])
    write_photos(tmp_path, ["c/written.json"], 50)
    (tmp_path / "a/config.yaml").write_text("head_stage: {epochs: 3}")
    (tmp_path / "empty").mkdir()
    for name in ("a", "b", "c", "runs", "empty", "absent"):
        assert not is_output(tmp_path / name), name
    names = (own_output.CONFIG, own_output.SPEC, own_output.ABOUT)
    assert names == (run_names.CONFIG, FILE_NAME, ABOUT)
