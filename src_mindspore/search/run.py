"""A search from top to bottom: each change alone, then brackets of heads that are drawn."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from src_mindspore.search.halving import BRACKET, ETA, Bracket, panels, ranked, rungs
from src_mindspore.search.settings import HeadSettings
from src_mindspore.search.space import Change, draw, each_alone
from src_mindspore.search.trials import Trials
from src_mindspore.system.progress import progress

log = logging.getLogger(__name__)

# Of the time, what the table of single changes may take: rows that would take more are left out.
SHARE_OF_TABLE = 0.6
# Panels disagree a little: of 27 heads 10 or 11 and 4 or 5 go on (2,123 photos, 81 heads).
PANELS_APART = 1.4


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
        left_out: labels of changes for which there was no time, or no room among the heads.
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


class Search:
    """Tries heads until the limits are reached; ``found`` grows with whatever is complete.

    Args:
        base: the settings that it begins with.
        trials: where heads are tried.
        limits: how much is searched.
    """

    def __init__(self, base: HeadSettings, trials: Trials, limits: Limits) -> None:
        self.base, self.trials, self.limits = base, trials, limits
        self.found = Found(base, trials.ground.folds.count)

    def run(self) -> None:
        """Searches.

        Raises:
            KeyboardInterrupt: what is complete is in ``found``, and all trials are kept.
        """
        found, trials = self.found, self.trials
        began = time.perf_counter()
        if self.limits.seconds is not None:
            trials.deadline = began + self.limits.seconds
        with progress(self.limits.heads or 0, "heads", "head", quiet=True) as advance:
            try:
                for count in self._steps():
                    advance(count)
            finally:
                trials.flush()
        seconds = time.perf_counter() - began
        log.info("%d heads in %.0f s: %s", found.heads, seconds, found.stopped)

    def _steps(self) -> Iterator[int]:
        """Numbers of heads, as they are through."""
        found = self.found
        if not self.trials.make([(self.base, self.base.epochs)]):
            found.stopped = "time was up before the config's own head was through"
            return
        self.trials.measure(self.base, self.base.epochs)
        found.candidates = [[self.base] for _ in panels(found.folds)]
        yield 1
        self._single_changes()
        yield len(found.rows)
        while not found.stopped:
            before = found.heads
            self._next_bracket()
            yield found.heads - before

    def _single_changes(self) -> None:
        """The table: as many rows as there is time for, the cheapest first."""
        found, trials, limits = self.found, self.trials, self.limits
        changes = each_alone(self.base)
        most = len(changes) if limits.heads is None else limits.heads - 1
        costs = {c.label: trials.seconds_for([(c.settings, c.settings.epochs)]) for c in changes}
        allowed = math.inf if limits.seconds is None else SHARE_OF_TABLE * limits.seconds
        batch, spent = [], 0.0
        for change in sorted(changes, key=lambda c: costs[c.label]):
            if spent + costs[change.label] > allowed or len(batch) == most:
                break
            spent += costs[change.label]
            batch.append(change)
        log.info("each change alone: %d heads, about %.0f s", len(batch), spent)
        if not trials.make([(c.settings, c.settings.epochs) for c in batch]):
            found.stopped = "time was up"
            batch = [c for c in batch if trials.is_there(c.settings, c.settings.epochs)]
        through = {change.label for change in batch}
        found.rows = [change for change in changes if change.label in through]
        found.left_out = [change.label for change in changes if change.label not in through]
        for heads in found.candidates:
            heads += [change.settings for change in found.rows]

    def _next_bracket(self) -> None:
        """Draws heads and halves them; adds nothing where that is not complete in time."""
        found, trials, limits = self.found, self.trials, self.limits
        count = BRACKET if limits.heads is None else min(BRACKET, limits.heads - found.heads)
        if count <= 0:
            found.stopped = "as many as were asked for"
            return
        first = len(found.drawn)
        heads = [draw(self.base, limits.seed, number) for number in range(first, first + count)]
        while self._too_long(heads):
            if len(heads) < ETA**2:
                found.stopped = "there was no time for more"
                return
            heads = heads[: len(heads) // ETA]
        count = len(heads)
        bracket, reached = Bracket(count, found.folds), [0] * count
        levels = rungs(self.base.epochs)
        for epochs in levels:
            wanted = bracket.wanted
            if not trials.make([(heads[place], epochs) for place in wanted]):
                found.stopped = "time was up"
                return
            for place in wanted:
                reached[place] = epochs
            if epochs != levels[-1]:
                bracket.judge({place: trials.score(heads[place], epochs) for place in wanted})
        for places, candidates in zip(bracket.alive, found.candidates, strict=True):
            candidates += [heads[place] for place in sorted(places)]
        found.drawn += [Tried(head, epochs) for head, epochs in zip(heads, reached, strict=True)]
        found.brackets += 1
        self._say()

    def _too_long(self, heads: Sequence[HeadSettings]) -> bool:
        """Whether there is not enough time for a bracket."""
        deadline = self.trials.deadline
        return deadline is not None and self._estimate(heads) > deadline - time.perf_counter()

    def _estimate(self, heads: Sequence[HeadSettings]) -> float:
        """Seconds of a bracket."""
        seconds = 0.0
        for level, epochs in enumerate(rungs(self.base.epochs)):
            share = min(1.0, PANELS_APART / ETA**level) if level else 1.0
            seconds += share * self.trials.seconds_for([(head, epochs) for head in heads])
        return seconds

    def _say(self) -> None:
        """A line for each bracket."""
        found, trials, limits = self.found, self.trials, self.limits
        head = found.chosen(trials)[0]
        errors = int(trials.score(head, head.epochs).errors.sum())
        left = ""
        if trials.deadline is not None:
            left = f", {max(0.0, trials.deadline - time.perf_counter()):.0f} s left"
        elif limits.heads and limits.heads > found.heads:
            numbers = range(len(found.drawn), limits.heads - found.heads + len(found.drawn))
            rest = [draw(self.base, limits.seed, number) for number in numbers]
            left = f", about {self._estimate(rest):.0f} s left"
        of = f" of {limits.heads}" if limits.heads else ""
        log.info("%d%s heads, the best makes %d errors%s", found.heads, of, errors, left)
