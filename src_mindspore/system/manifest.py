"""Which files of a folder a command wrote, so that it replaces those and no others.

The list lies in the folder: the SHA-256 of what was written, by name. A file with another
content, or a name that is not in the list, is somebody else's, whatever it looks like.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.system.write import json_bytes, put_in_place, sha256_of, write_json

NAME = "written.json"
FORMAT = 1
_KEPT = 2  # contents of a name that are ours: the one before as well, until it is replaced
_MAX_BYTES = 1 << 20


class Manifest:
    """The files that one command wrote into a folder.

    A content is noted before it gets its name: a process that is killed in between leaves a file
    that is known, or none.

    Args:
        folder: may be missing until something is written.
        command: who writes, for example ``export.py``; what another command noted proves nothing.
        reserved: names that this command may give to files in the folder, and others must not.
        kept_in: where the list lies, if not in the folder.
    """

    def __init__(
        self,
        folder: Path,
        command: str,
        reserved: Iterable[str] = (),
        kept_in: Path | None = None,
    ) -> None:
        self.folder = folder
        self._place = kept_in or folder
        self.command = command
        self._reserved = sorted(reserved)
        self._known = self._read()
        about = _table(self._place).get("about") if self.exists else None
        about = about if isinstance(about, dict) else {}
        # kept with the list: what else the command wants to know
        self.about = {key: value for key, value in about.items() if isinstance(value, str)}

    @property
    def exists(self) -> bool:
        """Whether this command has written into the folder."""
        return self._known is not None

    @property
    def names(self) -> list[str]:
        """Names that it has given to files."""
        return list(self._known or ())

    def wrote(self, name: str) -> bool:
        """Whether the file of this name is there, and as this command wrote it."""
        path = self.folder / name
        known = (self._known or {}).get(name, ())
        return bool(known) and _is_file(path) and sha256_of(path) in known

    def others(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that are there and were not written by this command.

        An empty file is nobody's: there is nothing in it to lose.
        """
        there = [n for n in names if n != NAME and os.path.lexists(self.folder / n)]
        # after that look: another worker of this command notes a file before it is there
        self._known = self._read()
        found = [n for n in there if not (self.wrote(n) or is_empty_file(self.folder / n))]
        foreign = self._known is None and (self._place / NAME).exists()
        return [*found, NAME] if foreign else found

    def refuse_folder(self, what: str) -> None:
        """Stops where the folder is no new or empty one, and this command has not filled it.

        Args:
            what: says what to do, in words.

        Raises:
            UserError: it names what is there.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"{self.folder} is a file; {what}")
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        found = sorted(path.name for path in there if not path.name.startswith("."))
        if found and not self.exists:
            raise UserError(
                f"{self.folder} is not empty, and {self.command} did not fill it: it has "
                f"{some(found)}. Nothing of it is replaced: {what}"
            )

    def refuse_others(self, names: Iterable[str], advice: str) -> None:
        """Stops before a file of somebody else's is replaced.

        Args:
            names: of the files that are to be written.
            advice: what to do.

        Raises:
            UserError: it names them.
        """
        if found := self.others(names):
            raise UserError(
                f"{self.command} replaces only what it wrote itself; in {self.folder} it did not "
                f"write, or somebody has changed since: {some(found)}; {advice}"
            )

    def note(self, contents: Mapping[str, str]) -> None:
        """Notes what is about to be written: SHA-256 by name."""
        known = dict(self._known or {})
        for name, digest in contents.items():
            before = [d for d in known.get(name, ()) if d != digest]
            known[name] = [*before, digest][-_KEPT:]
        self._write(known)

    def adopt(self, names: Iterable[str]) -> None:
        """Takes files that are there for this command's own: something else vouches for them."""
        there = [name for name in names if _is_file(self.folder / name)]
        self.note({name: sha256_of(self.folder / name) for name in there})

    def write_json(self, name: str, value: Any) -> None:
        """What ``system.write.write_json`` writes, as a file of this folder; see ``path``."""
        with self.path(name) as temporary:  # which brings it to the disk
            temporary.write_bytes(json_bytes(value))

    def settle(self, names: Iterable[str]) -> None:
        """Deletes what this command wrote besides ``names``, and forgets what is not there."""
        kept = set(names)
        for name in self.names:
            if name not in kept and self.wrote(name):
                (self.folder / name).unlink()
        known = self._known or {}
        self._write({name: known[name][-1:] for name in kept if name in known})

    @contextmanager
    def path(self, name: str) -> Iterator[Path]:
        """Gives a place for a file; what is written there becomes ``name``, and is noted.

        Raises:
            UserError: the file is there, and somebody else's.
            OSError: it cannot be written; it names the file.
        """
        self.refuse_others([name], "move or delete it")
        final = self.folder / name
        with temporary_folder(self.folder) as folder:
            temporary = folder / name
            try:
                yield temporary
                temporary.chmod(0o644)
                self.note({name: sha256_of(temporary)})
                put_in_place(temporary, final)
            except OSError as error:
                if error.errno is None or error.filename not in (None, str(temporary)):
                    raise
                raise OSError(error.errno, error.strerror, str(final)) from error

    def take(self, source: Path, names: Iterable[str]) -> None:
        """Moves files of a folder on the same disk to their places, and notes them first."""
        names = list(names)
        self.note({name: sha256_of(source / name) for name in names})
        for name in names:
            put_in_place(source / name, self.folder / name)

    def _read(self) -> dict[str, list[str]] | None:
        """The list; None where there is none that can be believed."""
        table = _table(self._place)
        files = table.get("files")
        if table.get("by") != self.command or not isinstance(files, dict):
            return None
        return {name: known for name, known in files.items() if isinstance(known, list)}

    def _write(self, known: dict[str, list[str]]) -> None:
        table: dict[str, Any] = {"format": FORMAT, "by": self.command, "files": known}
        if self._reserved:
            table["reserved"] = self._reserved
        if self.about:
            table["about"] = self.about
        write_json(self._place / NAME, table)
        self._known = known


def reserved_by(path: Path) -> str | None:
    """The command that alone gives files of this name to the file's folder, if there is one."""
    table = _table(path.parent)
    reserved = table.get("reserved")
    return table.get("by") if isinstance(reserved, list) and path.name in reserved else None


def written_by(folder: Path) -> str | None:
    """The command whose list lies in a folder, if there is one."""
    by = _table(folder).get("by")
    return by if isinstance(by, str) else None


def _table(folder: Path) -> dict[str, Any]:
    """What the list in a folder says; nothing where it cannot be believed."""
    path = folder / NAME
    try:
        if not _is_file(path) or path.stat().st_size > _MAX_BYTES:
            return {}
        table: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return table if isinstance(table, dict) and table.get("format") == FORMAT else {}


def is_empty_file(path: Path) -> bool:
    """Whether there is a file with nothing in it, and no link."""
    return _is_file(path) and path.stat().st_size == 0


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
