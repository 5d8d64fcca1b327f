"""Nothing that a user sets is ignored: every key of the schema makes a difference, or is refused.

``OTHER`` has another value for each key and the settings beside which it matters. By default the
plain values that training works with are compared; ``long`` compares what a run leaves.
"""

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from workplace import Workplace

from src_mindspore.config.hints import keys_of
from src_mindspore.config.load import load_config, settings_without_effect
from src_mindspore.config.schema import SCHEMA
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.training.options import (
    distill_options,
    feature_options,
    model_options,
    stage_options,
)

HEAD_ONLY = ("finetune_stage.epochs=0",)
PHOTOS = ("finetune_stage.inputs=photos",)
CROP = (*HEAD_ONLY, "input.size=64", "input.resize=shorter_side", "input.shorter_side=72")
AUTO = ("finetune_stage.from_block=auto",)
# enough steps after the warm-up for the shapes of a decay to differ
LONGER = ("head_stage.epochs=4", "finetune_stage.epochs=4")
PLATEAU = [  # the rate so large that scores only get worse
    f"{stage}.{setting}"
    for stage in ("head_stage", "finetune_stage")
    for setting in ("lr.decay=plateau", "epochs=8", "lr.max=2")
]
WARM = ("head_stage.lr.warmup_epochs=1", "finetune_stage.lr.warmup_epochs=1")
TAUGHT = ("distill.teachers=[configs/photos.yaml]",)  # the teacher is trained first
OTHER: dict[str, tuple[str, tuple[str, ...]]] = {
    "seed": ("2", HEAD_ONLY),
    "device": ("GPU", HEAD_ONLY),
    "data.dir": ("nowhere", HEAD_ONLY),
    "data.split": ("[0.5, 0.5]", ()),
    "data.classes": ("[no-such-class]", HEAD_ONLY),
    "data.labels": ("names.yaml", HEAD_ONLY),
    "data.exclude": ("leave_out.json", HEAD_ONLY),
    "data.near_duplicates": ("keep", HEAD_ONLY),
    "input.size": ("96", HEAD_ONLY),
    "input.resize": ("shorter_side", HEAD_ONLY),
    "input.shorter_side": ("80", CROP),
    "input.interpolation": ("bicubic", HEAD_ONLY),
    "backbone.name": ("efficientnet_lite0", (*HEAD_ONLY, "backbone.width_mult=1")),
    "backbone.weights": ("no-such-file.ckpt", HEAD_ONLY),
    "backbone.width_mult": ("0.5", HEAD_ONLY),
    "backbone.padding": ("symmetric", HEAD_ONLY),
    "backbone.bn_eps": ("0.01", HEAD_ONLY),
    "head.reduction": ("max", HEAD_ONLY),
    "head.hidden": ("[8]", HEAD_ONLY),
    "head.hidden_activation": ("tanh", (*HEAD_ONLY, "head.hidden=[8]")),
    "head.normalisation": ("rms", HEAD_ONLY),
    "head.dropout": ("0.5", HEAD_ONLY),
    "head.activation": ("sigmoid", HEAD_ONLY),
    **{f"augment.{key}": ("[0.9, 1]", HEAD_ONLY) for key in ("scale", "ratio")},
    "augment.flip": ("1", HEAD_ONLY),
    **{f"augment.{k}": ("0.4", HEAD_ONLY) for k in ("brightness", "contrast", "saturation", "hue")},
    **{f"augment.{key}": ("10", HEAD_ONLY) for key in ("rotation", "shear", "blur")},
    **{f"augment.{key}": ("0.3", HEAD_ONLY) for key in ("shift", "zoom", "downscale")},
    "features.engine": ("mindspore", HEAD_ONLY),
    "features.views": ("2", HEAD_ONLY),
    "features.batch_size": ("3", (*HEAD_ONLY, "features.engine=mindspore")),
    "features.cache_dir": ("other", HEAD_ONLY),
    "features.cache_limit": ("0.5", HEAD_ONLY),
    "loss.label_smoothing": ("0.3", HEAD_ONLY),
    "loss.class_weights": ("balanced", HEAD_ONLY),
    "calibration.temperature": ("false", HEAD_ONLY),
    "calibration.precision": ("0.9", HEAD_ONLY),
    **{
        f"{stage}.{key}": (value, beside)
        for stage in ("head_stage", "finetune_stage")
        for key, value, beside in (
            ("epochs", "3", ()),
            ("batch_size", "8", ()),
            ("patience", "1", (f"{stage}.epochs=8", f"{stage}.lr.max=2")),  # only gets worse
            ("optimizer.name", "adam", ()),
            ("optimizer.momentum", "0.5", ()),
            ("optimizer.weight_decay", "0.1", ()),
            ("lr.max", "0.0123", ()),
            ("lr.init", "0.0001", WARM),
            ("lr.end", "0.0001", LONGER),
            ("lr.warmup_epochs", "0.2", ()),
            ("lr.decay", "linear", LONGER),
            ("lr.factor", "0.1", (*PLATEAU, f"{stage}.lr.patience=0")),
            ("lr.patience", "0", PLATEAU),
        )
    },
    "head_stage.kernels": ("plain", HEAD_ONLY),
    "finetune_stage.from_block": ("16", ()),
    "finetune_stage.budget.seconds": ("0.001", AUTO),
    "finetune_stage.budget.gigabytes": ("1e-9", AUTO),
    "finetune_stage.inputs": ("photos", ()),
    "finetune_stage.freeze_head": ("true", ()),
    "finetune_stage.freeze_bn_statistics": ("false", ()),
    "finetune_stage.kernels": ("plain", PHOTOS),
    "distill.teachers": ("[configs/photos.yaml]", ()),
    "distill.weight": ("0.3", TAUGHT),
    "distill.temperature": ("4", TAUGHT),
    "distill.features": ("1", TAUGHT),
    "distill.components": ("4", TAUGHT),
    "distill.dropout": ("0.5", TAUGHT),
    "distill.noise": ("1", TAUGHT),
    "save_every": ("0", HEAD_ONLY),
}


def test_no_key_is_forgotten() -> None:
    assert sorted(OTHER) == sorted(keys_of(SCHEMA))


def plain(overrides: tuple[str, ...], folder: Path) -> dict | str:
    """What training is given for a config, or why it is refused."""
    path = folder / "c.yaml"
    path.write_text("finetune_stage: {epochs: 1}\nbackbone: {weights: none}\n")
    try:
        config = load_config(path, overrides)
    except UserError as error:
        return str(error)
    block = config.finetune_stage.from_block
    depth = (0 if block == "auto" else block, config.finetune_stage.epochs)
    return {
        "model": model_options(config),
        "stages": stage_options(config, *depth),
        "features": feature_options(config),
        # the rest is handed over as it stands, by name: see training/train.py
        "loss": dict(config.loss),
        "calibration": dict(config.calibration),
        "data": dict(config.data),
        "distill": (config.distill.teachers, distill_options(config)),
        "budget": dict(config.finetune_stage.budget),
        "others": (config.seed, config.device, block, config.save_every),
        "no effect": settings_without_effect(config),
    }


@pytest.mark.parametrize("key", OTHER)
def test_every_key_reaches_training(tmp_path: Path, key: str) -> None:
    value, beside = OTHER[key]
    assert plain(beside, tmp_path) != plain((*beside, f"{key}={value}"), tmp_path)
    config = load_config(tmp_path / "c.yaml", (*beside, f"{key}={value}"))
    assert not [line for line in settings_without_effect(config) if key in line.split(":")[0]]


def left(place: Workplace, run: str, overrides: tuple[str, ...]) -> dict:
    """What a run says and leaves, without names and times."""
    settings = " ".join(f"--set '{setting}'" for setting in overrides)
    data = "" if any(setting.startswith("data.dir=") for setting in overrides) else "--data flat"
    command = f"train.py --config configs/photos.yaml {data} --run runs/{run} {settings}"
    done = place.call(command)
    said = re.sub(r"\d+(\.\d+)? (m?s|MB)\b|runs/\S+|sha256 \w+", "", done.stderr)
    if done.returncode:
        return {"refused": said}
    folder = place.folder / "runs" / run
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    metrics = json.loads((folder / "metrics.json").read_text())
    return {
        "said": [line for line in said.splitlines() if "/" not in line or ":" in line[:20]],
        "model": sha256_of(folder / "model.ckpt"),
        "log": [{k: v for k, v in line.items() if k != "seconds"} for line in lines],
        "spec": json.loads((folder / "spec.json").read_text()),
        "splits": json.loads((folder / "splits.json").read_text()),
        "metrics": {k: v for k, v in metrics.items() if k != "seconds"},
        "caches": sorted(str(p.parent) for p in place.folder.glob("*/*/about.json")),
    }


# What a run leaves is the same whatever these say: they are about when, and how much at a time.
SAVES, CHUNKS, LIMIT = "save_every", "features.batch_size", "features.cache_limit"


@pytest.mark.long
@pytest.mark.parametrize("key", [key for key in OTHER if key not in (SAVES, CHUNKS, LIMIT)])
def test_every_key_changes_a_run(workplace: Workplace, key: str) -> None:
    value, beside = OTHER[key]
    flat = workplace.folder / "flat"
    if not flat.exists():
        shutil.copytree(workplace.folder / "photos" / "train", flat)
        first, *_, last = sorted(flat.rglob("*.jpg"))
        for photo in sorted(last.parent.glob("*.jpg")):  # classes of different sizes
            with Image.open(photo) as image:
                image.transpose(Image.Transpose.ROTATE_90).save(photo.with_stem(f"{photo.stem}b"))
        # nearly the same photo: a split keeps both on one side
        Image.open(first).save(first.with_name("again.jpg"), quality=70)
        (workplace.folder / "names.yaml").write_text('classes: {"00_00": {en: Other}}\n')
        name = last.relative_to(flat).as_posix()
        entry = {"path": name, "sha256": sha256_of(last), "reason": "a test"}
        plan = {"format": 1, "exclude": [entry]}
        (workplace.folder / "leave_out.json").write_text(json.dumps(plan))
    name = key.replace(".", "-")
    one = left(workplace, f"{name}-as-it-is", beside)
    other = left(workplace, f"{name}-other", (*beside, f"{key}={value}"))
    assert one != other
