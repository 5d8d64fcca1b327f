"""Time to a validation accuracy, from the start of a process, for the project and its peers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Row
from benchmarks.parts import LAB, OWN, PEERS, TORCH, Workplace
from benchmarks.peers.children import ROOT, Party, Run, run_until
from src_mindspore.system.errors import UserError
from src_mindspore.weights.imagenet import PRETRAINED, pretrained_file

LAB_BATCHES = 4  # that plain MindSpore really extracts
LIMIT = 900.0  # seconds of a run


def reached(run: Run, accuracy: float) -> tuple[float, str]:
    """Seconds until the first epoch with ``accuracy``, and a note; of the end where none has it.

    Raises:
        UserError: no epoch came to its end.
    """
    epochs = [event for event in run.events if "val_top1" in event]
    if not epochs:
        raise UserError(f"no epoch ended within {LIMIT:.0f} s")
    for number, event in enumerate(epochs, 1):
        if event["val_top1"] >= accuracy:
            return event["at"], f"{event['val_top1']:.2%} after epoch {number}"
    best = max(event["val_top1"] for event in epochs)
    return epochs[-1]["at"], f"NOT reached: {best:.2%} at best in {len(epochs)} epochs"


def own_run(place: Workplace, folder: Path, accuracy: float, *overrides: str) -> Run:
    """train.py with its own config, head stage, in a cache that holds the weights only."""
    cache = folder / "cache"
    shutil.rmtree(folder, ignore_errors=True)
    variables = {"POCKETLENS_CACHE": str(cache), PRETRAINED.env: str(pretrained_file())}
    warm = "from src_mindspore.weights.pretrained import pretrained_checkpoint as p; p()"
    party = Party(ROOT / "train.py", environment=variables)
    subprocess.run(
        [sys.executable, "-c", warm],
        env=party.variables(),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    arguments = ["--config", place.config, "--data", place.data, "--run", folder / "run"]
    for setting in ("finetune_stage.epochs=0", *overrides):
        arguments += ["--set", setting]
    run = run_until(party, arguments, folder / "run" / "log.jsonl", enough(accuracy), LIMIT)
    shutil.rmtree(cache, ignore_errors=True)
    return run


def enough(accuracy: float) -> Callable[[dict[str, Any]], bool]:
    """Whether an event ends a run."""
    return lambda event: event.get("val_top1", 0) >= accuracy


def torch_run(place: Workplace, folder: Path, accuracy: float, kind: str, epochs: int) -> Run:
    """PyTorch: features ``by_hand`` or the ``whole`` network."""
    events = fresh(folder) / "events.jsonl"
    party = replace(place.party(TORCH), script=PEERS / "torch_run.py")
    arguments = [kind, place.materials, events, epochs]
    return run_until(party, arguments, events, enough(accuracy), LIMIT)


def lab_run(place: Workplace, folder: Path, accuracy: float, epochs: int) -> Run:
    """Plain MindSpore; its extraction is measured on a few batches."""
    maps, events = fresh(folder) / "maps", folder / "events.jsonl"
    maker = Party(PEERS / "maps.py").variables()
    command = [sys.executable, str(PEERS / "maps.py"), str(place.data), str(place.config)]
    subprocess.run([*command, str(maps)], env=maker, check=True, capture_output=True)
    party = replace(place.party(LAB), script=PEERS / "lab_run.py")
    arguments = [place.materials, maps, events, epochs, LAB_BATCHES]
    run = run_until(party, arguments, events, enough(accuracy), LIMIT)
    shutil.rmtree(maps)
    return run


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def extrapolated(run: Run, accuracy: float, photos: int) -> tuple[float, str]:
    """Seconds of the lab's run had it extracted every photo itself, and a note that says so.

    What was measured: the start, the extraction of some photos, the training to the accuracy.

    Args:
        run: of ``lab_run``.
        accuracy: 0..1.
        photos: training and validation photos together.
    """
    named = {event["event"]: event for event in run.events if event["event"] != "epoch"}
    seconds, note = reached(run, accuracy)
    training = seconds - named["training"]["at"]
    done, each = named["extracted"]["photos"], named["extracted"]["seconds_a_photo"]
    rest = (photos - done) * each
    note += (
        f"; measured: start and {done} photos {named['extracted']['at']:.0f} s, training"
        f" {training:.0f} s; extrapolated: {photos - done} photos at {each:.3f} s"
    )
    return named["extracted"]["at"] + rest + training, note


def time_to_accuracy(
    place: Workplace, work: Path, accuracy: float, val_photos: int, quick: bool, parties: list[str]
) -> list[Row]:
    """One row a contestant; each runs alone, once."""
    head, network = (2, 1) if quick else (40, 5)
    runs: dict[str, tuple[str, Callable[[], Run]]] = {
        "pocketlens": (OWN, lambda: own_run(place, work / "own", accuracy)),
        "pocketlens, plain view": (
            OWN,
            lambda: own_run(place, work / "own", accuracy, "features.views=0"),
        ),
        "PyTorch, features by hand": (
            TORCH,
            lambda: torch_run(place, work / "hand", accuracy, "by_hand", min(head, 30)),
        ),
        "PyTorch, whole network": (
            TORCH,
            lambda: torch_run(place, work / "whole", accuracy, "whole", network),
        ),
        "plain MindSpore": (LAB, lambda: lab_run(place, work / "lab", accuracy, head)),
    }
    rows: list[Row] = []
    for who, (party, start) in runs.items():
        if party not in parties:
            continue
        load = os.getloadavg()[0]
        run = start()
        photos = place.train_photos + val_photos
        lab = party == LAB
        seconds, note = extrapolated(run, accuracy, photos) if lab else reached(run, accuracy)
        first = rows[0].median if rows else seconds
        rows.append(Row(who, seconds, seconds, 1, photos, seconds / first, run.peak_mb, load, note))
    return rows
