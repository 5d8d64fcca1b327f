"""Work on all threads that this process may use, results in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from src_mindspore.system.threads import thread_count

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ordered(
    work: Callable[[Item], Result], items: Iterable[Item], ahead: int = 64
) -> Iterator[Result]:
    """``map`` in ``thread_count()`` threads, in order, at most ``ahead`` results before the reader.

    Threads suffice: Pillow, OpenCV and hashing release the interpreter lock while they work.
    With one of them nothing is done ahead: the reader works in that time.
    """
    threads = thread_count()
    if threads == 1:
        yield from map(work, items)
        return
    waiting: list = []
    with ThreadPoolExecutor(threads) as pool:
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
