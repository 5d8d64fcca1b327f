"""Other backbones through the real commands, from photos to device files."""

import json
import os
import shutil

import pytest
from lite_fakes import fetched_or_skip

from src_mindspore.lite.library import why_not
from src_mindspore.weights.imagenet import pretrained_file

TRAIN = (
    "train.py --config configs/demo.yaml --data photos --run runs/other"
    " --set backbone.name=efficientnet_lite0 --set backbone.width_mult=null"
    " --set backbone.weights=imagenet --set input.size=96"
    " --set finetune_stage.from_block=-4"
)


def test_an_efficientnet_goes_the_whole_way(workplace) -> None:
    fetched_or_skip(lambda: pretrained_file("efficientnet_lite0"))
    done = workplace.call(TRAIN)
    assert done.returncode == 0, done.stderr
    assert "kernels: compiled" in done.stderr
    run = workplace.folder / "runs" / "other"
    model = json.loads((run / "spec.json").read_text())["model"]
    assert model["backbone"] == {
        "name": "efficientnet_lite0",
        "width_mult": 1.0,
        "padding": "same",
        "bn_eps": 1e-3,
    }
    assert list((workplace.folder / "cache").glob("*/features.13.npy"))

    done = workplace.call("export.py runs/other")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((run / "export" / "parity.json").read_text())["files"]
    names = ["model.ckpt", "model.mindir", "model.onnx", "model.ms"]
    assert [row["name"] for row in rows] == names
    if why_not(os.uname().machine):
        rows.pop()
    for row in rows:
        assert row["max_difference"] <= 1e-4
        assert row["top1"] > 0.25  # by chance 0.08
        assert row["top1"] == rows[0]["top1"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "said", "stage"),
    [
        ("mask_v1_scratch", "kernels: compiled depthwise convolutions", "finetune"),
        ("mask_v2_scratch", "kernels: compiled depthwise convolutions", "finetune"),
        ("mask_dense128", "head: compiled, an epoch a call", "head"),
        ("mask_resnet50", "head: compiled, an epoch a call", "head"),
    ],
)
def test_a_recipe_for_masks_goes_the_whole_way(
    workplace, shared_data, name: str, said: str, stage: str
) -> None:
    faces = workplace.folder / "faces"  # a folder without splits, which the configs divide
    for photo in (shared_data / "face_mask_4095").glob("*/*0.jpg"):  # one of ten
        (faces / photo.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, faces / photo.parent.name)
    run = workplace.folder / "runs" / name
    done = workplace.call(f"train.py --config configs/{name}.yaml --data faces --run {run}")
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    assert "no effect" not in done.stderr
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["epoch"]) for line in lines] == [(stage, 1), (stage, 2)]
    splits = json.loads((run / "splits.json").read_text())["splits"]
    part = "val" if name == "mask_dense128" else "test"
    assert set(splits) == {"train", "val", part}

    done = workplace.call(f"export.py runs/{name}")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((run / "export" / "parity.json").read_text())["files"]
    names = ["model.ckpt", "model.mindir", "model.onnx", "model.ms"]
    assert [row["name"] for row in rows] == names
    for row in rows[:3] if why_not(os.uname().machine) else rows:
        assert row["max_difference"] <= 1e-4
    scores = []
    for model in (f"runs/{name}", f"runs/{name}/export/model.onnx"):
        command = f"evaluate.py {model} --data faces --split {part} --json masks.json"
        done = workplace.call(command)
        assert done.returncode == 0, done.stderr
        scores.append(json.loads((workplace.folder / "masks.json").read_text()))
        assert scores[-1]["n"] == len(splits[part])
    assert scores[0]["top1"] == scores[1]["top1"]


@pytest.mark.long
def test_the_small_cnn_is_trained_from_photos_alone(workplace) -> None:
    done = workplace.call("train.py --config configs/masks_small.yaml --data photos --run runs/cnn")
    assert done.returncode == 0, done.stderr
    assert "kernels: compiled depthwise convolutions" in done.stderr
    assert "config:" not in done.stderr  # nothing idle, nothing random
    run = workplace.folder / "runs" / "cnn"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["epoch"]) for line in lines] == [("finetune", 1)]
    spec = json.loads((run / "spec.json").read_text())
    assert spec["model"]["backbone"]["name"] == "small_cnn"
    assert spec["model"]["parameters"] == 182_880 + 257 * 12
    assert spec["input"]["size"] == [32, 32]

    done = workplace.call("export.py runs/cnn")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((run / "export" / "parity.json").read_text())["files"]
    for row in rows[:3] if why_not(os.uname().machine) else rows:
        assert row["max_difference"] <= 1e-4
    told = json.loads((run / "metrics.json").read_text())["val"]
    done = workplace.call("evaluate.py runs/cnn/export/model.onnx --data photos --json cnn.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((workplace.folder / "cnn.json").read_text())["top1"] == told["top1"]
