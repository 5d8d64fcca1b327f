"""``python -m src_mindspore.cache``: a table, and removing what is asked for and nothing else."""

import json
from pathlib import Path

import in_process
import pytest
from cache_files import feature_entry, kept_model, key

from src_mindspore.features.store import Rows


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Two entries of features, one unfinished, two models, a note and what was fetched."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("POCKETLENS_CACHE", str(folder))
    feature_entry(folder / "features", 1, days=40)
    feature_entry(folder / "features", 2, days=2)
    feature_entry(folder / "features", 3, days=20, finished=False)
    kept_model(folder / "models", 4, days=40)
    kept_model(folder / "models", 5, days=0)
    (folder / "doctor").mkdir()
    (folder / "doctor" / f"{key(6)}.json").write_text(json.dumps({"entry": key(1)}))
    (folder / "weights").mkdir()
    (folder / "weights" / "net.ckpt").write_bytes(b"w" * 5000)
    (folder / "kernels-0123.so").write_bytes(b"k" * 300)
    (folder / "features" / "mine.txt").write_text("a person's")
    return folder


def call(folder: Path, options: str = "") -> tuple[int, str, str]:
    done = in_process.call(folder, f"-m src_mindspore.cache {options}")
    return done.returncode, done.stdout, done.stderr


def there(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if p.suffix not in (".json", ".npy")}


def test_the_table(cache, tmp_path):
    before = sorted(cache.rglob("*"))
    status, out, err = call(tmp_path)
    assert (status, err) == (0, "")
    head, columns, *rows, total = out.splitlines()
    assert head == f"{cache}:"
    assert columns.split() == ["kind", "name", "what", "it", "is", "MB", "last", "used"]
    kinds = [row.split()[0] for row in rows]
    assert sorted(kinds[:6]) == ["features"] * 2 + ["model"] * 2 + ["note", "unfinished"]
    assert kinds[6:] == ["stays"] * 3
    assert "100 train views: mean" in out
    assert "not recognised" in next(row for row in rows if "mine.txt" in row)
    assert total.startswith("total: 0.3 MB, 0.3 MB of them in 6 entries that can be computed again")
    assert sorted(cache.rglob("*")) == before


def test_json(cache, tmp_path):
    table = json.loads(call(tmp_path, "--json")[1])
    assert table["folder"] == str(cache)
    assert table["bytes"] == sum(entry["bytes"] for entry in table["entries"])
    assert {entry["kind"] for entry in table["entries"]} == {
        *("features", "unfinished", "model", "note", "stays")
    }
    assert table["removed"] == table["in_use"] == []


def test_older_than(cache, tmp_path):
    removed = json.loads(call(tmp_path, "--older-than 30 --json")[1])["removed"]
    assert [entry["name"] for entry in removed] == [key(1), f"{key(4)}.onnx"] or [
        entry["name"] for entry in removed
    ] == [f"{key(4)}.onnx", key(1)]
    assert there(cache) >= {key(2), f".{key(3)}.partial", f"{key(5)}.onnx", "mine.txt", "weights"}
    assert not {key(1), f"{key(4)}.onnx"} & there(cache)


def test_limit(cache, tmp_path):
    status, out, _ = call(tmp_path, "--limit 0.00015")
    assert status == 0
    assert out.endswith("removed: 3 of 6 entries, 0.2 MB\n")
    assert {key(2), f"{key(5)}.onnx"} <= there(cache)


def test_a_limit_that_is_not_reached_is_said(cache, tmp_path):
    used = Rows(cache / "features" / key(2) / "mean.npy")
    assert f"in use, so that they stay: {key(2)}\n" in call(tmp_path, "--limit 0")[1]
    assert len(used) == 100


def test_clear_leaves_what_was_fetched_what_is_used_and_what_is_not_ours(cache, tmp_path):
    used = Rows(cache / "features" / key(2) / "mean.npy")
    status, out, _ = call(tmp_path, "--clear")
    assert status == 0
    assert f"in use, so that they stay: {key(2)}\n" in out
    left = {"features", "models", "doctor", "weights", key(2)}
    assert there(cache) == left | {"net.ckpt", "kernels-0123.so", "mine.txt"}
    assert (used[:1] == 2).all()
    del used
    assert "removed: 1 of 1 entries" in call(tmp_path, "--clear")[1]


def test_a_feature_cache_elsewhere(cache, tmp_path):
    feature_entry(tmp_path / "other", 7)
    (tmp_path / "other" / "weights").mkdir()
    status, out, _ = call(tmp_path, "--features other --clear")
    assert status == 0
    assert "removed: 1 of 1 entries" in out
    assert key(7) not in there(tmp_path / "other")
    assert (tmp_path / "other" / "weights").is_dir()
    assert key(1) in there(cache)


def test_a_cache_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "none"))
    assert call(tmp_path) == (0, f"{tmp_path / 'none'}: nothing is there\n", "")
    assert call(tmp_path, "--clear")[1].endswith("removed: 0 of 0 entries, 0.0 MB\n")
    assert not (tmp_path / "none").exists()


def test_a_cache_that_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POCKETLENS_CACHE", str(tmp_path / "file"))
    status, _, err = call(tmp_path, "--clear")
    assert (status, err) == (2, f"error: the cache is a folder; {tmp_path / 'file'} is none\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--limit -1", "argument --limit: a number from 0 on is accepted; got '-1'"),
        ("--older-than soon", "argument --older-than: a number from 0 on is accepted; got 'soon'"),
        ("--limit inf", "argument --limit: a number from 0 on is accepted; got 'inf'"),
        ("--clear --limit 3", "argument --limit: not allowed with argument --clear"),
        ("--features none", "--features names the folder of a feature cache; there is no "),
    ],
)
def test_what_cannot_be_meant_is_refused(cache, tmp_path, options, message):
    before = sorted(cache.rglob("*"))
    status, out, err = call(tmp_path, options)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert sorted(cache.rglob("*")) == before


def test_what_may_not_be_deleted_is_named(cache, tmp_path, monkeypatch):
    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    status, _, err = call(tmp_path, "--clear")
    assert status == 2
    assert err.startswith("error: 3 entries were removed, 3 not: ")
    assert f"{key(1)} cannot be removed: Permission denied" in err


def test_a_link_is_no_entry(cache, tmp_path):
    outside = feature_entry(tmp_path / "outside", 8)
    (cache / "features" / key(8)).symlink_to(outside)
    call(tmp_path, "--clear")
    assert (outside / "mean.npy").is_file()
    assert (cache / "features" / key(8)).is_symlink()
