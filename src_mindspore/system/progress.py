"""Progress for a person at a terminal; one log line per event for everyone else."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

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
