"""Photos and videos through a detector of bright squares and a model that tells how bright."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import input_spec
from PIL import Image
from videos import damage, retimed, write_video

from src_mindspore.evaluation.model import Model, Runner
from src_mindspore.faces import output
from src_mindspore.faces.answers import Answers
from src_mindspore.faces.detector import Faces
from src_mindspore.faces.draw import painter_of
from src_mindspore.faces.label import FaceLabeller
from src_mindspore.faces.listing import Source, sources
from src_mindspore.faces.output import OutputFolder
from src_mindspore.faces.work import FaceWork, Pictures, VideoSummary, label_photos, label_video
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.video.pace import Pace
from src_mindspore.video.video_file import VideoFile

CLASSES = ("grey", "white")
SPEC = ModelSpec(CLASSES, ({}, {}), input_spec(8), "probabilities", {})


class Squares:
    """Finds the box around all that is brighter than 80, if it is of 4 pixels or more."""

    name = "squares"

    def __init__(self) -> None:
        self.searched = 0

    def find(self, photo: np.ndarray) -> Faces:
        self.searched += 1
        rows, columns = np.nonzero(photo.min(2) > 80)
        there = len(rows) >= 4
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if there else []
        return Faces(np.array(box, np.float32).reshape(-1, 4), np.full(int(there), 0.9), None)


def brightness(images: np.ndarray) -> np.ndarray:
    """The middle of a picture as probabilities of (grey, white)."""
    white = (images[:, :, 2:6, 2:6].mean((1, 2, 3)) + 1) / 2
    return np.stack([1 - white, white], axis=1).astype(np.float32)


@pytest.fixture(params=["1", "2"], ids=["one thread", "two threads"])
def threads(request, monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})


def face_work(out: Path | None, detector=None, concurrent: bool = True) -> FaceWork:
    model = Model(Path("m"), SPEC, FileSpec("m", 1, ""), Runner(brightness, "test", concurrent))
    pictures = Pictures(OutputFolder(out), painter_of(SPEC, "en", None)) if out else None
    labeller = FaceLabeller(detector or Squares(), model, 0.0)
    return FaceWork(labeller, Answers(CLASSES, 0.6), pictures)


def square(left: int, top: int, value: int = 240, size=(96, 128)) -> np.ndarray:
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[top : top + 24, left : left + 24] = value
    return pixels


def moving(path: Path, frames: int) -> Path:
    return write_video(path, [square(10 + 3 * frame, 30) for frame in range(frames)])


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_photos_give_pictures_and_objects(tmp_path, threads) -> None:
    photos = tmp_path / "photos"
    (photos / "a").mkdir(parents=True)
    Image.fromarray(square(30, 40)).save(photos / "a" / "x.png")
    Image.fromarray(square(60, 10, 90)).save(photos / "a" / "x.bmp")
    Image.fromarray(square(0, 0, 0)).save(photos / "none.png")
    (photos / "bad.jpg").write_bytes(b"no photo")
    found = sources([photos])
    assert not found.moving
    out, said = tmp_path / "out", []
    faults = label_photos(face_work(out), found.photos, said.append)
    assert faults == [
        f"{photos}/bad.jpg is not an image that can be read (JPEG, PNG, WebP, BMP, "
        "GIF, TIFF, AVIF, HEIC, PPM)"
    ]
    assert [answer["picture"] for answer in said] == ["a/x.jpg", "a/x-2.jpg", "none.jpg"]
    assert lines(out / "photos.jsonl") == said
    assert [answer["counts"] for answer in said] == [{"grey": 1}, {"white": 1}, {}]
    assert said[1]["faces"][0]["box"] == [30, 40, 54, 64]
    drawn = np.asarray(Image.open(out / "a/x-2.jpg")).astype(int)
    assert drawn.shape == (96, 128, 3)
    assert np.abs(drawn - square(30, 40)).max() > 60
    assert np.abs(np.asarray(Image.open(out / "none.jpg")).astype(int)).max() < 5


def test_an_endless_strip_is_named_and_left_out(tmp_path) -> None:
    Image.new("RGB", (70_000, 2)).save(tmp_path / "strip.png")
    Image.fromarray(square(30, 40)).save(tmp_path / "x.png")
    said = []
    photos = [Source(tmp_path / name, Path(name)) for name in ("strip.png", "x.png")]
    faults = label_photos(face_work(tmp_path / "out"), photos, said.append)
    assert faults == [
        f"{tmp_path}/strip.png: a picture of up to 65,500 pixels a side is drawn; got 70000 x 2"
    ]
    assert [answer["picture"] for answer in said] == ["x.jpg"]


def test_a_video_gives_a_video_and_objects(tmp_path, threads) -> None:
    source = VideoFile(moving(tmp_path / "clip.mp4", 21))
    detector, said, summary = Squares(), [], VideoSummary("clip")
    work = face_work(tmp_path / "out", detector)
    label_video(work, source, Path("clip.mp4"), 5, None, said.append, summary)
    assert detector.searched == 5
    assert lines(tmp_path / "out/clip.jsonl") == said
    assert [answer["frame"] for answer in said] == list(range(21))
    assert [face["number"] for answer in said for face in answer["faces"]] == [1] * 21
    assert [answer["faces"][0]["detected"] for answer in said] == [n % 5 == 0 for n in range(21)]
    for frame, answer in enumerate(said):
        assert answer["faces"][0]["box"][0] == pytest.approx(10 + 3 * frame, abs=3)
        assert answer["faces"][0]["voted_label"] == "white"
    written = VideoFile(tmp_path / "out/clip.mp4")
    assert (written.width, written.height, written.rate, written.count) == (128, 96, 20, 21)
    assert (summary.frames, summary.labels, source.fault) == (21, {1: ("white", True)}, None)
    words = summary.in_words({"white": "White"})
    assert "clip  21 frames in " in words
    assert words.endswith(" a second), 1 face: 1 White; in clip.mp4")


def test_a_model_that_is_called_from_one_thread_alone(tmp_path, threads) -> None:
    said = []
    source = VideoFile(moving(tmp_path / "clip.mp4", 6))
    work = face_work(None, concurrent=False)
    label_video(work, source, Path("clip"), 1, 4, said.append, VideoSummary("clip"))
    assert [answer["counts"] for answer in said] == [{"white": 1}] * 4


def test_a_video_that_is_stopped_can_be_played(tmp_path, threads) -> None:
    source = VideoFile(moving(tmp_path / "clip.mp4", 30))
    summary = VideoSummary("clip")

    def stop(answer: dict) -> None:
        if answer["frame"] == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label_video(face_work(tmp_path / "out"), source, Path("clip.mp4"), 1, None, stop, summary)
    assert summary.frames == 7
    assert len(list(VideoFile(tmp_path / "out/clip.mp4").frames())) == 7
    assert len(lines(tmp_path / "out/clip.jsonl")) == 7
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("clip.jsonl", "clip.mp4", "written.json"),
    ]


def test_of_a_broken_video_what_can_be_read_is_kept(tmp_path, threads) -> None:
    path = damage(moving(tmp_path / "whole.mp4", 30), tmp_path / "clip.mp4")
    source, summary, said = VideoFile(path), VideoSummary("clip"), []
    label_video(
        *(face_work(tmp_path / "out"), source, Path("clip.mp4"), 1, None),
        *(said.append, summary),
    )
    assert 3 < len(said) == summary.frames < 27
    assert source.fault.startswith(f"{path} breaks off at frame {len(said)}, which cannot be")
    assert VideoFile(tmp_path / "out/clip.mp4").count == len(said)


def test_a_video_that_could_not_be_written_is_not_said_to_be_there(tmp_path, monkeypatch) -> None:
    def full(writer: output.VideoWriter) -> None:
        raise OSError("is the disk full?")

    source, summary = VideoFile(moving(tmp_path / "clip.mp4", 3)), VideoSummary("clip")
    monkeypatch.setattr(output.VideoWriter, "close", full)
    with pytest.raises(OSError, match="is the disk full"):
        label_video(
            *(face_work(tmp_path / "out"), source, Path("clip.mp4"), 1, None),
            *(lambda _: None, summary),
        )
    assert not (tmp_path / "out" / "clip.mp4").exists()
    assert summary.in_words({"white": "White"}).endswith(" a second), 1 face: 1 White")


def test_frames_of_any_times_are_as_long_as_they_took(tmp_path) -> None:
    times, said = [0.0, 0.1, 0.5, 0.55, 0.56], []
    with output.video_file(tmp_path / "a.mp4", (32, 32), 20.0, lambda *_: None, said.append) as add:
        for number, moment in enumerate(times):
            add((output.Frame(number, moment, np.full((32, 32, 3), 60 * number, np.uint8)), []))
    seen = [frame.pixels.mean() for frame in VideoFile(tmp_path / "a.mp4").frames()]
    assert len(seen) == 12  # 0.55 s of 20 a second
    assert seen == pytest.approx([0, 0, *[60] * 8, 120, 180], abs=5)
    (words,) = said
    assert words.endswith("of 5 frames 1 are left out and 2 shown for longer")


def test_a_video_of_varying_rate_stays_in_step(tmp_path, caplog) -> None:
    path = retimed(moving(tmp_path / "whole.mp4", 12), tmp_path / "clip.mp4", [1] * 6 + [9] * 6)
    source, said = VideoFile(path), []
    assert source.rate == pytest.approx(4)
    label_video(
        *(face_work(tmp_path / "out"), source, Path("clip.mp4"), 1, None),
        *(said.append, VideoSummary("clip")),
    )
    assert [answer["time"] for answer in said][5:8] == pytest.approx([0.25, 0.3, 0.75], abs=1e-3)
    drawn = list(VideoFile(tmp_path / "out/clip.mp4").frames())
    assert len(drawn) == round(said[-1]["time"] * 4) + 1
    # a place each 0.25 s: frame 3, of 0.15 s, is in the second, and stays until frame 7, of 0.75 s
    for place, number in ((0, 0), (1, 3), (2, 3), (3, 7), (len(drawn) - 1, 11)):
        columns = np.nonzero(drawn[place].pixels[52, :, 0] > 150)[0]
        assert np.median(columns) == pytest.approx(10 + 3 * number + 12, abs=3)
    assert f"{path}: its frames come at varying times" in caplog.text


def test_a_steady_video_is_said_nothing_of_and_a_clock_set_anew_adds_nothing() -> None:
    steady, jitter = Pace(30.0), np.random.default_rng(1).uniform(-0.01, 0.01, 900)
    assert {steady.times(n / 30 + jitter[n]) for n in range(900)} == {1}
    assert steady.in_words() == ""
    slower = Pace(30.0)  # 29.97 in truth: a frame a thousand is shown for longer
    assert sum(slower.times(n * 1001 / 30000) for n in range(3000)) == 3003
    assert slower.in_words() == ""
    late = Pace(10.0)  # a camera whose first picture took its time
    assert [late.times(time) for time in (3.0, 3.1)] == [1, 1]
    jumped = Pace(10.0)
    assert [jumped.times(time) for time in (0, 0.1, 0.4, 36_000.4, 36_000.5)] == [1, 1, 3, 1, 1]


def test_an_output_folder_is_new_or_empty(tmp_path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(UserError, match=r"--out takes a folder, new or empty; .*full holds mine"):
        OutputFolder(tmp_path / "full")
    with pytest.raises(UserError, match=r"mine\.txt is a file"):
        OutputFolder(tmp_path / "full" / "mine.txt")
    folder = OutputFolder(tmp_path / "new")
    assert not folder.folder.exists()
    folder.begin()
    again = OutputFolder(tmp_path / "new")  # nothing was written into it yet
    names = [
        again.shown(again.place(Path(n), s))
        for n, s in (
            ("a.png", ".jpg"),
            ("a.bmp", ".jpg"),
            ("a.avi", ".mp4"),
            ("a.mkv", ".mp4"),
            ("photos.avi", ".mp4"),
            ("photos.png", ".jpg"),
            ("b/a.avi", ".mp4"),
        )
    ]
    photos, videos = names[:2] + names[5:6], names[2:5] + names[6:]
    assert photos == ["a.jpg", "a-2.jpg", "photos.jpg"]
    assert videos == ["a.mp4", "a-2.mp4", "photos-2.mp4", "b/a.mp4"]


def test_what_is_named(tmp_path) -> None:
    for name in ("b/2.mp4", "b/1.jpg", "a.JPG", "notes.txt", "c.mov"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = sources([tmp_path, tmp_path / "c.mov", Path("camera:2")])
    assert [str(photo.name) for photo in found.photos] == ["a.JPG", "b/1.jpg"]
    assert [str(video.name) for video in found.videos] == ["c.mov", "b/2.mp4", "c.mov"]
    assert found.cameras == [2]
    with pytest.raises(UserError, match="one camera at a time is read; got 2"):
        sources([Path("camera:0"), Path("camera:1")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty has no photos \(.*\) and no videos \("):
        sources([tmp_path / "empty"])
    with pytest.raises(UserError, match="camera:N is accepted"):
        sources([tmp_path / "missing"])
