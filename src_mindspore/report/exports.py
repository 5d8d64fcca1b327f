"""How the exported files of a run compare: device files and the web page's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import read_json

PARITY = "parity.json"
EXPORT, WEB = "export", "web"  # folders of a run
CHECKPOINT = ".ckpt"


def exported_files(run: Path, spec: ModelSpec) -> dict[str, Any] | None:
    """What ``export.py`` found of the files in ``RUN/export`` and of the page in ``RUN/web``.

    Returns:
        What ``export/parity.json`` holds; rows of the page's models have ``folder``, which others
        have not. None where neither is of this very checkpoint.

    Raises:
        UserError: a file that is damaged.
    """
    own = {file.sha256 for file in spec.files}
    tables = [table for table in (_export(run), *_pages(run)) if table]
    of_this = [table for table in tables if own & {row["sha256"] for row in table["files"]}]
    if not of_this:
        return None
    first, *others = of_this
    rows = [row for t in others for row in t["files"] if not row["name"].endswith(CHECKPOINT)]
    return {**first, "files": [*first["files"], *rows]}


def _export(run: Path) -> dict[str, Any] | None:
    path = run / EXPORT / PARITY
    return _checked(read_json(path), path) if path.is_file() else None


def _pages(run: Path) -> list[dict[str, Any]]:
    """A table for each model of the page."""
    path = run / WEB / PARITY
    if not path.is_file():
        return []
    raw = read_json(path)
    models = raw.get("models") if isinstance(raw, dict) else None
    if not isinstance(models, dict):
        raise UserError(f"{path} is damaged: it must have models; export.py --web writes it")
    return [_of_page(_checked(table, path), name) for name, table in models.items()]


def _of_page(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    rows = [
        row if row["name"].endswith(CHECKPOINT) else {**row, "folder": f"{WEB}/models/{name}"}
        for row in table["files"]
    ]
    return {**table, "files": rows}


def _checked(table: Any, path: Path) -> dict[str, Any]:
    rows = table.get("files") if isinstance(table, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(r, dict) and isinstance(r.get("name"), str) and "sha256" in r for r in rows
    ):
        raise UserError(f"{path} is damaged: it must have a list of files; export.py writes it")
    return table
