"""Reading ahead and working behind: order, bounds, errors, and what happens when somebody stops."""

import threading
import time

import pytest

from src_mindspore.system.pipeline import Behind, read_ahead


@pytest.fixture(params=["1", "2"])
def threads(request, monkeypatch) -> int:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    return int(request.param)


def test_all_items_come_in_order(threads) -> None:
    assert list(read_ahead(iter(range(50)), 3)) == list(range(50))
    taken = []
    with Behind(taken.append, 3) as behind:
        for item in range(50):
            behind.put(item)
    assert taken == list(range(50))


def test_no_more_than_the_limit_is_made_ahead(threads) -> None:
    made = []

    def items():
        for item in range(100):
            made.append(item)
            yield item

    coming = read_ahead(items(), 4)
    assert next(coming) == 0
    for _ in range(20):
        time.sleep(0.005)
    # one was taken, four wait, one is made and finds no room
    assert len(made) == (1 if threads == 1 else 6)
    before = threading.active_count()
    coming.close()
    assert threading.active_count() == before - (threads > 1)


def test_what_items_raise_is_raised_behind_those_before_it(threads) -> None:
    def items():
        yield 1
        raise ValueError("broken")

    coming = read_ahead(items(), 4)
    assert next(coming) == 1
    with pytest.raises(ValueError, match="broken"):
        next(coming)


def test_what_taking_raises_is_raised(threads) -> None:
    def take(item: int) -> None:
        if item == 1:
            raise OSError("full")

    def work() -> None:
        with Behind(take, 2) as behind:
            for item in range(3):
                behind.put(item)

    with pytest.raises(OSError, match="full"):
        work()


def test_after_an_error_of_the_body_all_that_was_put_is_taken(threads) -> None:
    taken = []

    def slow(item: int) -> None:
        time.sleep(0.01)
        taken.append(item)

    def work() -> None:
        with Behind(slow, 8) as behind:
            for item in range(5):
                behind.put(item)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert taken == [0, 1, 2, 3, 4]
