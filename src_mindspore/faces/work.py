"""Photos, videos and a camera to answers, and to pictures where they are asked for."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from src_mindspore.faces.answers import Answers, in_words
from src_mindspore.faces.detector import Faces
from src_mindspore.faces.draw import FacePainter
from src_mindspore.faces.label import FaceLabeller
from src_mindspore.faces.listing import Source
from src_mindspore.faces.output import LINES, PICTURE, OutputFolder, video_file, write_picture
from src_mindspore.faces.stream import AHEAD, in_order, seen_faces
from src_mindspore.faces.track import SeenFace
from src_mindspore.photos.decode import DOUBT, open_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.progress import progress
from src_mindspore.system.terminal import some
from src_mindspore.system.threads import thread_count
from src_mindspore.video.frames import Frame, FrameSource
from src_mindspore.video.writer import EVEN, SUFFIX

log = logging.getLogger(__name__)

Answer = dict[str, Any]
Take = Callable[[Answer], object]
FrameTake = Callable[[Frame, Sequence[SeenFace], Answer], object]


@dataclass(frozen=True)
class Pictures:
    """Where drawn pictures go, and who draws them."""

    folder: OutputFolder
    painter: FacePainter


@dataclass(frozen=True)
class FaceWork:
    """What all sources go through.

    Attributes:
        labeller: finds and labels.
        answers: says what it gave.
        pictures: None where none are asked for.
        range: of deep photos, see ``decode.open_photo``.
    """

    labeller: FaceLabeller
    answers: Answers
    pictures: Pictures | None
    range: ValueRange | None = None


class _Opened(NamedTuple):
    """A photo in which faces were looked for; ``doubt`` as in ``decode.DOUBT``."""

    source: Source
    place: Path | None
    pixels: np.ndarray
    faces: Faces
    doubt: str


class _Done(NamedTuple):
    """A photo that was worked on: its answer, or why there is none."""

    answer: Answer | None
    fault: str = ""
    doubt: str = ""


def label_photos(work: FaceWork, photos: Sequence[Source], take: Take) -> list[str]:
    """Finds and labels the faces of photos.

    Args:
        work: what they go through.
        photos: in their order.
        take: is given the object of each, see ``Answers.photo``; ``picture`` is its drawn picture
            in the output folder.

    Returns:
        What is wrong with those that cannot be read; they are left out.
    """
    faults, doubts = [], []
    with ExitStack() as stack:
        takers = [take]
        if work.pictures:
            work.pictures.folder.begin()
            folder = work.pictures.folder
            takers.append(stack.enter_context(folder.lines(folder.photo_lines)))
        advance = stack.enter_context(progress(len(photos), "faces"))
        places = (
            (photo, work.pictures and work.pictures.folder.place(photo.name, PICTURE))
            for photo in photos
        )
        done = in_order(
            *(partial(_find_in, work), partial(_label_found, work), places, work.labeller),
            AHEAD * thread_count(),
        )
        for answer, fault, doubt in stack.enter_context(closing(done)):
            if answer is None:
                faults.append(fault)
            else:
                for each in takers:
                    each(answer)
            doubts += [f"{answer['path']}: {doubt}"] if doubt else []
            advance(1)
    if doubts:
        log.warning(
            "%d photos of more than 8 bits whose brightness may be wrong: %s",
            *(len(doubts), some(doubts)),
        )
    return faults


def _find_in(work: FaceWork, job: tuple[Source, Path | None]) -> _Opened | _Done:
    source, place = job
    try:
        image = open_photo(source.path, work.range)
    except UserError as error:
        return _Done(None, str(error))
    pixels = np.asarray(image)
    return _Opened(source, place, pixels, work.labeller.find(pixels), image.info.get(DOUBT, ""))


def _label_found(work: FaceWork, found: _Opened | _Done) -> _Done:
    if isinstance(found, _Done):
        return found
    source, place, pixels, faces, doubt = found
    height, width = pixels.shape[:2]
    try:
        labelled = work.labeller.label(pixels, faces)
        answer = work.answers.photo(str(source.path), (width, height), labelled)
        if work.pictures and place:
            drawn = pixels.copy()
            work.pictures.painter.draw(drawn, work.answers.drawn_photo(labelled))
            write_picture(place, drawn)
            answer["picture"] = work.pictures.folder.shown(place)
    except UserError as error:  # an endless strip
        return _Done(None, f"{source.path}: {error}")
    return _Done(answer, doubt=doubt)


@dataclass
class VideoSummary:
    """What was in a video.

    Attributes:
        name: of the video.
        frames: that were worked on.
        seconds: that the work took.
        labels: by a face's number its last voted label, and whether that is no guess.
        picture: the drawn video below the output folder; None where none is written.
    """

    name: str
    frames: int = 0
    seconds: float = 0.0
    labels: dict[int, tuple[str, bool]] = field(default_factory=dict)
    picture: str | None = None

    def in_words(self, names: Mapping[str, str]) -> str:
        """For people, with their names of the labels, in whose order they are counted."""
        sure = Counter(label for label, certain in self.labels.values() if certain)
        counts = {label: sure[label] for label in names if sure[label]}
        guesses = len(self.labels) - sure.total()
        rate = self.frames / self.seconds if self.seconds else 0
        count = f"{self.frames} frame{'s' * (self.frames != 1)}"
        speed = f"{count} in {self.seconds:.1f} s ({rate:.{rate < 10:d}f} a second)"
        written = f"; in {self.picture}" if self.picture else ""
        return f"{self.name}  {speed}, {in_words(counts, guesses, names)}{written}"


def label_video(
    work: FaceWork,
    source: FrameSource,
    name: Path,
    every: int,
    limit: int | None,
    take: Take,
    summary: VideoSummary,
) -> None:
    """Finds, numbers and labels the faces of a video or camera, until it ends.

    Args:
        work: what its frames go through.
        source: the frames.
        name: what it is called below the output folder.
        every: see ``stream.seen_faces``.
        limit: frames after which it ends; None: with the source.
        take: is given the object of each frame, see ``Answers.frame``.
        summary: is kept up to date, so that it is right wherever the work is stopped.
    """
    begun = time.perf_counter()
    count = source.count if limit is None else min(limit, source.count or limit)
    with ExitStack() as stack:
        takers: list[FrameTake] = [lambda frame, faces, answer: take(answer)]
        if work.pictures:
            takers += _video_takers(work, source, name, summary, stack)
        advance = stack.enter_context(progress(count, source.name, "frame", quiet=True))
        frames = stack.enter_context(closing(source.frames()))
        size = source.width * source.height * 3
        seen = seen_faces(islice(frames, limit), work.labeller, every, size)
        for frame, faces in stack.enter_context(closing(seen)):
            answer = work.answers.frame(source.name, frame.number, frame.time, faces)
            for each in takers:
                each(frame, faces, answer)
            for face in answer["faces"]:
                summary.labels[face["number"]] = face["voted_label"], not face["abstained"]
            summary.frames += 1
            summary.seconds = time.perf_counter() - begun
            advance(1)


def _video_takers(
    work: FaceWork, source: FrameSource, name: Path, summary: VideoSummary, stack: ExitStack
) -> list[FrameTake]:
    """What writes a video and its lines."""
    folder, painter = work.pictures.folder, work.pictures.painter
    folder.begin()
    path = folder.place(name, SUFFIX)

    def note() -> None:
        summary.picture = folder.shown(path) if path.exists() else None  # the disk may be full

    stack.callback(note)  # once the video is closed: what is entered last is left first
    write_line = stack.enter_context(folder.lines(path.with_suffix(LINES)))
    if source.width % EVEN or source.height % EVEN:
        log.warning(
            "%s: MP4 stores an even number of columns and rows; of %d x %d the last is left out",
            *(source.name, source.width, source.height),
        )

    def draw(pixels: np.ndarray, faces: Sequence[SeenFace]) -> None:
        painter.draw(pixels, work.answers.drawn_frame(faces))

    def say(words: str) -> None:
        if source.count is not None:  # a camera is as fast as its light, and as we are
            log.warning("%s: %s", source.name, words)

    size = (source.width, source.height)
    add = stack.enter_context(video_file(path, size, source.rate, draw, say))
    return [lambda frame, faces, _: add((frame, faces)), lambda _, __, answer: write_line(answer)]
