"""Trainings by the dozen say warnings only."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# What says a line an epoch: of hundreds of trainings a line each is enough.
TALKATIVE = ("training", "features", "network", "weights")


@contextmanager
def quiet() -> Iterator[None]:
    """Training says warnings only."""
    loggers = [logging.getLogger(f"src_mindspore.{room}") for room in TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
