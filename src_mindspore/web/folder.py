"""The folder of the page: what may be replaced there, and how a model gets into it.

All files are prepared in a folder inside, and take their places by renaming, see ``renames.py``.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from src_mindspore.spec.model import FILE_NAME
from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError
from src_mindspore.system.folder_lock import alone_in
from src_mindspore.system.manifest import Manifest
from src_mindspore.system.read import is_file_name, parse_json
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.write import json_bytes, sha256_of, sync_folder
from src_mindspore.web.fp16 import WEIGHTS
from src_mindspore.web.page import (
    FACES,
    FILES_LIST,
    MODEL,
    MODELS,
    MODELS_LIST,
    RUNTIME,
    SERVICE_WORKER,
    ModelEntry,
    listed_models,
    page_sources,
    write_lists,
    write_page,
)
from src_mindspore.web.renames import drop_empty, to_disk, undone_on_failure

COMMAND = "export.py --web"
PARITY = "parity.json"  # {"models": {NAME: what an export's parity.json holds}}
_ADVICE = "move or delete them, or name another folder: --web DIR"
_LAST = (SERVICE_WORKER, FILES_LIST)  # in this order: they vouch for the others


class WebFolder:
    """A folder with the page and one or more models, new or of an earlier export.

    Args:
        path: the folder.
        name: of the model that is to be added, or to replace the one of that name.
        weights: how its weights are stored, one of ``fp16.WEIGHTS``.
        detector: the files by which the page finds the faces that this model labels, by name; None
            for a model of whole photos.

    Raises:
        UserError: a value that is not accepted, something that no such export wrote, or changed
            since, or a folder that cannot be written.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        weights: str = "fp32",
        detector: Mapping[str, bytes] | None = None,
    ) -> None:
        if not is_file_name(name) or name.startswith(".") or not name.strip():
            raise UserError(
                f"the name of a model in the page is one of a folder, without / and no dot in "
                f"front; got {shown_name(name)!r}: --web-name NAME"
            )
        if weights not in WEIGHTS:
            raise UserError(f"--web-weights takes {', '.join(WEIGHTS)}; got {weights!r}")
        self.path, self.name, self.weights = path, name, weights
        self._detector = {f"{FACES}/{file}": data for file, data in (detector or {}).items()}
        page_sources()
        self._files = Manifest(path, COMMAND)
        self._check()
        self.replaces = name in self.models()
        self._runtime: Path | None = None

    @property
    def runtime(self) -> Path:
        """The folder of ONNX Runtime Web, while the folder is being filled."""
        if self._runtime is None:
            raise ValueError("the folder is not being filled")
        return self._runtime

    def models(self) -> list[str]:
        """Names of the models that are there."""
        return [entry.name for entry in self._entries()]

    def size_lines(self) -> list[str]:
        """The models that are there, and how large each and all is."""
        named = [(name, self._bytes(_model_files(name))) for name in self.models()]
        total = self._bytes(self._files.names)
        parts = [f"{shown_name(name)} {size / 1e6:.2f} MB" for name, size in named]
        return [f"page:      {self.path}, {total / 1e6:.2f} MB, with {', '.join(parts)}"]

    def _bytes(self, names: Iterable[str]) -> int:
        return sum((self.path / name).stat().st_size for name in names)

    @contextmanager
    def filled(self) -> Iterator[Path]:
        """Gives a temporary folder for ``model.onnx``, ``spec.json`` and ``parity.json``.

        At the end the page, with this model and those that were there, is in its place. After a
        failure all is as it was.

        Raises:
            UserError: the runtime cannot be had, or a file that is in the way has come meanwhile.
            OSError: it cannot be written.
        """
        new = [p for p in (self.path, *self.path.absolute().parents) if not p.exists()]
        try:
            with temporary_folder(self.path) as temporary, self._alone():
                staged = temporary / "staged"
                model = staged / MODELS / self.name
                model.mkdir(parents=True)
                names = [*write_page(staged), *self._write_detector(staged)]
                self._runtime = staged / RUNTIME
                yield model
                names += self._assemble(staged, names)
                self._check()
                self._put(staged, temporary, names)
        finally:
            self._runtime = None
            with suppress(OSError):  # empty after a failure
                for folder in new:
                    folder.rmdir()

    def _check(self) -> None:
        self._files.refuse_folder(
            "--web takes a new or empty folder, or one that export.py --web has written"
        )
        there = next(p for p in (self.path, *self.path.absolute().parents) if p.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise UserError(
                f"{self.path} is to be written, and the folder {there} may not be written"
            )
        own = [*page_sources(), MODELS_LIST, FILES_LIST, SERVICE_WORKER, PARITY]
        own += [*_model_files(self.name), *self._detector]
        self._files.refuse_others({*own, *self._files.names}, _ADVICE)

    def _entries(self) -> list[ModelEntry]:
        """Of the models that are there, whole."""
        found = listed_models(self._table(MODELS_LIST))
        return [entry for entry in found if all(map(self._files.wrote, _model_files(entry.name)))]

    def _table(self, name: str) -> Any:
        """A JSON file of an earlier export; nothing where there is none."""
        path = self.path / name
        if not self._files.wrote(name):
            return {}
        return parse_json(path.read_text(encoding="utf-8"), str(path))

    def _write_detector(self, staged: Path) -> list[str]:
        for name, content in self._detector.items():
            (staged / name).parent.mkdir(exist_ok=True)
            (staged / name).write_bytes(content)
        return list(self._detector)

    def _assemble(self, staged: Path, page: Sequence[str]) -> list[str]:
        """Writes what names all files; gives the names of what is not in ``page``."""
        entries = self._entries()
        entry = ModelEntry.of(self.name, bool(self._detector))
        if self.replaces:
            entries = [entry if old.name == self.name else old for old in entries]
        else:
            entries.append(entry)
        model = staged / MODELS / self.name
        report = parse_json((model / PARITY).read_text(encoding="utf-8"), PARITY)
        (model / PARITY).unlink()
        before = self._table(PARITY)
        reports = before.get("models") if isinstance(before, dict) else None
        reports = (
            {**reports, self.name: report} if isinstance(reports, dict) else {self.name: report}
        )
        there = {e.name for e in entries}
        reports = {name: rows for name, rows in reports.items() if name in there}
        (staged / PARITY).write_bytes(json_bytes({"models": reports}))
        own = _model_files(self.name)
        hashes = {name: sha256_of(staged / name) for name in (*page, *own)}
        kept = [name for old in entries for name in _model_files(old.name)]
        if any(old.faces for old in entries):  # the detector of an earlier export
            kept += [name for name in self._files.names if name.startswith(f"{FACES}/")]
        hashes |= {name: sha256_of(self.path / name) for name in kept if name not in hashes}
        return [*kept, PARITY, *write_lists(staged, entries, hashes)]

    def _put(self, staged: Path, temporary: Path, names: Sequence[str]) -> None:
        """Renames what is new or another into place, all or, after a failure, nothing."""
        new = {name: sha256_of(staged / name) for name in names if (staged / name).is_file()}
        changed = {name: digest for name, digest in new.items() if not self._is(name, digest)}
        to_disk(staged, changed)
        with undone_on_failure(self.path, temporary / "before", changed) as replace:
            self._files.note(changed)
            for name in sorted(changed, key=lambda n: (n in _LAST, n == FILES_LIST, n)):
                replace(staged / name, name)
        for folder in {(self.path / name).parent for name in changed}:
            sync_folder(folder)
        old = set(self._files.names) - set(names)
        self._files.settle(names)
        drop_empty(self.path, old)

    def _is(self, name: str, digest: str) -> bool:
        path = self.path / name
        return path.is_file() and not path.is_symlink() and sha256_of(path) == digest

    def _alone(self) -> AbstractContextManager[None]:
        return alone_in(
            self.path,
            f"another export is writing to {self.path}: wait for it, or name another folder",
        )


def _model_files(name: str) -> list[str]:
    return [f"{MODELS}/{name}/{file}" for file in (MODEL, FILE_NAME)]
