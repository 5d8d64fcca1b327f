"""A single output file replaces one that the same command wrote, and no other."""

import json
from pathlib import Path

import pytest

from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import Manifest
from src_mindspore.system.output_file import (
    KEY,
    check_outputs,
    write_sealed_json,
    write_sealed_page,
)

BY = "evaluate.py"
VALUE = {"top1": 0.1, "n": 3, "per_class": [{"label": "\udce9纸", "f1": None}], "by number": {1: 2}}
STAYS = "is there, and evaluate.py did not write it, or somebody has changed it since; it stays"


def write(path: Path, kind: str, by: str = BY) -> None:
    if kind == "json":
        write_sealed_json(path, VALUE, by)
    else:
        write_sealed_page(path, "<!doctype html>\n\udce9<p>纸", by)


@pytest.mark.parametrize("kind", ["json", "page"])
def test_what_was_written_may_be_written_again_until_it_is_changed(tmp_path, kind):
    path = tmp_path / "out"
    for _ in range(2):
        check_outputs(BY, {"--json": path})
        write(path, kind)
    with pytest.raises(UserError, match="is there, and doctor did not write it"):
        check_outputs("doctor", {"--json": path})
    text = path.read_text()
    path.write_text(text.replace("纸", "mine"))
    for refused in (lambda: check_outputs(BY, {"--json": path}), lambda: write(path, kind)):
        with pytest.raises(UserError, match=STAYS):
            refused()
    assert "mine" in path.read_text()


def test_a_sealed_object_holds_what_it_is_of(tmp_path):
    write_sealed_json(tmp_path / "a.json", {"n": 3}, BY)
    value = json.loads((tmp_path / "a.json").read_text())
    assert value.pop(KEY)["by"] == BY
    assert value == {"n": 3}
    again = json.dumps(dict(reversed(json.loads((tmp_path / "a.json").read_text()).items())))
    (tmp_path / "a.json").write_text(again)  # as a formatter leaves it: nothing is lost
    check_outputs(BY, {"--json": tmp_path / "a.json"})


OTHERS = [b"{}", b"[1]", b"\xff\xd8photo", b'{"written": {}}', b"[" * 9999]


@pytest.mark.parametrize("content", OTHERS, ids=range(len(OTHERS)))
def test_other_files_stay(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=STAYS):
        check_outputs(BY, {"--json": tmp_path / "a"})


def test_an_empty_file_is_nobodys(tmp_path):
    (tmp_path / "a").touch()
    check_outputs(BY, {"--json": tmp_path / "a", "--html": None})


def test_links_are_followed_and_stay(tmp_path):
    (tmp_path / "there").mkdir()
    for name in ("a", "dangling"):
        (tmp_path / name).symlink_to(f"there/{name}.json")
        check_outputs(BY, {"--json": tmp_path / name})
        write(tmp_path / name, "json")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / f"there/{name}.json").is_file()
    (tmp_path / "null").symlink_to("/dev/null")
    for device in (tmp_path / "null", Path("/dev/null"), tmp_path / "there"):
        with pytest.raises(UserError, match=f"{device} is to be written, and is a folder or devic"):
            check_outputs(BY, {"--json": device})
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(UserError, match="round"):
        check_outputs(BY, {"--json": tmp_path / "round"})


def test_inputs_and_doubles_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.json"
    write(path, "json")
    (tmp_path / "x").mkdir()
    with pytest.raises(UserError, match=r"--fix plan\.json: this command reads that file"):
        check_outputs(BY, {"--fix": Path("plan.json")}, [None, path])
    with pytest.raises(UserError, match=r"--json and --fix name the same file, x/\.\./new"):
        check_outputs(BY, {"--json": Path("new.json"), "--fix": Path("x/../new.json")})


def test_names_of_a_run_are_for_the_run(tmp_path):
    Manifest(tmp_path, "train.py", ["metrics.json"]).note({})
    with pytest.raises(UserError, match=r"metrics\.json: .* is for train\.py to write"):
        check_outputs(BY, {"--json": tmp_path / "metrics.json"})
    check_outputs(BY, {"--json": tmp_path / "scores.json"})
