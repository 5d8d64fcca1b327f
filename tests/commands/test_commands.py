"""The commands as a user meets them: the same numbers everywhere, clear refusals, clean stops."""

import hashlib
import json
import os
import shutil
import signal

import pytest
from workplace import REPOSITORY

from src_mindspore.lite.library import why_not


def scores(workplace, model: str, *more: str, data: str = "photos") -> dict:
    """What evaluate.py writes about a model."""
    file = workplace.folder / "scores.json"
    done = workplace.call(f"evaluate.py {model} --data {data} --json {file} {' '.join(more)}")
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


def test_every_form_of_the_model_scores_as_training_said(workplace, run_folder) -> None:
    said = json.loads((run_folder / "metrics.json").read_text())["val"]
    assert said["n"] == 24
    forms = ["", "/model.ckpt", "/export/model.mindir", "/export/model.onnx"]
    for form in [*forms, "/export/model.ms"] if why_not(os.uname().machine) is None else forms:
        got = scores(workplace, f"runs/mine{form}")
        assert (got["top1"], got["confusion"]) == (said["top1"], said["confusion"]), form
        assert got["loss"] == pytest.approx(said["loss"], rel=1e-6, abs=1e-5), form


def test_the_best_epoch_is_the_final_score(run_folder) -> None:
    lines = [json.loads(x) for x in (run_folder / "log.jsonl").read_text().splitlines()]
    metrics = json.loads((run_folder / "metrics.json").read_text())
    best = max(lines, key=lambda x: (x["val_top1"], -x["val_loss"]))
    assert best["val_top1"] == metrics["val"]["top1"]
    assert best["val_n"] == metrics["val"]["n"] == 24
    # from cached features there, from the photos here: an augmented photo, or one of training,
    # among them would show
    assert best["val_loss"] == pytest.approx(metrics["calibration"]["before"]["loss"], rel=1e-4)


def test_parity_report(run_folder) -> None:
    report = json.loads((run_folder / "export" / "parity.json").read_text())
    assert (report["split"], report["n"], report["tolerance"]) == ("val", 24, 1e-4)
    rows = {row["name"]: row for row in report["files"]}
    assert list(rows) == ["model.ckpt", "model.mindir", "model.onnx", "model.ms"]
    if reason := why_not(os.uname().machine):
        assert rows.pop("model.ms")["reason"] == reason
    for row in rows.values():
        assert row["max_difference"] <= 1e-4
        assert row["other_labels"] == 0
        assert row["top1"] == rows["model.ckpt"]["top1"]
    assert rows["model.ckpt"]["runtime"].startswith("MindSpore 2.")


@pytest.mark.long  # lite/test_runtime.py runs three photos under qemu by default
@pytest.mark.parametrize("photos", [3, 24])
def test_the_lite_file_on_another_processor(workplace, run_folder, photos: int) -> None:
    if reason := why_not("aarch64") or why_not("x86_64"):
        pytest.skip(reason)
    data = f"photos-{photos}"  # the emulator takes a second a photo
    for photo in sorted((workplace.folder / "photos/val").glob("*/*"))[:: 24 // photos]:
        place = workplace.folder / data / photo.relative_to(workplace.folder / "photos")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, place)
    options = f"--formats ms --machines x86_64,aarch64 --out runs/both --data {data}"
    done = workplace.call(f"export.py runs/mine {options}")
    assert done.returncode == 0, done.stderr
    report = json.loads((workplace.folder / "runs/both/parity.json").read_text())
    assert [(row["name"], row["runtime"]) for row in report["files"][1:]] == [
        ("model.ms", "MindSpore Lite 2.0.0 x86_64"),
        ("model.ms", "MindSpore Lite 2.0.0 aarch64 under qemu-aarch64"),
    ]
    assert report["n"] == photos
    for row in report["files"]:
        assert row["max_difference"] <= 1e-4
        assert row["other_labels"] == 0
        assert row["runtime"] in done.stdout
    # the file by itself, on the emulated processor
    scored = scores(workplace, "runs/both/model.ms", "--machine aarch64", data=data)
    assert scored["model"]["runtime"] == report["files"][2]["runtime"]
    assert scored["top1"] == report["files"][2]["top1"]


@pytest.mark.parametrize(
    "quants", ["none,fp16", pytest.param("none,fp16,weight8,int8", marks=pytest.mark.long)]
)
def test_quantised_files(workplace, run_folder, quants: str) -> None:
    if reason := why_not(os.uname().machine):
        pytest.skip(reason)
    # two epochs from random weights: what rounding does to such a network is no matter here
    names = quants.split(",")
    out = f"runs/quantised-{len(names)}"
    done = workplace.call(
        f"export.py runs/mine --formats ms --quant {quants} --max-drop 100 --out {out}"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((workplace.folder / out / "parity.json").read_text())
    rows = {row["quant"]: row for row in report["files"] if row["name"] != "model.ckpt"}
    assert list(rows) == names
    sizes = [rows[name]["bytes"] for name in names if name != "int8"]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
    if "int8" in rows:
        assert rows["none"]["bytes"] > 2 * rows["int8"]["bytes"]
        assert "int8 by " in rows["int8"]["made_by"]
    for name in names[1:]:
        got = scores(workplace, f"{out}/model_{name}.ms")
        assert got["top1"] == rows[name]["top1"], name


def test_prediction_names_what_it_cannot_read(workplace, run_folder) -> None:
    mixed = workplace.folder / "mixed"
    mixed.mkdir()
    photo = min((workplace.folder / "photos/val/00_03").iterdir())
    shutil.copy(photo, mixed / f"a photo{photo.suffix}")
    (mixed / "broken.jpg").write_bytes(b"\xff\xd8 not a photo")
    done = workplace.call("predict.py runs/mine mixed --json --topk 2")
    assert done.returncode == 2
    (line,) = [json.loads(x) for x in done.stdout.splitlines()]
    assert set(line) == {"path", "label", "score", "abstained", "topk"}
    assert line["abstained"] is False  # 24 validation photos are too few for a threshold
    assert line["path"] == f"mixed/a photo{photo.suffix}"
    assert line["topk"][0]["label"] == line["label"]
    assert 1 >= line["topk"][0]["score"] >= line["topk"][1]["score"] >= 0
    assert "1 of 2 images could not be read" in done.stderr
    assert "broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("predict.py runs/mine nowhere.jpg", "nowhere.jpg does not exist"),
        ("predict.py runs/none photos", "runs/none"),
        ("export.py runs/mine runs/mine", "name the folder of its files with --out"),
        ("export.py runs/mine runs/mine --out runs/x", "have the same model.ckpt"),
        ("evaluate.py runs/mine --data nowhere", "the data folder nowhere does not exist"),
        ("evaluate.py runs/mine --data photos --split test", "has no split 'test'"),
        ("train.py --config configs/nowhere.yaml --data photos", "cannot be read"),
        ("train.py --config configs/demo.yaml --data nowhere", "does not exist"),
        (
            "train.py --config configs/demo.yaml --data photos --set haed.dropout=1 --set seed=-1",
            "unknown key haed; the nearest is head",
        ),
        ("train.py --config configs/demo.yaml --data photos --run runs/mine", "--resume"),
        ("export.py runs/mine --formats tflite", "--formats takes mindir, onnx, ms"),
        ("export.py photos", "is no run folder"),
        ("export.py runs/mine --quant int4", "--quant takes none, fp16, weight8, int8"),
        ("export.py runs/mine --max-drop -1", "--max-drop is 0 or more points; got -1"),
        ("export.py runs/mine --machines z80", "MindSpore Lite for z80 cannot be run on this"),
        ("predict.py runs/mine photos --precision 0.9", "this one has none: --min-score sets"),
        ("evaluate.py runs/mine --data photos --machine aarch64", "for a .ms file only"),
    ],
)
def test_refusals(workplace, run_folder, command: str, message: str) -> None:
    done = workplace.call(command)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "script", ["train.py", "evaluate.py", "predict.py", "export.py", "compare.py"]
)
def test_help_has_an_example(workplace, script: str) -> None:
    done = workplace.call(f"{script} --help")
    assert done.returncode == 0
    assert f"example: python {script}" in done.stdout


def test_stopped_runs_end_like_one_that_was_not(workplace) -> None:
    options = "--config configs/demo.yaml --data photos --set head_stage.epochs=40"
    assert workplace.call(f"train.py {options} --run runs/whole").returncode == 0

    command = f"train.py {options} --run runs/parts --resume"
    err = workplace.stop_when(command, "runs/parts", 5, signal.SIGINT)
    assert "train.py --run runs/parts --resume" in err
    workplace.stop_when(command, "runs/parts", 12, signal.SIGKILL)
    done = workplace.run(command)
    assert done.returncode == 0, done.stderr

    def digest(run: str) -> str:
        return hashlib.sha256((workplace.folder / run / "model.ckpt").read_bytes()).hexdigest()

    assert digest("runs/parts") == digest("runs/whole")

    def epochs(run: str) -> list[dict]:
        lines = (workplace.folder / run / "log.jsonl").read_text().splitlines()
        return [{**json.loads(line), "seconds": None} for line in lines]

    assert epochs("runs/parts") == epochs("runs/whole")
    again = workplace.call(command)
    assert again.returncode == 0
    assert "already finished" in again.stdout


@pytest.mark.parametrize(
    "options",
    [
        # the whole network from fresh photos, a sigmoid head on the flattened map
        pytest.param(
            "finetune_stage.from_block=0 finetune_stage.inputs=photos head.reduction=none "
            "head.hidden=[8] head.activation=sigmoid finetune_stage.optimizer.name=adamw "
            "finetune_stage.freeze_bn_statistics=false loss.class_weights=balanced seed=2",
            marks=pytest.mark.long,
        ),
        # the top from fresh photos through a frozen trunk, the head frozen as well
        "finetune_stage.from_block=15 finetune_stage.inputs=photos head.reduction=max "
        "finetune_stage.freeze_head=true finetune_stage.optimizer.name=rmsprop "
        "features.engine=mindspore input.resize=shorter_side input.shorter_side=72 seed=3",
    ],
    ids=["whole network", "frozen trunk"],
)
def test_other_ways_through_training(workplace, options: str, request) -> None:
    run = f"runs/{request.node.callspec.id.replace(' ', '-')}"
    more = " ".join(f"--set {option}" for option in options.split())
    done = workplace.call(f"train.py --config configs/demo.yaml --data photos --run {run} {more}")
    assert done.returncode == 0, done.stderr
    said = json.loads((workplace.folder / run / "metrics.json").read_text())
    assert set(said["stages"]) == {"head", "finetune"}
    got = scores(workplace, run)
    assert (got["top1"], got["confusion"]) == (said["val"]["top1"], said["val"]["confusion"])


def test_a_folder_without_splits(workplace) -> None:
    shutil.copytree(workplace.folder / "photos/train", workplace.folder / "flat")
    done = workplace.call("train.py --config configs/demo.yaml --data flat --run runs/flat")
    assert done.returncode == 0, done.stderr
    assert scores_of_flat(workplace, "val")["n"] == 12
    assert scores_of_flat(workplace, "all")["n"] == 36


def scores_of_flat(workplace, split: str) -> dict:
    """The folder without splits, scored by the splits that training drew."""
    file = workplace.folder / "flat.json"
    done = workplace.call(f"evaluate.py runs/flat --data flat --split {split} --json {file}")
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


def test_ci_runs_the_suite() -> None:
    assert "make test" in (REPOSITORY / ".ci/run").read_text()
