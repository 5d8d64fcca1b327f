"""Work on all cores, results in order."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ordered(
    work: Callable[[Item], Result], items: Iterable[Item], ahead: int = 64
) -> Iterator[Result]:
    """``map`` on all cores, in order, never more than ``ahead`` results in front of the reader.

    Threads suffice: Pillow, OpenCV and hashing release the interpreter lock while they work.
    """
    waiting: list = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= ahead:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
