"""Progress for a person at a terminal; one log line per event for everyone else."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from src_mindspore.system.sparkline import shows_bars, sparkline

log = logging.getLogger(__name__)


@contextmanager
def progress(
    total: int | None, what: str, unit: str = "photo", quiet: bool = False
) -> Iterator[Callable[[int], object]]:
    """Shows how far ``total`` steps of long work are and how long the rest will take.

    Where nobody knows how many there are, ``total`` is None, and ``quiet`` is to be set.

    Without a terminal nothing is drawn. A line in the log says how long the work took, unless
    ``quiet``: then whoever did the work says more.

    Yields:
        A function to call with the number of steps just done.
    """
    began = time.perf_counter()
    terminal = sys.stderr.isatty()
    with (
        logging_redirect_tqdm(),
        tqdm(total=total, desc=what, unit=unit, leave=False, disable=not terminal) as bar,
    ):
        yield bar.update
    if not quiet:
        log.info("%s: %d %ss in %.1f s", what, total, unit, time.perf_counter() - began)


@contextmanager
def scored_rounds(
    total: int, what: str, done: Sequence[float] = (), unit: str = "epoch"
) -> Iterator[Callable[[float | None], None]]:
    """Shows how many rounds are left, how long they take, and the scores so far as little bars.

    That is for a person at a terminal with colour, see ``sparkline.shows_bars``; elsewhere nothing.

    Args:
        total: number of rounds.
        what: they are of.
        done: scores of rounds that were done before.
        unit: what a round is.

    Yields:
        A function to call after every round, with its score, or None where it has none.
    """
    if not shows_bars(sys.stderr):
        yield lambda _: None
        return
    scores = list(done)
    with (
        logging_redirect_tqdm(),
        tqdm(total=total, initial=len(scores), desc=what, unit=unit, leave=False) as bar,
    ):

        def after_round(score: float | None) -> None:
            if score is not None:
                scores.append(score)
            if scores:
                bar.set_postfix_str(f"{sparkline(scores)} {scores[-1]:.2%}", refresh=False)
            bar.update()
            bar.refresh()  # also after an epoch so short that tqdm passes over it

        yield after_round
