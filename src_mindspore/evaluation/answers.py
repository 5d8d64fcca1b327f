"""What becomes of the answers of ``predict.predictions``: a CSV table, and copies by label."""

import csv
import filecmp
import logging
import os
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from src_mindspore.photos.own_output import NOT_SURE
from src_mindspore.system.command import STDOUT
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.write import atomic_path, check_writable, sha256_of

log = logging.getLogger(__name__)

COLUMNS = ("path", "label", "text", "score", "abstained")
STEM = 60  # characters of a name that has to be told from another

Answer = Mapping[str, Any]


def check_new(path: Path) -> None:
    """Refuses a file that is there: a table may have been worked on.

    Raises:
        UserError: it exists, or cannot be written.
    """
    if os.path.lexists(path):
        raise UserError(f"--csv writes a new file, and {path} is there: remove it, or name another")
    check_writable(path)


@contextmanager
def csv_table(path: Path, topk: int) -> Iterator[Callable[[Answer], None]]:
    """Gives what adds an answer to a table; a file is there at the end, if there was any answer.

    Args:
        path: a file; ``-`` is standard output.
        topk: labels an answer; the second and further ones have columns of their own.
    """
    more = [f"{key}_{place}" for place in range(2, topk + 1) for key in ("label", "score")]
    if path == STDOUT:
        yield _adder(csv.writer(sys.stdout, lineterminator="\n"), more, sys.stdout.flush)
        return
    # like in `write_text`: a name that is no UTF-8 is written with escapes
    how = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    with atomic_path(path) as temporary, temporary.open("w", **how) as stream:
        yield _adder(csv.writer(stream, lineterminator="\n"), more)


def _adder(
    writer: Any, more: Sequence[str], flush: Callable[[], object] = lambda: None
) -> Callable[[Answer], None]:
    writer.writerow([*COLUMNS, *more])

    def add(answer: Answer) -> None:
        best, *others = answer["topk"]
        row = [answer["path"], answer["label"], best["text"], answer["score"]]
        row.append(str(answer["abstained"]).lower())
        writer.writerow([*row, *(other[key] for other in others for key in ("label", "score"))])
        flush()

    return add


class SortedCopies:
    """Copies photos into a folder for each label; nothing is overwritten, moved or deleted.

    A photo whose name is taken by another gets a part of its hash behind its name; one that is
    there already, with the same content, is not copied again.

    Args:
        folder: that of the class folders.
        inputs: what is labelled: files and folders.
        classes: of the model.

    Raises:
        UserError: ``folder`` is a file, or in a folder that is labelled.
    """

    def __init__(self, folder: Path, inputs: Sequence[Path], classes: Sequence[str]) -> None:
        place = folder.resolve()
        for path in inputs:
            if path.is_dir() and place.is_relative_to(path.resolve()):
                raise UserError(
                    f"--sort takes a folder outside of those that are labelled; {folder} is in "
                    f"{path}, so that the copies would be labelled the next time"
                )
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--sort takes a folder, new or there; {folder} is a file")
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.there = 0
        self._not_sure = NOT_SURE
        while self._not_sure in classes:
            self._not_sure += "_"

    def add(self, answer: Answer) -> Path:
        """Copies the photo of an answer; where it is then.

        Raises:
            OSError: it cannot be written.
        """
        source = Path(answer["path"])
        part = self._not_sure if answer["abstained"] else answer["label"]
        folder = self.folder / part
        folder.mkdir(parents=True, exist_ok=True)
        for name in _names(source):
            target = folder / name
            if copy_new(source, target):
                break
            if target.is_file() and filecmp.cmp(source, target, shallow=False):
                self.there += 1
                break
        else:
            raise UserError(f"{source} cannot be copied to {folder}: its names are all taken")
        self.counts[part] += 1
        return target

    def say(self) -> None:
        """A line for people on what was done."""
        parts = ", ".join(f"{n} {shown_name(part)}" for part, n in sorted(self.counts.items()))
        there = f" ({self.there} were there already)" if self.there else ""
        log.info("sorted into %s: %s%s", self.folder, parts or "nothing", there)


def _names(source: Path) -> Iterator[str]:
    yield source.name
    digest = sha256_of(source)
    for digits in (8, 16, None):
        yield f"{source.stem[:STEM]}-{digest[:digits]}{source.suffix}"


def copy_new(source: Path, target: Path) -> bool:
    """Copies a file to where none is; whole, or not at all.

    Returns:
        False where something is there, which stays as it is.

    Raises:
        OSError: it cannot be written.
    """
    if os.path.lexists(target):
        return False
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        shutil.copy2(source, temporary)
        os.link(temporary, target)  # fails where there is something, unlike a rename
    except FileExistsError:
        return False
    except OSError:
        if not temporary.exists() or temporary.stat().st_size != source.stat().st_size:
            raise
        return _copy_without_links(source, target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    return True


def _copy_without_links(source: Path, target: Path) -> bool:
    """``copy_new`` on a file system without hard links, such as that of a memory card."""
    try:
        taken = target.open("xb")
    except FileExistsError:
        return False
    try:
        with taken, source.open("rb") as given:
            shutil.copyfileobj(given, taken)
    except BaseException:
        target.unlink()
        raise
    shutil.copystat(source, target)
    return True
