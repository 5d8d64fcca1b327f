"""The folder of what ``faces.py`` writes: pictures, videos, and a JSON object a line."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError
from src_mindspore.system.manifest import NAME as MANIFEST
from src_mindspore.system.manifest import Manifest, written_by
from src_mindspore.system.pipeline import Behind
from src_mindspore.system.plain_path import plain_folder
from src_mindspore.system.terminal import some
from src_mindspore.system.write import atomic_path, put_in_place
from src_mindspore.video.frames import Frame
from src_mindspore.video.pace import Pace
from src_mindspore.video.writer import SUFFIX, VideoWriter

COMMAND = "faces.py"
PICTURE, LINES = ".jpg", ".jsonl"
PHOTOS = f"photos{LINES}"
LONGEST_SIDE = 65_500  # pixels; libjpeg's limit
QUALITY = 92  # of the pictures, as JPEG counts it
WAITING = 4  # frames between who labels and who writes them

Object = Mapping[str, Any]


class OutputFolder:
    """A new folder, made when the first file is written into it.

    Its list of what was written is empty: it tells other commands that the pictures are no photos.

    Raises:
        UserError: the folder is there and holds something, or cannot be one.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--out takes a folder, new or empty; {folder} is a file")
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if there - ({MANIFEST} if written_by(folder) == COMMAND else set()):
            raise UserError(
                f"--out takes a folder, new or empty; {folder} holds {some(sorted(there))}. "
                f"Nothing of it is replaced: name another"
            )
        self.folder = folder
        self._taken = {PHOTOS, MANIFEST}

    def begin(self) -> None:
        """Makes the folder, if it is not there."""
        if not (self.folder / MANIFEST).exists():
            Manifest(self.folder, COMMAND).note({})

    def place(self, name: Path, suffix: str) -> Path:
        """A path that no other file of this folder has, its folders made.

        Args:
            name: of the photo or video, relative.
            suffix: of the file; a video's lines get the same name, which must be free as well.
        """
        suffixes = (suffix, LINES) if suffix == SUFFIX else (suffix,)
        stem, number = name.with_suffix(""), 1
        wanted = stem
        while not self._taken.isdisjoint(str(wanted) + each for each in suffixes):
            number += 1
            wanted = stem.with_name(f"{stem.name}-{number}")
        self._taken |= {str(wanted) + each for each in suffixes}
        path = self.folder / f"{wanted}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @contextmanager
    def lines(self, path: Path) -> Iterator[Callable[[Object], object]]:
        """Gives what adds an object to a new file of JSON, one a line."""
        with path.open("x", encoding="utf-8", errors="backslashreplace") as stream:
            yield lambda value: stream.write(json.dumps(value, ensure_ascii=False) + "\n")

    @property
    def photo_lines(self) -> Path:
        """The file with an object for each photo."""
        return self.folder / PHOTOS

    def shown(self, path: Path) -> str:
        """The path of a file as the objects have it: relative to this folder."""
        return str(path.relative_to(self.folder))


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Writes (H, W, 3) uint8, RGB, as JPEG.

    Raises:
        UserError: JPEG cannot hold so long a side.
        OSError: it cannot be written.
    """
    if max(pixels.shape) > LONGEST_SIDE:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise UserError(f"a picture of up to {LONGEST_SIDE:,} pixels a side is drawn; got {size}")
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(PICTURE, bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.tobytes())


@contextmanager
def video_file(
    path: Path,
    size: tuple[int, int],
    rate: float,
    draw: Callable[[np.ndarray, Any], object],
    say: Callable[[str], object],
) -> Iterator[Callable[[tuple[Frame, Sequence[Any]]], None]]:
    """Gives what adds a frame with its faces to a new video; drawn and encoded in another thread.

    However the body ends, what it has added is in the file, and can be played.

    Args:
        path: the file.
        size: width and height, pixels.
        rate: frames a second.
        draw: draws faces on pixels.
        say: is told at the end what was done to frames that do not come at that rate, if any.

    Raises:
        UserError: no such video can be written.
        OSError: it could not be written to its end.
    """
    with temporary_folder(path.parent) as folder, plain_folder(folder) as way:
        writer, pace = VideoWriter(way / f"video{SUFFIX}", size, rate), Pace(rate)
        shown: list[np.ndarray] = []  # the last picture that was written

        def add(item: tuple[Frame, Sequence[Any]]) -> None:
            frame, faces = item
            count = pace.times(frame.time)
            for _ in range(count - 1):
                writer.write(shown[0])
            if count:
                draw(frame.pixels, faces)
                writer.write(frame.pixels)
                shown[:] = [frame.pixels]

        try:
            with Behind(add, WAITING) as behind:
                yield behind.put
        finally:
            writer.close()
            if writer.written:
                put_in_place(folder / f"video{SUFFIX}", path)
            if words := pace.in_words():
                say(words)
