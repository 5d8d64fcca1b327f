"""Folders inside class folders: days and batches, or classes and splits one level deeper."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import DECISION, Finding, Kinds, of_kinds
from src_mindspore.photos.own_output import NOT_SURE
from src_mindspore.photos.split_folders import split_named

FOUND: Kinds = {
    "not_sure_class": (
        DECISION,
        "photos that predict.py --sort was not sure of, here a class: sort or remove them",
    ),
    "alike_inside": (
        DECISION,
        "class folders with the same folders inside, as splits have: if they are splits, name "
        "them train/, val/ and test/",
    ),
    "nested_folder": (
        DECISION,
        "folders inside class folders; their photos count for the class around them: if they "
        "are classes of their own, move them up, or name their parent with --data",
    ),
    "split_in_class": (
        DECISION,
        "folders inside class folders that have the name of a split; their photos are mixed, "
        "and divided anew: SPLIT/CLASS/photo.jpg keeps the splits",
    ),
}


def folder_findings(data: DataSet) -> Iterator[Finding]:
    """What such folders may be; and the one of unsure photos that ``predict.py --sort`` makes."""
    level = 1 if "all" in data.splits else 2
    counts = Counter(
        path.rsplit("/", 1)[0]
        for path in (record.path for record in data.records("all"))
        if path.count("/") > level
    )
    inside = [(folder, f"{counts[folder]} photos") for folder in sorted(counts)]
    splits = [row for row in inside if split_named(row[0].split("/")[level])]
    known = set(splits)
    return of_kinds(
        FOUND,
        not_sure_class=[name for name in data.classes if name.rstrip("_") == NOT_SURE],
        alike_inside=_alike_inside(data) if level == 1 else (),
        nested_folder=[row for row in inside if row not in known],
        split_in_class=splits,
    )


def _alike_inside(data: DataSet) -> tuple[str, ...]:
    """The classes, where all have photos in folders of the same names alone, two and more."""
    inside: dict[str, set[str]] = defaultdict(set)
    for record in data.records("all"):
        label, _, rest = record.path.partition("/")
        inside[label].add(rest.rpartition("/")[0].partition("/")[0])
    first = next(iter(inside.values()), set())
    same = all(folders == first for folders in inside.values())
    return data.classes if same and len(first) > 1 and "" not in first and len(inside) > 1 else ()
