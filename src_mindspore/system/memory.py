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


@contextmanager
def batch_of(setting: str, size: int) -> Iterator[None]:
    """Work on batches of ``size`` photos, as the config key ``setting`` says.

    They are not halved here: another batch size is another training.

    Raises:
        UserError: memory ran out; the text has the setting.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).strip().partition("\n")[0]
        if isinstance(error, RuntimeError) and not any(t in text.lower() for t in TEXTS):
            raise
        raise UserError(
            f"there is no memory for a batch of {size} ({text or 'MemoryError'}): a smaller "
            f"{setting} than {size} is needed, in a new run (--run), which uses the cached "
            f"features again; or less other work on this machine, and --resume"
        ) from None
