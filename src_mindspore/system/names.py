"""Names of files and classes that are the same letters and other bytes.

Unicode writes an é as one character (form C: Linux, Windows, keyboards) or as an e and an accent
(form D: macOS, some archives). Names that mean the same are matched; where both are there as names
of their own, each is itself, and ``terminal.apart`` shows which is which.
"""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path


def canonical(name: str) -> str:
    """The form that names are compared by; it is never written to the disk."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def matched(wanted: Iterable[str], there: Iterable[str]) -> dict[str, str]:
    """By wanted name the one that is there: of the same bytes, else the only one that means it.

    Names that are not there, or could be meant by two, are left out.
    """
    wanted, names = list(dict.fromkeys(wanted)), set(there)
    found = {name: name for name in wanted if name in names}
    meant = Counter(canonical(name) for name in wanted if name not in found)
    left = defaultdict(list)
    for name in names - found.keys():
        left[canonical(name)].append(name)
    for name in wanted:
        form = canonical(name)
        if name not in found and meant[form] == 1 and len(left[form]) == 1:
            found[name] = left[form][0]
    return found


def alike(names: Iterable[str]) -> list[list[str]]:
    """Groups of two and more different names that mean the same; sorted."""
    groups: dict[str, set[str]] = defaultdict(set)
    for name in names:
        groups[canonical(name)].add(name)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def as_spelt(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """By path below ``root`` ('/' separated) the same as the disk spells it.

    Paths that are not there are left out.
    """
    listed: dict[Path, list[str]] = {}  # folder -> names, read once

    def spelt(path: str) -> str | None:
        if os.path.lexists(root / path):
            return path
        if path.isascii():
            return None
        place = Path()
        for part in path.split("/"):
            folder = root / place
            if folder not in listed:
                listed[folder] = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208
            name = matched([part], listed[folder]).get(part)
            if name is None:
                return None
            place /= name
        return place.as_posix()

    found = {path: spelt(path) for path in paths}
    return {path: name for path, name in found.items() if name is not None}
