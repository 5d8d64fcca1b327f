"""Batches for which there is no memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from src_mindspore.system.errors import UserError

# What a RuntimeError says when memory runs out. MindSpore 2.10 makes "Unknown Error!" of
# std::bad_alloc (seen under RLIMIT_AS); the others are in its libraries, the last is Python's.
TEXTS = (
    "unknown error!",
    "out of memory",
    "memory failed",
    "not enough memory",
    "start new thread",
)


class NoMemoryError(UserError):
    """There is no memory for a batch.

    Attributes:
        work: what it was for.
        size: photos in it.
    """

    def __init__(self, work: str, size: int, reason: str) -> None:
        super().__init__(f"there is no memory for a batch of {size} ({work}: {reason})")
        self.work = work
        self.size = size


@contextmanager
def batch_of(work: str, size: int) -> Iterator[None]:
    """Work on batches of ``size`` photos; ``work`` is a word for it.

    They are not halved here: another batch size is another training.

    Raises:
        NoMemoryError: memory ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).strip().partition("\n")[0]
        if isinstance(error, RuntimeError) and not any(t in text.lower() for t in TEXTS):
            raise
        raise NoMemoryError(work, size, text or "MemoryError") from None
