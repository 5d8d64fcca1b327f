"""TensorBoard's files say what log.jsonl says; their records are read here by the format itself."""

import struct

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

from src_mindspore.runs import event_log
from src_mindspore.runs.event_log import FOLDER, EventLog, check_library
from src_mindspore.runs.folder import RunFolder
from src_mindspore.system.errors import UserError

LINE = {
    "stage": "head",
    "epoch": 1,
    "lr": 0.25,
    "train_n": 9,
    "train_loss": 2.0,
    "train_top1": 0.5,
    "val_loss": 1.5,
    "val_top1": 0.75,
    "val_top5": 1.0,
    "seconds": 0.125,
}


def events(run) -> list[Event]:
    """All of a folder: each record is its length, four bytes, the event, four bytes."""
    found = []
    for path in sorted((run / FOLDER).iterdir()):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            found.append(Event.FromString(content[12 : 12 + length]))
            content = content[16 + length :]
    return found


def scalars(run) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events(run):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_every_figure_of_every_epoch_is_there(tmp_path) -> None:
    run = RunFolder(tmp_path)
    run.log_events = True
    assert run.begin(["head"]) is None
    assert not (tmp_path / FOLDER).exists()
    run.log(LINE)
    run.log({**LINE, "stage": "finetune", "val_top1": 0.5})
    run._events.close()  # it writes in a thread of its own
    assert scalars(tmp_path) == {
        "loss/train": [(1, 2.0), (2, 2.0)],
        "loss/val": [(1, 1.5), (2, 1.5)],
        "top1/train": [(1, 0.5), (2, 0.5)],
        "top1/val": [(1, 0.75), (2, 0.5)],
        "top5/val": [(1, 1.0), (2, 1.0)],
        "lr": [(1, 0.25), (2, 0.25)],
        "seconds": [(1, 0.125), (2, 0.125)],
    }


def test_without_being_asked_there_is_nothing(tmp_path) -> None:
    run = RunFolder(tmp_path)
    run.begin(["head"])
    run.log(LINE)
    assert not (tmp_path / FOLDER).exists()


def test_a_resumed_run_hides_what_it_trains_again(tmp_path) -> None:
    log = EventLog(tmp_path, 3)
    log.epoch(LINE)
    log.close()
    start = [event.session_log for event in events(tmp_path) if event.HasField("session_log")]
    assert [event.step for event in events(tmp_path) if event.HasField("session_log")] == [4]
    assert start[0].status == start[0].START


def test_the_confusion_matrix_is_a_picture_of_the_last_epoch(tmp_path) -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(pixels).save(tmp_path / "confusion.png")
    log = EventLog(tmp_path, 7)
    log.picture("confusion", tmp_path / "confusion.png")
    log.close()
    pictures = [(e.step, v) for e in events(tmp_path) for v in e.summary.value]
    assert [(step, value.tag) for step, value in pictures] == [(7, "confusion")]
    assert (pictures[0][1].image.height, pictures[0][1].image.width) == (4, 5)


def test_without_the_library_it_says_what_to_install(monkeypatch) -> None:
    check_library()
    monkeypatch.setattr(event_log, "LIBRARY", "no_such_library")
    with pytest.raises(UserError, match=r"which is not installed: pip install -r requirements-"):
        check_library()
