"""Which runs an export is of."""

from pathlib import Path

import pytest

from src_mindspore.config.ensemble import CONFIGS, listed, named_runs, names_members
from src_mindspore.config.load import load_config
from src_mindspore.system.errors import UserError


def test_folders_are_taken_as_they_are(tmp_path):
    odd = tmp_path / "run.yaml"
    odd.mkdir()
    assert named_runs([Path("runs/a"), odd]) == [Path("runs/a"), odd]


def test_a_file_names_runs_beside_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    Path("sub/both.yaml").write_text("ensemble: [runs/a, ../b, /c]\n")
    assert named_runs([Path("sub/both.yaml")]) == [
        tmp_path / "sub/runs/a",
        tmp_path / "b",
        Path("/c"),
    ]


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("", "got None"),
        ("ensemble: runs/a", "got {'ensemble': 'runs/a'}"),
        ("ensemble: []", r"got {'ensemble': \[\]}"),
        ("ensemble: [a, [b]]", r"got {'ensemble': \['a', \['b'\]\]}"),
        ("ensemble: [a, b]\nout: c", r"got {'ensemble': \['a', 'b'\], 'out': 'c'}"),
        ("[", "the list of run folders cannot be read"),
    ],
)
def test_a_file_of_another_form(tmp_path, content, got):
    file = tmp_path / "both.yaml"
    file.write_text(content)
    with pytest.raises(UserError, match=rf"{got}.*Accepted: a YAML file with the one key ensemble"):
        named_runs([file])


def test_a_file_stands_alone_and_has_to_be_there(tmp_path):
    file = tmp_path / "both.yml"
    with pytest.raises(
        UserError, match=r"or one file that lists them; got 2 arguments, and .*yml is"
    ):
        named_runs([Path("runs/a"), file])
    with pytest.raises(UserError, match=r"cannot be read: .*no such file"):
        named_runs([file])


def test_the_one_key_tells_such_a_file_from_a_config(tmp_path):
    file = tmp_path / "both.yaml"
    for content, found in (("ensemble: []", True), ("seed: 1\nensemble: x", True), ("[", False)):
        file.write_text(content)
        assert names_members(file) is found
    assert not names_members(tmp_path / "absent.yaml")
    file.write_text("ensemble: [a, {}]")
    with pytest.raises(UserError, match="a list of two or three training configs"):
        listed(file, CONFIGS)


def test_it_is_no_config_and_configs_are_no_runs(tmp_path):
    file = tmp_path / "both.yaml"
    file.write_text("ensemble: [both.yaml, runs/a]")
    with pytest.raises(
        UserError,
        match=r"unknown key ensemble; a file that has it alone names the"
        r" members of an average: configs for compare\.py, run folders for export",
    ):
        load_config(file)
    with pytest.raises(
        UserError, match=r"averages run folders; got the file .*both\.yaml: compare"
    ):
        named_runs([file])
