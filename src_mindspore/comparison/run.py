"""A comparison from top to bottom: every recipe on every fold with every seed, then the report."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from src_mindspore.comparison.contenders import CHOSEN, Average, Contender, configs_of
from src_mindspore.comparison.costs import Network, measured
from src_mindspore.comparison.figures import Answers
from src_mindspore.comparison.quiet import quiet
from src_mindspore.comparison.report import Question, division, one_image, report_of, write_report
from src_mindspore.comparison.results import DIVISION, ComparisonFolder, FoldResult, fold_key
from src_mindspore.dataset import DataSet
from src_mindspore.evaluation.probabilities import logits_kind
from src_mindspore.system.errors import UserError
from src_mindspore.system.progress import progress
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.threads import thread_count
from src_mindspore.training.part import SCORED, extract, fit_part
from src_mindspore.training.recipes import Recipe, build_untrained, recipe_of, sharing

log = logging.getLogger(__name__)


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
        What ``compare.json`` holds, see ``report_of``.

    Raises:
        UserError: a recipe that cannot be trained on these photos, with its name.
    """
    configs = configs_of(contenders)
    jobs = [job for config in configs for job in _jobs(config, question)]
    results = {job.key: result for job in jobs if (result := folder.find(job.key))}
    missing = list({job.key: job for job in jobs if job.key not in results}.values())
    folder.check_free([job.key for job in missing])
    folder.files.write_json(DIVISION, division(question.photos))
    if results:
        there = len({job.key for job in jobs}) - len(missing)
        log.info("%d of %d folds are there already", there, there + len(missing))
    recipes, networks = _prepared(configs, question.photos.whole)
    with progress(len(missing), "comparing", "fold", quiet=True) as advance:
        clock = Clock(Counter(job.contender.name for job in missing), time.perf_counter)
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
    log.info("measuring size and speed")
    with quiet():
        image = one_image(question.photos, networks[0].spec.input)
        costs, engine = measured(networks, image, thread_count())
    by_name = {config.name: cost for config, cost in zip(configs, costs, strict=True)}
    report = {**report_of(contenders, question, answers, by_name), "engine": engine}
    write_report(report, folder)
    return report


def _prepared(configs: Sequence[Contender], whole: DataSet) -> tuple[list[Recipe], list[Network]]:
    """The recipes, and what is measured of each: one network of every architecture is kept."""
    with quiet():
        recipes = [recipe_of(config.config, config.name) for config in configs]
        built = [build_untrained(recipe, whole) for recipe in recipes]
    kept: dict[str, Network] = {}
    networks = [Network(*network) for network in built]
    networks = [kept.setdefault(network.architecture, network) for network in networks]
    return sharing(recipes, built), networks


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


class Clock:
    """How long the rest will take: a recipe's folds take what its folds took so far.

    Args:
        left: trainings to come, by recipe.
        now: seconds, of a clock.
    """

    def __init__(self, left: Mapping[str, int], now: Callable[[], float]) -> None:
        self._left, self._now = dict(left), now
        self._took: dict[str, list[float]] = {}
        self._began = now()

    def start(self) -> None:
        """What was done up to here was no training."""
        self._began = self._now()

    def lap(self, name: str) -> str:
        """One more of a recipe is done; in words what is left, others being like the mean."""
        now = self._now()
        self._took.setdefault(name, []).append(now - self._began)
        self._began = now
        self._left[name] -= 1
        if not any(self._left.values()):
            return "the last"
        means = {recipe: fmean(seconds) for recipe, seconds in self._took.items()}
        usual = fmean(means.values())
        rest = sum(means.get(recipe, usual) * count for recipe, count in self._left.items())
        return f"about {rest / 60:.1f} min left"


def _trained(
    job: Job, recipe: Recipe, question: Question, folder: ComparisonFolder, clock: Clock
) -> FoldResult:
    """Trains one fold and keeps what it gave."""
    name, photos = shown_name(job.contender.name), question.photos
    where = f"{name}, seed {job.seed}, fold {job.fold + 1} of {photos.folds.count}"
    try:
        with quiet():
            fitted = fit_part(recipe, photos.whole, job.parts, job.seed)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    result = FoldResult(fitted.logits, fitted.seconds, fitted.epochs)
    about = {"recipe": job.contender.name, "seed": job.seed, "fold": job.fold}
    folder.keep(job.key, result, about)
    wrong = (fitted.logits.argmax(1) != photos.labels[job.parts[SCORED]]).sum()
    log.info(
        "%s: %d errors of %d, %.1f s, %s",
        *(where, wrong, len(fitted.logits), fitted.seconds, clock.lap(job.contender.name)),
    )
    return result


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
        logits_kind(contender.config.head.activation),
        [results[job.key].seconds for job in jobs],
    )
