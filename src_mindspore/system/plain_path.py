"""Ways to files whose spelling MindSpore takes, wherever the files are.

MindSpore's export refuses a path with a space, a bracket, a comma or a letter that is not ASCII,
its custom operators one with a colon, and its C++ parts one that is not UTF-8. All of them look at
the spelling only, so the folder is opened and named by its number below ``/proc``: nothing is
copied, and what is written is in its place at once.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from src_mindspore.system.errors import UserError

# what every one of MindSpore's, MindSpore Lite's and make's own rules accepts
_PLAIN = re.compile(r"[0-9A-Za-z@_./-]+")


def is_plain(path: Path) -> bool:
    """Whether every program takes this spelling."""
    return _PLAIN.fullmatch(str(path)) is not None


def is_utf8(path: Path) -> bool:
    """Whether the name has a spelling in UTF-8, which Linux does not ask for."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def plain_folder(folder: Path) -> Iterator[Path]:
    """Gives an absolute way to a folder in letters, digits and ``@ _ . / -``.

    It ends with the body; child processes may use it as well.

    Raises:
        UserError: the folder needs another spelling, and there is no ``/proc``.
        OSError: there is no such folder.
    """
    absolute = folder.absolute()
    if is_plain(absolute):
        yield absolute
        return
    descriptor = os.open(absolute, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield _numbered(absolute, descriptor)
    finally:
        os.close(descriptor)


@cache
def lasting_plain_folder(folder: Path) -> Path:
    """``plain_folder`` to the end of this process."""
    absolute = folder.absolute()
    if is_plain(absolute):
        return absolute
    return _numbered(absolute, os.open(absolute, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))


def _numbered(folder: Path, descriptor: int) -> Path:
    way = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    if not way.is_dir():
        raise UserError(
            f"{folder}: MindSpore takes paths in letters, digits and @ _ . / - only, and this "
            f"system has no /proc to name the folder otherwise; another folder is needed"
        )
    return way


@contextmanager
def utf8_file(path: Path) -> Iterator[Path]:
    """Gives a file of this content with a name in UTF-8: itself, or a copy for the body."""
    if is_utf8(path.resolve()):
        yield path
        return
    places = (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - mkdtemp's own
    place = next((p for p in places if is_utf8(Path(p).resolve()) and os.access(p, os.W_OK)), None)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        copy = Path(folder) / f"copy{path.suffix if is_utf8(Path(path.suffix)) else ''}"
        shutil.copyfile(path, copy)
        yield copy
