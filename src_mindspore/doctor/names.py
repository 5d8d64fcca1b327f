"""Names of files and folders that make trouble: here, in a shell or on another system."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding, Group
from src_mindspore.system.names import alike, canonical
from src_mindspore.system.terminal import shown_name

# Windows opens paths of up to 260 characters, the folder in front included (MAX_PATH).
LONG_PATH = 200


def name_findings(data: DataSet) -> Iterator[Finding]:
    """Faults in the names of photos and class folders."""
    paths = [record.path for record in data.records("all")]
    odd = [path for path in paths if not (path.isascii() and path.isprintable())]
    raw = [path for path in odd if not _utf8(path)]
    if raw:
        text = "names that are no UTF-8, which no report of a run can hold: rename them"
        yield Finding.of_files("name_encoding", ERROR, text, raw)
    control = [path for path in odd if _utf8(path) and shown_name(path) != path]
    if control:
        text = "names with control characters, line breaks or marks that turn the text: rename them"
        yield Finding.of_files("name_control", NOTE, text, control)
    rules = {
        "name_dash": ("names that begin with a dash; a shell takes them for options", "-", ""),
        "name_space": ("names that begin or end with a space", " ", " "),
    }
    for kind, (text, first, last) in rules.items():
        found = [
            path
            for path in paths
            if any(
                part.startswith(first) or (last and part.endswith(last)) for part in path.split("/")
            )
        ]
        if found:
            yield Finding.of_files(kind, NOTE, text, found)
    long = [path for path in paths if len(path) > LONG_PATH]
    if long:
        text = f"paths of more than {LONG_PATH} characters; Windows opens 260 with the folder"
        yield Finding.of_files("name_long", NOTE, text, long)
    if forms := alike(data.classes):
        text = (
            "class folders whose names are the same letters in two Unicode forms; on macOS they "
            "are one: put them together, or rename one"
        )
        yield Finding("class_form", DECISION, text, tuple(Group(tuple(same)) for same in forms))
    forms = [same for same in alike(paths) if len({PurePosixPath(p).parent for p in same}) == 1]
    if forms:
        text = "file names that are the same letters in two Unicode forms; on macOS they are one"
        yield Finding("name_form", NOTE, text, tuple(Group(tuple(same)) for same in forms))
    if groups := _alike(data.classes):
        text = "class folders whose names differ in case only; on Windows and macOS they are one"
        yield Finding("class_case", DECISION, text, tuple(groups))
    if groups := _alike(paths, data.classes):
        text = "file names that differ in case only; on Windows and macOS they are one"
        yield Finding("name_case", NOTE, text, tuple(groups))


def _utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _alike(names: Iterable[str], folders: Iterable[str] = ()) -> list[Group]:
    """Names that are one without case; those in other folders that are one are not meant."""
    known = set(folders)
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in names:
        place = PurePosixPath(name)
        folder = str(place.parent) if known else ""
        groups[folder, canonical(place.name).casefold()].append(name)
    # of names that differ in their Unicode form alone something else is said
    several = [same for same in groups.values() if len({*map(canonical, same)}) > 1]
    return [Group(tuple(sorted(same))) for same in several]
