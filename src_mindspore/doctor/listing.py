"""What lies in a data folder, taken as it is: every fault of its form is a finding, none stops."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding, Kinds, of_kinds
from src_mindspore.photos.decode import PhotoError, open_image, opened
from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.listing import Listing, walk
from src_mindspore.photos.passed_over import ACCEPTED, by_kind, sentences
from src_mindspore.photos.records import Record, beside, folders, listed
from src_mindspore.photos.split_folders import (
    beside_splits,
    data_set_inside,
    given_splits,
    missing_split,
    split_named,
)
from src_mindspore.system.errors import UserError
from src_mindspore.system.names import matched
from src_mindspore.system.read import check_data_folder

FOUND: Kinds = {
    "unknown_class": (
        ERROR,
        "folders of an evaluated split that are no class of train/: rename or remove them",
    ),
    "closed_folder": (
        ERROR,
        "folders that cannot be listed; what photos they hold is not known: make them readable",
    ),
    "unused_photo": (DECISION, f"images that training passes over; it takes {ACCEPTED}: rename"),
    "stray": (NOTE, "files that are no images; they are passed over"),
    "rubbish": (
        NOTE,
        "hidden files and leftovers of systems, editors and archives; they are passed over",
    ),
    "own_output": (
        NOTE,
        "folders that these commands wrote (runs, exports, caches); they are no data",
    ),
    "no_class": (DECISION, "images beside the class folders; they have no class and are not used"),
    "broken_link": (
        DECISION,
        "links to files that are not there: photos that somebody meant to have",
    ),
    "linked_folder": (DECISION, "links to folders; training does not enter them"),
    "outside_link": (
        NOTE,
        "links to files outside the folder; they are used, a copy of the folder lacks them",
    ),
}


def scan(root: Path, excluded: Sequence[Exclusion] = ()) -> tuple[DataSet, list[Finding]]:
    """The photos of a folder, as training would list them, and what is wrong with its form.

    Classes are the folder names of all splits, sorted. A folder without splits has one split,
    ``all``.

    Raises:
        UserError: no such folder, nothing in it that could be a data set, two folders for one
            split, or a folder with class folders that cannot be listed.
    """
    check_data_folder(root)
    given = given_splits(root)
    bases = given or {"all": ""}
    classes = _class_names(root, tuple(bases.values()))
    if not classes:
        raise UserError(
            f"{root} is no data set: it takes one folder of photos per class, or train/ and val/ "
            f"with one folder per class each; it has no such folder{_instead(root)}"
        )
    gone = {exclusion.path for exclusion in excluded}
    splits: dict[str, tuple[Record, ...]] = {}
    found, homeless = Listing(), []
    if given:
        found.update(beside(listed(root), Path()))
        homeless += listed(root).photos
    for split, base in bases.items():
        inside, records = listed(root / base), []
        found.update(beside(inside, Path(base)))
        homeless += [(Path(base) / name).as_posix() for name in inside.photos]
        spelt = matched(classes, inside.classes)
        for label, name in enumerate(classes):
            if name in spelt:
                below = walk(root, (Path(base) / spelt[name]).as_posix())
                records += [Record(path, label) for path in below.photos if path not in gone]
                found.update(below)
        splits[split] = tuple(sorted(records, key=lambda record: record.path))
    data = DataSet(root, classes, splits, excluded=tuple(excluded))
    return data, [
        *_structure(root, given),
        *of_kinds(FOUND, closed_folder=found.closed),
        *_passed_over(root, found),
        *of_kinds(FOUND, no_class=homeless),
        *_unused(root, given),
        *_links(data, found),
    ]


def _instead(root: Path) -> str:
    """What lies in a folder without class folders, in words."""
    inside = listed(root)
    photos = f", but {len(inside.photos)} photos that no folder names" if inside.photos else ""
    return photos + "".join(f"; {sentence}" for sentence in sentences(beside(inside, Path())))


def _class_names(root: Path, bases: Sequence[str]) -> tuple[str, ...]:
    """Of all splits; a folder that another split has in another Unicode form is the same class."""
    names: list[str] = []
    for base in bases:
        there = folders(root / base)
        known = set(matched(names, there).values())
        names += [name for name in there if name not in known]
    return tuple(sorted(names))


def _structure(root: Path, given: Mapping[str, str]) -> Iterator[Finding]:
    """Splits that are missing, know other classes, or are classes; a data set a level deeper."""
    if not given:
        names = folders(root)
        if named := [name for name in names if split_named(name)]:
            text = (
                "class folders with the name of a split; they hold photos and no class folders, so "
                "that each is a class of that name"
            )
            # a class train is a vehicle; photos in val/ or test/ beside class folders have no label
            severity = NOTE if {split_named(name) for name in named} == {"train"} else DECISION
            yield Finding.of_files("split_as_class", severity, text, named)
        if len(names) == 1 and (inside := data_set_inside(root)):
            yield Finding("data_set_inside", DECISION, f"there is one class folder{inside}")
        return
    if missing := missing_split(root, given):
        yield Finding("missing_split", ERROR, missing)
        return
    trained = folders(root / given["train"])
    unknown = []
    for split, base in given.items():
        if split != "train":
            there = folders(root / base)
            known = set(matched(trained, there).values())
            unknown += [f"{base}/{folder}" for folder in there if folder not in known]
    yield from of_kinds(FOUND, unknown_class=unknown)


def _passed_over(root: Path, found: Listing) -> Iterator[Finding]:
    """Files that are no photos by their names; some are images all the same."""
    kinds, others = by_kind(found.others)
    for kind, paths in kinds:
        text = f"{kind.what}; they are not used: {kind.advice}"
        yield Finding.of_files("unread_format", DECISION, text, paths)
    photos, strays = [], []
    for path in others:
        try:
            with open_image(root / path) as stream, opened(root / path, stream) as image:
                photos.append((path, f"is {image.format}"))
        except (PhotoError, OSError):
            strays.append(path)
    yield from of_kinds(
        FOUND, unused_photo=photos, stray=strays, rubbish=found.rubbish, own_output=found.outputs
    )


def _unused(root: Path, given: Mapping[str, str]) -> Iterator[Finding]:
    """Folders beside the splits."""
    beside_them = [(name, len(walk(root, name).photos)) for name in beside_splits(root, given)]
    there = ", ".join(f"{name}/" for name in given.values())
    if full := [(name, f"{count} photos") for name, count in beside_them if count]:
        text = f"folders with photos beside {there}; they are not used"
        yield Finding.of_files("unused_folder", DECISION, text, full)
    if empty := [name for name, count in beside_them if not count]:
        text = f"folders beside {there}; they are not used"
        yield Finding.of_files("unused_folder", NOTE, text, empty)


def _links(data: DataSet, found: Listing) -> Iterator[Finding]:
    """Links: broken ones, folders that training does not enter, files that lie elsewhere.

    A link to a file outside is followed: it is how many data sets are put together, and nothing is
    ever written through it.
    """
    home = data.root.resolve()
    outside = [
        record.path
        for record in data.records("all")
        if (path := data.root / record.path).is_symlink()
        and not path.resolve().is_relative_to(home)
    ]
    return of_kinds(
        FOUND, broken_link=found.broken, linked_folder=found.links, outside_link=outside
    )
