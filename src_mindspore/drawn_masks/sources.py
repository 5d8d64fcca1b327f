"""The photos that masks are drawn on, and which part of the data set each belongs to."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.comparison.folds import draw_folds, groups_of
from src_mindspore.dataset import list_data_set
from src_mindspore.doctor.duplicates import near_pairs
from src_mindspore.doctor.survey import survey
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)

TENTHS = {"train": 7, "val": 1, "test": 2}


@dataclass(frozen=True)
class Source:
    """A photo of the folder.

    Attributes:
        path: below the folder.
        digest: SHA-256, 64 hexadecimal digits.
        masked: whether it shows a mask, else a bare face.
        group: number that it shares with what is identical or nearly so, of either kind.
        split: ``train``, ``val`` or ``test``: that of its group.
    """

    path: str
    digest: str
    masked: bool
    group: int
    split: str


def sources_of(
    root: Path, masked: str, bare: str, seed: int
) -> tuple[list[Source], dict[str, str]]:
    """The photos of a folder in three splits, 7:1:2, with what is alike on one side.

    Args:
        root: a data folder with the two classes; splits that it has are taken together.
        masked: class of photos with a mask.
        bare: class of those without.
        seed: of the split.

    Returns:
        The photos, sorted by path; why others cannot be used, by path.

    Raises:
        UserError: another folder than that; too few photos for ten parts.
    """
    if masked == bare:
        raise UserError(f"--masked and --bare name two classes; got {masked!r} for both")
    records = list_data_set(root, (masked, bare)).records("all")
    found = survey(root, records)
    faults = {path: text for path, (_, text) in found.faults.items()}
    if faults:
        log.warning("%d photos cannot be used: %s", len(faults), some(list(faults.values())))
    used = [record for record in records if record.path not in faults]
    if not used:
        raise UserError(f"{root}: none of the {len(records)} photos can be used")
    places = np.arange(len(records))
    digests = [found.digests[record.path] for record in records]
    pairs = [(digests[p.first], digests[p.second]) for p in near_pairs(found, [(places, places)])]
    labels = np.array([record.label for record in used])
    groups = groups_of([found.digests[record.path] for record in used], pairs)
    for label, name in enumerate((masked, bare)):
        if (unlike := len(set(groups[labels == label]))) < (fewest := sum(TENTHS.values())):
            raise UserError(
                f"{root}: {name} has {unlike} usable photos that are not alike; {fewest} or more "
                f"are accepted, to be divided into {', '.join(TENTHS)}"
            )
    folds = draw_folds(labels, groups, sum(TENTHS.values()), seed).of_photo
    ends = np.cumsum(list(TENTHS.values()))
    splits = [list(TENTHS)[int(np.searchsorted(ends, max(fold, 0), "right"))] for fold in folds]
    return [
        Source(record.path, found.digests[record.path], record.label == 0, int(group), split)
        for record, group, split in zip(used, groups, splits, strict=True)
    ], faults
