"""Many files renamed into their places, so that a failure brings back what was there.

Only a process that is killed while it renames, which takes milliseconds, leaves some of both; the
next export replaces all.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from src_mindspore.system.manifest import NAME


def to_disk(folder: Path, names: Iterable[str]) -> None:
    """Brings files to the disk, before they get their names."""
    for name in names:
        (folder / name).chmod(0o644)
        with (folder / name).open("rb") as stream:
            os.fsync(stream.fileno())


@contextmanager
def undone_on_failure(
    folder: Path, before: Path, names: Iterable[str]
) -> Iterator[Callable[[Path, str], None]]:
    """Gives a function that moves a file to a name in ``folder``; a failure brings back all names.

    Args:
        folder: of the names.
        before: a new folder beside them, for what they were.
        names: that will be given.
    """
    names = [*names, NAME]  # the list of what was written as well
    for name in names:
        (before / name).parent.mkdir(parents=True, exist_ok=True)
        if (folder / name).exists():
            _link(folder / name, before / name)

    def replace(source: Path, name: str) -> None:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)

    try:
        yield replace
    except BaseException:
        for name in names:
            if (before / name).exists():
                (before / name).replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        drop_empty(folder, names)
        raise


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without them
        shutil.copy2(source, target)


def drop_empty(folder: Path, names: Iterable[str]) -> None:
    """Removes the folders of ``names`` below ``folder``, as far as nothing is left in them."""
    parents = {parent for name in names for parent in Path(name).parents} - {Path()}
    for parent in sorted(parents, key=lambda p: -len(p.parts)):
        with suppress(OSError):  # something is in it
            (folder / parent).rmdir()
