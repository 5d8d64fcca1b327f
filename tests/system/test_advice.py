"""A command in a message works in the folder where the message appears."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from src_mindspore.system.advice import ROOT, advised, shell_word

NAMES = [
    "run",
    "my run",
    "it's",
    "模型",
    "a\nb\x1b[31m",
    "caf\udce9",
    "$HOME;ls #",
    "back\\slash",
    "-run",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_shell_reads_a_path_back(tmp_path, name):
    path = tmp_path / name
    path.write_text("found")
    for word in (shell_word(path), shell_word(Path(name))):
        assert word.isprintable()
        said = subprocess.run(["bash", "-c", f"cat {word}"], cwd=tmp_path, capture_output=True)
        assert said.stdout == b"found", said.stderr


def test_the_command_is_spelt_for_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.chdir(ROOT)
    assert advised("train.py", "--run", Path("a b")) == "python train.py --run 'a b'"
    assert advised("src_mindspore.doctor", "DATA") == "python -m src_mindspore.doctor DATA"
    monkeypatch.chdir(ROOT.parent)
    assert advised("train.py") == f"python {shlex.quote(ROOT.name)}/train.py"
    monkeypatch.chdir(tmp_path)
    assert advised("train.py") == f"python {shlex.quote(str(ROOT / 'train.py'))}"
    monkeypatch.setenv("PATH", "/nowhere")
    assert advised("train.py").split()[0] == shlex.quote(sys.executable)


def test_a_module_is_found_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/some/where")
    command = advised("src_mindspore.doctor", "--help")
    monkeypatch.delenv("PYTHONPATH")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert "Say what is wrong with a data set" in done.stdout, done.stderr
    assert ":/some/where " in command
