"""What becomes of answers: a table, copies by label; and the paths that are asked for."""

import csv
import io
import os

import pytest

from src_mindspore.evaluation import answers
from src_mindspore.evaluation.answers import SortedCopies, check_new, copy_new, csv_table
from src_mindspore.evaluation.path_list import parse_list
from src_mindspore.system.errors import UserError


def answer(path, label: str = "cat", abstained: bool = False) -> dict:
    topk = [
        {"label": label, "text": f"{label}, 猫", "score": 0.75},
        {"label": "dog", "text": "Dog", "score": 0.25},
    ]
    head = {"path": str(path), "label": label, "score": 0.75, "abstained": abstained}
    return {**head, "topk": topk}


@pytest.fixture
def photos(tmp_path):
    """Two photos of one name, and a copy of the first under that name."""
    paths = [tmp_path / place / "a.jpg" for place in ("one", "two", "three")]
    for path, content in zip(paths, (b"1", b"22", b"1"), strict=True):
        path.parent.mkdir()
        path.write_bytes(content)
    return paths


def test_a_table_has_a_row_for_every_answer(tmp_path):
    with csv_table(tmp_path / "t.csv", 2) as add:
        add(answer('a,"b"\n.jpg'))
        add(answer("\udcff.jpg", abstained=True))
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(text))) == [
        ["path", "label", "text", "score", "abstained", "label_2", "score_2"],
        ['a,"b"\n.jpg', "cat", "cat, 猫", "0.75", "false", "dog", "0.25"],
        ["\\udcff.jpg", "cat", "cat, 猫", "0.75", "true", "dog", "0.25"],
    ]
    with pytest.raises(UserError, match=r"--csv writes a new file, and .*t\.csv is there"):
        check_new(tmp_path / "t.csv")
    with pytest.raises(UserError, match="there is no folder"):
        check_new(tmp_path / "none" / "t.csv")


def tree(folder) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_copies_go_into_a_folder_for_each_label(tmp_path, photos):
    out = tmp_path / "sorted"
    (out / "dog").mkdir(parents=True)
    (out / "dog" / "a.jpg").write_bytes(b"mine")
    for _ in range(2):  # a second time adds nothing
        copies = SortedCopies(out, photos, ("cat", "dog", "_not_sure"))
        for path in photos:
            copies.add(answer(path))
        copies.add(answer(photos[1], "dog"))
        copies.add(answer(photos[0], abstained=True))
    second = "a-785f3ec7.jpg"  # with the beginning of its SHA-256
    assert tree(out) == {
        "cat/a.jpg": b"1",
        f"cat/{second}": b"22",
        "dog/a.jpg": b"mine",
        f"dog/{second}": b"22",
        "_not_sure_/a.jpg": b"1",
    }
    assert (copies.there, sum(copies.counts.values())) == (5, 5)
    assert [path.read_bytes() for path in photos] == [b"1", b"22", b"1"]


@pytest.mark.parametrize("place", ["one", "one/deeper", "link"])
def test_copies_do_not_go_where_they_would_be_labelled(tmp_path, photos, place):
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with pytest.raises(UserError, match="outside of those that are labelled"):
        SortedCopies(tmp_path / place, [photos[1], tmp_path / "one"], ("cat",))
    with pytest.raises(UserError, match=r"a\.jpg is a file"):
        SortedCopies(photos[0], photos, ("cat",))


@pytest.mark.parametrize("links", [True, False])
def test_what_is_there_stays(tmp_path, photos, monkeypatch, links):
    def refuse(*_):
        raise PermissionError(1, "no hard links here")

    if not links:
        monkeypatch.setattr(answers.os, "link", refuse)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    os.utime(photos[0], (1, 1))
    assert copy_new(photos[0], tmp_path / "new.jpg")
    assert (tmp_path / "new.jpg").stat().st_mtime == 1
    assert not copy_new(photos[1], tmp_path / "new.jpg")
    assert not copy_new(photos[1], tmp_path / "gone")
    assert (tmp_path / "new.jpg").read_bytes() == b"1"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a.jpg\nb c.jpg", ["a.jpg", "b c.jpg"]),
        (b"a\0b\nc\0", ["a", "b\nc"]),
        (b"\xef\xbb\xbfa.jpg\r\n\r\n", ["a.jpg"]),
        ("ü.jpg\r\n".encode("utf-16"), ["ü.jpg"]),
        (b"\xff\n", ["\udcff"]),
    ],
)
def test_paths_from_standard_input(content, expected):
    assert [str(path) for path in parse_list(content)] == expected


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0"])
def test_no_path_on_standard_input(content):
    with pytest.raises(UserError, match="standard input has no path"):
        parse_list(content)
