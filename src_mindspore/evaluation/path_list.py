"""Paths of photos from standard input, as ``find`` and ``grep -l`` write them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from src_mindspore.system.errors import UserError
from src_mindspore.system.read import decoded

STDIN = Path("-")


def with_listed(paths: Sequence[Path]) -> list[Path]:
    """The paths, with those that standard input lists in the place of ``-``.

    Raises:
        UserError: ``-`` twice, or nothing on standard input.
    """
    if paths.count(STDIN) > 1:
        raise UserError("- reads standard input, which can be done once; got it twice")
    found: list[Path] = []
    for path in paths:
        found += parse_list(sys.stdin.buffer.read()) if path == STDIN else [path]
    return found


def parse_list(content: bytes) -> list[Path]:
    """One path a line, or, where there is a zero byte, between zero bytes (``find -print0``).

    Raises:
        UserError: no path at all.
    """
    # a name on the disk may be no UTF-8: as Python has it in the arguments of a command
    text = decoded(content, "standard input", "surrogateescape")
    names = text.split("\0") if "\0" in text else [n.removesuffix("\r") for n in text.split("\n")]
    if not any(names):
        raise UserError("standard input has no path: one a line, or between zero bytes, is read")
    return [Path(name) for name in names if name]
