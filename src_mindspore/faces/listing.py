"""Which photos, videos and cameras a user means."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from src_mindspore.photos.listing import walk
from src_mindspore.photos.passed_over import ACCEPTED, sentences
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some
from src_mindspore.video.camera import camera_number
from src_mindspore.video.names import SUFFIXES, is_video

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A photo or video: where it is, and what it is called below an output folder."""

    path: Path
    name: Path


@dataclass
class Sources:
    """What is to be searched for faces, in the order in which it was named."""

    photos: list[Source] = field(default_factory=list)
    videos: list[Source] = field(default_factory=list)
    cameras: list[int] = field(default_factory=list)

    @property
    def moving(self) -> bool:
        """Whether a video or camera is among them."""
        return bool(self.videos or self.cameras)


def sources(paths: Sequence[Path]) -> Sources:
    """Files as they are, folders with all photos and videos below them, ``camera:N``.

    What a folder holds besides is said in the log. A folder that cannot be listed is among the
    photos, as something that cannot be read.

    Raises:
        UserError: a path that does not exist, a folder without photos and videos, or what begins
            like a camera and is none.
    """
    found = Sources()
    for path in paths:
        if path.is_dir():
            _add_folder(found, path)
        elif path.is_file():
            (found.videos if is_video(path.name) else found.photos).append(
                Source(path, Path(path.name))
            )
        elif not path.exists() and (number := camera_number(str(path))) is not None:
            found.cameras.append(number)
        else:
            what = "is neither file nor folder" if path.exists() else "does not exist"
            raise UserError(
                f"{path} {what}; a photo, a video, a folder of them or camera:N is accepted"
            )
    if len(found.cameras) > 1:
        raise UserError(f"one camera at a time is read; got {len(found.cameras)}")
    return found


def _add_folder(found: Sources, folder: Path) -> None:
    below = walk(folder)
    videos = [name for name in below.others if is_video(name)]
    below.others = [name for name in below.others if not is_video(name)]
    said = list(sentences(below))
    photos = sorted(
        (*below.photos, *(name for name, _ in below.closed)), key=lambda name: name.split("/")
    )
    if not photos and not videos:
        if below.rubbish:
            said.append(f"hidden files and leftovers, not used: {some(below.rubbish)}")
        rest = "".join(f"; {sentence}" for sentence in said)
        raise UserError(
            f"{folder} has no photos ({ACCEPTED}) and no videos ({', '.join(SUFFIXES)}){rest}"
        )
    for sentence in said:
        log.warning("%s: %s", folder, sentence)
    found.photos += [Source(folder / name, Path(name)) for name in photos]
    found.videos += [Source(folder / name, Path(name)) for name in videos]
