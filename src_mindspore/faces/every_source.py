"""Photos, videos and the camera that a user names, one after the other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from src_mindspore.faces.listing import Sources
from src_mindspore.faces.work import FaceWork, Take, VideoSummary, label_photos, label_video
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import thread_count
from src_mindspore.video.camera import Camera
from src_mindspore.video.frames import FrameSource
from src_mindspore.video.video_file import VideoFile


class Takers(NamedTuple):
    """Who is given what is found.

    Attributes:
        photo: the object of each photo, see ``Answers.photo``.
        frame: the object of each frame, see ``Answers.frame``.
        summary: a line for people on each video and camera, once it has ended or is stopped.
    """

    photo: Take
    frame: Take
    summary: Callable[[str], object]


def label_all(
    work: FaceWork,
    named: Sources,
    camera: Camera | None,
    every: int,
    limit: int | None,
    names: Mapping[str, str],
    takers: Takers,
) -> list[str]:
    """Finds and labels the faces of everything.

    Args:
        work: what it goes through.
        named: photos and videos; its cameras are not looked at.
        camera: that is read at last, if any; it is closed.
        every: see ``stream.seen_faces``.
        limit: frames after which a video or the camera ends; None: with the source.
        names: of the labels, for people.
        takers: of the answers.

    Returns:
        What is wrong with that which could not be read to the end.
    """

    def moving(frames: FrameSource, name: Path) -> list[str]:
        summary = VideoSummary(frames.name)
        try:
            label_video(work, frames, name, every, limit, takers.frame, summary)
        finally:
            frames.close()
            takers.summary(summary.in_words(names))
        return [frames.fault] if frames.fault else []

    faults = label_photos(work, named.photos, takers.photo) if named.photos else []
    for video in named.videos:
        try:
            frames = VideoFile(video.path, thread_count())
        except UserError as error:
            faults.append(str(error))
            continue
        faults += moving(frames, video.name)
    if camera:
        faults += moving(camera, Path(camera.name.replace(":", "")))
    return faults
