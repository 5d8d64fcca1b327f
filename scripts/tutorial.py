"""Executes docs/tutorial.ipynb anew and stores what its cells put out in it: ``make tutorial``.

The stored outputs are those of the stored code: the notebook's metadata has the hash of its code
cells as they were executed, which a test compares. Text may be edited without executing.
"""

import argparse
import hashlib
import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "tutorial.ipynb"
EXECUTED = "executed_code_sha256"  # key of the notebook's metadata
LONGEST_CELL = 3600  # seconds: none needs a hundredth of it, on a machine that is not busy
WORK = re.compile(r"[^\s\"'=:]*/pocketlens-tutorial-\w+(/?)")  # see the notebook's first cell


def code_hash(notebook: dict[str, Any]) -> str:
    """SHA-256, in hexadecimal digits, of the code cells of a notebook of format 4, in order."""
    cells = [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"]
    code = ["".join(cell) for cell in cells]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def clean_text(text: str, repository: Path) -> str:
    """What a cell wrote, without the places of the machine on which it was executed.

    Args:
        text: with any paths in it.
        repository: the clone that was executed in.

    Returns:
        The same with paths below the notebook's temporary folder and the clone as relative ones.
    """
    text = WORK.sub(lambda found: "" if found[1] else "a temporary folder", text)
    return text.replace(f"{repository}/", "").replace(str(repository), ".")


def clean(notebook: dict[str, Any], repository: Path) -> None:
    """Joins the outputs that a cell wrote line by line and takes away what is this machine's.

    Args:
        notebook: executed; changed in place.
        repository: see ``clean_text``.
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell["metadata"].pop("execution", None)
        joined: list[dict[str, Any]] = []
        for output in cell["outputs"]:
            last = joined[-1] if joined else {}
            if "stream" == output["output_type"] == last.get("output_type") and (
                output["name"] == last["name"]
            ):
                last["text"] += output["text"]
            else:
                joined.append(output)
        for output in joined:
            if output["output_type"] == "stream":
                output["text"] = clean_text(output["text"], repository)
        cell["outputs"] = joined
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        EXECUTED: code_hash(notebook),
    }


def executed(path: Path) -> dict[str, Any]:
    """The notebook with the outputs of all its cells, run in its folder; the file is left as it is.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell, or a command in it, failed.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=LONGEST_CELL, kernel_name="python3", resources=place, record_timing=False
    ).execute()
    clean(notebook, NOTEBOOK.parents[1])
    nbformat.validate(notebook)
    return notebook


def main() -> int:
    """See ``--help``."""
    parser = argparse.ArgumentParser(
        description="Execute the tutorial and store its outputs in it.",
        epilog="example: python scripts/tutorial.py",
    )
    parser.add_argument("notebook", type=Path, nargs="?", default=NOTEBOOK)
    path = parser.parse_args().notebook
    try:
        import ipykernel  # noqa: F401 - nbclient starts it
        import nbclient  # noqa: F401
        import nbformat
    except ImportError as error:
        print(
            f"error: {error}; the tutorial takes: pip install -r requirements-tutorial.txt",
            file=sys.stderr,
        )
        return 2
    began = time.monotonic()
    nbformat.write(executed(path), path)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{path}: {time.monotonic() - began:.0f} s, "
        f"{used.ru_utime + used.ru_stime:.0f} s of processor time, {path.stat().st_size:,} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
