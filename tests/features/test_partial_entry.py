"""A cache entry that is being filled: what survives a crash, and how processes share the work."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from src_mindspore.features import partial_entry
from src_mindspore.features.partial_entry import open_partial, sweep
from src_mindspore.features.store import Layout, PlainView, Rows
from src_mindspore.system.errors import UserError

KEY = "0123456789abcdef" * 2
F4, F2 = np.dtype(np.float32), np.dtype(np.float16)
LAYOUT = Layout(150, 2, {"a": ((3,), F4), "b": ((2, 2), F2)})  # chunks of 32, 32, 32, 32, 22

# fills an entry as extraction does, slowly; prints the chunks it did
WORKER = """
import sys, time
from pathlib import Path
import numpy as np
from src_mindspore.features.store import Layout
from src_mindspore.features.partial_entry import open_partial
layout = Layout(150, 2, {"a": ((3,), np.dtype("f4")), "b": ((2, 2), np.dtype("f2"))})
partial = open_partial(Path(sys.argv[1]), layout)
while partial and not partial.complete:
    for chunk in partial.claims():
        rows = partial.layout.rows_of(chunk)
        for row in rows:
            values = {"a": np.full((1, 3), row), "b": np.full((1, 2, 2), row)}
            partial.write(row, values)
            time.sleep(float(sys.argv[2]))
        partial.finish(chunk)
        print(chunk, flush=True)
    time.sleep(0.01)
if partial:
    with partial.published({}):
        pass
    partial.close()
"""


@pytest.fixture
def entry(tmp_path) -> Path:
    return tmp_path / "cache" / KEY


def values_of(rows: range) -> dict[str, np.ndarray]:
    numbers = np.array(rows)
    return {
        "a": np.repeat(numbers[:, None], 3, 1),
        "b": np.repeat(numbers, 4).reshape(-1, 2, 2),
    }


def fill(entry: Path, chunks: int | None = None) -> None:
    """Fills an entry, or some chunks of it."""
    partial = open_partial(entry, LAYOUT)
    claims = partial.claims()
    for _ in range(LAYOUT.chunks if chunks is None else chunks):
        if (chunk := next(claims, None)) is not None:
            rows = partial.layout.rows_of(chunk)
            partial.write(rows.start, values_of(rows))
            partial.finish(chunk)
    if chunks is None:
        assert partial.complete
        with partial.published({}) as folder:
            assert folder == entry
    partial.close()


def check(entry: Path) -> None:
    rows = np.arange(150)
    np.testing.assert_array_equal(Rows(entry / "a.npy")[:], np.repeat(rows[:, None], 3, 1))
    np.testing.assert_array_equal(np.load(entry / "b.npy")[:, 1, 0], rows)
    assert sorted(path.name for path in entry.iterdir()) == ["a.npy", "about.json", "b.npy"]
    assert list(entry.parent.iterdir()) == [entry]


def worker(entry: Path, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", WORKER, str(entry), str(seconds)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def test_layout():
    assert LAYOUT.bytes == 150 * (3 * 4 + 4 * 2)
    assert [len(LAYOUT.rows_of(c)) for c in range(LAYOUT.chunks)] == [32, 32, 32, 32, 22]
    assert Layout.from_json(LAYOUT.to_json()) == LAYOUT
    for text in ("", "[]", "{}", '{"rows": 1}'):
        with pytest.raises(ValueError, match=r"no layout|Expecting"):
            Layout.from_json(text)


def test_a_second_process_goes_on(entry):
    fill(entry, 2)
    partial = open_partial(entry, LAYOUT)
    assert partial.missing == 150 - 64
    assert list(partial.claims()) == [2, 3, 4]
    assert list(partial.claims()) == []  # they are ours already
    partial.close()
    fill(entry)
    check(entry)
    assert open_partial(entry, LAYOUT) is None


@pytest.mark.parametrize("torn", [b"\n1", b"\n13 1", b"\n3 ", b"\n\0\0\0\0", b"\n3 4\n", b"x y\n"])
def test_a_torn_line_counts_for_nothing(entry, torn):
    fill(entry, 1)
    with (entry.with_name(f".{KEY}.partial") / "done").open("ab") as stream:
        stream.write(torn)
    fill(entry, 1)
    partial = open_partial(entry, LAYOUT)
    assert list(partial.claims()) == [2, 3, 4]
    partial.close()


def test_two_processes_share_the_work(entry):
    both = [worker(entry, 0.005) for _ in range(2)]
    chunks = [process.communicate(timeout=60)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(chunks[0] + chunks[1]) == ["0", "1", "2", "3", "4"]
    assert chunks[0]
    assert chunks[1]
    check(entry)


def test_what_a_killed_process_had_begun_is_done_by_the_other(entry):
    slow = worker(entry, 10)
    journal = entry.with_name(f".{KEY}.partial") / "done"
    while not journal.exists() or not (entry.with_name(f".{KEY}.partial") / "a.npy").exists():
        time.sleep(0.02)
    time.sleep(0.3)  # it has locked chunk 0
    other = worker(entry, 0.001)
    assert [other.stdout.readline().strip() for _ in range(4)] == ["1", "2", "3", "4"]
    assert other.poll() is None  # it waits
    slow.kill()
    assert other.communicate(timeout=60)[0].split() == ["0"]
    slow.communicate()
    check(entry)


def test_killed_again_and_again(entry):
    rng = np.random.default_rng(0)
    for _ in range(LAYOUT.chunks):
        process = worker(entry, 0.004)
        if process.stdout.readline():  # a chunk each
            time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.communicate()
    if not entry.is_dir():
        fill(entry)
    check(entry)


def test_a_chunk_with_holes_is_not_done_for_others(entry):
    one, two = open_partial(entry, LAYOUT), open_partial(entry, LAYOUT)
    for chunk in one.claims():
        rows = one.layout.rows_of(chunk)
        one.write(rows.start, values_of(rows))
        one.finish(chunk, whole=chunk != 3)
    assert one.complete
    assert not two.complete
    with one.published({}) as folder:
        assert folder == entry.with_name(f".{KEY}.partial")
        holed = Rows(folder / "a.npy")
    assert not entry.exists()
    assert list(two.claims()) == [3]
    two.write(96, values_of(range(96, 128)))
    two.finish(3)
    with two.published({}) as folder:
        assert folder == entry
    with one.published({}) as folder:
        assert folder == entry
    assert holed[96:97][0, 0] == 96  # still open
    one.close()
    two.close()
    check(entry)


def test_what_a_kill_leaves_in_the_folder_is_swept(entry):
    fill(entry, 1)
    for name in (".done-0123abcd", ".about-0123abcd.json"):
        (entry.with_name(f".{KEY}.partial") / name).touch()
    fill(entry)
    check(entry)


def test_a_row_of_another_shape(entry):
    partial = open_partial(entry, LAYOUT)
    with pytest.raises(ValueError, match=r"a row of a has the shape \(3,\); got \(4,\)"):
        partial.write(0, {"a": np.zeros((1, 4)), "b": np.zeros((1, 2, 2))})
    partial.close()


def test_a_disk_that_fills_up_meanwhile(entry, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(UserError, match=r"needs 0 MB; .* MB are free"):
        open_partial(entry, LAYOUT)
    assert list(entry.parent.iterdir()) == []


def test_sweep(entry):
    fill(entry, 1)
    partial = entry.with_name(f".{KEY}.partial")
    sweep(entry.parent)
    assert partial.is_dir()
    long_ago = time.time() - partial_entry.ABANDONED_AFTER - 60
    os.utime(partial / "done", (long_ago, long_ago))
    fill(entry, 1)  # going on with it makes it young again
    sweep(entry.parent)
    assert partial.is_dir()
    os.utime(partial / "done", (long_ago, long_ago))
    sweep(entry.parent)
    assert not partial.exists()


def test_rows(entry):
    fill(entry)
    rows, plain = Rows(entry / "a.npy"), np.load(entry / "a.npy")
    chosen = np.array([149, 0, 7, 7])
    np.testing.assert_array_equal(rows[chosen], plain[chosen])
    np.testing.assert_array_equal(rows[140:999], plain[140:])
    assert rows[np.array([], int)].shape == (0, 3)
    views = rows.by_photo(3)
    assert (len(views), views.shape, views.dtype) == (50, (50, 3, 3), F4)
    np.testing.assert_array_equal(PlainView(views)[10:12], plain[[30, 33]])
    np.testing.assert_array_equal(PlainView(plain.reshape(50, 3, 3))[10:12], plain[[30, 33]])
    for bad in (np.array([150]), np.array([-1])):
        with pytest.raises(IndexError, match=r"rows of .* are 0 to 149"):
            rows[bad]
    with (entry / "a.npy").open("rb+") as stream:
        stream.truncate(500)
    with pytest.raises(OSError, match="cut short; delete its folder"):
        rows[:]
    shutil.rmtree(entry)
