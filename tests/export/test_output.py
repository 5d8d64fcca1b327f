"""What an export replaces in its folder, and what stops it."""

import os

import pytest

from src_mindspore.export.output import ExportFolder
from src_mindspore.system.errors import UserError
from src_mindspore.system.folder_lock import lock_folder
from src_mindspore.system.manifest import NAME

RESULT = ["model.onnx", "parity.json", "spec.json"]


def export(path, *names: str, content: str = "1") -> None:
    """Writes an export of these model files."""
    with ExportFolder(path, names).filled() as temporary:
        for name in (*names, "parity.json", "spec.json"):
            (temporary / name).write_text(content + name)
        (temporary / "rest").mkdir()


def there(path) -> list[str]:
    return sorted(p.name for p in path.iterdir() if p.name != NAME)


def test_an_export_replaces_an_earlier_one_and_keeps_what_is_beside_it(tmp_path):
    out = tmp_path / "new/export"
    export(out, "model.onnx", "model.ms")
    (out / "notes.txt").write_text("mine")
    export(out, "model.onnx", content="2")
    assert there(out) == sorted([*RESULT, "notes.txt"])
    assert (out / "model.onnx").read_text() == "2model.onnx"
    assert out.stat().st_mode & 0o777 == (tmp_path / "new").stat().st_mode & 0o777


@pytest.mark.parametrize("name", ["model.onnx", "spec.json"])
def test_a_file_that_somebody_changed_stops_the_export_before_its_work(tmp_path, name):
    export(tmp_path / "export", "model.onnx")
    (tmp_path / "export" / name).write_text("mine")
    with pytest.raises(UserError, match=rf"or somebody has changed since: {name}; move or delete"):
        ExportFolder(tmp_path / "export", ["model.onnx"])


def test_a_file_that_comes_meanwhile_is_not_replaced(tmp_path):
    export(tmp_path / "export", "model.onnx")

    def meanwhile() -> None:
        with ExportFolder(tmp_path / "export", ["model.ms"]).filled() as temporary:
            for name in ("model.ms", "parity.json", "spec.json"):
                (temporary / name).write_text("2")
            (tmp_path / "export/model.ms").write_text("mine")

    with pytest.raises(UserError, match=r"changed since: model\.ms"):
        meanwhile()
    assert there(tmp_path / "export") == sorted([*RESULT, "model.ms"])
    assert (tmp_path / "export/spec.json").read_text() == "1spec.json"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (
            ["config.yaml", "model.ckpt"],
            "export.py did not fill it: it has config.yaml, model.ckpt",
        ),
        (["spec.json", "model.ms"], r"it has model.ms, spec.json\..* of an earlier version"),
        (["cat"], "Nothing of it is replaced: --out takes a new or empty folder"),
        ([NAME, "spec.json"], "did not fill it: it has spec.json"),
        ([NAME], f"did not fill it: it has {NAME}"),
    ],
    ids=range(5),
)
def test_a_folder_of_others_is_refused_as_it_is(tmp_path, names, text):
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match=text):
        ExportFolder(tmp_path, ["model.onnx"])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


def test_a_file_and_what_cannot_be_written_are_refused_at_once(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file; --out takes a new"):
        ExportFolder(tmp_path / "file", [])
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UserError, match=f"is to be written, and the folder {tmp_path} may not be"):
        ExportFolder(tmp_path / "new/export", [])


def test_a_failure_leaves_nothing_and_the_next_export_sweeps_after_a_kill(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExportFolder(tmp_path / "a/b", []).filled():
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())
    killed = tmp_path / "export/.pocketlens-unfinished-12345678"
    (killed / "below").mkdir(parents=True)
    (tmp_path / "export/.other-12345678").mkdir()
    export(tmp_path / "export", "model.onnx")
    assert there(tmp_path / "export") == [".other-12345678", *RESULT]


def test_two_exports_do_not_share_a_folder(tmp_path):
    held = lock_folder(tmp_path)
    try:
        with pytest.raises(UserError, match="another export is writing"):
            export(tmp_path, "model.onnx")
    finally:
        os.close(held)
    assert not list(tmp_path.iterdir())
