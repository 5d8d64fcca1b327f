"""The pieces of benchmarks/training.py: who takes part in each, and how they are measured."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, rows_of
from benchmarks.peers.children import Child, Party

PEERS = Path(__file__).resolve().parent / "peers"
OWN, LAB, TORCH, ORT, OPENVINO = (
    "pocketlens",
    "plain MindSpore",
    "PyTorch",
    "ONNX Runtime",
    "OpenVINO",
)


@dataclass(frozen=True)
class Workplace:
    """Where a benchmark works: data, config, the folder of materials, how often, and on what."""

    data: Path
    config: Path
    materials: Path
    cache: Path
    torch_python: Path | None
    rounds: int
    photos: int
    classes: int
    train_photos: int

    def settings(self, **more: Any) -> dict[str, Any]:
        """What a child is told."""
        return {
            "data": str(self.data),
            "config": str(self.config),
            "materials": str(self.materials),
            "cache": str(self.cache / "features"),
            "photos": self.photos,
            "classes": self.classes,
            "train_photos": self.train_photos,
            **more,
        }

    def party(self, name: str) -> Party:
        """The script of a party, and its interpreter."""
        script, own = SCRIPTS[name]
        environment = {"POCKETLENS_CACHE": str(self.cache)} if name == OWN else {}
        if name == LAB:  # oneDNN as it is by default
            environment = {"ONEDNN_MAX_CPU_ISA": None}
        if own:
            return Party(PEERS / script, environment=environment)
        return Party(PEERS / script, self.torch_python, environment)


SCRIPTS = {  # and whether it runs in the project's own environment
    OWN: ("own_training.py", True),
    LAB: ("lab_training.py", True),
    TORCH: ("torch_training.py", False),
    ORT: ("bare_engines.py", True),
    OPENVINO: ("bare_engines.py", False),
}


@dataclass(frozen=True)
class Entry:
    """One that is measured: its party, piece and settings, and in how many rounds at most."""

    label: str
    party: str
    piece: str
    settings: dict[str, Any] = field(default_factory=dict)
    rounds: int = 1000


@dataclass(frozen=True)
class Part:
    """What is compared; times are those of ``per`` photos, the first entry is the project's."""

    title: str
    unit: str
    scale: float  # seconds a photo -> the unit
    entries: tuple[Entry, ...]


def bare(label: str, party: str, batch: int, **settings: Any) -> Entry:
    """An engine by itself."""
    engine = "onnxruntime" if party == ORT else "openvino"
    return Entry(label, party, "bare", {"engine": engine, "batch": batch, **settings})


STEP = {"photos": 64}
FROZEN, LEARNED = {**STEP, "frozen_statistics": True}, {**STEP, "frozen_statistics": False}

PARTS = {
    "extraction": Part(
        "extraction of a plain view, photos on the disk to features",
        "ms a photo",
        1e3,
        (
            Entry(OWN, OWN, "extraction"),
            bare("ONNX Runtime, bare inference", ORT, 8),
            bare("OpenVINO f32, bare inference", OPENVINO, 8, precision="f32"),
            Entry("PyTorch", TORCH, "extraction"),
            Entry(LAB, LAB, "extraction", rounds=2),
        ),
    ),
    "head": Part(
        "an epoch of the head, 2,000 photos",
        "s",
        2000,
        (
            Entry("pocketlens, with validation", OWN, "head_epoch"),
            Entry("PyTorch, vectors in memory", TORCH, "head_epoch"),
            Entry("plain MindSpore, maps in files", LAB, "head_epoch", rounds=2),
        ),
    ),
    "top": Part(
        "fine-tuning of the last four layers, a training step",
        "ms a photo",
        1e3,
        (
            Entry("pocketlens, cached maps", OWN, "top_step", STEP),
            Entry("PyTorch, maps cached by hand", TORCH, "top_step", STEP),
            Entry("PyTorch, whole network", TORCH, "whole_step", LEARNED),
            Entry("plain MindSpore, maps in memory", LAB, "top_step", rounds=3),
        ),
    ),
    "whole": Part(
        "fine-tuning of the whole network, a training step",
        "ms a photo",
        1e3,
        (
            Entry("pocketlens, frozen statistics", OWN, "whole_step", FROZEN),
            Entry("PyTorch, frozen statistics", TORCH, "whole_step", FROZEN),
            Entry("pocketlens, learned statistics", OWN, "whole_step", LEARNED),
            Entry("PyTorch, learned statistics", TORCH, "whole_step", LEARNED),
            Entry(LAB, LAB, "whole_step", rounds=1),
        ),
    ),
    "latency": Part(
        "inference, one photo a call, 2 threads",
        "ms a photo",
        1e3,
        (
            bare("ONNX Runtime", ORT, 1, **STEP),
            bare("OpenVINO f32", OPENVINO, 1, precision="f32", **STEP),
            Entry("PyTorch", TORCH, "latency", STEP),
            Entry(LAB, LAB, "latency", rounds=2),
        ),
    ),
}


def measure(part: Part, place: Workplace, parties: Sequence[str]) -> list[Row]:
    """Rows of one part: all children are started, then take turns, one after the other.

    Each round starts one entry later than the one before, so that none always follows the same.

    Raises:
        UserError: a child failed.
    """
    entries = [entry for entry in part.entries if entry.party in parties]
    turns: list[dict[int, float]] = [{} for _ in entries]
    loads = []
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(place.party(e.party), e.piece, place.settings(**e.settings)))
            for e in entries
        ]
        photos = [0] * len(entries)
        for number in range(place.rounds):
            for step in range(len(entries)):
                who = (number + step) % len(entries)
                if number < entries[who].rounds:
                    loads.append(os.getloadavg()[0])
                    seconds, count = children[who].turn(number)
                    turns[who][number] = seconds / count * part.scale
                    photos[who] += count
        peaks = [child.peak_mb() for child in children]
        about = [child.about for child in children]
    return rows_of([e.label for e in entries], turns, photos, peaks, about, loads)
