"""faces.py as a user meets it: real faces in composed pictures, the real detectors, refusals."""

import json
import os
import signal

import cv2
import numpy as np
import pytest
from lite_fakes import fetched_or_skip
from PIL import Image
from videos import write_video

import faces
from src_mindspore.faces.crop import MARGIN
from src_mindspore.faces.detector import (
    DEFAULT,
    LONGEST_SIDE,
    NAMES,
    SMALLEST_FACE,
    THRESHOLDS,
    load_detector,
)
from src_mindspore.faces.fonts import LANGUAGES
from src_mindspore.photos.own_output import is_output
from src_mindspore.video.video_file import VideoFile

PLACES = [(30, 60), (350, 180)]  # left and top of the faces in a scene of 640 x 480
FACE = (120, 150)


@pytest.fixture(scope="module")
def crops(shared_data) -> list[np.ndarray]:
    """A masked and a bare face."""
    fetched_or_skip(load_detector)
    found = []
    for name in ("with_mask", "without_mask"):
        files = sorted((shared_data / "face_mask_4095" / name).iterdir())
        images = (Image.open(file).convert("RGB") for file in files)
        upright = (image for image in images if 1.1 <= image.height / image.width <= 1.4)
        found.append(np.asarray(next(upright).resize(FACE)))
    return found


def scene(crops: list[np.ndarray], shift: int = 0) -> np.ndarray:
    picture = np.full((480, 640, 3), 110, np.uint8)
    for crop, (left, top) in zip(crops, PLACES, strict=True):
        picture[top : top + FACE[1], left + shift : left + shift + FACE[0]] = crop
    return picture


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def boxes(answer: dict) -> list[list[float]]:
    return sorted(face["box"] for face in answer["faces"])


def test_photos_and_a_video_in_a_folder(workplace, run_folder, crops) -> None:
    folder = workplace.folder / "faces"
    folder.mkdir()
    Image.fromarray(scene(crops)).save(folder / "scene.png")
    (folder / "bad.jpg").write_bytes(b"no photo")
    (folder / "bad.mp4").write_bytes(b"no video")
    write_video(folder / "clip.mp4", [scene(crops, 3 * frame) for frame in range(7)], 25)
    done = workplace.call("faces.py runs/mine faces --out found --every 3 --json --min-score 0")
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == ["error: 2 of 4 photos and videos could not be read to the end:"]
    assert "  faces/bad.jpg is not an image that can be read" in done.stderr
    assert "  faces/bad.mp4 is not a video that can be read" in done.stderr
    photo, *frames = objects(done.stdout)
    for (left, top), box in zip(PLACES, boxes(photo), strict=True):
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        assert middle == pytest.approx((left + 60, top + 75), abs=30)
    assert sum(photo["counts"].values()) == 2
    assert Image.open(workplace.folder / "found" / photo["picture"]).size == (640, 480)
    assert [len(frame["faces"]) for frame in frames] == [2] * 7
    assert {face["number"] for frame in frames for face in frame["faces"]} == {1, 2}
    assert [frame["faces"][0]["detected"] for frame in frames] == [n % 3 == 0 for n in range(7)]
    moved = np.subtract(boxes(frames[6]), boxes(frames[0]))
    assert np.abs(moved[:, 0] - 18).max() < 6
    drawn = VideoFile(workplace.folder / "found" / "clip.mp4")
    assert (drawn.width, drawn.height, drawn.rate, drawn.count) == (640, 480, 25, 7)
    assert objects((workplace.folder / "found" / "clip.jsonl").read_text()) == frames

    again = workplace.call("faces.py runs/mine faces --out found")
    assert again.returncode == 2
    assert "--out takes a folder, new or empty; found holds clip.jsonl, clip.mp4" in again.stderr
    assert is_output(workplace.folder / "found")  # no command takes its pictures for photos


@pytest.mark.long
def test_words_for_people_and_mtcnn(workplace, run_folder, crops) -> None:
    path = workplace.folder / "one.png"
    Image.fromarray(scene(crops)).save(path)
    done = workplace.call("faces.py runs/mine one.png --detector mtcnn --min-score 1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("one.png  ")
    assert "not sure" in done.stdout


def test_a_camera_until_there_are_frames_enough(workplace, run_folder, crops, monkeypatch) -> None:
    seen = write_video(workplace.folder / "seen.mp4", [scene(crops, n) for n in range(9)], 25)
    opened = cv2.VideoCapture

    def connected(place: int | str, *more: object) -> cv2.VideoCapture:
        """A camera that sees a video."""
        return opened(str(seen)) if place == 0 else opened(place, *more)

    monkeypatch.setattr(cv2, "VideoCapture", connected)
    done = workplace.call("faces.py runs/mine camera:0 --frames 4 --json --out from-camera")
    assert done.returncode == 0, done.stderr
    frames = objects(done.stdout)
    assert [(frame["path"], frame["frame"]) for frame in frames] == [
        ("camera:0", n) for n in range(4)
    ]
    assert [len(frame["faces"]) for frame in frames] == [2] * 4
    assert "camera:0  4 frames in " in done.stderr
    drawn = VideoFile(workplace.folder / "from-camera" / "camera0.mp4")
    assert drawn.count == round(frames[-1]["time"] * 25) + 1


def test_the_defaults_are_those_that_help_says(workplace) -> None:
    text = " ".join(workplace.call("faces.py --help").stdout.split())
    limits = f"({THRESHOLDS['centerface']}; mtcnn: {THRESHOLDS['mtcnn']})"
    for said in (f"({SMALLEST_FACE:g})", f"({LONGEST_SIDE})", f"({MARGIN})", limits):
        assert said in text
    assert (faces.DETECTORS, faces.LANGUAGES) == (NAMES, LANGUAGES)
    assert faces.DETECTORS[0] == DEFAULT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("missing photos", "a model is a run folder or a file that ends in"),
        ("photos photos", "photos/model.ckpt does not exist"),
        ("runs/mine none.jpg", "none.jpg does not exist; a photo, a video, a folder of them or"),
        ("runs/mine no-faces", "no-faces has no photos ("),
        ("runs/mine photos --every 2", "--every is for videos and cameras; there are photos alone"),
        ("runs/mine photos --every 0", "--every is a whole number, 1 to 1,000; got 0"),
        ("runs/mine photos --margin 3", "--margin is 0 to 2; got 3"),
        ("missing photos --face-threshold 1", "the least score of a face is above 0 and below 1"),
        ("missing photos --smallest-face 5", "the smallest face is 8 to 10,000 pixels; got 5"),
        ("missing photos --longest-side 20000", "the longest side is 32 to 10,000 pixels; got 20"),
        ("runs/mine photos --font x.ttf", "--font is for drawn pictures, which --out asks for"),
        ("runs/mine photos --out photos", "--out takes a folder, new or empty; photos holds"),
        ("runs/mine camera:99", "camera:99 cannot be opened: there is none of this number here"),
        ("runs/mine camera:x", "a camera is camera:N, N its number from 0 on; got camera:x"),
    ],
)
def test_refusals(workplace, run_folder, arguments: str, message: str) -> None:
    (workplace.folder / "no-faces").mkdir(exist_ok=True)
    before = sorted((workplace.folder / "photos").rglob("*"))
    done = workplace.call(f"faces.py {arguments}")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sum("error: " in line for line in done.stderr.splitlines()) == 1
    assert sorted((workplace.folder / "photos").rglob("*")) == before


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_video_can_be_played(workplace, run_folder, crops, number) -> None:
    frames = [scene(crops, shift) for shift in range(50)]
    write_video(workplace.folder / "long.mp4", 12 * frames, 25)
    out = workplace.folder / f"stopped-{number}"
    process = workplace.start(f"faces.py runs/mine long.mp4 --json --out {out}")
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    written = VideoFile(out / "long.mp4")
    frames = len(list(written.frames()))
    assert 15 <= frames < 600
    assert written.count == frames
    lines = len((out / "long.jsonl").read_text().splitlines())
    assert abs(lines - frames) <= 1


@pytest.mark.long
def test_memory_does_not_grow_with_the_frames(workplace, run_folder, crops) -> None:
    frames = [np.ascontiguousarray(scene(crops, n)[:240, :320]) for n in range(50)]
    write_video(workplace.folder / "many.mp4", 40 * frames, 25)
    process = workplace.start("faces.py runs/mine many.mp4 --every 10 --json --out many")
    resident = {}
    for line in process.stdout:
        frame = json.loads(line)["frame"]
        if frame in (400, 1990):
            text = open(f"/proc/{process.pid}/statm").read()  # noqa: PTH123, SIM115
            resident[frame] = int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert process.wait(timeout=60) == 0, process.stderr.read()
    assert resident[1990] - resident[400] < 30e6
