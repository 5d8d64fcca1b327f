"""What the doctor found before training: kept with the run, shown in its page."""

import json
import re
import shutil
from pathlib import Path

import pytest
from helpers import write_photos
from workplace import REPOSITORY

from src_mindspore.doctor.checks import TRAITS
from src_mindspore.doctor.findings import DECISION, NOTE, Finding, Group
from src_mindspore.doctor.inner_folders import FOUND
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.report.doctor import Findings, read_findings, with_pictures
from src_mindspore.report.doctor_words import FINDINGS, detail, said
from src_mindspore.report.language import Both
from src_mindspore.report.pictures import Pictures
from src_mindspore.system.errors import UserError
from src_mindspore.training.data import KEPT_FILES, KEPT_GROUPS, findings_table

ALIKE = Finding("near_labels", DECISION, "alike", (Group(("a.png", "b.png"), "correlation 0.99"),))
MANY = Finding.of_files("rotated", NOTE, "turned", [(f"{i}.png", "") for i in range(100)])
HUGE = Finding("identical_copies", NOTE, "copies", (Group(tuple(f"{i}.png" for i in range(30))),))


def test_a_run_keeps_a_part_of_the_photos_and_counts_all(tmp_path) -> None:
    table = findings_table([MANY, ALIKE, HUGE], "keep")
    (tmp_path / "doctor.json").write_text(json.dumps(table))
    got = read_findings(tmp_path / "doctor.json")
    assert not got.near_looked_for
    assert got.to_decide == 1
    alike, many, huge = got.found  # what is to be decided comes first
    assert alike == ALIKE
    assert (many.count, len(many.groups)) == (100, KEPT_GROUPS)
    assert (len(huge.groups[0].files), huge.groups[0].more) == (KEPT_FILES, 30 - KEPT_FILES)
    assert [row["count"] for row in table["findings"]] == [100, 1, 1]


def test_bounded_twice_counts_all() -> None:
    once = HUGE.bounded(1, 8).bounded(1, 3)
    assert (once.groups[0].files, once.groups[0].more) == (("0.png", "1.png", "2.png"), 27)
    assert MANY.bounded(50, 1).bounded(10, 1).count == 100


def test_a_run_of_an_earlier_version_has_none(tmp_path) -> None:
    assert read_findings(tmp_path / "doctor.json") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"findings": None}, "no list of findings"),
        ({"findings": [{"kind": "rotated"}]}, "no finding: 'groups'"),
        ({"findings": [ALIKE.to_json() | {"severity": "odd"}]}, "a severity is one of error"),
        ({"findings": [ALIKE.to_json() | {"text": 7}]}, "a text is needed; got 7"),
        ({"findings": [ALIKE.to_json() | {"groups": [{"files": [1], "detail": ""}]}]}, "got 1"),
    ],
)
def test_a_damaged_file_is_told(tmp_path, change: dict, message: str) -> None:
    path = tmp_path / "doctor.json"
    path.write_text(json.dumps(findings_table([ALIKE], "keep") | change))
    with pytest.raises(UserError, match=re.escape(f"{path} is damaged: it has ") + ".*" + message):
        read_findings(path)


def test_photos_have_pictures_and_classes_their_names(tmp_path) -> None:
    write_photos(tmp_path, ["a.png", "line\nbreak.png"])
    (tmp_path / "b.png").write_bytes(b"no photo any more")
    names = Finding.of_files("name_control", NOTE, "names", ["line\\nbreak.png"])
    tiny = Finding.of_files("tiny_class", DECISION, "tiny", [("00", "3 photos")])
    pictures = Pictures(PhotoReader(tmp_path, 9, {}), 9)
    paths = ["a.png", "b.png", "line\nbreak.png", "gone.png"]
    shown = with_pictures(
        *(Findings([ALIKE, names, tiny], True), pictures, tmp_path, paths),
        *({"00": Both("Hat", "帽子"), "b": Both("b", "b")}, None),
    )
    assert shown.picture("a.png") == '<i class="p p0"></i>'
    assert shown.picture("line\\nbreak.png") == '<i class="p p1"></i>'
    assert shown.picture("b.png") is None
    assert shown.picture("00") is None
    assert shown.name("00") == Both("Hat (00)", "帽子（00）")
    assert shown.name("b") == "b"
    assert shown.name("a.png") == "a.png"


def test_every_finding_with_which_a_run_trains_is_there_in_chinese() -> None:
    room = REPOSITORY / "src_mindspore" / "doctor"
    code = "".join((room / f"{name}.py").read_text() for name in ("content", "classes", "names"))
    kinds = set(re.findall(r"""(?:of_files|Finding)\(\s*"(\w+)",(?!\s*ERROR)""", code))
    kinds |= set(re.findall(r"""^ +"(name_\w+)": \(""", code, re.MULTILINE))
    kinds |= {*TRAITS, *FOUND}
    kinds |= {f"identical_{kind}" for kind in ("labels", "across", "copies")}
    kinds |= {f"near_{kind}" for kind in ("labels", "val_test", "across", "copies")}
    assert set(FINDINGS) == kinds
    assert len(kinds) > 30
    for text in FINDINGS.values():
        assert re.search(r"[\u4e00-\u9fff]", text)


def test_words_and_details_in_chinese() -> None:
    assert said(ALIKE) == Both("alike", FINDINGS["near_labels"])
    assert said(Finding("of_later", NOTE, "new")).zh == "new"
    for english, chinese in (
        ("1 photo", "1 张照片"),
        ("12 photos", "12 张照片"),
        ("correlation 0.991", "相关系数 0.991"),
        ("is PNG", "实为 PNG"),
        ("3 frames", "3 帧"),
        ("orientation 6", "方向 6"),
        ("uint16, 0 to 4095", "uint16，0 至 4095"),
        ("RGBA", "RGBA"),
    ):
        assert detail(english) == Both(english, chinese)


def test_training_keeps_them_and_the_page_shows_them(workplace, telling_run, tmp_path) -> None:
    written = json.loads((telling_run / "written.json").read_text())
    assert "doctor.json" in written["files"]
    found = read_findings(telling_run / "doctor.json").found
    (tiny,) = [finding for finding in found if finding.kind == "tiny_class"]
    assert {group.detail for group in tiny.groups} == {"3 photos"}  # as ``telling_run`` draws them
    text = (telling_run / "report.html").read_text()
    section = text.partition('<div id="doctor">')[2].partition("<h3>")[2].partition("<h3>")[0]
    assert section.count("<details") == len(found)
    assert FINDINGS["tiny_class"] in section
    assert tiny.text in section
    assert "3 张照片" in section
    # a run without them, as earlier versions left it, and a damaged one
    run = tmp_path / "run"
    shutil.copytree(telling_run, run)
    (run / "doctor.json").unlink()
    done = workplace.call(f"-m src_mindspore.report {run} --data more")
    assert done.returncode == 0, done.stderr
    assert "of a version that did not keep it" in (run / "report.html").read_text()
    Path(run / "doctor.json").write_text("[]")
    done = workplace.call(f"-m src_mindspore.report {run} --data more")
    assert done.returncode == 2
    assert "doctor.json is damaged" in done.stderr
