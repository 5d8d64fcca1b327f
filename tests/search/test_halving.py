"""Who goes on, and who decides it."""

import numpy as np

from src_mindspore.search.halving import BRACKET, Bracket, Score, panels, ranked, rungs


def score(errors, losses=None) -> Score:
    errors = np.array(errors)
    return Score(errors, np.array(losses if losses is not None else errors, float))


def test_rungs_have_a_third_of_the_epochs_each() -> None:
    assert rungs(40) == [5, 14, 40]
    assert rungs(9) == [1, 3, 9]
    assert rungs(2) == [1, 2]
    assert rungs(1) == [1]


def test_errors_decide_then_losses_then_order() -> None:
    scores = [
        score([3, 1], [1, 1]),
        score([2, 2], [1, 0.5]),
        score([2, 2], [1, 0.5]),
        score([0, 9]),
    ]
    assert ranked(scores, np.array([0, 1])) == [1, 2, 0, 3]
    assert ranked(scores, np.array([0])) == [3, 1, 2, 0]


def test_a_head_that_diverged_is_the_last_of_its_like() -> None:
    scores = [score([5], [np.inf]), score([5], [9.0])]
    assert ranked(scores, np.array([0])) == [1, 0]


def test_a_third_goes_on() -> None:
    bracket = Bracket(BRACKET, 3)
    bracket.judge({place: score([place, place, place]) for place in bracket.wanted})
    assert bracket.wanted == list(range(9))
    bracket.judge({place: score([-place] * 3) for place in bracket.wanted})
    assert bracket.wanted == [6, 7, 8]
    few = Bracket(2, 3)
    few.judge({place: score([place] * 3) for place in few.wanted})
    assert few.wanted == [0]


def test_no_answer_of_a_fold_decides_what_is_scored_on_it() -> None:
    rng = np.random.default_rng(0)
    folds = 4
    tables = [rng.integers(0, 50, (BRACKET, folds)) for _ in range(2)]

    def halved(changed: int | None) -> list[list[int]]:
        bracket = Bracket(BRACKET, folds)
        for table in tables:
            answers = table.copy()
            if changed is not None:
                answers[:, changed] = 50 - answers[:, changed]
            bracket.judge({place: score(answers[place]) for place in bracket.wanted})
        return bracket.alive

    assert len({tuple(places) for places in halved(None)}) > 1
    for fold in range(folds):
        assert halved(fold)[1 + fold] == halved(None)[1 + fold]
        assert halved(fold)[0] != halved(None)[0]


def test_the_score_of_the_chosen_flatters_and_that_of_the_other_folds_does_not() -> None:
    """Heads that are all alike: 25 errors on each of 5 folds, by chance more or less."""
    rng = np.random.default_rng(0)
    flattering, honest = [], []
    for _ in range(200):
        scores = [score(row) for row in rng.binomial(100, 0.25, (60, 5))]
        every, *others = panels(5)
        flattering.append(scores[ranked(scores, every)[0]].errors.sum())
        honest.append(
            sum(scores[ranked(scores, panel)[0]].errors[f] for f, panel in enumerate(others))
        )
    error = np.std(honest) / np.sqrt(200)
    assert abs(np.mean(honest) - 125) < 4 * error
    assert np.mean(flattering) < 125 - 10 * error
