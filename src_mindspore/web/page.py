"""The files of the page itself, and those that name all others: models.json, files.js."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from src_mindspore.system.errors import UserError
from src_mindspore.system.write import json_bytes, sha256_of
from src_mindspore.web.icons import ICONS, draw_icon
from src_mindspore.web.runtime import LICENSE, runtime_files

SOURCE = Path(__file__).resolve().parents[2] / "deploy" / "web"
RUNTIME = "runtime"  # folder of ONNX Runtime Web
MODELS = "models"  # folder with a folder for each model
FACES = "faces"  # folder of the network that finds them
MODEL = "model.onnx"
MODELS_LIST = "models.json"
MODELS_FORMAT = 1
FILES_LIST = "files.js"
SERVICE_WORKER = "service_worker.js"
_TOP = ("index.html", "app.css", "main.js", "worker.js", "manifest.webmanifest")
_FOLDERS = ("app", "core", "container", "engine")
_SUFFIXES = (".js", ".css")


@dataclass(frozen=True)
class ModelEntry:
    """A model of the page, as ``models.json`` lists it.

    Attributes:
        name: for people.
        folder: its URL, relative to the page's.
        faces: whether it labels faces.
    """

    name: str
    folder: str
    faces: bool = False

    @classmethod
    def of(cls, name: str, faces: bool = False) -> "ModelEntry":
        """The entry of the model in the folder ``models/NAME``."""
        return cls(name, url_of(f"{MODELS}/{name}"), faces)


def url_of(path: str) -> str:
    """A path below the page's folder as a relative URL."""
    return quote(path, safe="/")


def page_sources() -> list[str]:
    """The files of ``deploy/web`` that are served as they are, relative to it.

    Raises:
        UserError: one of them is missing.
    """
    if missing := [name for name in (*_TOP, SERVICE_WORKER) if not (SOURCE / name).is_file()]:
        raise UserError(f"--web copies the page from {SOURCE}, where {missing[0]} is missing")
    inner = [
        path
        for folder in _FOLDERS
        for path in (SOURCE / folder).rglob("*")
        if path.suffix in _SUFFIXES
    ]
    return [*_TOP, *sorted(path.relative_to(SOURCE).as_posix() for path in inner)]


def write_page(folder: Path) -> list[str]:
    """Writes page, icons and runtime; gives the files' names, relative to ``folder``.

    Raises:
        UserError: a source or the runtime is missing, see ``runtime.runtime_files``.
        OSError: they cannot be written.
    """
    copied = [(SOURCE / name, name) for name in page_sources()]
    copied += [(file, f"{RUNTIME}/{file.name}") for file in runtime_files()]
    copied.append((LICENSE, f"{RUNTIME}/LICENSE"))
    for source, name in copied:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    (folder / "icons").mkdir(exist_ok=True)
    for icon in ICONS:
        draw_icon(icon).save(folder / "icons" / icon.name)
    return [*(name for _, name in copied), *(f"icons/{icon.name}" for icon in ICONS)]


def write_lists(folder: Path, models: Sequence[ModelEntry], hashes: Mapping[str, str]) -> list[str]:
    """Writes ``models.json``, ``files.js`` and the service worker; gives their names.

    Args:
        folder: where to.
        models: in the order of the page's switch.
        hashes: SHA-256 by name of all other files of the page.
    """
    table = {"format": MODELS_FORMAT, "models": [asdict(model) for model in models]}
    (folder / MODELS_LIST).write_bytes(json_bytes(table))
    hashes = {**hashes, MODELS_LIST: sha256_of(folder / MODELS_LIST)}
    worker = (SOURCE / SERVICE_WORKER).read_text(encoding="utf-8")
    listed = {"version": _version(hashes, worker), "files": _by_url(hashes)}
    (folder / FILES_LIST).write_text(
        f"self.POCKETLENS_FILES = {json.dumps(listed, indent=1)};\n", encoding="utf-8"
    )
    (folder / SERVICE_WORKER).write_text(
        f'self.POCKETLENS_VERSION = "{listed["version"]}";\n{worker}', encoding="utf-8"
    )
    return [MODELS_LIST, FILES_LIST, SERVICE_WORKER]


def _by_url(hashes: Mapping[str, str]) -> dict[str, str]:
    return {url_of(name): hashes[name] for name in sorted(hashes)}


def _version(hashes: Mapping[str, str], worker: str) -> str:
    """Of all files and the worker that keeps them: 16 hexadecimal digits."""
    text = "".join(f"{name}\0{hashes[name]}\n" for name in sorted(hashes)) + worker
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def listed_models(table: Any) -> Iterable[ModelEntry]:
    """The entries of a ``models.json``, as far as it is one."""
    entries = table.get("models") if isinstance(table, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield ModelEntry.of(entry["name"], entry.get("faces") is True)
