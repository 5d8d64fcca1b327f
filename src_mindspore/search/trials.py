"""Trials on all threads: what is there already is not trained again, what is new is kept."""

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from src_mindspore.search.halving import Score
from src_mindspore.search.kept import SearchFolder, ground_key, trial_key
from src_mindspore.search.settings import HeadSettings
from src_mindspore.search.trial import Ground, Outcome, try_head
from src_mindspore.system.threads import thread_count

log = logging.getLogger(__name__)

KEEP_EVERY = 10.0  # seconds of work that a crash can cost
LOOK_EVERY = 0.2  # seconds between looks at the clock, and for Ctrl-C
Wanted = tuple[HeadSettings, int]  # a head, and its epochs


class Trials:
    """Tries heads on all folds, one head a thread.

    Threads suffice, and share the features: the compiled head holds no lock of the interpreter.

    Args:
        ground: what they are tried on.
        folder: where results are kept.
        deadline: of ``time.perf_counter``, from which on nothing is begun; None is none.
    """

    def __init__(self, ground: Ground, folder: SearchFolder, deadline: float | None = None) -> None:
        self.ground, self.folder, self.deadline = ground, folder, deadline
        self._key = ground_key(ground)
        self._outcomes = folder.found()
        self._new: dict[str, Outcome] = {}
        self._kept_at = time.perf_counter()
        self._work, self._spent = 0.0, 0.0  # of the trials of this call, for estimates
        self.trained = 0  # of them

    def name(self, settings: HeadSettings, epochs: int, fold: int) -> str:
        """Of a trial."""
        return trial_key(self._key, settings, epochs, fold)

    def _missing(self, wanted: Iterable[Wanted]) -> dict[str, tuple[HeadSettings, int, int]]:
        found = {}
        for settings, epochs in wanted:
            for fold in range(self.ground.folds.count):
                name = self.name(settings, epochs, fold)
                if name not in self._outcomes:
                    found[name] = (settings, epochs, fold)
        return found

    def is_there(self, settings: HeadSettings, epochs: int) -> bool:
        """Whether a head has been tried on all folds."""
        return not self._missing([(settings, epochs)])

    def measure(self, settings: HeadSettings, epochs: int) -> None:
        """Takes a head that is there for a measure of this machine, where nothing else is yet."""
        if not self._work:
            folds = range(self.ground.folds.count)
            self._work = sum(self._work_of(settings, epochs, fold) for fold in folds)
            self._spent = self.seconds(settings, epochs)

    def seconds_for(self, wanted: Iterable[Wanted]) -> float:
        """What is missing of it will take so long, by the trials so far; 0 before the first."""
        work = sum(self._work_of(*trial) for trial in self._missing(wanted).values())
        return work * self._spent / self._work / thread_count() if self._work else 0.0

    def _work_of(self, settings: HeadSettings, epochs: int, fold: int) -> float:
        ground = self.ground
        photos = len(ground.labels) - int((ground.folds.of_photo == fold).sum())
        whole = settings.work(photos, ground.features.channels, ground.classes)
        return whole * epochs / settings.epochs

    def make(self, wanted: Iterable[Wanted]) -> bool:
        """Trains what is missing, the longest first.

        Returns:
            Whether all of it is there; False where time was up.

        Raises:
            KeyboardInterrupt: what is done is kept.
        """
        missing = self._missing(wanted)
        stop = threading.Event()
        waiting: dict[Future[Outcome], str] = {}
        with ThreadPoolExecutor(thread_count()) as pool:
            try:
                for name in sorted(missing, key=lambda n: -self._work_of(*missing[n])):
                    future = pool.submit(try_head, self.ground, *missing[name], stop)
                    waiting[future] = name
                while waiting and not self._late():
                    done, _ = wait(waiting, LOOK_EVERY, FIRST_COMPLETED)
                    for future in done:
                        name = waiting.pop(future)
                        self._take(name, missing[name], future.result())
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)
                for future, name in waiting.items():
                    if future.done() and not future.cancelled() and not future.exception():
                        self._take(name, missing[name], future.result())
                if waiting:
                    self.flush()
        return not waiting

    def _late(self) -> bool:
        return self.deadline is not None and time.perf_counter() > self.deadline

    def _take(self, name: str, trial: tuple[HeadSettings, int, int], outcome: Outcome) -> None:
        self._outcomes[name] = self._new[name] = outcome
        self._work += self._work_of(*trial)
        self._spent += outcome.seconds
        self.trained += 1
        if time.perf_counter() - self._kept_at > KEEP_EVERY:
            self.flush()

    def flush(self) -> None:
        """Writes what is not kept yet."""
        self.folder.keep(self._new)
        self._new, self._kept_at = {}, time.perf_counter()

    def outcome(self, settings: HeadSettings, epochs: int, fold: int) -> Outcome:
        """Of a trial that is there."""
        return self._outcomes[self.name(settings, epochs, fold)]

    def score(self, settings: HeadSettings, epochs: int) -> Score:
        """Of a head on all folds, which are there."""
        parts = [self.outcome(settings, epochs, fold) for fold in range(self.ground.folds.count)]
        return Score(
            np.array([part.wrong.sum() for part in parts], np.int64),
            np.array([part.losses.sum(dtype=np.float64) for part in parts]),
        )

    def seconds(self, settings: HeadSettings, epochs: int) -> float:
        """That a head took on all folds together, on one thread."""
        folds = range(self.ground.folds.count)
        return sum(self.outcome(settings, epochs, fold).seconds for fold in folds)

    def wrong(self, heads: Iterable[HeadSettings]) -> np.ndarray:
        """(n,) bool of all photos: each as the head of its fold has it; unscored ones are right.

        Args:
            heads: one for every fold, trained with all its epochs.
        """
        return self._by_photo(heads, "wrong").astype(bool)

    def losses(self, heads: Iterable[HeadSettings]) -> np.ndarray:
        """(n,) float64, likewise."""
        return self._by_photo(heads, "losses")

    def _by_photo(self, heads: Iterable[HeadSettings], what: str) -> np.ndarray:
        values = np.zeros(len(self.ground.labels))
        for fold, head in enumerate(heads):
            places = self.ground.folds.scored(fold)
            values[places] = getattr(self.outcome(head, head.epochs, fold), what)
        return values
