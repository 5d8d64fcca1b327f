"""Where the detectors' files come from, and the messages without them."""

import hashlib
import zipfile
from dataclasses import replace
from subprocess import CompletedProcess

import pytest
from lite_fakes import bare_pip

from src_mindspore.faces.files import CENTERFACE, MTCNN, NetworkFiles, network_files
from src_mindspore.system import wheels
from src_mindspore.system.errors import UserError


@pytest.fixture
def toy(tmp_path, monkeypatch) -> NetworkFiles:
    """A wheel with one file that is wanted and one that is not, named by its variable."""
    bare_pip(monkeypatch, tmp_path / "cache")
    wheel = tmp_path / "toy.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("toy/net.onnx", b"network")
        archive.writestr("toy/code.py", b"import os")
    monkeypatch.setenv("POCKETLENS_CENTERFACE", str(wheel))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    asset = replace(CENTERFACE.wheel, requirement="toy==1.0", sha256=digest)
    return NetworkFiles(asset, {"toy/net.onnx": hashlib.sha256(b"network").hexdigest()})


def test_only_what_is_needed_is_unpacked_and_damage_is_mended(toy, tmp_path) -> None:
    [file] = network_files(toy)
    assert file == tmp_path / "cache" / "toy-1.0" / "toy" / "net.onnx"
    assert file.read_bytes() == b"network"
    assert not (file.parent / "code.py").exists()
    file.write_bytes(b"damaged")
    assert network_files(toy)[0].read_bytes() == b"network"


def test_another_file_inside_is_refused(toy) -> None:
    with pytest.raises(UserError, match="SHA-256 is not the expected one of the CenterFace"):
        network_files(replace(toy, members={"toy/net.onnx": "0" * 64}))


@pytest.mark.parametrize(("needed", "variable"), [(CENTERFACE, "CENTERFACE"), (MTCNN, "MTCNN")])
def test_the_message_without_a_network_names_the_variable(
    tmp_path, monkeypatch, needed, variable
) -> None:
    bare_pip(monkeypatch, tmp_path / "cache")
    monkeypatch.delenv(f"POCKETLENS_{variable}", raising=False)
    failed = CompletedProcess([], 1, "", "ERROR: no network")  # pip itself is in test_wheels.py
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match=f"export POCKETLENS_{variable}=") as info:
        network_files(needed)
    assert "faces are found with them" in str(info.value)
    monkeypatch.setenv(f"POCKETLENS_{variable}", str(tmp_path / "nowhere.whl"))
    with pytest.raises(UserError, match="which does not exist"):
        network_files(needed)
