"""A command replaces the files that it can prove it wrote, one by one."""

import json

import pytest

from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import NAME, Manifest


@pytest.fixture
def ours(tmp_path) -> Manifest:
    """Two files of ours in a folder."""
    manifest = Manifest(tmp_path, "export.py")
    for name in ("a", "b"):
        with manifest.path(name) as path:
            path.write_text(name)
    return manifest


def test_what_was_written_is_ours_until_somebody_changes_it(tmp_path, ours):
    again = Manifest(tmp_path, "export.py")
    assert again.exists
    assert again.others(["a", "b", "not there"]) == []
    (tmp_path / "a").write_text("edited")
    (tmp_path / "c").write_text("mine")
    (tmp_path / "b").unlink()
    (tmp_path / "b").symlink_to("c")
    (tmp_path / "d").symlink_to("nowhere")
    assert again.others(["a", "b", "c", "d"]) == ["a", "b", "c", "d"]
    with pytest.raises(UserError, match=r"^export.py replaces only what .*: a, c; move them$"):
        again.refuse_others(["a", "c"], "move them")


def test_another_command_and_another_list_prove_nothing(tmp_path, ours):
    assert Manifest(tmp_path, "train.py").others(["a"]) == ["a", NAME]
    table = json.loads((tmp_path / NAME).read_text())
    for damaged in ("", "[", "[1]", json.dumps({**table, "format": 2}), '{"by": "export.py"}'):
        (tmp_path / NAME).write_text(damaged)
        assert Manifest(tmp_path, "export.py").others(["a"]) == ["a", NAME]
        assert not Manifest(tmp_path, "export.py").exists


def test_a_kill_between_the_list_and_the_file_proves_both_contents(tmp_path, ours):
    content = (tmp_path / "a").read_bytes()
    with ours.path("a") as path:
        path.write_text("newer")
    assert Manifest(tmp_path, "export.py").wrote("a")
    (tmp_path / "a").write_bytes(content)  # as if the file had not come to its place
    assert Manifest(tmp_path, "export.py").wrote("a")


def test_settling_deletes_what_is_proven_and_no_more(tmp_path, ours):
    with ours.path("c") as path:
        path.write_text("c")
    (tmp_path / "b").write_text("edited")
    (tmp_path / "note").write_text("mine")
    ours.settle(["a"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "note", NAME]
    assert Manifest(tmp_path, "export.py").names == ["a"]


def test_a_failing_body_leaves_the_file_and_the_list(tmp_path, ours):
    before = (tmp_path / NAME).read_bytes()

    def fail() -> None:
        with ours.path("a") as path:
            path.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "a").read_text() == "a"
    assert (tmp_path / NAME).read_bytes() == before


def test_workers_of_one_command_may_write_the_same_file(tmp_path):
    first, second = Manifest(tmp_path, "train.py"), Manifest(tmp_path, "train.py")
    for worker in (first, second, first):
        worker.about = {"begun in": "here"}
        worker.write_json("a.json", 1)
    assert Manifest(tmp_path, "train.py").about == {"begun in": "here"}
