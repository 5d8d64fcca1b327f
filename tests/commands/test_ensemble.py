"""An average of three runs of different networks, from training to the program of the phone."""

import json
import os
import shutil

import numpy as np
import pytest
from lite_fakes import fetched_or_skip

from src_mindspore.demo_photos.data_set import write_data_set
from src_mindspore.lite.library import why_not
from src_mindspore.weights.imagenet import pretrained_file

pytestmark = pytest.mark.long

SETTINGS = (
    "backbone.weights=imagenet backbone.width_mult=1 input.size=96 head_stage.epochs=10 "
    "head_stage.lr.max=0.002 finetune_stage.epochs=0"
)
RUNS = {
    "mobilenet": "calibration.precision=0.6 head.normalisation=rms",
    "lite0": "backbone.name=efficientnet_lite0 head.activation=softmax",
    "lite2": "backbone.name=efficientnet_lite2 input.size=128",
}


@pytest.fixture(scope="module")
def place(workplace):
    """Where three such runs are, in ``runs/average``, and the photos of ``average``."""
    fetched_or_skip(pretrained_file)
    if reason := why_not(os.uname().machine):
        pytest.skip(reason)
    write_data_set(workplace.folder / "average", train=3, val=5)
    for name, more in RUNS.items():
        sets = " ".join(f"--set {setting}" for setting in f"{SETTINGS} {more}".split())
        done(
            workplace,
            f"train.py --config configs/demo.yaml --data average --run runs/average/{name} {sets}",
        )
    return workplace


def done(place, command: str):
    ended = place.call(command)
    assert ended.returncode == 0, ended.stderr
    return ended


def report_of(place, out: str) -> dict:
    return json.loads((place.folder / out / "parity.json").read_text())


def labelled(place, model: str) -> list[dict]:
    lines = done(place, f"predict.py {model} average/val --json --topk 12").stdout.splitlines()
    return [json.loads(line) for line in lines]


def scores(line: dict) -> dict:
    return {top["label"]: top["score"] for top in line["topk"]}


def test_one_size_is_the_mean_of_the_runs(place, cpp_plain) -> None:
    runs = ["runs/average/mobilenet", "runs/average/lite0"]
    ended = done(
        place, f"export.py {' '.join(runs)} --out runs/two --quant none,fp16,int8 --max-drop 100"
    )
    report = report_of(place, "runs/two")
    assert [row["name"] for row in report["files"]] == [
        *("average of 2", "model.mindir", "model.onnx", "model.ms"),
        *("model_fp16.ms", "model_int8.ms"),
    ]
    assert (report["n"], "no_score" in report) == (60, False)
    assert "resized" not in report
    for row in report["files"][:4]:
        assert row["max_difference"] <= 1e-4
        assert row["other_labels"] == 0
    assert report["files"][5]["max_difference"] < 0.5
    # what predict.py says of every run by itself, averaged here
    members = [labelled(place, run) for run in runs]
    for form in ("mindir", "onnx", "ms"):
        for line, *parts in zip(labelled(place, f"runs/two/model.{form}"), *members, strict=True):
            expected = {c: np.mean([scores(p)[c] for p in parts]) for c in scores(line)}
            assert scores(line) == pytest.approx(expected, abs=1e-4), form
    # one statement of all: the export's, of the ONNX by evaluate.py, and of the program in C++
    metrics = json.loads((place.folder / "runs/two/metrics.json").read_text())
    own = [json.loads((place.folder / run / "metrics.json").read_text())["val"] for run in runs]
    assert [m["val"]["top1"] for m in metrics["members"]] == [val["top1"] for val in own]
    done(place, "evaluate.py runs/two/model.onnx --data average --json average.json")
    got = json.loads((place.folder / "average.json").read_text())
    assert (got["top1"], got["confusion"]) == (metrics["val"]["top1"], metrics["val"]["confusion"])
    assert got["loss"] == pytest.approx(metrics["val"]["loss"], abs=1e-4)
    assert got["identity"] == metrics["val"]["identity"]
    assert got["identity"]["val"] == 60
    assert got["abstaining"]["threshold"] == metrics["calibration"]["threshold"]["threshold"]
    assert f"val top-1 {got['top1']:.2%} (n=60" in ended.stdout
    photos = sorted((place.folder / "average/val").glob("*/*"))[::10]
    program = cpp_plain.run("classify", "--json", place.folder / "runs/two/model.ms", *photos)
    assert program.returncode == 0, program.stderr
    python = {line["path"]: line for line in labelled(place, "runs/two/model.ms")}
    for line in map(json.loads, program.stdout.splitlines()):
        same = python[os.path.relpath(line["path"], place.folder)]
        assert (line["label"], line["abstained"]) == (same["label"], same["abstained"])
        assert line["score"] == pytest.approx(same["score"], abs=1e-5)


def test_another_size_is_resized_in_the_network_and_its_effect_is_told(place) -> None:
    (place.folder / "three.yaml").write_text(
        f"ensemble: [{', '.join(f'runs/average/{name}' for name in RUNS)}]\n"
    )
    ended = done(place, "export.py three.yaml --out runs/three")
    report = report_of(place, "runs/three")
    assert report["resized"]["max_difference"] > 1e-3  # not quite the photos of their own
    assert "made smaller from 128" in ended.stderr
    for row in report["files"]:
        assert row["max_difference"] <= 1e-4
        assert row["other_labels"] == 0
    spec = json.loads((place.folder / "runs/three/spec.json").read_text())
    assert spec["input"]["size"] == [128, 128]
    assert [m["backbone"]["name"] for m in spec["model"]["ensemble"]] == [
        *("mobilenet_v2", "efficientnet_lite0", "efficientnet_lite2")
    ]


def test_other_validation_photos_give_no_score(place) -> None:
    other = place.folder / "runs/average/other"
    shutil.copytree(place.folder / "runs/average/lite0", other)
    splits = json.loads((other / "splits.json").read_text())
    splits["splits"]["train"].append(splits["splits"]["val"].pop())
    (other / "splits.json").write_text(json.dumps(splits))
    command = "export.py runs/average/mobilenet runs/average/other --out runs/unlike --formats onnx"
    ended = done(place, command)
    assert "no score of the average can be stated, and no threshold is chosen" in ended.stderr
    assert "1 only in runs/average/mobilenet, 0 only in runs/average/other" in ended.stderr
    assert "top-1 " not in ended.stdout.replace("  top-1  difference", "")
    folder = place.folder / "runs/unlike"
    assert not (folder / "metrics.json").exists()
    assert json.loads((folder / "spec.json").read_text())["calibration"] is None
    report = report_of(place, "runs/unlike")
    assert {row["top1"] for row in report["files"]} == {None}
    assert "are not the same" in report["no_score"]
    done(place, "evaluate.py runs/unlike/model.onnx --data average --json unlike.json")
    seen = json.loads((place.folder / "unlike.json").read_text())["identity"]
    assert (seen["train"], seen["val"]) == (1, 59)
