"""One process at a time on a run folder."""

import os
import socket
import subprocess
import sys

import pytest
from workplace import REPOSITORY

from src_mindspore.config.load import load_config
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.lock import LOCK, RunLock
from src_mindspore.runs.open import create_run, reopen_run
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest

HOLD = """
import sys, time
from pathlib import Path
from src_mindspore.runs.lock import RunLock
RunLock(Path(sys.argv[1])).take()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process, that has the lock."""
    command = [sys.executable, "-c", HOLD, tmp_path]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_who_the_first_is(tmp_path, other):
    text = f"{tmp_path} is being worked on by process {other.pid} on {socket.gethostname()}: one "
    for refused in (RunLock(tmp_path).take, RunLock(tmp_path).look):
        with pytest.raises(UserError) as info:
            refused()
        assert str(info.value).startswith(text)
    (tmp_path / "c.yaml").write_text("seed: 5\n")
    config = load_config(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").rename(tmp_path / "config.yaml")
    Manifest(tmp_path, "train.py").adopt(["config.yaml"])
    for refused in (lambda: create_run(tmp_path, config), lambda: reopen_run(tmp_path)):
        with pytest.raises(UserError, match=f"worked on by process {other.pid} on"):
            refused()
    assert (tmp_path / "config.yaml").read_text() == "seed: 5\n"
    other.kill()
    other.wait()
    lock = RunLock(tmp_path)
    lock.take()  # it ended with its process
    lock.take()
    assert (tmp_path / LOCK).read_text() == f"process {os.getpid()} on {socket.gethostname()}"
    lock.release()
    assert not (tmp_path / LOCK).exists()
    lock.look()


def test_a_lock_file_of_a_holder_who_has_just_left(tmp_path, monkeypatch):
    lock, seen = RunLock(tmp_path), []

    def locked(file, kind):
        if not seen:
            (tmp_path / LOCK).unlink()  # between our opening and our locking
        seen.append(os.fstat(file).st_ino)

    monkeypatch.setattr(lock, "_lock", locked)
    lock.take()
    assert len(seen) == 2
    assert (tmp_path / LOCK).exists()
    lock.release()


def test_a_holder_clears_away_what_a_killed_process_left(tmp_path):
    left = [".last-0123abcd.ckpt", ".log-00000000.jsonl", ".metrics-ffffffff.json"]
    kept = [".thesis-0123abcd.txt", ".last-0123abc.ckpt", "last.ckpt", ".last-0123abcd.ckpt.old"]
    for name in (*left, *kept):
        (tmp_path / name).touch()
    run = RunFolder(tmp_path)
    run.claim()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, LOCK])
    run.lock.release()


def test_workers_only_look_until_they_have_met(tmp_path, monkeypatch):
    monkeypatch.setenv("MS_ROLE", "MS_WORKER")
    run = RunFolder(tmp_path)
    run.claim()
    assert list(tmp_path.iterdir()) == []
    run.hold()
    assert (tmp_path / LOCK).exists()
    run.lock.release()


def test_a_file_of_that_name_that_is_the_users_stays(tmp_path):
    (tmp_path / LOCK).write_text("mine")
    with pytest.raises(UserError, match=r"\.lock is no lock of a run; it stays"):
        RunLock(tmp_path).take()
    assert (tmp_path / LOCK).read_text() == "mine"
