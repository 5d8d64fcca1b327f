"""Work beside that of the thread which asks for it, a bounded number of items apart.

With one thread to work in (``threads.thread_count``) nothing goes on beside: each item is done when
it is asked for.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from src_mindspore.system.threads import thread_count

Item = TypeVar("Item")

_WAIT = 0.1  # seconds after which a waiting thread looks whether it is still wanted
_END = object()


def read_ahead(items: Iterable[Item], limit: int) -> Iterator[Item]:
    """The items, made in a thread of their own, at most ``limit`` before they are asked for.

    What they raise is raised here. Closing the generator ends the thread, once the item that it is
    at is made.
    """
    if thread_count() == 1:
        yield from items
        return
    made: queue.Queue = queue.Queue(limit)
    unwanted = threading.Event()

    def make() -> None:
        try:
            for item in items:
                if not _put(made, (item, None), unwanted):
                    return
            _put(made, (_END, None), unwanted)
        except BaseException as error:
            _put(made, (_END, error), unwanted)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        unwanted.set()
        thread.join()


def _put(place: queue.Queue, item: object, unwanted: threading.Event) -> bool:
    while not unwanted.is_set():
        with suppress(queue.Full):
            place.put(item, timeout=_WAIT)
            return True
    return False


class Behind(Generic[Item]):
    """Hands items to ``take`` in a thread of its own, at most ``limit`` of them waiting.

    It is a context: at its end, also after an error of the body, all that was put is taken. What
    ``take`` raises is raised by the next ``put``, or at the end; items behind it are dropped.
    """

    def __init__(self, take: Callable[[Item], object], limit: int) -> None:
        self._take = take
        self._waiting: queue.Queue = queue.Queue(limit)
        self._error: BaseException | None = None
        self._thread = None
        if thread_count() > 1:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def put(self, item: Item) -> None:
        """Hands an item over; waits while too many are waiting."""
        if self._thread is None:
            self._take(item)
            return
        self._raise()
        self._waiting.put(item)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not _END:
            if self._error is None:
                try:
                    self._take(item)
                except BaseException as error:
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def __enter__(self) -> "Behind[Item]":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if self._thread is not None:
            self._waiting.put(_END)
            self._thread.join()
            if kind is None:
                self._raise()
