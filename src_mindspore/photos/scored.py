"""Which photos an evaluation of a split counts."""

import logging
from collections.abc import Sequence
from pathlib import Path

from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.records import Record, list_records
from src_mindspore.photos.split_folders import given_splits, warn_of_beside
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)


def scored_records(
    root: Path,
    classes: Sequence[str],
    split: str,
    known: dict[str, list[str]] | None = None,
    excluded: Sequence[Exclusion] = (),
) -> list[Record]:
    """The images that an evaluation of ``split`` counts, every one of them once.

    Args:
        root: the data folder: split folders, or class folders.
        classes: the model's classes; folders are matched to them by name.
        split: ``train``, ``val``, ``test`` or ``all``.
        known: for a folder without splits, the paths of each split as the training run drew it.
        excluded: what the training run was told to leave out, see ``data.exclude``. A photo of
            that path and content does not count here either; the log says so.

    Raises:
        UserError: a folder that is no class of the model, or a split that cannot be told.
    """
    if not root.is_dir():
        raise UserError(f"the data folder {root} does not exist or is not a folder")
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
            records = _of_known_split(root, records, split, known)
    records = _without_excluded(root, records, excluded)
    if not records:
        raise UserError(f"{root} has no image to score in split {split!r}")
    return records


def _without_excluded(
    root: Path, records: list[Record], excluded: Sequence[Exclusion]
) -> list[Record]:
    known = {exclusion.path: exclusion.sha256 for exclusion in excluded}
    gone = {
        r.path for r in records if r.path in known and sha256_of(root / r.path) == known[r.path]
    }
    if gone:
        log.info("not scored, as the run's data.exclude says: %s", some(sorted(gone)))
    return [record for record in records if record.path not in gone]


def _of_known_split(
    root: Path, records: list[Record], split: str, known: dict[str, list[str]] | None
) -> list[Record]:
    if not known or split not in known:
        raise UserError(
            f"{root} has class folders and no {split}/, and the model does not say how it was "
            f"split in training; --split all scores every image"
        )
    chosen = set(known[split])
    found = [record for record in records if record.path in chosen]
    if len(found) != len(chosen):
        raise UserError(
            f"{root} is not the data the model was trained on: {len(chosen) - len(found)} of "
            f"{len(chosen)} images of its split {split!r} are missing; --split all scores every "
            f"image that is there"
        )
    return found
