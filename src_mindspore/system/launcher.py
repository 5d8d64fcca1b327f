"""MindSpore's launcher ``msrun``, as it shows in the environment of what it starts."""

import os

ROLE = "MS_ROLE"  # msrun sets it in every process that it starts
WORKERS = "MS_WORKER_NUM"  # and this, to how many workers there are


def launched() -> bool:
    """Whether ``msrun`` started this process."""
    return ROLE in os.environ


def scheduling() -> bool:
    """Whether this process is no worker but ``msrun``'s scheduler."""
    return os.environ.get(ROLE) == "MS_SCHED"


def worker_count() -> int:
    """How many workers train together; 1 without ``msrun``."""
    number = os.environ.get(WORKERS, "")
    return int(number) if launched() and number.isdigit() and int(number) else 1
