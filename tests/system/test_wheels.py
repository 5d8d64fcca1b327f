"""Fetching wheels: pinned, cached, from a local file, by several processes, without network."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from lite_fakes import FILENAME, bare_pip, entries, make_wheel

from src_mindspore.system import wheels
from src_mindspore.system.cache import cache_dir
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    bare_pip(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def toy(tmp_path, monkeypatch, cache):
    """A wheel that pip finds in a local folder instead of a registry."""
    registry = tmp_path / "registry"
    registry.mkdir()
    digest = make_wheel(registry / FILENAME)
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry))
    return wheels.WheelAsset(
        name="toy data",
        requirement="pocketlens-toy==1.0",
        filename=FILENAME,
        size=(registry / FILENAME).stat().st_size,
        sha256=digest,
        pip_args=("--only-binary=:all:",),
        env="POCKETLENS_TOY",
        purpose="the test needs them",
    )


@pytest.mark.parametrize(
    ("own", "xdg", "expected"),
    [
        ("/a/own", "/b/xdg", "/a/own"),
        ("", "/b/xdg", "/b/xdg/pocketlens"),
        ("", "relative/is/ignored", "/home/u/.cache/pocketlens"),
        ("", "", "/home/u/.cache/pocketlens"),
    ],
)
def test_cache_dir_order(monkeypatch, own, xdg, expected):
    monkeypatch.setenv("POCKETLENS_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/u")
    assert cache_dir() == Path(expected)


def test_wheel_is_downloaded_once_and_logged(toy, cache, monkeypatch, caplog):
    caplog.set_level("INFO")
    path = wheels.fetch_wheel(toy)
    assert path == cache / FILENAME
    assert sha256_of(path) == toy.sha256
    assert entries(cache) == [FILENAME]
    assert len(caplog.messages) == 2
    assert caplog.messages[0].startswith("downloading toy data: pocketlens-toy==1.0, ")
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert wheels.fetch_wheel(toy) == path


def test_other_bytes_from_the_registry_are_refused(toy, cache):
    with pytest.raises(UserError, match="not the expected file for toy data") as caught:
        wheels.fetch_wheel(replace(toy, sha256="0" * 64))
    assert toy.sha256 in str(caught.value)
    assert "0" * 64 in str(caught.value)
    assert entries(cache) == []


def test_damaged_cached_wheel_is_fetched_again(toy, cache, caplog):
    cache.mkdir()
    (cache / FILENAME).write_bytes(b"half a download")
    assert sha256_of(wheels.fetch_wheel(toy)) == toy.sha256
    assert "is damaged and is fetched again" in caplog.text


def test_unwritable_cache_names_the_variable(toy, tmp_path, monkeypatch):
    blocker = tmp_path / "a file"
    blocker.touch()
    monkeypatch.setenv("POCKETLENS_CACHE", str(blocker / "cache"))
    with pytest.raises(UserError, match=r"Cannot write to the cache folder .*POCKETLENS_CACHE"):
        wheels.fetch_wheel(toy)


def test_local_file_instead_of_a_download(toy, cache, tmp_path, monkeypatch):
    local = tmp_path / "renamed by the user.whl"
    make_wheel(local, b"another version")
    monkeypatch.setenv(toy.env, str(local))
    with pytest.raises(UserError, match=rf"its SHA-256 is \w{{64}}, and only {toy.sha256}"):
        wheels.fetch_wheel(toy)
    local.write_bytes((tmp_path / "registry" / FILENAME).read_bytes())
    assert wheels.fetch_wheel(toy) == local
    assert entries(cache) == []
    monkeypatch.setenv(toy.env, str(tmp_path))
    with pytest.raises(UserError, match=f"POCKETLENS_TOY must name the file {FILENAME}"):
        wheels.fetch_wheel(toy)
    monkeypatch.setenv(toy.env, str(tmp_path / "nowhere.whl"))
    with pytest.raises(UserError, match=r"names .*nowhere\.whl, which does not exist"):
        wheels.fetch_wheel(toy)


def test_processes_fetching_at_once_do_not_disturb_each_other(toy, cache):
    code = (
        "import json, sys; from src_mindspore.system.unpack import unpack_members;"
        "from src_mindspore.system.wheels import WheelAsset, fetch_wheel;"
        "fields = json.loads(sys.argv[1]); fields['pip_args'] = tuple(fields['pip_args']);"
        "wheel = fetch_wheel(WheelAsset(**fields));"
        "folder = unpack_members(wheel, wheel.parent / 'toy', lambda n: 'data' in n);"
        "print((folder / 'toy/data.bin').read_text())"
    )
    command = [sys.executable, "-c", code, json.dumps(asdict(toy))]
    running = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in running:
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "payload\n"), err
    assert entries(cache) == [FILENAME, "toy"]
    assert sha256_of(cache / FILENAME) == toy.sha256
