"""The tutorial: its commands are ours, its outputs those of its cells, and it runs."""

import ast
import copy
import json
import re
import shlex
import subprocess
from pathlib import Path

import in_process
import pytest
from workplace import REPOSITORY

from scripts.tutorial import EXECUTED, NOTEBOOK, WORK, clean, clean_text, code_hash, executed
from src_mindspore.config.load import load_config, settings_without_effect

MOST_BYTES = 600_000
PICTURES = 5  # photos, curves with confusion, photos with doubtful labels, reliability
TOTAL_MOVED = 6  # photos that the tutorial puts into a wrong folder
SHELL = "%%bash"
CONFIG = re.compile(r"cat > (\S+) <<END\n(.*?)\nEND\n", re.DOTALL)


@pytest.fixture(scope="module")
def notebook() -> dict:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def sources(notebook: dict, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind]


def scripts(notebook: dict) -> list[str]:
    """The shell cells without their first line."""
    code = sources(notebook, "code")
    return [text.partition("\n")[2] for text in code if text.startswith(SHELL)]


def commands(notebook: dict) -> list[list[str]]:
    """The python commands of the shell cells as words, python itself left out."""
    lines = [
        line.partition("||")[0].replace("2>&1", "")
        for text in scripts(notebook)
        for line in text.replace("\\\n", " ").splitlines()
    ]
    return [shlex.split(line)[1:] for line in lines if line.startswith("python ")]


def texts(cell: dict) -> str:
    """What a cell wrote."""
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def pictures(notebook: dict) -> list[str]:
    """Kinds of the pictures in its outputs."""
    kinds = [k for c in code_cells(notebook) for o in c["outputs"] for k in o.get("data", {})]
    return [kind for kind in kinds if kind.startswith("image/")]


def test_every_cell_parses(notebook) -> None:
    for text in sources(notebook, "code"):
        if not text.startswith(SHELL):
            ast.parse(text)
    whole = "\n".join(f"{{\n{text}\n}}" for text in scripts(notebook))
    done = subprocess.run(["bash", "-n"], input=whole, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_its_commands_and_their_options_are_ours(notebook, tmp_path) -> None:
    found = commands(notebook)
    helps = {}
    for words in found:
        name = " ".join(words[:2]) if words[0] == "-m" else words[0]
        if name not in helps:
            done = in_process.call(tmp_path, f"{name} --help")
            assert done.returncode == 0, done.stderr
            helps[name] = set(re.findall(r"--[a-z][a-z-]*", done.stdout))
        options = {word for word in words if word.startswith("--")}
        assert options <= helps[name], words
    assert set(helps) == {
        "-m src_mindspore.demo_photos",
        "-m src_mindspore.doctor",
        "train.py",
        "compare.py",
        "predict.py",
        "export.py",
    }


def test_its_configs_and_settings_are_accepted_and_have_an_effect(notebook, tmp_path) -> None:
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    written = [found for text in scripts(notebook) for found in CONFIG.findall(text)]
    assert [name for name, _ in written] == ["tutorial.yaml", "wide.yaml"]
    for name, text in written:
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert settings_without_effect(load_config(tmp_path / name)) == []
    trained = [words for words in commands(notebook) if words[0] == "train.py"]
    settings = [
        [words[place + 1] for place, word in enumerate(words) if word == "--set"]
        for words in trained
    ]
    assert sum(map(bool, settings)) == 3
    for overrides in settings:
        assert settings_without_effect(load_config(tmp_path / "tutorial.yaml", overrides)) == []


def test_its_links_and_files_exist(notebook) -> None:
    prose = "\n".join(sources(notebook, "markdown"))
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert len(links) >= 3
    for link in links:
        assert (NOTEBOOK.parent / link).exists(), link
    for name in re.findall(r"`((?:configs|src_mindspore|deploy)/[\w./]+)`", prose):
        assert (REPOSITORY / name).exists(), name


def test_the_stored_outputs_are_those_of_the_stored_code(notebook) -> None:
    advice = "the code was changed after it was executed: make tutorial"
    assert notebook["metadata"].get(EXECUTED) == code_hash(notebook), advice
    check_outputs(notebook)


def test_the_file_is_small_and_has_no_place_of_a_machine_in_it(notebook) -> None:
    assert NOTEBOOK.stat().st_size <= MOST_BYTES
    written = "\n".join(texts(cell) for cell in code_cells(notebook))
    assert not re.findall(r"(?:^|[\s'\"=])/(?:\w[\w.-]*/)", written)
    assert "pocketlens-tutorial-" not in written


def check_outputs(notebook: dict) -> None:
    """Every cell was run, in order and without an error, and shows what the text says."""
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert kinds == {"stream", "display_data"}
    assert len(pictures(notebook)) == PICTURES
    written = "\n".join(texts(cell) for cell in cells)
    found = re.search(rf"listed; (\d) of the {TOTAL_MOVED} moved", written)
    assert found, written
    assert int(found[1]) >= TOTAL_MOVED - 1
    assert "cannot be told" in written
    assert "exit status 1: something to decide" in written
    assert "model.ms" in written


def test_the_hash_is_that_of_the_code_alone(notebook) -> None:
    changed = copy.deepcopy(notebook)
    prose = next(cell for cell in changed["cells"] if cell["cell_type"] == "markdown")
    prose["source"].append("more")
    code_cells(changed)[0]["outputs"] = []
    assert code_hash(changed) == code_hash(notebook)
    code_cells(changed)[-1]["source"].append("\n")
    assert code_hash(changed) != code_hash(notebook)


def test_one_line_in_another_cell_is_another_hash() -> None:
    cells = [["a\n", "b"], ["c"]], [["a\n"], ["b", "c"]]
    hashes = {
        code_hash({"cells": [{"cell_type": "code", "source": text} for text in both]})
        for both in cells
    }
    assert len(hashes) == 2


def test_streams_are_joined_and_paths_made_relative() -> None:
    def stream(name: str, text: str) -> dict:
        return {"output_type": "stream", "name": name, "text": text}

    cell = {
        "cell_type": "code",
        "source": "x",
        "metadata": {"execution": {"iopub.status.busy": "2026-01-01"}},
        "outputs": [
            stream("stdout", "in /tmp/a/pocketlens-tutorial-x1_y/runs/first\n"),
            stream("stdout", "from /clone/configs/photos.yaml\n"),
            stream("stderr", "1\n"),
            stream("stdout", "2\n"),
        ],
    }
    whole = {"cells": [cell], "metadata": {"language_info": {"version": "3.11.7"}}}
    clean(whole, Path("/clone"))
    assert cell["outputs"] == [
        stream("stdout", "in runs/first\nfrom configs/photos.yaml\n"),
        stream("stderr", "1\n"),
        stream("stdout", "2\n"),
    ]
    assert cell["metadata"] == {}
    assert whole["metadata"]["language_info"] == {"name": "python"}
    assert whole["metadata"][EXECUTED] == code_hash(whole)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("written to /var/tmp/pocketlens-tutorial-ab", "written to a temporary folder"),
        ("'/tmp/pocketlens-tutorial-ab/few': 1", "'few': 1"),
        ("--data=/tmp/pocketlens-tutorial-ab/few", "--data=few"),
        ("PYTHONPATH=/clone python", "PYTHONPATH=. python"),
        ("1/2 and a/b stay", "1/2 and a/b stay"),
    ],
)
def test_places_of_this_machine_are_taken_out(text: str, expected: str) -> None:
    assert clean_text(text, Path("/clone")) == expected


def test_the_temporary_folder_has_the_name_that_is_taken_out(notebook) -> None:
    prefix = re.search(r'mkdtemp\(prefix="([^"]+)"\)', sources(notebook, "code")[0])
    assert prefix
    assert WORK.fullmatch(f"/tmp/{prefix[1]}x1/")  # noqa: S108 - a text, no file


@pytest.mark.long
def test_it_runs() -> None:
    notebook = executed(NOTEBOOK)
    check_outputs(notebook)
    assert len(json.dumps(notebook)) <= MOST_BYTES
