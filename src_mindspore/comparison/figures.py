"""From the logits of all folds and seeds to the rows of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from src_mindspore.comparison.statistics import Difference, difference, holm, verdict
from src_mindspore.evaluation.calibration import (
    MIN_PHOTOS,
    cross_validated,
    fit_temperature,
)
from src_mindspore.evaluation.metrics import confidences, macro_f1, mean_loss
from src_mindspore.evaluation.metrics import report as scores_of
from src_mindspore.evaluation.reliability import expected_calibration_error, share_interval


@dataclass(frozen=True)
class Scored:
    """The photos that were scored, each once.

    Attributes:
        labels: (n,) classes.
        groups: (n,) which of them are alike, see ``folds.groups_of``.
        folds: (n,) the fold that scored each.
        classes: names.
    """

    labels: np.ndarray
    groups: np.ndarray
    folds: np.ndarray
    classes: Sequence[str]


@dataclass(frozen=True)
class Answers:
    """What one recipe said of these photos.

    Attributes:
        name: of the recipe.
        logits: (seeds, n, classes) float32.
        kind: how they are scored, ``logits`` or ``sigmoid_logits``.
        seconds: of training, of every fold and seed.
        scaled: of an average its logits with a temperature of its own, see ``averages.py``; None
            of one network, see ``cross_fitted``.
    """

    name: str
    logits: np.ndarray
    kind: str
    seconds: Sequence[float]
    scaled: np.ndarray | None = None

    def wrong(self, labels: np.ndarray) -> np.ndarray:
        """(seeds, n) bool."""
        return self.logits.argmax(-1) != labels


def row_of(answers: Answers, scored: Scored) -> dict[str, Any]:
    """The scores of one recipe; of several seeds their mean, and the spread where that is said.

    Returns:
        ``name``; ``kind``, of ``Answers``; ``errors``, of every seed, with ``errors_mean`` and
        ``errors_sd`` (sample standard deviation over the seeds; None of one); ``accuracy`` and its
        95 % ``accuracy_interval`` (Wilson, of the rounded mean of right answers: photos count once,
        not once a seed); ``macro_f1``; ``loss`` (mean negative log-likelihood) and ``ece`` of the
        logits as they are; ``temperature`` with the same two, see ``cross_fitted``, None of few
        photos; ``seconds``, the mean of a fold.
    """
    n = len(scored.labels)
    wrong = answers.wrong(scored.labels).sum(1)
    mean = float(wrong.mean())
    reports = [scores_of(z, scored.labels, scored.classes, answers.kind) for z in answers.logits]
    return {
        "name": answers.name,
        "kind": answers.kind,
        "errors": wrong.tolist(),
        "errors_mean": mean,
        "errors_sd": float(wrong.std(ddof=1)) if len(wrong) > 1 else None,
        "accuracy": 1 - mean / n,
        "accuracy_interval": list(share_interval(n - round(mean), n)),
        "macro_f1": float(np.mean([macro_f1(report["per_class"]) for report in reports])),
        "loss": float(np.mean([report["loss"] for report in reports])),
        "ece": float(np.mean([report["ece"] for report in reports])),
        "temperature": _with_temperature(answers, scored) if n >= MIN_PHOTOS else None,
        "seconds": float(np.mean(answers.seconds)),
    }


def _with_temperature(answers: Answers, scored: Scored) -> dict[str, float]:
    found = []
    for seed, logits in enumerate(answers.logits):
        if answers.scaled is not None:
            scaled = answers.scaled[seed]
        else:
            scaled = cross_fitted(logits, scored.labels, scored.folds, answers.kind, seed)
        right = scaled.argmax(1) == scored.labels
        ece = expected_calibration_error(confidences(scaled, answers.kind), right)
        found.append((mean_loss(scaled, scored.labels, answers.kind), ece))
    loss, ece = np.mean(found, axis=0).tolist()
    return {"loss": loss, "ece": ece}


def cross_fitted(
    logits: np.ndarray, labels: np.ndarray, folds: np.ndarray, kind: str, seed: int
) -> np.ndarray:
    """Logits, each divided by a temperature that was fitted on the photos of the other folds.

    Of a single fold, parts of it are drawn in place of folds, see ``calibration.cross_validated``.

    Args:
        logits: (n, classes).
        labels: (n,).
        folds: (n,) that of each photo.
        kind: ``logits`` or ``sigmoid_logits``.
        seed: of the draw.
    """
    numbers = np.unique(folds)
    if len(numbers) == 1:
        return cross_validated(logits, labels, kind, seed)
    scaled = np.empty(logits.shape)
    for fold in numbers:
        part = folds == fold
        scaled[part] = logits[part] / fit_temperature(logits[~part], labels[~part], kind)
    return scaled


def compared(all_answers: Sequence[Answers], scored: Scored) -> list[dict[str, Any]]:
    """A row for each recipe, with its difference to the first.

    Returns:
        Rows of ``row_of``, with ``difference``: None of the first, else ``statistics.Difference``,
        also in ``points`` (percent of the photos) with ``points_error``, ``p_holm`` (over all
        recipes that are compared with the first) and ``verdict``.
    """
    first, *others = all_answers
    wrong = first.wrong(scored.labels)
    found = [difference(wrong, other.wrong(scored.labels), scored.groups) for other in others]
    adjusted = holm([one.p for one in found])
    rows = [row_of(answers, scored) for answers in all_answers]
    rows[0]["difference"] = None
    for row, one, p_holm in zip(rows[1:], found, adjusted, strict=True):
        row["difference"] = {
            **as_json(one),
            "points": 100 * one.errors / one.photos,
            "points_error": 100 * one.error / one.photos,
            "p_holm": p_holm,
            "verdict": verdict(first.name, row["name"], one, p_holm),
        }
    return rows


def as_json(found: Difference) -> dict[str, Any]:
    """As JSON has it, without infinity: ``needed`` is None where no number of photos would do."""
    table = asdict(found)
    table["discordant"] = [list(pair) for pair in found.discordant]
    table["mcnemar"] = list(found.mcnemar)
    table["needed"] = None if np.isinf(found.needed) else found.needed
    return table


def doubtful(all_answers: Sequence[Answers], labels: np.ndarray) -> np.ndarray:
    """Places of the photos that every recipe got wrong with every seed: labels to be looked at."""
    return np.flatnonzero(np.all([a.wrong(labels).all(0) for a in all_answers], axis=0))


def errors_by_photo(answers: Answers, labels: np.ndarray) -> Mapping[int, int]:
    """By place of the photos that a recipe got wrong, with how many of the seeds."""
    counts = answers.wrong(labels).sum(0)
    return {int(place): int(counts[place]) for place in np.flatnonzero(counts)}
