"""Which files below a folder are photos: the one rule of every command, and of deploy/cpp.

A file is a photo, told by its suffix; or rubbish, which systems, editors and archives leave behind;
or passed over, and then whoever lists says so by number and name (``passed_over.py``). Links are
followed where they lead to a file; folders further down that are links are not entered, so there
are no circles. ``deploy/cpp/examples/photos.cc`` holds the same tables.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from src_mindspore.photos.own_output import is_output

# Pillow's name of the format by suffix; what is read is decided by the content, see ``decode.py``.
FORMAT_OF = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".mpo"), "JPEG"),
    **dict.fromkeys((".png", ".apng"), "PNG"),
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".ppm", ".pgm", ".pbm", ".pnm"), "PPM"),
    **dict.fromkeys((".avif", ".avifs"), "AVIF"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIF"),
    ".webp": "WEBP",
    ".gif": "GIF",
}
SUFFIXES = frozenset(FORMAT_OF)

# In lower case; names that begin with a dot are hidden, and rubbish as well.
RUBBISH = frozenset(
    {
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp"),  # NAS
        *("__macosx", "icon\r", "temporary items", "network trash folder"),  # macOS
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini"),  # Windows
        *("$recycle.bin", "system volume information", "found.000"),
        *("lost+found", "lost.dir", "cvs", "__pycache__"),
    }
)
# WSL, Synology: streams beside a file that a copy turns into files of their own
RUBBISH_ENDS = (":zone.identifier", "@synoeastream", "@synoresource")
# Files that mark the folder around them: a virtual environment, whose packages bring pictures, and
# a cache (bford.info/cachedir)
RUBBISH_MARKS = ("pyvenv.cfg", "CACHEDIR.TAG")
CLOUD = ".icloud"  # a hidden file that stands for a photo which is not on this disk


@dataclass
class Contents:
    """What lies in one folder: names, each list sorted.

    Attributes:
        photos: files with the suffix of a photo.
        folders: folders that may hold photos.
        links: links to such folders.
        others: files that are passed over, pipes and devices among them.
        broken: links that lead nowhere.
        rubbish: see ``is_rubbish``.
        outputs: folders that our own commands wrote, see ``own_output.py``.
        problem: why the folder cannot be listed; empty where it can.
    """

    photos: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    rubbish: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def classes(self) -> list[str]:
        """Folders, links to folders among them, sorted."""
        return sorted((*self.folders, *self.links))


@dataclass
class Listing:
    """What lies below a folder: paths relative to the root of ``walk``, folder by folder.

    Attributes are those of ``Contents``; ``closed`` has the folders that cannot be listed, and why.
    """

    photos: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    rubbish: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)

    def add(self, inside: Contents, path: str) -> None:
        """Takes over what lies in the folder ``path``; its folders are the caller's to enter."""
        prefix = "" if path in ("", ".") else f"{path}/"
        for name in ("photos", "links", "others", "broken", "rubbish", "outputs"):
            getattr(self, name).extend(prefix + entry for entry in getattr(inside, name))
        if inside.problem:
            self.closed.append((path, inside.problem))

    def update(self, other: "Listing") -> None:
        """Adds what another listing of the same root holds."""
        for name, entries in vars(other).items():
            getattr(self, name).extend(entries)


def is_photo(name: str) -> bool:
    """Whether a file of this name is taken for a photo."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a million of them


def is_rubbish(name: str) -> bool:
    """Whether a file or folder of this name is what a system, an editor or an archive left."""
    if name.startswith((".", "~$")):
        return not name.endswith(CLOUD)
    name = name.lower()
    return name in RUBBISH or name.endswith(RUBBISH_ENDS)


def contents(folder: Path) -> Contents:
    """What lies in a folder; one that cannot be listed says why, in ``problem``."""
    found = Contents()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                _list_of(found, entry).append(entry.name)
    except OSError as error:
        found.problem = error.strerror or str(error)
    for names in (found.photos, found.folders, found.links, found.others):
        names.sort()
    for names in (found.broken, found.rubbish, found.outputs):
        names.sort()
    return found


def _list_of(found: Contents, entry: os.DirEntry) -> list[str]:
    if is_rubbish(entry.name):
        return found.rubbish
    try:
        if entry.is_dir():
            if any(os.path.isfile(f"{entry.path}/{mark}") for mark in RUBBISH_MARKS):  # noqa: PTH113
                return found.rubbish
            if is_output(Path(entry.path)):
                return found.outputs
            return found.links if entry.is_symlink() else found.folders
        if entry.is_file():
            return found.photos if is_photo(entry.name) else found.others
        return found.broken if entry.is_symlink() else found.others
    except OSError:  # a link to itself, or to where we may not look
        return found.broken


def walk(root: Path, below: str = "") -> Listing:
    """Everything below the folder ``root/below``, by the rule of this file; it raises nothing."""
    found, waiting = Listing(), [below]
    while waiting:
        path = waiting.pop()
        inside = contents(root / path)
        found.add(inside, path)
        prefix = f"{path}/" if path else ""
        waiting += [prefix + name for name in reversed(inside.folders)]
    return found
