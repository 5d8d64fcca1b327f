"""The page while a run is trained: when it is written, and what becomes of it."""

import errno
import json
from itertools import pairwise
from pathlib import Path

import pytest

from src_mindspore.report import live
from src_mindspore.report.live import EVERY, MARK, SHARE, LivePage, is_final
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import LOG, REPORT


def lines(count: int) -> list[dict]:
    return [
        {
            **{"stage": "head", "epoch": i + 1, "lr": 0.1, "train_loss": 1.0, "train_top1": 0.5},
            **{"val_loss": 1.0, "val_top1": 0.5 + i / 1000, "val_n": 127},
        }
        for i in range(count)
    ]


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path)
    with run.files.path("config.yaml") as path:
        path.write_text("seed: 1 # <b>\n")
    return run


def test_at_most_every_ten_seconds_and_a_hundredth_of_the_time(folder, monkeypatch) -> None:
    now, slow, written = [100.0], [0.02], []

    def page(*_) -> str:
        written.append(now[0])
        now[0] += slow[0]
        return "page"

    monkeypatch.setattr(live, "live_page", page)
    watch = LivePage(folder, lambda: now[0])
    while now[0] < 200:
        watch(lines(1))
        now[0] += 0.5
    assert written[0] >= 100 + EVERY
    gaps = [b - a for a, b in pairwise(written)]
    assert all(EVERY <= gap < EVERY + 1 for gap in gaps)
    # a slow disk: what it takes is paid back
    slow[0], now[0] = 2.0, 300.0
    watch(lines(1))
    slow[0], count = 0.02, len(written)
    while now[0] < 300 + 2.0 / SHARE:
        watch(lines(1))
        now[0] += 1
    assert len(written) == count


def test_it_can_be_read_and_belongs_to_the_run(folder, monkeypatch) -> None:
    monkeypatch.setattr(live, "EVERY", 0.0)
    folder.watchers.append(LivePage(folder))
    assert not is_final(folder)
    folder.log(lines(1)[0])
    text = (folder.path / REPORT).read_text()
    assert folder.files.wrote(REPORT)
    assert MARK in text
    assert not is_final(folder)
    assert "<b>50.00 %</b> of 127 photos" in text
    assert "seed: 1 # &lt;b&gt;" in text
    assert f"train.py --run {folder.path} --resume" in text
    assert text.count("<svg") == 3
    (folder.path / REPORT).write_text("<!doctype html>")
    assert is_final(folder)


@pytest.mark.long
def test_a_stopped_run_has_a_page_and_a_finished_one_its_last(workplace, monkeypatch) -> None:
    run = workplace.folder / "runs" / "watched"
    seen = []

    def stops(self: RunFolder, line: dict, log=RunFolder.log) -> None:
        log(self, line)
        seen.append(is_final(self))
        if len(seen) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(run / LOG))

    monkeypatch.setattr(live, "EVERY", 0.0)
    monkeypatch.setattr(live, "SHARE", 1e9)
    options = "--config configs/demo.yaml --data photos --run runs/watched --resume"
    with monkeypatch.context() as stopping:
        stopping.setattr(RunFolder, "log", stops)
        assert "No space left" in workplace.call(f"train.py {options}").stderr
    assert seen == [False, False]
    folder = RunFolder(run)
    assert MARK in page_of(run)
    assert not is_final(folder)
    done = workplace.call(f"train.py {options}")
    assert done.returncode == 0, done.stderr
    assert is_final(folder)
    assert len((run / LOG).read_text().splitlines()) == 3
    assert "runs/watched/report.html" in done.stdout
    # one that ended without its page gets it: the same as of what training had in memory
    text = page_of(run)
    (run / REPORT).unlink()
    assert workplace.call(f"train.py {options}").returncode == 0
    assert is_final(folder)
    assert page_of(run) == text
    assert json.loads((run / "metrics.json").read_text())


def page_of(run: Path) -> str:
    return (run / REPORT).read_text()
