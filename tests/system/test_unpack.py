"""Unpacking: only what was chosen, only inside the folder, all of it or nothing."""

import zipfile

import pytest
from lite_fakes import entries

from src_mindspore.system import unpack
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import unpack_members


def zip_of(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def test_only_chosen_members_are_unpacked(tmp_path):
    wheel = zip_of(tmp_path / "a.whl", {"p/": b"", "p/yes.txt": b"1", "p/no.txt": b"2"})
    folder = unpack_members(wheel, tmp_path / "out" / "p", lambda n: "no" not in n)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    assert files == [unpack.MARKER, "p/yes.txt"]
    assert entries(tmp_path / "out") == ["p"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a\\..\\evil", "C:evil"])
def test_members_outside_the_folder_are_refused(tmp_path, name):
    wheel = zip_of(tmp_path / "a.whl", {"fine": b"1", name: b"2"})
    with pytest.raises(UserError, match="would be written outside the folder"):
        unpack_members(wheel, tmp_path / "deep" / "out", lambda n: True)
    assert not list(tmp_path.rglob("*evil*"))
    assert entries(tmp_path / "deep") == []


def test_size_limit(tmp_path):
    wheel = zip_of(tmp_path / "a.whl", {"a": bytes(600), "b": bytes(600)})
    with pytest.raises(UserError, match="take 1200 bytes unpacked; at most 1199 are accepted"):
        unpack_members(wheel, tmp_path / "out", lambda n: True, max_bytes=1199)
    assert not (tmp_path / "out").exists()
    unpack_members(wheel, tmp_path / "out", lambda n: True, max_bytes=1200)
    assert (tmp_path / "out" / "b").stat().st_size == 600


def test_half_an_unpacking_is_never_used(tmp_path, monkeypatch):
    wheel = zip_of(tmp_path / "a.whl", {"one": b"1111", "two": b"2222"})
    out = tmp_path / "out"
    write = unpack._write_member

    def killed_at_two(archive, member, folder):
        if member.filename == "two":
            raise KeyboardInterrupt
        write(archive, member, folder)

    monkeypatch.setattr(unpack, "_write_member", killed_at_two)
    with pytest.raises(KeyboardInterrupt):
        unpack_members(wheel, out, lambda n: True)
    assert not out.exists()
    monkeypatch.undo()

    out.mkdir()
    (out / "one").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"out is there, and was not unpacked here .*it stays"):
        unpack_members(wheel, out, lambda n: True)
    unpack.remove_unpacked(out)
    assert (out / "one").read_bytes() == b"mine"
    (out / unpack.MARKER).write_text('{"one": 4, "two": 4}')  # as a failing disk may leave it
    assert not unpack.is_unpacked(out)
    unpack_members(wheel, out, lambda n: True)
    assert (out / "two").read_bytes() == b"2222"

    (out / "two").write_bytes(b"22")
    assert not unpack.is_unpacked(out)
    unpack_members(wheel, out, lambda n: True)
    assert (out / "two").read_bytes() == b"2222"
    assert entries(tmp_path) == ["a.whl", "out"]


def test_a_complete_folder_is_left_as_it_is(tmp_path):
    wheel = zip_of(tmp_path / "a.whl", {"one": b"1111"})
    unpack_members(wheel, tmp_path / "out", lambda n: True)
    wheel.unlink()
    unpack_members(wheel, tmp_path / "out", lambda n: True)


def test_wheels_that_cannot_be_read(tmp_path):
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"this is no zip file")
    with pytest.raises(UserError, match=r"broken\.whl is not a readable wheel"):
        unpack_members(broken, tmp_path / "out", lambda n: True)
    zip_of(broken, {"one": b"1111"})
    broken.write_bytes(broken.read_bytes().replace(b"1111", b"1112"))
    with pytest.raises(UserError, match=r"not a readable wheel .*CRC"):
        unpack_members(broken, tmp_path / "out", lambda n: True)
    zip_of(broken, {"one": b"1111"})
    with pytest.raises(UserError, match="holds none of the files that are needed"):
        unpack_members(broken, tmp_path / "out", lambda n: False)
    assert entries(tmp_path) == ["broken.whl"]


def test_remains_of_killed_processes_go_and_no_others(tmp_path):
    others = [".pocketlens-settings", ".pocketlens-unfinished-work"]
    for name in others:
        (tmp_path / name).mkdir()
    with unpack.temporary_folder(tmp_path) as busy:
        killed = busy.with_name(busy.name[:-8] + "killed00")  # nobody holds its lock
        killed.mkdir()
        (killed / "half").touch()
        with unpack.temporary_folder(tmp_path) as folder:
            assert entries(tmp_path) == sorted([*others, busy.name, folder.name])
    assert entries(tmp_path) == others


def test_more_members_than_any_wheel_has_and_names_that_are_there_twice(tmp_path, monkeypatch):
    wheel = tmp_path / "a.whl"
    zip_of(wheel, {"one": b"1", "two": b"2"})
    wheel.write_bytes(wheel.read_bytes().replace(b"two", b"one"))
    with pytest.raises(UserError, match="each name once; it has 2 with 1 names"):
        unpack_members(wheel, tmp_path / "out", lambda n: True)
    monkeypatch.setattr(unpack, "MAX_MEMBERS", 1)
    zip_of(wheel, {"one": b"1", "two": b"2"})
    with pytest.raises(UserError, match="up to 1 members are unpacked"):
        unpack_members(wheel, tmp_path / "out", lambda n: True)


def test_a_link_in_a_zip_becomes_a_plain_file(tmp_path):
    wheel, link = tmp_path / "a.whl", zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("link2/inside", "x")
    out = unpack_members(wheel, tmp_path / "out", lambda n: True)
    assert not (out / "link").is_symlink()
    assert (out / "link").read_text() == "/etc/passwd"


def test_a_size_that_lies_is_told(tmp_path):
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(10_000_000))
    honest = (10_000_000).to_bytes(4, "little")
    wheel.write_bytes(wheel.read_bytes().replace(honest, (100).to_bytes(4, "little")))
    with pytest.raises(UserError, match="not a readable wheel"):
        unpack_members(wheel, tmp_path / "out", lambda n: True)
    assert not (tmp_path / "out").exists()
