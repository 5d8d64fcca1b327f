"""A comparison from top to bottom: every recipe on every fold with every seed, then the report."""

import logging
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from src_mindspore.comparison.averages import averaged
from src_mindspore.comparison.contenders import CHOSEN, Average, Contender, configs_of
from src_mindspore.comparison.costs import Network, measured, summed
from src_mindspore.comparison.figures import (
    Answers,
    Scored,
    compared,
    doubtful,
    errors_by_photo,
)
from src_mindspore.comparison.photos import Photos
from src_mindspore.comparison.results import (
    DIVISION,
    FIGURES,
    PLOT,
    REPORT,
    ComparisonFolder,
    FoldResult,
    fold_key,
)
from src_mindspore.comparison.table import markdown
from src_mindspore.photos.tensors import PlainPhotos
from src_mindspore.report.plots import draw_accuracy_over_speed
from src_mindspore.system.errors import UserError
from src_mindspore.system.progress import progress
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.threads import thread_count
from src_mindspore.training.part import SCORED, extract, fit_part
from src_mindspore.training.recipes import Recipe, build_untrained, recipe_of, sharing

log = logging.getLogger(__name__)

FORMAT = 1  # of compare.json
# What says a line an epoch: of hundreds of trainings a line each is enough.
TALKATIVE = ("training", "features", "network", "weights")


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


@dataclass(frozen=True)
class Job:
    """One training."""

    contender: Contender
    fold: int
    seed: int
    parts: Mapping[str, np.ndarray]
    key: str


def compare(
    contenders: Sequence[Contender | Average], question: Question, folder: ComparisonFolder
) -> dict[str, Any]:
    """Trains what is not there yet, and writes the report.

    Args:
        contenders: the first is what the others are compared with; the members of an average are
            trained as contenders are, once.
        question: what is asked of each.
        folder: where results are kept and the report is written.

    Returns:
        What ``compare.json`` holds, see ``_report``.

    Raises:
        UserError: a recipe that cannot be trained on these photos, with its name.
    """
    configs = configs_of(contenders)
    jobs = [job for config in configs for job in _jobs(config, question)]
    results = {job.key: result for job in jobs if (result := folder.find(job.key))}
    missing = list({job.key: job for job in jobs if job.key not in results}.values())
    folder.check_free([job.key for job in missing])
    folder.files.write_json(DIVISION, _division(question.photos))
    if results:
        there = len({job.key for job in jobs}) - len(missing)
        log.info("%d of %d folds are there already", there, there + len(missing))
    with _quiet():
        recipes = sharing([recipe_of(c.config, c.name) for c in configs], question.photos.whole)
    with progress(len(missing), "comparing", "fold", quiet=True) as advance:
        clock = _Clock(len(missing))
        for config, recipe in zip(configs, recipes, strict=True):
            mine = [job for job in missing if job.contender is config]
            if mine:
                seconds = extract(recipe, question.photos.whole)
                log.info("%s: features in %.0f s", shown_name(config.name), seconds)
            clock.start()
            for job in mine:
                results[job.key] = _trained(job, recipe, question, folder, clock)
                advance(1)
    answers = {c.name: _answers(c, [j for j in jobs if j.contender is c], results) for c in configs}
    costs, engine = _costs(configs, recipes, question.photos)
    report = _report(contenders, question, answers, costs)
    report["engine"] = engine
    _write(report, folder)
    return report


def _jobs(contender: Contender, question: Question) -> Iterator[Job]:
    """All trainings of a recipe, a whole seed before the next."""
    photos, choosing = question.photos, question.epoch == CHOSEN
    whole = photos.whole
    about = {
        "classes": list(whole.classes),
        "range": repr(whole.value_range),
    }
    for seed in question.seeds:
        for fold in range(photos.folds.count):
            parts = photos.parts(fold, choosing, question.fold_seed + fold)
            told = {name: photos.told(places) for name, places in parts.items()}
            key = fold_key(contender.digest, told, about, seed)
            yield Job(contender, fold, seed, parts, key)


class _Clock:
    """How long the rest will take, by the trainings so far."""

    def __init__(self, count: int) -> None:
        self._left, self._done, self._spent = count, 0, 0.0
        self._began = time.perf_counter()

    def start(self) -> None:
        self._began = time.perf_counter()

    def lap(self) -> str:
        """One more is done."""
        now = time.perf_counter()
        self._spent, self._began = self._spent + now - self._began, now
        self._done, self._left = self._done + 1, self._left - 1
        minutes = self._left * self._spent / self._done / 60
        return f"about {minutes:.1f} min left" if self._left else "the last"


def _trained(
    job: Job, recipe: Recipe, question: Question, folder: ComparisonFolder, clock: _Clock
) -> FoldResult:
    """Trains one fold and keeps what it gave."""
    name, photos = shown_name(job.contender.name), question.photos
    where = f"{name}, seed {job.seed}, fold {job.fold + 1} of {photos.folds.count}"
    try:
        with _quiet():
            fitted = fit_part(recipe, photos.whole, job.parts, job.seed)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    result = FoldResult(fitted.logits, fitted.seconds, fitted.epochs)
    about = {"recipe": job.contender.name, "seed": job.seed, "fold": job.fold}
    folder.keep(job.key, result, about)
    wrong = (fitted.logits.argmax(1) != photos.labels[job.parts[SCORED]]).sum()
    log.info(
        "%s: %d errors of %d, %.1f s, %s",
        *(where, wrong, len(fitted.logits), fitted.seconds, clock.lap()),
    )
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """Training says warnings only."""
    loggers = [logging.getLogger(f"src_mindspore.{room}") for room in TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _answers(
    contender: Contender, jobs: Sequence[Job], results: Mapping[str, FoldResult]
) -> Answers:
    """The folds of every seed side by side, in the order of the photos."""
    logits = []
    for seed in dict.fromkeys(job.seed for job in jobs):
        mine = [job for job in jobs if job.seed == seed]
        places = np.concatenate([job.parts[SCORED] for job in mine])
        rows = np.concatenate([results[job.key].logits for job in mine])
        logits.append(rows[np.argsort(places)])
    return Answers(
        contender.name,
        np.stack(logits),
        "sigmoid_logits" if contender.sigmoid else "logits",
        [results[job.key].seconds for job in jobs],
    )


def _costs(
    configs: Sequence[Contender], recipes: Sequence[Recipe], photos: Photos
) -> tuple[dict[str, dict[str, Any]], str]:
    """By name what each config's network costs, and how the speed was measured."""
    log.info("measuring size and speed")
    with _quiet():
        networks = [Network(*build_untrained(recipe, photos.whole)) for recipe in recipes]
        costs, engine = measured(networks, _one_image(photos, networks[0]), thread_count())
    return {config.name: cost for config, cost in zip(configs, costs, strict=True)}, engine


def _report(
    contenders: Sequence[Contender | Average],
    question: Question,
    by_config: Mapping[str, Answers],
    costs: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What ``compare.json`` holds, but for ``engine``, which says how speed was measured.

    ``rows`` are those of ``figures.compared`` with ``costs`` (of ``costs.measured``), ``recipe``
    (its SHA-256), ``wrong`` (paths of photos, with the number of seeds that got them wrong) and,
    of an average, the names of its ``members``; ``always_wrong`` are photos that nobody got right;
    ``about`` says in words what was asked.
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


def _one_image(photos: Photos, network: Network) -> np.ndarray:
    """A photo as it goes into the network, (3, H, W) float32."""
    records = photos.whole.records("all")[:1]
    return PlainPhotos(photos.whole.reader(), records, network.spec.input)[0:1][0]


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


def _division(photos: Photos) -> dict[str, int]:
    """By path the fold that scores a photo; -1: it is trained on, and not scored."""
    folds = photos.folds.of_photo.tolist()
    return {r.path: fold for r, fold in zip(photos.whole.records("all"), folds, strict=True)}


def _write(report: Mapping[str, Any], folder: ComparisonFolder) -> None:
    folder.files.write_json(FIGURES, report)
    points = [{**row, "speed": row["costs"]["photos_per_second"]} for row in report["rows"]]
    with folder.files.path(PLOT) as path:
        draw_accuracy_over_speed(path, points, report["engine"].partition(",")[0])
    with folder.files.path(REPORT) as path:
        path.write_text(markdown(report), encoding="utf-8", errors="backslashreplace")
