"""Files that a command writes where its user says: over nothing but what it wrote itself.

Such a file is sealed: the SHA-256 of its content is in it, and the command that wrote it. What has
no seal, or has been changed since, is somebody else's.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import reserved_by
from src_mindspore.system.read import MAX_JSON
from src_mindspore.system.write import check_writable, write_json, write_text

KEY = "written"  # of the seal in a JSON object
_PAGE = "<!-- written by {by}, sha256 {digest} -->\n"
_PAGE_END = re.compile(
    re.escape(_PAGE).replace(r"\{by\}", "(.+)").replace(r"\{digest\}", "([0-9a-f]{64})") + r"\Z"
)


def check_outputs(
    by: str, outputs: Mapping[str, Path | None], inputs: Iterable[Path | None] = ()
) -> None:
    """Refuses files that must not be written, before the work whose result they shall hold.

    Args:
        by: the command that writes.
        outputs: by the option that names them; None where it is not given.
        inputs: files that the command reads.

    Raises:
        UserError: a file that is there and is not one that ``by`` wrote, a file of a run or an
            export, an input, a file for two options, or one that cannot be written.
    """
    read = {_real(path) for path in inputs if path is not None}
    seen: dict[Path, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        target, real = _target(path), _real(path)
        check_writable(target)
        if real in read:
            raise UserError(f"{option} {path}: this command reads that file; another is needed")
        if real in seen:
            raise UserError(f"{seen[real]} and {option} name the same file, {path}; two are needed")
        seen[real] = option
        if owner := reserved_by(target):
            raise UserError(f"{option} {path}: a file of this name there is for {owner} to write")
        _check_own(target, by)


def _check_own(path: Path, by: str) -> None:
    """An empty file is nobody's."""
    if path.exists() and path.stat().st_size and _sealed_by(path) != by:
        raise UserError(
            f"{path} is there, and {by} did not write it, or somebody has changed it since; it "
            f"stays: delete it, or name another file"
        )


def write_sealed_json(path: Path, value: Mapping[str, Any], by: str) -> None:
    """Writes a JSON object with its seal; see ``check_outputs``, and ``write_json``.

    Raises:
        UserError: a file of somebody else's has come there meanwhile.
    """
    target = _target(path)
    _check_own(target, by)
    write_json(target, {**value, KEY: {"by": by, "sha256": _digest(value)}})


def write_sealed_page(path: Path, html: str, by: str) -> None:
    """Writes a page of HTML with its seal, a comment; see ``write_sealed_json``."""
    target = _target(path)
    _check_own(target, by)
    text = html if html.endswith("\n") else f"{html}\n"
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    write_text(target, text + _PAGE.format(by=by, digest=digest))


def _target(path: Path) -> Path:
    """Of a link the file that it leads to: the link stays, and that file is written."""
    device = path.exists() and not path.is_file()
    return _real(path) if path.is_symlink() and not device else path


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise UserError(f"{path} is no path: {error}") from None


def _sealed_by(path: Path) -> str | None:
    """Which command wrote the file as it is; None where that cannot be told."""
    try:
        if path.stat().st_size > MAX_JSON:
            return None
        text = path.read_bytes().decode("utf-8")
        if page := _PAGE_END.search(text):
            content = text[: page.start()].encode()
            return page[1] if hashlib.sha256(content).hexdigest() == page[2] else None
        value = json.loads(text)
        seal = value.pop(KEY)
        return seal["by"] if seal["sha256"] == _digest(value) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _digest(value: Mapping[str, Any]) -> str:
    """Of what JSON makes of the value; spaces and the order of keys do not matter."""
    plain = json.loads(json.dumps(value))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
