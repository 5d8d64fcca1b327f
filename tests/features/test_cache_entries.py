"""The limit of the feature cache: what goes, what stays, and what is none of our business."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cache_files import LAYOUT, feature_entry, key
from workplace import REPOSITORY

from src_mindspore.features.cache_entries import feature_entries, make_room
from src_mindspore.features.partial_entry import open_partial
from src_mindspore.features.store import Rows
from src_mindspore.system import lru
from src_mindspore.system.errors import UserError

READER = """
import sys
from pathlib import Path
from src_mindspore.features.store import Rows
rows = Rows(Path(sys.argv[1]))
print("open", flush=True)
input()
"""


def names(cache: Path) -> set[str]:
    return {entry.path.name for entry in feature_entries(cache)}


def test_what_was_not_used_for_the_longest_goes(tmp_path, caplog):
    feature_entry(tmp_path, 1, days=1)
    feature_entry(tmp_path, 2, days=3)
    old = feature_entry(tmp_path, 3, days=5, finished=False)
    caplog.set_level(logging.INFO)
    make_room(tmp_path, 310_000, keep=())
    assert not caplog.messages
    assert len(names(tmp_path)) == 3  # within the limit
    make_room(tmp_path, 210_000, keep=())
    assert names(tmp_path) == {key(1), key(2)}
    assert not old.exists()
    make_room(tmp_path, 110_000, keep=())
    assert names(tmp_path) == {key(1)}
    assert caplog.messages[1] == (
        "feature cache: removed 1 of 2 entries, the least recently used, 0.1 MB; left: 0.1 MB "
        "(features.cache_limit: 0.00011 GB)"
    )
    assert len(caplog.messages) == 2
    make_room(tmp_path, None, keep=())
    assert names(tmp_path) == {key(1)}


def test_what_this_process_reads_or_fills_stays(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    read = Rows(feature_entry(tmp_path, 1, days=9) / "mean.npy")
    filled = open_partial(tmp_path / key(2), LAYOUT)
    feature_entry(tmp_path, 3)
    new = feature_entry(tmp_path, 4, days=9)
    make_room(tmp_path, 0, keep=(new,))
    assert names(tmp_path) == {key(1), filled.folder.name, key(4)}
    assert caplog.messages[-1].endswith(
        "left: 0.3 MB in use, more than it may have (features.cache_limit: 0 GB)"
    )
    filled.close()
    assert (read[:5] == 1).all()
    del read
    make_room(tmp_path, 0, keep=())
    assert names(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_what_another_process_reads_stays_until_it_ends(tmp_path):
    file = feature_entry(tmp_path, 1) / "mean.npy"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(file)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "open\n"
    make_room(tmp_path, 0, keep=())
    assert names(tmp_path) == {key(1)}
    reader.kill()
    reader.communicate()
    make_room(tmp_path, 0, keep=())
    assert names(tmp_path) == set()


def test_one_that_is_removed_while_it_is_opened_is_said_to_be_gone(tmp_path, monkeypatch):
    file = feature_entry(tmp_path, 1) / "mean.npy"
    opened = os.open

    def removed_after_opening(path, *how, **more):
        descriptor = opened(path, *how, **more)
        if Path(path) == file and file.exists() and how[0] & os.O_CLOEXEC and len(how) == 1:
            monkeypatch.setattr(os, "open", opened)
            shutil.rmtree(file.parent)
        return descriptor

    header = Rows(file)  # read_header opens the file as well: only the second is meant
    del header
    monkeypatch.setattr("src_mindspore.features.store.read_header", lambda _: ((100, 250), "f4", 0))
    monkeypatch.setattr(os, "open", removed_after_opening)
    with pytest.raises(UserError, match="has been removed from the cache by another process"):
        Rows(file)


def test_a_removal_that_was_killed_is_ended(tmp_path, monkeypatch):
    feature_entry(tmp_path, 1)
    monkeypatch.setattr(Path, "rmdir", lambda _: (_ for _ in ()).throw(OSError("killed")))
    make_room(tmp_path, 0, keep=())
    monkeypatch.undo()
    (left,) = tmp_path.iterdir()
    assert left.name == f".{key(1)}.removed"
    (left / "mean.npy").write_bytes(b"not deleted yet")
    make_room(tmp_path, 0, keep=())
    assert list(tmp_path.iterdir()) == []


def foreign(kind: str, folder: Path) -> None:
    """Makes of an entry something that may be a person's."""
    match kind:
        case "another file":
            (folder / "notes.txt").write_text("mine")
        case "a folder in it":
            (folder / "more").mkdir()
        case "a linked array":
            shutil.move(folder / "mean.npy", folder.parent / "elsewhere.npy")
            (folder / "mean.npy").symlink_to(folder.parent / "elsewhere.npy")
        case "no array":
            np.save(folder / "mean.npy", np.zeros(3, int))
        case "no description":
            (folder / "about.json").unlink()
        case "another description":
            (folder / "about.json").write_text(json.dumps({"rows": 7, "split": "train"}))
        case "another name":
            folder.rename(folder.with_name("f" * 31))
        case "a link to it":
            shutil.move(folder, folder.parent / "elsewhere")
            folder.symlink_to(folder.parent / "elsewhere")
        case "a file of the name":
            shutil.rmtree(folder)
            folder.write_text("mine")


@pytest.mark.parametrize(
    "kind",
    [
        *("another file", "a folder in it", "a linked array", "no array", "no description"),
        *("another description", "another name", "a link to it", "a file of the name"),
    ],
)
def test_what_is_not_recognised_is_not_touched(tmp_path, kind):
    foreign(kind, feature_entry(tmp_path, 1, days=400))
    before = sorted(map(str, tmp_path.rglob("*")))
    assert names(tmp_path) == set()
    make_room(tmp_path, 0, keep=())
    assert sorted(map(str, tmp_path.rglob("*"))) == before


@pytest.mark.parametrize("kind", ["another file", "a folder in it", "a linked array"])
def test_nor_is_an_unfinished_one(tmp_path, kind):
    foreign(kind, feature_entry(tmp_path, 1, days=400, finished=False))
    before = sorted(map(str, tmp_path.rglob("*")))
    make_room(tmp_path, 0, keep=())
    assert sorted(map(str, tmp_path.rglob("*"))) == before


def test_a_link_that_appears_meanwhile_is_not_followed(tmp_path):
    (entry,) = feature_entries((feature_entry(tmp_path / "cache", 1)).parent)
    array = entry.path / "mean.npy"
    shutil.move(array, tmp_path / "elsewhere.npy")
    array.symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(OSError, match="symbolic links"):
        lru.remove(entry)
    assert (tmp_path / "elsewhere.npy").exists()
    assert array.is_symlink()
