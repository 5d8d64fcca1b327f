"""Masks from photos to a model, as it is typed, on real photos and the real detector."""

import json
import shutil
from pathlib import Path

import pytest
from lite_fakes import fetched_or_skip
from workplace import Workplace

from src_mindspore.faces.files import MTCNN, network_files

PHOTOS = 14  # of each class


@pytest.mark.long
def test_three_classes_are_drawn_trained_and_scored(
    workplace: Workplace, shared_data: Path
) -> None:
    fetched_or_skip(lambda: network_files(MTCNN))
    source = workplace.folder / "faces"
    for name in ("with_mask", "without_mask"):
        (source / name).mkdir(parents=True)
        for photo in sorted((shared_data / "face_mask_4095" / name).iterdir())[::60][:PHOTOS]:
            shutil.copy(photo, source / name)
    commands = (
        "-m src_mindspore.drawn_masks faces --out three --seed 2",
        "train.py --config configs/mask_3class.yaml --data three --run runs/three",
        "evaluate.py runs/three --data three --split test --json scores.json",
        "export.py runs/three --formats onnx",
    )
    for command in commands:
        done = workplace.run(command)
        assert done.returncode == 0, done.stderr
    manifest = json.loads((workplace.folder / "three" / "drawn_masks.json").read_text())
    drawn = [entry for entry in manifest["photos"] if entry["kind"] == "drawn"]
    assert len(drawn) == 2 * (PHOTOS - len(manifest["without_face"]))
    assert len(manifest["without_face"]) <= 2
    scores = json.loads((workplace.folder / "scores.json").read_text())
    assert [row["label"] for row in scores["per_class"]] == ["correct", "incorrect", "none"]
    test = [entry for entry in manifest["photos"] if entry["path"].startswith("test/")]
    assert scores["n"] == len(test)
    spec = json.loads((workplace.folder / "runs" / "three" / "spec.json").read_text())
    assert [label["zh"] for label in spec["labels"]] == [
        "正确佩戴口罩",
        "未正确佩戴口罩",
        "未戴口罩",
    ]
    again = workplace.run("-m src_mindspore.drawn_masks faces --out three")
    assert again.returncode == 2
    assert "three holds other things, and stays" in again.stderr
