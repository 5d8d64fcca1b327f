"""The doctor's visit: a folder is listed and read once; what is known of it goes in a report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src_mindspore.dataset import DataSet
from src_mindspore.doctor.checks import (
    Membership,
    identical_findings,
    near_findings,
    photo_findings,
)
from src_mindspore.doctor.classes import class_findings, count_classes
from src_mindspore.doctor.content import content_findings, value_findings
from src_mindspore.doctor.duplicates import Pair, families, identical, near_pairs
from src_mindspore.doctor.findings import Finding, Report
from src_mindspore.doctor.inner_folders import folder_findings
from src_mindspore.doctor.label_check import check_labels
from src_mindspore.doctor.listing import scan
from src_mindspore.doctor.names import name_findings
from src_mindspore.doctor.survey import Survey, survey
from src_mindspore.photos.exclusions import Exclusion


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at, and what came of it."""

    data: DataSet
    survey: Survey
    pairs: Sequence[Pair]
    report: Report


def diagnose(root: Path, excluded: Sequence[Exclusion] = (), labels: bool = False) -> Diagnosis:
    """Examines a data folder.

    Args:
        root: the folder.
        excluded: photos that are taken as not there.
        labels: compute the features that labels are compared with; without it they are compared
            only where the cache has them.

    Raises:
        UserError: no such folder, or nothing in it that could be a data set.
    """
    data, findings = scan(root, excluded)
    found = survey(root, data.records("all"))
    data = replace(data, known_digests=found.digests, value_range=found.value_range)
    every = np.arange(len(found.records))
    pairs = near_pairs(found, [(every, every)])
    findings += findings_of(data, found, pairs)
    doubtful, line = check_labels(data, found, compute=labels)
    classes = count_classes(data)
    photos = {name: len(records) for name, records in data.splits.items()}
    copies = _copies(found, pairs)
    report = Report(str(root), photos, classes, [*findings, *doubtful], line, copies)
    return Diagnosis(data, found, pairs, report)


def _copies(found: Survey, pairs: Sequence[Pair]) -> dict[str, int]:
    """Numbers over all splits and classes, which findings count apart."""
    groups, alike = identical(found), families(pairs)
    return {
        "groups of identical files": len(groups),
        "files in them": sum(map(len, groups)),
        "pairs of nearly identical photos": len(pairs),
        "groups of them": len(alike),
        "photos in those": sum(map(len, alike)),
    }


def findings_of(data: DataSet, found: Survey, pairs: Sequence[Pair]) -> list[Finding]:
    """What photos, names, classes and pairs give; training asks for the same."""
    members = Membership(data, found)
    return [
        *folder_findings(data),
        *photo_findings(found),
        *value_findings(found),
        *content_findings(found),
        *identical_findings(members),
        *near_findings(members, pairs),
        *class_findings(data, count_classes(data)),
        *name_findings(data),
    ]
