"""Pictures through the labeller: in order, on all threads, a bounded number at a time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple, TypeVar

from src_mindspore.faces.flow import Grey, grey_of
from src_mindspore.faces.label import FaceLabeller, LabelledFaces
from src_mindspore.faces.track import SeenFace, Tracker
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.pipeline import read_ahead
from src_mindspore.system.threads import thread_count
from src_mindspore.video.frames import Frame

Item = TypeVar("Item")
Result = TypeVar("Result")

READ = 4  # frames that are decoded before they are asked for
AHEAD = 2  # pictures a thread, between the first that is worked on and the reader


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], labeller: FaceLabeller
) -> Iterator[Result]:
    """``map``, in several threads as soon as the labeller may be called in them."""
    left = iter(items)
    for item in left:
        yield work(item)
        if labeller.concurrent:
            break
    yield from map_ordered(work, left, ahead=AHEAD * thread_count())


class _Searched(NamedTuple):
    frame: Frame
    grey: Grey
    found: LabelledFaces | None


def seen_faces(
    frames: Iterable[Frame], labeller: FaceLabeller, every: int
) -> Iterator[tuple[Frame, list[SeenFace]]]:
    """The frames of a video with the faces in them.

    Args:
        frames: in their order.
        labeller: finds and labels faces.
        every: each so many frames, from the first on, one is searched; in the others the faces are
            followed, see ``track.Tracker``.
    """
    tracker = Tracker()

    def search(frame: Frame) -> _Searched:
        found = labeller(frame.pixels) if frame.number % every == 0 else None
        return _Searched(frame, grey_of(frame.pixels), found)

    with (
        closing(read_ahead(frames, READ)) as coming,
        closing(in_order(search, coming, labeller)) as searched,
    ):
        for frame, grey, found in searched:
            if found is None:
                yield frame, tracker.followed(grey)
            else:
                yield frame, tracker.searched(found, grey, frame.time)
