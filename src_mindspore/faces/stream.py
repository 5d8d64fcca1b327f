"""Pictures through the labeller: in order, on all threads, a bounded number at a time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple, TypeVar

from src_mindspore.faces.detector import Faces
from src_mindspore.faces.flow import Grey, grey_of
from src_mindspore.faces.label import FaceLabeller, LabelledFaces
from src_mindspore.faces.track import SeenFace, Tracker
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.pipeline import read_ahead
from src_mindspore.system.threads import thread_count
from src_mindspore.video.frames import Frame

Item = TypeVar("Item")
Found = TypeVar("Found")
Result = TypeVar("Result")

READ = 4  # frames that are decoded before they are asked for
AHEAD = 2  # pictures a thread between the first that is worked on and the reader
MOST_AHEAD = 256_000_000  # bytes of frames between them, where few frames are searched


def in_order(
    find: Callable[[Item], Found],
    label: Callable[[Found], Result],
    items: Iterable[Item],
    labeller: FaceLabeller,
    ahead: int,
) -> Iterator[Result]:
    """``label(find(item))`` of each, in order.

    Args:
        find: is called in several threads.
        label: likewise, where the labeller's model can be; else in the one that reads.
        items: what to find in.
        labeller: that ``label`` uses.
        ahead: items between the first that is worked on and the reader.
    """

    def both(item: Item) -> Result:
        return label(find(item))

    left = iter(items)
    for item in left:
        yield both(item)
        if labeller.called:  # before that the model may have to load and compare engines
            break
    if labeller.concurrent:
        yield from map_ordered(both, left, ahead)
    else:
        yield from map(label, map_ordered(find, left, ahead))


class _Searched(NamedTuple):
    frame: Frame
    grey: Grey
    faces: Faces | None


def frames_ahead(every: int, frame_bytes: int) -> int:
    """Frames to work on ahead, so that every thread has one that is searched.

    Args:
        every: each so many frames one is searched.
        frame_bytes: of a frame in memory.
    """
    threads = thread_count()
    return max(AHEAD * threads, min(threads * (every + 1), MOST_AHEAD // frame_bytes))


def seen_faces(
    frames: Iterable[Frame], labeller: FaceLabeller, every: int, frame_bytes: int
) -> Iterator[tuple[Frame, list[SeenFace]]]:
    """The frames of a video with the faces in them.

    Args:
        frames: in their order.
        labeller: finds and labels faces.
        every: each so many frames, from the first on, one is searched; in the others the faces are
            followed, see ``track.Tracker``.
        frame_bytes: of a frame in memory, which bounds how many there are.
    """
    tracker = Tracker()

    def find(frame: Frame) -> _Searched:
        faces = labeller.find(frame.pixels) if frame.number % every == 0 else None
        return _Searched(frame, grey_of(frame.pixels), faces)

    def label(searched: _Searched) -> tuple[Frame, Grey, LabelledFaces | None]:
        frame, grey, faces = searched
        return frame, grey, None if faces is None else labeller.label(frame.pixels, faces)

    ahead = frames_ahead(every, frame_bytes)
    with (
        closing(read_ahead(frames, READ)) as coming,
        closing(in_order(find, label, coming, labeller, ahead)) as searched,
    ):
        for frame, grey, found in searched:
            if found is None:
                yield frame, tracker.followed(grey)
            else:
                yield frame, tracker.searched(found, grey, frame.time)
