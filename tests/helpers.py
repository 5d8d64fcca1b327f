"""What several test modules use."""

from collections.abc import Iterator
from contextlib import contextmanager

import mindspore as ms


@contextmanager
def mode(wanted: int) -> Iterator[None]:
    """MindSpore in graph or PyNative mode for a while; both are global, so they are put back."""
    before = ms.get_context("mode")
    ms.set_context(mode=wanted)
    try:
        yield
    finally:
        ms.set_context(mode=before)
