"""Frames from files and cameras, frames to files: sizes, times, what is broken or refused."""

import os
from itertools import pairwise

import cv2
import numpy as np
import pytest
from videos import damage, retimed, turned, write_video

from src_mindspore.system.errors import UserError
from src_mindspore.video import camera
from src_mindspore.video.camera import Camera, camera_number
from src_mindspore.video.frames import USUAL_RATE, usable_rate
from src_mindspore.video.names import is_video
from src_mindspore.video.video_file import VideoFile, _is_container
from src_mindspore.video.writer import VideoWriter


def grey_frames(path, count: int, size=(64, 48), rate=12.5):
    """A video whose frame k is all of brightness 12k."""
    pixels = [np.full((size[1], size[0], 3), 12 * frame, np.uint8) for frame in range(count)]
    return write_video(path, pixels, rate)


def test_what_is_written_is_read(tmp_path) -> None:
    video = VideoFile(grey_frames(tmp_path / "a b%03d.mp4", 20))
    assert (video.width, video.height, video.rate, video.count) == (64, 48, 12.5, 20)
    frames = list(video.frames())
    video.close()
    assert [frame.number for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == pytest.approx(np.arange(20) / 12.5, abs=1e-3)
    brightness = [frame.pixels.mean() for frame in frames]
    assert brightness == pytest.approx(12 * np.arange(20), abs=5)
    assert video.fault is None


def test_colours_stay_what_they_are(tmp_path) -> None:
    writer = VideoWriter(tmp_path / "red.mp4", (32, 32), 25)
    writer.write(np.full((32, 32, 3), (200, 30, 10), np.uint8))
    writer.close()
    (frame,) = VideoFile(tmp_path / "red.mp4").frames()
    assert np.abs(frame.pixels.mean((0, 1)) - (200, 30, 10)).max() < 8


def test_a_video_that_is_to_be_turned_is(tmp_path) -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:24, :32] = 250  # left upper corner, which is the right upper one when it is turned
    whole = write_video(tmp_path / "lying.mp4", [pixels] * 3)
    video = VideoFile(turned(whole, tmp_path / "upright.mp4"))
    frames = list(video.frames())
    assert (video.width, video.height, len(frames)) == (48, 64, 3)
    for frame in frames:
        assert frame.pixels.shape == (64, 48, 3)
        assert np.abs(frame.pixels.astype(int) - np.rot90(pixels, -1)).mean() < 8


def test_frames_have_their_own_times(tmp_path) -> None:
    whole = grey_frames(tmp_path / "whole.mp4", 6, rate=10)
    video = VideoFile(retimed(whole, tmp_path / "varying.mp4", [1, 1, 5, 1, 3, 1]))
    times = [frame.time for frame in video.frames()]
    assert times == pytest.approx([0, 0.1, 0.2, 0.7, 0.8, 1.1], abs=1e-3)
    assert video.rate == pytest.approx(6 / 1.2)


def test_a_video_that_breaks_off_says_where(tmp_path) -> None:
    whole = grey_frames(tmp_path / "whole.mp4", 20, (160, 120))
    damaged = damage(whole, tmp_path / "damaged.mp4")
    video = VideoFile(damaged)
    read = len(list(video.frames()))
    assert 0 < read < 17
    assert video.fault == (
        f"{damaged} breaks off at frame {read}, which cannot be decoded: it says that it has 20"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a video that can be read (MP4, MOV"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\nhttp://example.org/a.ts\n", "is not a video that"),
        (b"\0\0\0\x20ftypisom" + bytes(600), "cannot be decoded: it is damaged, cut short"),
    ],
    ids=["empty", "playlist", "cut short"],
)
def test_what_is_no_video_is_refused(tmp_path, capfd, content: bytes, message: str) -> None:
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        VideoFile(path)
    assert f"{path} {message}" in str(caught.value)
    assert capfd.readouterr() == ("", "")


class Sparse:
    """A video whose first frame is at tick 5, and a frame in every second one."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self.read, self.release, self._get = capture.read, capture.release, capture.get

    def get(self, what: int) -> float:
        value = self._get(what)
        return 5 + 2 * value if what == cv2.CAP_PROP_PTS else value


@pytest.mark.parametrize(("frames", "said", "broken"), [(20, 45, False), (12, 45, True)])
def test_a_duration_is_reached_by_time(tmp_path, frames, said, broken) -> None:
    """As Matroska has it: frames every second tick, and a count that is duration times rate."""
    video = VideoFile(grey_frames(tmp_path / "a.mp4", frames))
    video.count, video._capture = said, Sparse(video._capture)
    assert len(list(video.frames())) == frames
    assert (video.fault is not None) is broken


def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UserError, match="must be a file, but is a pipe"):
        VideoFile(tmp_path / "pipe.mp4")


def test_beginnings_of_containers() -> None:
    stream = (b"G" + bytes(187)) * 3
    assert _is_container(stream)
    assert _is_container(b"RIFF\0\0\0\0AVI LIST")
    assert not _is_container(b"RIFF\0\0\0\0WEBP")
    assert not _is_container(b"G" + bytes(400))


def test_odd_sizes_lose_a_column_or_row(tmp_path) -> None:
    writer = VideoWriter(tmp_path / "odd.mp4", (33, 41), 25)
    assert writer.size == (32, 40)
    writer.write(np.full((41, 33, 3), 90, np.uint8))
    writer.close()
    video = VideoFile(tmp_path / "odd.mp4")
    assert (video.width, video.height) == (32, 40)


def test_a_file_that_lost_frames_is_told(tmp_path) -> None:
    writer = VideoWriter(tmp_path / "full.mp4", (32, 32), 25)
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.written += 1  # OpenCV would not say that a write has failed
    with pytest.raises(OSError, match=r"2 frames were given to the encoder, and the file has 1"):
        writer.close()


def test_where_no_video_can_be_written(tmp_path) -> None:
    with pytest.raises(UserError, match="a video of 64 x 48 pixels and 25 frames a second cannot"):
        VideoWriter(tmp_path / "missing" / "a.mp4", (64, 48), 25)


def test_rates() -> None:
    assert usable_rate(29.97) == 29.97
    assert [usable_rate(said) for said in (0, -1, 90_000, float("nan"))] == [USUAL_RATE] * 4


def test_names() -> None:
    assert is_video("A.MP4")
    assert not is_video("a.jpg")
    assert [camera_number(text) for text in ("camera:0", "camera:12", "a.mp4")] == [0, 12, None]
    with pytest.raises(
        UserError, match="a camera is camera:N, N its number from 0 on; got camera:x"
    ):
        camera_number("camera:x")


def test_a_camera_that_is_not_there(tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(camera, "DEVICES", tmp_path)
    with pytest.raises(UserError, match="camera:77 cannot be opened: there is none of this number"):
        Camera(77)
    (tmp_path / "video3").touch()
    with pytest.raises(UserError, match=r"there are camera:3$"):
        Camera(77)
    assert capfd.readouterr() == ("", "")


def test_a_camera_gives_frames_until_it_is_gone(tmp_path, monkeypatch) -> None:
    path = grey_frames(tmp_path / "seen.mp4", 5)  # what the camera sees
    opened = cv2.VideoCapture(str(path))
    monkeypatch.setattr(camera.cv2, "VideoCapture", lambda *_: opened)
    seen = Camera(0)
    assert (seen.width, seen.height, seen.rate, seen.count) == (64, 48, 12.5, None)
    frames = list(seen.frames())  # the first showed that it works
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert frames[0].time == 0
    assert all(a.time <= b.time for a, b in pairwise(frames))
    assert seen.fault == "camera:0 gives no picture any more, from frame 4 on"
