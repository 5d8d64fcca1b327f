"""A search from top to bottom: each change alone, then brackets of heads that are drawn."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from src_mindspore.search.halving import BRACKET, ETA, Bracket, panels, ranked, rungs
from src_mindspore.search.settings import HeadSettings
from src_mindspore.search.space import Change, draw, each_alone
from src_mindspore.search.trials import Trials
from src_mindspore.system.progress import progress

log = logging.getLogger(__name__)

# Of the time, what the table of single changes may take: rows that would take more are left out.
SHARE_OF_TABLE = 0.5
# Panels disagree a little, so that more than one head in ETA goes on; as measured.
PANELS_APART = 1.5


@dataclass(frozen=True)
class Limits:
    """How much is searched.

    Attributes:
        heads: that are tried, those of the table included; None is as many as there is time for.
        seconds: that it may take; None is no limit.
        seed: of the heads that are drawn.
    """

    heads: int | None
    seconds: float | None
    seed: int


@dataclass
class Tried:
    """One head.

    Attributes:
        settings: of it.
        epochs: that it was trained for, at most; fewer than its own where others were better.
        label: of its row in the table; None of one that was drawn.
    """

    settings: HeadSettings
    epochs: int
    label: str | None = None


@dataclass
class Found:
    """What a search found so far.

    Attributes:
        base: the settings that it began with.
        rows: single changes, in the order of the table.
        left_out: labels of changes for which there was no time.
        drawn: heads of complete brackets.
        candidates: by panel the heads that it chooses among, each trained with all its epochs.
        brackets: complete ones.
        stopped: why it ended, in words.
    """

    base: HeadSettings
    folds: int
    rows: list[Change] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    drawn: list[Tried] = field(default_factory=list)
    candidates: list[list[HeadSettings]] = field(default_factory=list)
    brackets: int = 0
    stopped: str = ""

    @property
    def heads(self) -> int:
        """How many were tried."""
        return 1 + len(self.rows) + len(self.drawn)

    def chosen(self, trials: Trials) -> list[HeadSettings]:
        """By panel the best head: first by all folds, then without fold 0, 1, ..."""
        best = []
        for panel, heads in zip(panels(self.folds), self.candidates, strict=True):
            scores = [trials.score(head, head.epochs) for head in heads]
            best.append(heads[ranked(scores, panel)[0]])
        return best


def search(base: HeadSettings, trials: Trials, limits: Limits, found: Found) -> None:
    """Tries heads until the limits are reached; ``found`` grows with whatever is complete.

    Raises:
        KeyboardInterrupt: what is complete is in ``found``, and all trials are kept.
    """
    began = time.perf_counter()
    if limits.seconds is not None:
        trials.deadline = began + limits.seconds
    total = limits.heads or 0
    with progress(total, "heads", "head", quiet=True) as advance:
        if not trials.make([(base, base.epochs)]):
            found.stopped = "time was up before the config's own head was through"
            return
        found.candidates = [[base] for _ in panels(found.folds)]
        advance(1)
        _single_changes(base, trials, limits, found, advance)
        while not found.stopped:
            _next_bracket(base, trials, limits, found, advance)
    trials.flush()
    seconds = time.perf_counter() - began
    log.info("%d heads in %.0f s: %s", found.heads, seconds, found.stopped)


def _single_changes(base, trials: Trials, limits: Limits, found: Found, advance) -> None:
    """The table: as many rows as there is time for, the cheapest first."""
    changes = each_alone(base)
    if limits.heads is not None:
        changes = changes[: limits.heads - 1]
    allowed = None if limits.seconds is None else SHARE_OF_TABLE * limits.seconds
    batch, later = [], []
    costs = {c.label: trials.seconds_for([(c.settings, c.settings.epochs)]) for c in changes}
    spent = 0.0
    for change in sorted(changes, key=lambda c: costs[c.label]):
        spent += costs[change.label]
        (batch if allowed is None or spent <= allowed else later).append(change)
    log.info("each change alone: %d heads, about %.0f s", len(batch), spent)
    complete = trials.make([(c.settings, c.settings.epochs) for c in batch])
    if not complete:
        found.stopped = "time was up"
        batch = [c for c in batch if trials.is_there(c.settings, c.settings.epochs)]
    kept = {change.label for change in batch}
    found.rows = [change for change in changes if change.label in kept]
    found.left_out = [change.label for change in changes if change.label not in kept]
    for heads in found.candidates:
        heads += [change.settings for change in found.rows]
    advance(len(found.rows))


def _next_bracket(base, trials: Trials, limits: Limits, found: Found, advance) -> None:
    """Draws heads and halves them; adds nothing where it is not complete in time."""
    first = found.brackets * BRACKET
    count = BRACKET
    if limits.heads is not None:
        count = min(count, limits.heads - found.heads)
        if count <= 0:
            found.stopped = f"as many as were asked for"
            return
    heads = [draw(base, limits.seed, number) for number in range(first, first + count)]
    levels = rungs(base.epochs)
    if trials.deadline is not None:
        left = trials.deadline - time.perf_counter()
        if _estimate(heads, levels, trials) > left:
            found.stopped = "there was no time for more"
            return
    bracket, reached = Bracket(count, found.folds), [0] * count
    for level, epochs in enumerate(levels):
        wanted = bracket.wanted
        if not trials.make([(heads[place], epochs) for place in wanted]):
            found.stopped = "time was up"
            return
        for place in wanted:
            reached[place] = epochs
        if level + 1 < len(levels):
            bracket.judge({place: trials.score(heads[place], epochs) for place in wanted})
    for places, candidates in zip(bracket.alive, found.candidates, strict=True):
        candidates += [heads[place] for place in places]
    found.drawn += [Tried(head, epochs) for head, epochs in zip(heads, reached, strict=True)]
    found.brackets += 1
    advance(count)
    _say(trials, limits, found)


def _estimate(heads: Sequence[HeadSettings], levels: Sequence[int], trials: Trials) -> float:
    """Seconds of a bracket."""
    seconds = 0.0
    for level, epochs in enumerate(levels):
        share = min(1.0, PANELS_APART / ETA**level) if level else 1.0
        seconds += share * trials.seconds_for([(head, epochs) for head in heads])
    return seconds


def _say(trials: Trials, limits: Limits, found: Found) -> None:
    """A line for each bracket."""
    head = found.chosen(trials)[0]
    errors = int(trials.score(head, head.epochs).errors.sum())
    left = ""
    if trials.deadline is not None:
        left = f", {max(0.0, trials.deadline - time.perf_counter()):.0f} s left"
    of = f" of {limits.heads}" if limits.heads else ""
    log.info("%d%s heads, the best makes %d errors%s", found.heads, of, errors, left)
