"""The parent's side of ``mtcnn_opencv.py``, and what makes its faces comparable."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from benchmarks.peers.environment import peers_python
from src_mindspore.faces.boxes import overlaps
from src_mindspore.faces.detector import Faces

SCRIPT = Path(__file__).with_name("mtcnn_opencv.py")
REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements-faces.txt"


class Peer:
    """The process; ``folder`` is where photos are handed over."""

    def __init__(self, process: subprocess.Popen, folder: Path) -> None:
        self._process, self._file = process, folder / "photo.npy"

    def find(self, photo: np.ndarray, calls: int = 1) -> tuple[Faces, list[float]]:
        """The package's faces, its whole pixels, and milliseconds of every call."""
        np.save(self._file, photo)
        with suppress(BrokenPipeError):
            print(calls, self._file, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{SCRIPT.name} ended with status {self._process.wait()}")
        answer = json.loads(line)
        rows = np.array(answer["faces"], np.float32).reshape(-1, 15)
        boxes = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
        return Faces(boxes, rows[:, 4], rows[:, 5:].reshape(-1, 5, 2)), answer["ms"]


@contextmanager
def peer(folder: Path, threads: int) -> Iterator[Peer]:
    """A peer; its package is installed into the cache the first time."""
    process = subprocess.Popen(
        [str(peers_python(REQUIREMENTS)), "-W", "ignore", str(SCRIPT), str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
    )
    try:
        yield Peer(process, folder)
    finally:
        process.kill()
        process.communicate()


def as_the_package(faces: Faces) -> Faces:
    """Faces as the package hands them over: in whole pixels, cut at the left and upper border."""
    boxes = faces.boxes.copy()
    boxes[:, :2] = np.maximum(np.trunc(boxes[:, :2]), 0)
    boxes[:, 2:] = boxes[:, :2] + np.trunc(boxes[:, 2:] - boxes[:, :2])
    return Faces(boxes, faces.scores, np.trunc(faces.landmarks))


def agreement(expected: Faces, got: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Of every expected face: IoU with the nearest one, and how far its landmarks are off.

    The latter is the largest difference in units of the box's longer side.
    """
    if not len(got.boxes):
        return np.zeros(len(expected.boxes)), np.full(len(expected.boxes), np.inf)
    shares = overlaps(expected.boxes.astype(float), got.boxes.astype(float))
    nearest = shares.argmax(axis=1)
    sides = (expected.boxes[:, 2:] - expected.boxes[:, :2]).max(axis=1, initial=0)
    off = np.abs(expected.landmarks - got.landmarks[nearest]).max(axis=(1, 2), initial=0)
    return shares.max(axis=1), off / np.maximum(sides, 1)
