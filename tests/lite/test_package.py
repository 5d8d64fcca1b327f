"""MindSpore Lite: the message without network, a local folder, the real package."""

import time

import pytest
from lite_fakes import bare_pip, entries, fetched_or_skip

from src_mindspore.lite import package
from src_mindspore.system.errors import UserError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    bare_pip(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("how", ["no index", "closed port"])
def test_without_network_and_cache_one_message_says_it_all(cache, monkeypatch, how):
    if how == "closed port":
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(UserError) as caught:
        package.lite_home()
    text = str(caught.value)
    assert text.startswith(
        "The MindSpore Lite 2.0.0 libraries (x86-64) are missing (they write the .ms file"
    )
    assert str(cache) in text
    assert text.count("ERROR:") == 1
    assert "Retrying" not in text
    assert (
        "    python -m pip download --no-deps --only-binary=:all: --python-version 3.7"
        " --platform manylinux1_x86_64 mindspore-lite==2.0.0\n"
    ) in text
    assert text.endswith(
        "export POCKETLENS_LITE=/path/to/mindspore_lite-2.0.0-cp37-cp37m-manylinux1_x86_64.whl"
    )
    assert entries(cache) == []


def test_an_unpacked_lite_folder_may_be_given(cache, tmp_path, monkeypatch):
    home = tmp_path / "site" / "mindspore_lite"
    (home / "lib").mkdir(parents=True)
    (home / "include").mkdir()
    first, *others = package.LITE["x86_64"].libs
    for name in others:
        (home / "lib" / name).touch()
    monkeypatch.setenv("POCKETLENS_LITE", str(home.parent))
    with pytest.raises(UserError, match=r"which must hold lib/ and include/ .*missing: libdnnl"):
        package.lite_home()
    (home / "lib" / first).touch()
    assert package.lite_home() == home
    monkeypatch.setenv("POCKETLENS_LITE", str(home))
    assert package.lite_home() == home


def test_the_real_lite_package():
    home = fetched_or_skip(package.lite_home)
    assert (home / "include" / "api" / "model.h").is_file()
    names = entries(home / "lib")
    assert "libmindspore_converter.so" in names
    assert not [n for n in names if "tensorrt" in n or "ascend" in n]
    start = time.monotonic()
    assert package.lite_home() == home
    assert time.monotonic() - start < 1  # the cached wheel is not read again
