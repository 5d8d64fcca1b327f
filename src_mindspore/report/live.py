"""``report.html`` while a run is trained: curves and what is known so far, now and then."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from src_mindspore.report.charts import curves
from src_mindspore.report.page import render
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import CONFIG, REPORT
from src_mindspore.system.advice import advised
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import MAX_YAML, read_text
from src_mindspore.system.terminal import shown
from src_mindspore.system.write import write_text

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds between two pages, and of a run before its first
SHARE = 0.01  # of a run's time that its pages may take: after a slow one the next waits longer
MARK = '<meta name="pocketlens" content="training">'  # of a page that is not the last


class LivePage:
    """Writes the page after an epoch, at most every ``EVERY`` seconds; see ``RunFolder.watchers``.

    A disk that is full ends the training, as it does when a checkpoint is written.

    Args:
        folder: of the run.
        clock: seconds, for tests.
    """

    def __init__(self, folder: RunFolder, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._next = clock() + EVERY

    def __call__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Takes what ``log.jsonl`` holds by now."""
        began = self._clock()
        if began < self._next:
            return
        text = live_page(self._folder, lines)
        try:
            with self._folder.files.path(REPORT) as path:
                write_text(path, text)
        except UserError as error:  # somebody's own file: training goes on without the page
            log.warning("%s is not written: %s", REPORT, error)
            self._next = math.inf
            return
        ended = self._clock()
        self._next = ended + max(EVERY, (ended - began) / SHARE)


def live_page(folder: RunFolder, lines: Sequence[Mapping[str, Any]]) -> str:
    """The page of a run that is being trained.

    Args:
        folder: of the run.
        lines: of ``log.jsonl``, at least one.
    """
    return render(
        "live.html",
        run=folder.path,
        last=lines[-1],
        best=max(lines, key=lambda line: (line["val_top1"], -line["val_loss"])),
        curves=curves(lines),
        config=shown(read_text(folder.path / CONFIG, MAX_YAML)),
        resume=advised("train.py", "--run", folder.path, "--resume"),
        every=int(EVERY),
        mark=MARK,
    )


def is_final(folder: RunFolder) -> bool:
    """Whether a run has its page, and not only one of while it was trained."""
    path = folder.path / REPORT
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return MARK.encode() not in stream.read(1 << 10)
