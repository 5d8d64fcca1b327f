"""Unpacking chosen members of a wheel (a zip file) so that a half unpacking is never used."""

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from src_mindspore.system.cache import CACHE_ENV, temporary_folder
from src_mindspore.system.errors import UserError

# Everything the project unpacks is below 0.4 GB; a member list above this is not one of its files.
MAX_UNPACKED_BYTES = 1 << 30

MAX_MEMBERS = 10_000  # MindSpore Lite has some 600 headers

MARKER = ".complete.json"


def is_unpacked(folder: Path) -> bool:
    """Whether ``folder`` holds every file of a finished `unpack_members`, at its full size."""
    try:
        sizes: dict[str, int] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def remove_unpacked(folder: Path) -> None:
    """Deletes what ``unpack_members`` made, and nothing else of that name."""
    if (folder / MARKER).is_file():
        shutil.rmtree(folder)


def unpack_members(
    wheel: Path,
    destination: Path,
    choose: Callable[[str], bool],
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> Path:
    """Unpacks the members that ``choose`` accepts into ``destination``, all of them or none.

    They are written to a temporary folder beside ``destination``, which gets its name only when
    every file and a list of them are on the disk. A ``destination`` that is complete is left as
    it is; one that was and is damaged is replaced, and nothing else of that name.

    Args:
        wheel: a zip file.
        destination: the folder to make; members keep their paths below it.
        choose: is given each member's name, says whether it is wanted.
        max_bytes: the most that all of them together may take unpacked.

    Returns:
        ``destination``.

    Raises:
        UserError: the file is no readable zip, holds nothing of what is wanted, has a member that
            would land outside the folder, or would take more than ``max_bytes``; or what is at
            ``destination`` was not unpacked here.
    """
    if is_unpacked(destination):
        return destination
    if destination.exists() and not (destination / MARKER).is_file():
        raise UserError(
            f"{destination} is there, and was not unpacked here (it has no {MARKER}); it stays: "
            f"move it away, or set {CACHE_ENV} to another folder"
        )
    try:
        with zipfile.ZipFile(wheel) as archive, temporary_folder(destination.parent) as temporary:
            chosen = [m for m in archive.infolist() if not m.is_dir() and choose(m.filename)]
            _check_members(wheel, chosen, max_bytes)
            content = temporary / "content"
            content.mkdir()
            for member in chosen:
                _write_member(archive, member, content)
            with (content / MARKER).open("w", encoding="utf-8") as stream:
                json.dump({m.filename: m.file_size for m in chosen}, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            _install(content, destination, temporary / "replaced")
    # of a damaged header almost any; RuntimeError for an encrypted member
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise UserError(f"{wheel} is not a readable wheel (zip file): {error}") from error
    return destination


def _check_members(wheel: Path, members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    if not members:
        raise UserError(f"{wheel} holds none of the files that are needed from it")
    for member in members:
        path = PurePosixPath(member.filename)
        # A backslash or a colon is an ordinary character here, but a way out on Windows.
        if path.is_absolute() or ".." in path.parts or set("\\:") & set(member.filename):
            raise UserError(
                f"{wheel}: the member {member.filename!r} would be written outside the folder it is"
                " unpacked into; only relative paths without '..' are accepted"
            )
    names = [member.filename for member in members]
    if len(members) > MAX_MEMBERS or len(set(names)) < len(names):
        raise UserError(
            f"{wheel}: up to {MAX_MEMBERS} members are unpacked, each name once; it has "
            f"{len(names)} with {len(set(names))} names"
        )
    total = sum(member.file_size for member in members)
    if total > max_bytes:
        raise UserError(
            f"{wheel}: its members take {total} bytes unpacked; at most {max_bytes} are accepted"
        )


def _write_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    # Always a plain file: links and permissions that the zip may carry are not wanted.
    target = folder / member.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())


def _install(content: Path, destination: Path, replaced: Path) -> None:
    """Gives ``content`` its final name, whatever other processes do at the same time."""
    if destination.exists() and not is_unpacked(destination):
        with suppress(FileNotFoundError):  # another process has just moved it away
            destination.rename(replaced)
    try:
        content.rename(destination)
    except OSError:
        # A folder that is not empty cannot be renamed over: another process was faster.
        if not is_unpacked(destination):
            raise
