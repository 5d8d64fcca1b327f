"""The average of several recipes, of what each of them said, as an exported average would say it.

``export.py`` averages the probabilities of its runs, each after the temperature that was fitted on
the run's validation photos, and gives the average no temperature of its own. Here a fold's photos
are what is asked, so that a member's temperature is fitted on the photos of the other folds. (An
exported network shows a smaller member a photo that was resized twice; here each sees its own.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src_mindspore.comparison.figures import Answers, Scored
from src_mindspore.evaluation.calibration import MIN_PHOTOS, drawn_folds, fit_temperature
from src_mindspore.evaluation.probabilities import log_softmax


def averaged(name: str, members: Sequence[Answers], scored: Scored) -> Answers:
    """What an average says; a seed of it is that seed of every member.

    Fewer photos than ``calibration.MIN_PHOTOS`` are averaged without temperatures.

    Args:
        name: of the average.
        members: with outputs of one kind.
        scored: the photos.
    """
    kind = members[0].kind
    found = [
        _one_seed([member.logits[seed] for member in members], scored, kind, seed)
        for seed in range(len(members[0].logits))
    ]
    return Answers(
        name,
        np.stack([one.logits for one in found]),
        kind,
        np.sum([member.seconds for member in members], axis=0).tolist(),
        np.stack([one.scaled for one in found]),
    )


@dataclass(frozen=True)
class _Averaged:
    """Both (n, classes): the average, and the average divided by a temperature of its own."""

    logits: np.ndarray
    scaled: np.ndarray


def _one_seed(members: Sequence[np.ndarray], scored: Scored, kind: str, seed: int) -> _Averaged:
    """All that is fitted for a fold's photos is fitted on those of the others."""
    labels, folds = scored.labels, scored.folds
    if len(labels) < MIN_PHOTOS:
        logits = log_mean(members, kind)
        return _Averaged(logits, logits)
    if len(np.unique(folds)) == 1:
        folds = drawn_folds(len(labels), seed)
    logits, scaled = np.empty(members[0].shape), np.empty(members[0].shape)
    for fold in np.unique(folds):
        part, rest = folds == fold, folds != fold
        own = [fit_temperature(member[rest], labels[rest], kind) for member in members]
        mean = log_mean([member / t for member, t in zip(members, own, strict=True)], kind)
        logits[part] = mean[part]
        scaled[part] = mean[part] / fit_temperature(mean[rest], labels[rest], kind)
    return _Averaged(logits, scaled)


def log_mean(members: Sequence[np.ndarray], kind: str) -> np.ndarray:
    """The mean probability, as logits of the members' kind.

    Args:
        members: (n, classes) each.
        kind: ``logits``: the logarithm of the mean softmax; ``sigmoid_logits``: the log-odds of the
            mean sigmoid.

    Returns:
        (n, classes) float64, finite: nothing is rounded to a probability of 0 or 1 on the way.
    """
    all_ = np.stack(members).astype(np.float64)
    if kind == "sigmoid_logits":
        yes, no = (np.logaddexp.reduce(-np.logaddexp(0, sign * all_)) for sign in (-1, 1))
        return yes - no
    return np.logaddexp.reduce(log_softmax(all_)) - np.log(len(all_))
