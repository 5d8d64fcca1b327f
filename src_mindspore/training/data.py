"""The doctor before a training run: the photos listed, checked, divided, in one pass over them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from src_mindspore.dataset import DataSet, divide, list_data_set
from src_mindspore.doctor.checks import FAULTS, split_blocks
from src_mindspore.doctor.diagnosis import findings_of
from src_mindspore.doctor.duplicates import Pair, near_pairs
from src_mindspore.doctor.findings import ERROR, FINDINGS_FORMAT, Finding
from src_mindspore.doctor.survey import Survey, survey
from src_mindspore.photos.exclusions import Exclusion, excluded_of
from src_mindspore.spec.labels import check_labels
from src_mindspore.system.advice import advised
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name, some

log = logging.getLogger(__name__)

Blocks = Sequence[tuple[np.ndarray, np.ndarray]]  # see ``duplicates.near_pairs``
NEAR_DUPLICATES = ("leave_out", "keep")
KEPT_GROUPS, KEPT_FILES = 60, 8  # of a finding that the run keeps; the doctor names all
SHOWN = 20  # unusable photos named in a message
NAMED_BY_DIVIDE = ("identical_across", "near_across")  # ``divide`` names what it leaves out


def checked_data_set(
    root: Path,
    classes: Sequence[str] | None,
    fractions: Sequence[float],
    seed: int,
    exclude: str | None = None,
    near_duplicates: str = "leave_out",
    labels: str | None = None,
) -> tuple[DataSet, Sequence[Finding]]:
    """The photos of a training run, every one of them read once; findings go to the log too.

    Args:
        root: the data folder.
        classes: see ``dataset.list_data_set``.
        fractions: see ``dataset.divide``.
        seed: likewise.
        exclude: file of photos that are in no split, see ``exclusions.py``.
        near_duplicates: ``leave_out`` keeps near-identical photos on one side, as ``divide`` does
            with identical ones; ``keep`` does not look for them.
        labels: a file of display names, compared with the classes before the photos are read.

    Returns:
        The photos, divided; what the doctor finds of them before that.

    Raises:
        UserError: see ``list_data_set``, ``divide``, ``excluded_of``; photos that cannot be used;
            any other finding with which training cannot be right.
    """
    excluded = excluded_of(exclude, root)
    listed = list_data_set(root, classes, excluded)
    if labels:
        check_labels(Path(labels), listed.classes)
    blocks = split_blocks if near_duplicates == "leave_out" else None
    seen = examined(listed, exclude, excluded, blocks)
    data = divide(seen.data, fractions, seed, hashes_of(seen.survey, seen.pairs))
    return data, seen.findings


@dataclass(frozen=True)
class Examined:
    """What one pass over the photos gave.

    Attributes:
        data: the data set with its hashes and range of values.
        survey: what was seen.
        pairs: near-identical photos.
        findings: all of them.
    """

    data: DataSet
    survey: Survey
    pairs: Sequence[Pair]
    findings: Sequence[Finding]


def every_pair(_: DataSet, found: Survey) -> Blocks:
    """The blocks of all photos with all others, across splits and classes."""
    places = np.arange(len(found.records))
    return [(places, places)]


def examined(
    listed: DataSet,
    exclude: str | None,
    excluded: Sequence[Exclusion],
    blocks: Callable[[DataSet, Survey], Blocks] | None,
    decided: Sequence[str] = (),
    unsaid: Sequence[str] = NAMED_BY_DIVIDE,
) -> Examined:
    """Reads every photo of a listed data set once; findings go to the log.

    Args:
        listed: of ``list_data_set``.
        exclude: the file of photos that are left out, for messages.
        excluded: what it lists.
        blocks: which photos may be nearly identical, see ``near_pairs``; None does not look.
        decided: kinds of findings that stop nothing here, whatever their severity.
        unsaid: kinds of which the log has nothing: it is said elsewhere, or means nothing here.

    Raises:
        UserError: photos that cannot be used; other findings with which training cannot be right.
    """
    if exclude is not None:
        _say_excluded(exclude, excluded, listed)
    found = survey(listed.root, listed.records("all"))
    _say_renamed(excluded, found)
    _stop_at_faults(found)
    data = replace(listed, known_digests=found.digests, value_range=found.value_range)
    pairs = near_pairs(found, blocks(data, found)) if blocks else []
    findings = findings_of(data, found, pairs)
    _show(listed.root, [f for f in findings if f.kind not in unsaid], decided)
    return Examined(data, found, pairs, findings)


def findings_table(findings: Sequence[Finding], near_duplicates: str) -> dict[str, Any]:
    """What ``doctor.json`` of a run holds: the findings, with a part of the photos of each.

    Args:
        findings: of ``checked_data_set``.
        near_duplicates: likewise; ``keep`` found none.
    """
    kept = [finding.bounded(KEPT_GROUPS, KEPT_FILES).to_json() for finding in findings]
    return {"format": FINDINGS_FORMAT, "near_duplicates": near_duplicates, "findings": kept}


def hashes_of(found: Survey, pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    """Pairs of photos by the SHA-256 of their files."""
    digests = [found.digests[record.path] for record in found.records]
    return [(digests[pair.first], digests[pair.second]) for pair in pairs]


def _say_excluded(plan: str, listed: Sequence[Exclusion], data: DataSet) -> None:
    """How many photos a list really took away, and which files it names that are no photos here."""
    left_out = {exclusion.path for exclusion in data.excluded}
    log.info("left out by %s: %d of its %d photos", shown_name(plan), len(left_out), len(listed))
    paths = [exclusion.path for exclusion in listed if exclusion.path not in left_out]
    # ``check_plan`` has named those that are not there
    if others := [path for path in paths if (data.root / path).is_file()]:
        text = "%s names %d files that are no photos of this data set: %s"
        log.warning(text, shown_name(plan), len(others), some(others))


def _say_renamed(excluded: Sequence[Exclusion], found: Survey) -> None:
    """Warns of photos to be left out that are there under other names.

    They are used: the list may have meant the other of two copies.
    """
    listed = set(found.digests)
    gone = [exclusion for exclusion in excluded if exclusion.path not in listed]
    there = {digest: path for path, digest in found.digests.items()} if gone else {}
    if renamed := [f"{e.path} = {there[e.sha256]}" for e in gone if e.sha256 in there]:
        text = "%d photos of the exclusion list have other names now, and are used: %s"
        log.warning(text, len(renamed), some(renamed))


def _stop_at_faults(found: Survey) -> None:
    """Raises UserError with all photos that cannot be used."""
    if not found.faults:
        return
    problems = [shown_name(text) for _, text in found.faults.values()]
    listed = "\n  ".join(problems[:SHOWN])
    more = f"\n  and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    raise UserError(
        f"{len(problems)} of {len(found.records)} images cannot be used; repair or remove them, or "
        f"leave them out (data.exclude) with a list that the doctor's --fix writes:\n"
        f"  {listed}{more}"
    )


def _show(root: Path, findings: Sequence[Finding], decided: Sequence[str]) -> None:
    """Every finding as a line of the log; those of kinds that are ``decided`` stop nothing.

    Raises:
        UserError: with those that stop training.
    """
    stopping = [f for f in findings if f.severity == ERROR and f.kind not in decided]
    errors = [f for f in stopping if f.kind not in FAULTS]
    if errors:
        lines = [f"{f.text}: {f.names()}" if f.groups else f.text for f in errors]
        raise UserError(f"{root} cannot be trained on:\n  " + "\n  ".join(lines))
    for finding in findings:
        log.info(
            "%s: %d %s: %s", finding.severity, len(finding.groups), finding.text, finding.names()
        )
    if findings:
        log.info("%s  shows them", advised("src_mindspore.doctor", root, "--html", "FILE"))
