"""What a search found, as numbers: what ``tune.json`` holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src_mindspore.comparison.figures import as_json
from src_mindspore.comparison.folds import NEVER
from src_mindspore.comparison.statistics import difference, holm, verdict
from src_mindspore.evaluation.reliability import share_interval
from src_mindspore.search.halving import rungs
from src_mindspore.search.run import Found
from src_mindspore.search.settings import HeadSettings, changes, in_words
from src_mindspore.search.trials import Trials

FORMAT = 1  # of tune.json
BASE = "the config"


def report_of(
    found: Found, trials: Trials, groups: np.ndarray, about: Sequence[str]
) -> dict[str, Any]:
    """The figures of a search that got as far as the config's own head.

    Args:
        found: what is complete.
        trials: where the results are.
        groups: (n,) which photos are alike.
        about: lines that say what was asked.

    Returns:
        ``base``, ``rows`` (the table of single changes), ``best`` (the head that all folds chose)
        and ``heads`` (all): of each ``changes`` to the config, ``errors``, ``accuracy``, ``loss``
        (mean negative log-likelihood; None of one that diverged) and ``seconds`` on one thread;
        rows with ``group``, ``label`` and ``difference`` to the base; heads with the ``epochs``
        that they were trained for, and all ``settings``. ``honest`` has the same of each fold
        scored by what the others chose, with ``choices`` by fold and an ``accuracy_interval``.
    """
    figures = _Figures(found, trials, groups)
    best, *without = found.chosen(trials)
    rows = [figures.row(change.settings) for change in found.rows]
    compared = [figures.difference([change.settings] * found.folds) for change in found.rows]
    adjusted = holm([one["p"] for one in compared])
    for row, change, one, p_holm in zip(rows, found.rows, compared, adjusted, strict=True):
        one["p_holm"] = p_holm
        row |= {"group": change.group, "label": change.label, "difference": one}
    return {
        "format": FORMAT,
        "about": list(about),
        "photos": len(trials.ground.labels),
        "scored": figures.scored,
        "folds": found.folds,
        "seed": trials.ground.seed,
        "tried": found.heads,
        "brackets": found.brackets,
        "rungs": rungs(found.base.epochs),
        "stopped": found.stopped,
        "left_out": found.left_out,
        "base": figures.row(found.base),
        "rows": rows,
        "best": {**figures.row(best), "label": figures.label(best)},
        "honest": figures.honest(without),
        "heads": figures.heads(),
    }


class _Figures:
    def __init__(self, found: Found, trials: Trials, groups: np.ndarray) -> None:
        self.found, self.trials = found, trials
        self.places = np.flatnonzero(trials.ground.folds.of_photo != NEVER)
        self.scored = len(self.places)
        self.groups = groups[self.places]
        self.wrong = self._wrong([found.base] * found.folds)

    def _wrong(self, heads: Sequence[HeadSettings]) -> np.ndarray:
        """(1, scored) bool."""
        return self.trials.wrong(heads)[self.places][None]

    def label(self, head: HeadSettings) -> str:
        """What the table calls it, else its changes."""
        if head == self.found.base:
            return BASE
        named = {change.settings: change.label for change in self.found.rows}
        return named.get(head) or in_words(changes(self.found.base, head))

    def row(self, head: HeadSettings, epochs: int | None = None) -> dict[str, Any]:
        epochs = head.epochs if epochs is None else epochs
        score = self.trials.score(head, epochs)
        errors, loss = int(score.errors.sum()), float(score.losses.sum()) / self.scored
        return {
            "changes": changes(self.found.base, head),
            "errors": errors,
            "errors_by_fold": score.errors.tolist(),
            "accuracy": 1 - errors / self.scored,
            "loss": loss if np.isfinite(loss) else None,
            "seconds": self.trials.seconds(head, epochs),
        }

    def difference(self, heads: Sequence[HeadSettings]) -> dict[str, Any]:
        """To the base, of a head for every fold."""
        return as_json(difference(self.wrong, self._wrong(heads), self.groups))

    def honest(self, heads: Sequence[HeadSettings]) -> dict[str, Any]:
        wrong = self._wrong(heads)
        errors = int(wrong.sum())
        found = difference(self.wrong, wrong, self.groups)
        loss = float(self.trials.losses(heads)[self.places].mean())
        return {
            "errors": errors,
            "accuracy": 1 - errors / self.scored,
            "accuracy_interval": list(share_interval(self.scored - errors, self.scored)),
            "loss": loss if np.isfinite(loss) else None,
            "difference": as_json(found),
            "verdict": verdict(BASE, "what the search chooses", found),
            "choices": [self.label(head) for head in heads],
        }

    def heads(self) -> list[dict[str, Any]]:
        base = self.found.base
        all_ = [
            (base, base.epochs),
            *((change.settings, change.settings.epochs) for change in self.found.rows),
            *((tried.settings, tried.epochs) for tried in self.found.drawn),
        ]
        return [
            {
                **self.row(head, epochs),
                "epochs": epochs,
                "complete": epochs == head.epochs,
                "settings": dict(vars(head), hidden=list(head.hidden)),
            }
            for head, epochs in all_
        ]
