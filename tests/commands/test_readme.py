"""The README's commands, run as they stand there on a small data set; what they leave."""

import json
import re
import subprocess

import pytest
from readme import readme_commands, readme_text
from workplace import REPOSITORY


def test_every_command_of_the_readme_works(readme_runs) -> None:
    scripts = {command.split()[1] for command in readme_commands()}
    assert scripts == {"train.py", "evaluate.py", "predict.py", "export.py", "faces.py", "-m"}
    for done in readme_runs:
        # three photos a class are few, which is for the user to decide
        expected = 1 if done.args.startswith("-m src_mindspore.doctor") else 0
        assert done.returncode == expected, f"{done.args}\n{done.stderr}"


def test_make_targets_of_the_readme_exist() -> None:
    targets = sorted(set(re.findall(r"^make (\w+)", readme_text(), re.MULTILINE)))
    assert targets == ["demo", "test"]
    for target in targets:
        command = ["make", "--dry-run", target]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_links_of_the_readme_lead_somewhere() -> None:
    for path in re.findall(r"\]\(([^)]+)\)", readme_text()):
        assert path.startswith("https://") or (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("name", ["model.mindir", "model.onnx", "model.ms", "spec.json"])
def test_exported_files(run_folder, name: str) -> None:
    assert (run_folder / "export" / name).stat().st_size > 1000


def test_a_run_folder_has_what_the_readme_says(run_folder) -> None:
    table = readme_text().partition("## What a run leaves")[2].partition("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    names = re.findall(r"`([\w.]+)`", " ".join(row.split("|")[1] for row in rows))
    assert len(names) > 8
    for name in names:
        assert (run_folder / name).exists(), name


def test_the_log_has_a_line_per_epoch(run_folder) -> None:
    lines = [json.loads(x) for x in (run_folder / "log.jsonl").read_text().splitlines()]
    assert [(x["stage"], x["epoch"]) for x in lines] == [("head", 1), ("head", 2), ("finetune", 1)]
    assert len({tuple(x) for x in lines}) == 1  # the same fields in every line
