"""A reader never sees half a file."""

import re

import pytest

from src_mindspore.system.errors import UserError
from src_mindspore.system.write import atomic_path, sha256_of, sync_folder, write_json, write_text


def test_writes_into_a_new_folder(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert re.fullmatch(r"\.c-[0-9a-f]{8}\.txt", temporary.name)
        temporary.write_text("new")
        temporary.chmod(0o600)
        assert not path.exists()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failing_body_leaves_the_old_file_and_no_temporary(tmp_path, error):
    path = tmp_path / "c.txt"
    write_text(path, "old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half of the n")
            raise error("in the middle")

    with pytest.raises(error, match="in the middle"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_body_that_writes_nothing(tmp_path):
    def nothing() -> None:
        with atomic_path(tmp_path / "c.txt"):
            pass

    with pytest.raises(FileNotFoundError, match=r"\.c-[0-9a-f]{8}\.txt"):
        nothing()
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "c.txt" / "inside").mkdir(parents=True)
    with pytest.raises(UserError, match=r"c\.txt is to be written, and is a folder or device"):
        write_text(tmp_path / "c.txt", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["c.txt"]


def test_json(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"纸": [1, 0.5, None]})
    assert path.read_bytes().decode() == '{\n  "纸": [\n    1,\n    0.5,\n    null\n  ]\n}\n'
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
            write_json(path, [value])
    assert path.read_bytes().startswith(b"{")


@pytest.mark.parametrize(
    ("content", "digest"),
    [  # FIPS 180-2, appendix B.1 and B.3; the third is more than one block that is read at a time
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
    ids=["empty", "abc", "million"],
)
def test_sha256(tmp_path, content, digest):
    (tmp_path / "f").write_bytes(content)
    assert sha256_of(tmp_path / "f") == digest


def test_sync_folder_needs_a_folder(tmp_path):
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="none"):
        sync_folder(tmp_path / "none")
