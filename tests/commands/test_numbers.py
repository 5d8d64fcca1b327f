"""What a run and its files state about themselves, through the real commands."""

import hashlib
import json
import os

import onnxruntime
import pytest

from src_mindspore.lite.library import why_not


def test_a_run_states_what_its_numbers_are_of(run_folder) -> None:
    metrics = json.loads((run_folder / "metrics.json").read_text())
    digest = hashlib.sha256((run_folder / "model.ckpt").read_bytes()).hexdigest()
    final, calibration = metrics["val"], metrics["calibration"]
    assert (final["split"], final["n"], final["model"]["sha256"]) == ("val", 24, digest)
    assert (calibration["split"], calibration["n"], calibration["sha256"]) == ("val", 24, digest)
    assert final["selected_on"] == "val"
    for stage in metrics["stages"].values():
        assert (stage["split"], stage["selected_on"], stage["val_n"]) == ("val", "val", 24)
    assert "24 photos are too few" in calibration["reason"]
    low, high = final["top1_interval"]
    assert low < final["top1"] < high
    assert (run_folder / "reliability.png").is_file()


@pytest.fixture(scope="module")
def folded(workplace, telling_run) -> list[str]:
    """The forms in ``runs/folded``, where ``runs/telling`` is exported with other names."""
    forms = "mindir,onnx,ms" if why_not(os.uname().machine) is None else "mindir,onnx"
    labels = "classes: {00_03: {en: Renamed, zh: 新名}}"
    (workplace.folder / "names.yaml").write_text(labels, encoding="utf-16")
    options = f"--formats {forms} --out runs/folded --fold-temperature --labels names.yaml"
    done = workplace.call(f"export.py runs/telling {options}")
    assert done.returncode == 0, done.stderr
    assert "names.yaml has a display name for 1 of 12 classes; without one: " in done.stderr
    return forms.split(",")


def test_labels_may_change_without_training_again(workplace, telling_run, folded) -> None:
    before, after = (
        json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        for folder in (telling_run, workplace.folder / "runs/folded")
    )
    assert before["classes"] == after["classes"]
    place = after["classes"].index("00_03")
    assert after["labels"][place] == {"en": "Renamed", "zh": "新名"} != before["labels"][place]
    (workplace.folder / "none.yaml").write_text("classes: {box: {en: Box}}")
    refused = workplace.call("export.py runs/telling --out runs/none --labels none.yaml")
    assert refused.returncode == 2
    assert "none.yaml has a display name for no class; without one: 00_0" in refused.stderr
    assert not (workplace.folder / "runs/none").exists()


def test_an_onnx_file_that_was_sent_alone_explains_itself(workplace, folded) -> None:
    folder = workplace.folder / "runs/folded"
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    meta = onnxruntime.InferenceSession(folder / "model.onnx").get_modelmeta()
    said = {key: json.loads(text) for key, text in meta.custom_metadata_map.items()}
    assert said.pop("spec_format") == spec["format"]
    assert {"classes", "labels", "input", "output", "calibration"} == said.keys()
    assert said == {key: spec[key] for key in said}
    assert {"size", "mean", "std", "color", "layout", "resize"} < said["input"].keys()


def test_a_temperature_in_the_graph_or_beside_it(workplace, telling_run, folded) -> None:
    """The same numbers, whoever divides; and nothing is divided twice."""
    beside = json.loads((telling_run / "spec.json").read_text())["calibration"]
    inside = json.loads((workplace.folder / "runs/folded/spec.json").read_text())["calibration"]
    assert (beside["model_temperature"], inside["temperature"]) == (1, 1)
    assert beside["temperature"] == inside["model_temperature"] != 1
    said = json.loads((telling_run / "metrics.json").read_text())["val"]
    assert said["abstaining"]["threshold"] == inside["threshold"]
    for form in folded:
        got = more_scores(workplace, f"runs/folded/model.{form}")
        for key in ("top1", "confusion", "n", "temperature"):
            assert got[key] == said[key], (form, key)
        for key in ("loss", "ece", "ece_adaptive", "macro_f1"):
            assert got[key] == pytest.approx(said[key], abs=1e-4), (form, key)
        assert got["abstaining"] == said["abstaining"], form


def more_scores(workplace, model: str) -> dict:
    """What evaluate.py says of the photos that calibrated the telling run."""
    file = workplace.folder / "more.json"
    done = workplace.call(f"evaluate.py {model} --data more --json {file}")
    assert done.returncode == 0, done.stderr
    got = json.loads(file.read_text())
    assert f"val top-1 {got['top1']:.2%} (n=60, 95% interval " in done.stdout
    assert f"of {got['model']['file']}, sha256 {got['model']['sha256'][:16]}" in done.stdout
    if model.startswith("runs/folded"):  # exported to where no run is
        assert "whether the model has seen these photos cannot be told" in done.stdout
        assert (got["selected_on"], got["identity"]["checked"]) == (None, False)
    else:
        assert "were chosen on these photos (val of the run)" in done.stdout
        assert (got["selected_on"], got["identity"]["val"]) == ("val", 60)
    return got


@pytest.mark.long
def test_a_sigmoid_head_has_its_temperature_in_the_graph(workplace, telling_run) -> None:
    settings = "head.activation=sigmoid finetune_stage.epochs=0 head_stage.lr.max=0.3"
    for command in (
        "train.py --config configs/demo.yaml --data more --run runs/sigmoid"
        f" --set {settings.replace(' ', ' --set ')}",
        "export.py runs/sigmoid --formats onnx",
    ):
        done = workplace.call(command)
        assert done.returncode == 0, done.stderr
    said = json.loads((workplace.folder / "runs/sigmoid/metrics.json").read_text())
    spec = json.loads((workplace.folder / "runs/sigmoid/export/spec.json").read_text())
    assert said["calibration"]["temperature"] == spec["calibration"]["model_temperature"] != 1
    assert spec["calibration"]["temperature"] == 1
    for form in ("", "/export/model.onnx"):
        got = more_scores(workplace, f"runs/sigmoid{form}")
        assert got["confusion"] == said["val"]["confusion"]
        for key in ("loss", "ece", "temperature"):
            assert got[key] == pytest.approx(said["val"][key], abs=1e-5), (form, key)


def test_prediction_abstains(workplace, telling_run) -> None:
    photos = "photos/val/00_03"

    def said(options: str) -> list[dict]:
        done = workplace.call(f"predict.py runs/telling {photos} --json {options}")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    threshold = json.loads((telling_run / "spec.json").read_text())["calibration"]["threshold"]
    for options, limit in (("", threshold), ("--min-score 0", 0), ("--min-score 1", 1)):
        for line in said(options):
            assert line["abstained"] == (line["score"] < limit)
            assert line["label"] == line["topk"][0]["label"]
    assert said("--precision 0.6") == said("")
    text = workplace.call(f"predict.py runs/telling {photos} --min-score 1").stdout
    assert all("  not sure:  " in line for line in text.splitlines())
