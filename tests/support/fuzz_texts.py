"""A child of ``test_fuzz_texts.py``: FOLDER SEED COUNT; damaged texts through their readers.

Configs, label files, ``spec.json``, all that a run folder holds as text, and our own headers in
the feature cache.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from fuzzing import Case, fuzz, limit_memory
from mutations import mutate, mutate_text

from src_mindspore.config.load import load_config, resolved_yaml
from src_mindspore.doctor.findings import DECISION, NOTE, Finding, Group
from src_mindspore.evaluation.open_checkpoint import classifier_of
from src_mindspore.features.partial_entry import open_partial
from src_mindspore.features.store import Layout
from src_mindspore.report.doctor import read_findings
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.read import read_metrics, run_photos
from src_mindspore.spec.labels import check_labels, load_labels
from src_mindspore.spec.load import load_spec

REPOSITORY = Path(__file__).resolve().parents[2]
LAYOUT = Layout(40, 1, {"a": ((3,), np.dtype("f4")), "b": ((2, 2), np.dtype("f2"))})
CLASSES = ("00_00", "00_01")
FINDINGS = [
    Finding("near_copies", NOTE, "alike", (Group(("a/1.jpg", "a/2.jpg"), "correlation 0.990", 2),)),
    Finding("contrast", DECISION, "hardly any contrast"),
]
SPEC = {
    "format": 1,
    "classes": list(CLASSES),
    "labels": [{"en": "A", "group": {"en": "G", "zh": "组"}}, {"en": "B", "zh": "乙"}],
    "input": {
        "size": [64, 64],
        "mean": [127.5, 127.5, 127.5],
        "std": [127.5, 127.5, 127.5],
        "resize": {"rule": "shorter_side", "size": [72, 72], "interpolation": "bilinear"},
        "crop": {"rule": "center", "size": [64, 64]},
    },
    "output": "logits",
    "model": {
        "backbone": {"width_mult": 0.35, "padding": "same", "bn_eps": 0.001},
        "head": {"reduction": "mean", "hidden": [8], "dropout": 0.1, "activation": None},
    },
    "files": [{"name": "model.ckpt", "bytes": 1, "sha256": "00"}],
}


def good_files() -> dict[str, bytes]:
    """File name -> a good content."""
    configs = sorted((REPOSITORY / "configs").glob("*.yaml"))
    run = next(path for path in configs if path.name == "garbage.yaml")
    table = {"splits": {"train": ["a/1.jpg", "b/ü.jpg"], "val": ["a/2.jpg"]}, "left_out": []}
    table["sha256"] = {path: "0" * 64 for paths in table["splits"].values() for path in paths}
    metrics = {"val": {"n": 24, "top1": 0.5, "top5": 1, "loss": 2.5}, "stages": {}, "left_out": []}
    files = {
        "config.yaml": resolved_yaml(load_config(run)),
        "labels.yaml": (REPOSITORY / "configs/labels/garbage.yaml").read_text(encoding="utf-8"),
        "spec.json": json.dumps(SPEC, indent=1, ensure_ascii=False),
        "splits.json": json.dumps(table, indent=1),
        "metrics.json": json.dumps(metrics, indent=1),
        "budget.json": json.dumps({"from_block": 15, "epochs": 3}, indent=1),
        "doctor.json": json.dumps({"findings": [found.to_json() for found in FINDINGS]}, indent=1),
        "done": LAYOUT.to_json() + "\n\n0 0\n\n1 1\n",
        "set": "head_stage.lr.max=1e-3",
    }
    return {name: text.encode() for name, text in files.items()}


def cases(folder: Path, seed: int, count: int) -> Iterator[Case]:
    files = good_files()
    partial = folder / "cache/.entry.partial"
    partial.mkdir(parents=True)
    for name in ("a", "b"):
        _array(partial / f"{name}.npy", name)
    (folder / "run").mkdir()
    (folder / "run" / "config.yaml").write_bytes(files["config.yaml"])  # what makes it a run
    header = (partial / "a.npy").read_bytes()
    rng = random.Random(seed)  # noqa: S311 - no secret
    names = [*files, "a.npy"]
    for number in range(count):
        name = names[number % len(names)]
        if name == "a.npy":
            data = mutate(header, rng, limit=128)
            yield name, folder / name, data
            continue
        place = {"done": partial, "splits.json": folder / "run"}.get(name, folder)
        yield name, place / name, mutate_text(files[name], rng)


def _array(path: Path, name: str) -> None:
    shape, dtype = LAYOUT.outputs[name]
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, np.ones((LAYOUT.rows, *shape), dtype), version=(1, 0))


def read_config(path: Path) -> None:
    config = load_config(path)
    again = path.with_name("again.yaml")
    again.write_text(resolved_yaml(config), encoding="utf-8")
    assert load_config(again) == config


def read_override(path: Path) -> None:
    text = path.read_bytes().decode(errors="surrogateescape")
    empty = path.with_name("empty.yaml")
    empty.write_text("")
    load_config(empty, [text])


def read_spec(path: Path) -> None:
    classifier_of(load_spec(path), path.parent / "none.ckpt")


def read_partial(path: Path) -> None:
    partial = open_partial(path.parents[2] / "entry", LAYOUT)
    try:
        assert 0 <= partial.missing <= LAYOUT.rows
        assert not partial.complete
    finally:
        partial.close()


READERS: dict[str, Callable[[Path], object]] = {
    "config.yaml": read_config,
    "set": read_override,
    "labels.yaml": lambda path: (load_labels(path, CLASSES), check_labels(path, CLASSES)),
    "spec.json": read_spec,
    "splits.json": lambda path: run_photos(path.parent),
    "metrics.json": lambda path: read_metrics(path.parent),
    "budget.json": lambda path: RunFolder(path.parent).choice(),
    "doctor.json": read_findings,
    "done": read_partial,
    "a.npy": lambda path: LAYOUT.open(path.parent, "a")[0:3],
}

if __name__ == "__main__":
    limit_memory(3)
    total = cases(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(fuzz(total, READERS)))
