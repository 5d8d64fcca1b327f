"""What a comparison writes: every contender's row, what was asked, and how it was measured."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from src_mindspore.comparison.averages import averaged
from src_mindspore.comparison.contenders import CHOSEN, Average, Contender
from src_mindspore.comparison.costs import summed
from src_mindspore.comparison.figures import (
    Answers,
    Scored,
    compared,
    doubtful,
    errors_by_photo,
)
from src_mindspore.comparison.photos import Photos
from src_mindspore.comparison.results import FIGURES, PLOT, REPORT, ComparisonFolder
from src_mindspore.comparison.table import markdown
from src_mindspore.photos.tensors import PlainPhotos
from src_mindspore.plots.accuracy_over_speed import draw_accuracy_over_speed
from src_mindspore.spec.input import InputSpec

FORMAT = 1  # of compare.json


@dataclass(frozen=True)
class Question:
    """What is asked of every recipe.

    Attributes:
        photos: divided.
        seeds: of training, each with every fold.
        epoch: of ``contenders.EPOCHS``.
        fold_seed: of the draw of the folds, and of what an epoch is chosen by.
    """

    photos: Photos
    seeds: Sequence[int]
    epoch: str
    fold_seed: int


def report_of(
    contenders: Sequence[Contender | Average],
    question: Question,
    by_config: Mapping[str, Answers],
    costs: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What ``compare.json`` holds, but for ``engine``, which says how speed was measured.

    Args:
        contenders: a row each.
        question: what was asked.
        by_config: by name what each config said that was trained.
        costs: by its name those of ``costs.measured``.

    Returns:
        Among others ``rows``, those of ``figures.compared`` with ``costs``, ``recipe`` (its
        SHA-256), ``wrong`` (paths of photos, with the number of seeds that got them wrong) and, of
        an average, the names of its ``members``; ``always_wrong``, photos that nobody got right;
        ``about``, in words what was asked.
    """
    photos = question.photos
    records, places = photos.whole.records("all"), photos.scored
    labels = photos.labels[places]
    scored = Scored(
        labels, photos.groups[places], photos.folds.of_photo[places], photos.whole.classes
    )
    answers = [
        averaged(one.name, [by_config[member.name] for member in one.members], scored)
        if isinstance(one, Average)
        else by_config[one.name]
        for one in contenders
    ]
    rows = compared(answers, scored)
    for row, contender, one in zip(rows, contenders, answers, strict=True):
        wrong = errors_by_photo(one, labels)
        row["recipe"] = contender.digest
        row["wrong"] = {records[places[i]].path: count for i, count in wrong.items()}
        if isinstance(contender, Average):
            row["members"] = [member.name for member in contender.members]
            row["costs"] = summed([costs[name] for name in row["members"]])
        else:
            row["costs"] = costs[contender.name]
    return {
        "format": FORMAT,
        "about": _about(question),
        "data": str(photos.whole.root),
        "classes": list(photos.whole.classes),
        "photos": len(records),
        "scored": len(places),
        "groups": len(np.unique(photos.groups)),
        "folds": photos.folds.count,
        "seeds": list(question.seeds),
        "epoch": question.epoch,
        "rows": rows,
        "always_wrong": [records[places[i]].path for i in doubtful(answers, labels)],
        "machine": {"system": platform.platform(), "cpus": len(os.sched_getaffinity(0))},
    }


def one_image(photos: Photos, given: InputSpec) -> np.ndarray:
    """A photo as it goes into a network, (3, H, W) float32."""
    records = photos.whole.records("all")[:1]
    return PlainPhotos(photos.whole.reader(), records, given)[0:1][0]


def _about(question: Question) -> list[str]:
    photos = question.photos
    count, scored = len(photos.labels), len(photos.scored)
    seeds = ", ".join(map(str, question.seeds))
    if photos.folds.count == 1:
        how = f"{count - scored:,} photos of {len(photos.whole.classes)} classes are trained on"
    else:
        how = (
            f"{count:,} photos of {len(photos.whole.classes)} classes in {photos.folds.count} "
            f"folds, drawn with seed {question.fold_seed}"
        )
    epoch = "the last epoch is scored"
    if question.epoch == CHOSEN:
        epoch = "the epoch is chosen by a fifth of the training photos, which are not scored"
    return [f"{how}; seeds of training: {seeds}; {epoch}", *photos.remarks]


def division(photos: Photos) -> dict[str, int]:
    """By path the fold that scores a photo; -1: it is trained on, and not scored."""
    folds = photos.folds.of_photo.tolist()
    return {r.path: fold for r, fold in zip(photos.whole.records("all"), folds, strict=True)}


def write_report(report: Mapping[str, Any], folder: ComparisonFolder) -> None:
    """Writes the figures, the plot and the Markdown."""
    folder.files.write_json(FIGURES, report)
    points = [{**row, "speed": row["costs"]["photos_per_second"]} for row in report["rows"]]
    with folder.files.path(PLOT) as path:
        speed = report["engine"].partition(",")[0].replace("`", "")  # of Markdown
        draw_accuracy_over_speed(path, points, speed)
    with folder.files.path(REPORT) as path:
        path.write_text(markdown(report), encoding="utf-8", errors="backslashreplace")
