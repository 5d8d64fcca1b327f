"""Which photos an evaluation of a split counts."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.identity import NEW, NO_HASHES, RunPhotos
from src_mindspore.photos.records import Record, list_records
from src_mindspore.photos.split_folders import given_splits, warn_of_beside
from src_mindspore.system.errors import UserError
from src_mindspore.system.names import canonical
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.read import check_data_folder
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)


def scored_records(
    root: Path, classes: Sequence[str], split: str, run: RunPhotos | None = None
) -> list[Record]:
    """The images that an evaluation of ``split`` counts, every one of them once.

    Args:
        root: the data folder: split folders, or class folders.
        classes: the model's classes; folders are matched to them by name.
        split: ``train``, ``val``, ``test`` or ``all``.
        run: the photos of the model's training run. In a folder without splits those of ``split``
            are looked for, by their content. What the run was told to leave out, see
            ``data.exclude``, does not count here either, if it has that path and content; the log
            says so.

    Raises:
        UserError: a folder that is no class of the model, or a split that cannot be told.
    """
    check_data_folder(root)
    given = given_splits(root)
    if given:
        if split not in (*given, "all"):
            raise UserError(f"{root} has no split {split!r}; it has {', '.join(given)} and all")
        warn_of_beside(root, given)
        chosen = given.values() if split == "all" else [given[split]]
        records = [r for name in chosen for r in list_records(root, classes, Path(name))]
    else:
        records = list_records(root, classes)
        if split != "all":
            records = _of_run_split(root, records, split, run)
    records = _without_excluded(root, records, run.excluded if run else ())
    if not records:
        where = "the folders of its classes" if split == "all" else f"split {split!r}"
        raise UserError(f"{root} has no image to score in {where}")
    return records


def say_whose(root: Path, records: Sequence[Record], split: str, run: RunPhotos | None) -> None:
    """Warns where photos that stand for those of a split are others; reads every one of them."""
    if run is None or not run.digests:
        return
    counts = run.count(_digests(root, records).values())
    others = {part: count for part, count in counts.items() if count and part != split}
    if others:
        log.warning(
            "of the %d photos taken for the run's split %s in %s some are others: %s",
            *(len(records), split, root),
            _listed(others),
        )


def _without_excluded(
    root: Path, records: list[Record], excluded: Sequence[Exclusion]
) -> list[Record]:
    known = {canonical(exclusion.path): exclusion.sha256 for exclusion in excluded}
    named = [r.path for r in records if known and canonical(r.path) in known]
    gone = {p for p in named if sha256_of(root / p) == known[canonical(p)]}
    if gone:
        log.info("not scored, as the run's data.exclude says: %s", some(sorted(gone)))
    return [record for record in records if record.path not in gone]


def _of_run_split(
    root: Path, records: list[Record], split: str, run: RunPhotos | None
) -> list[Record]:
    if run is not None and run.splits and split not in run.splits:
        raise UserError(
            f"{root} has class folders and no {split}/, and the model's run has no split {split!r} "
            f"either; it has {', '.join(run.splits)}, and all"
        )
    if run is None or split not in run.splits:
        raise UserError(
            f"{root} has class folders and no {split}/, and the model does not say how it was "
            f"split in training; --split all scores every image"
        )
    if not run.digests:
        return _by_name(root, records, split, run.splits[split])
    places = set(map(canonical, run.splits[split]))
    named = [record for record in records if canonical(record.path) in places]
    digests = _digests(root, named)
    wanted = Counter(run.digests[path] for path in run.splits[split])
    found = _taken(named, digests, wanted)
    # the other photos of the run need no look while none of this split is missing
    complete = sum(wanted.values()) == len(found)
    names = {canonical(path) for path in run.digests} if complete else places
    others = [record for record in records if canonical(record.path) not in names]
    digests.update(_digests(root, others))
    moved = _taken(others, digests, wanted - Counter(digests[r.path] for r in found))
    if not found and not moved and wanted:
        raise UserError(
            f"{root} has none of the {len(run.splits[split])} photos of the run's split {split!r}, "
            f"told by their content: these are other photos. --split all scores all "
            f"{len(records)} of them"
        )
    chosen = {record.path for record in (*found, *moved)}
    rest = run.count(digest for path, digest in digests.items() if path not in chosen)
    _say(root, split, sum(wanted.values()), len(found), len(moved), rest)
    return [record for record in records if record.path in chosen]


def _digests(root: Path, records: Sequence[Record]) -> dict[str, str]:
    """SHA-256 by path; empty of what cannot be read, which is none of the run's photos."""

    def digest(record: Record) -> str:
        try:
            return sha256_of(root / record.path)
        except OSError:
            return ""

    return dict(zip([r.path for r in records], map_ordered(digest, records), strict=True))


def _taken(
    records: Sequence[Record], digests: Mapping[str, str], wanted: Mapping[str, int]
) -> list[Record]:
    """The records whose content is wanted, each content as often as that."""
    left = Counter(wanted)
    taken = []
    for record in records:
        digest = digests[record.path]
        if left[digest] > 0:
            left[digest] -= 1
            taken.append(record)
    return taken


def _say(
    root: Path, split: str, wanted: int, found: int, moved: int, rest: Mapping[str, int]
) -> None:
    """What is not as the run had it."""
    if moved:
        log.info("%d photos of the run's split %s have other names in %s", moved, split, root)
    if missing := wanted - found - moved:
        log.warning(
            "%d of the %d photos of the run's split %s are not in %s, or changed; the others are "
            "scored",
            *(missing, wanted, split, root),
        )
    if others := {p: count for p, count in rest.items() if count and p != "excluded"}:
        log.warning(
            "not scored in %s: %d other photos (%s); --split all scores every photo",
            *(root, sum(others.values()), _listed(others)),
        )


def _listed(parts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{count} {'none of the run' if part == NEW else part.replace('_', ' ')}"
        for part, count in parts.items()
    )


def _by_name(
    root: Path, records: Sequence[Record], split: str, paths: Sequence[str]
) -> list[Record]:
    """What is left where the run kept no hashes."""
    places = set(map(canonical, paths))
    found = [record for record in records if canonical(record.path) in places]
    if len(found) != len(places):
        raise UserError(
            f"{root} is not the data the model was trained on: {len(places) - len(found)} of "
            f"{len(places)} images of its split {split!r} are missing; --split all scores every "
            f"image that is there"
        )
    log.warning("the photos of split %s are told by their names: %s", split, NO_HASHES)
    return found
