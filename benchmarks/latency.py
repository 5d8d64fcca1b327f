"""Measures the latency of an exported model in MindSpore Lite, ONNX Runtime and TensorFlow Lite.

All run the same weights on the same prepared photos, one photo a call, each engine in a process
of its own; they take turns in rounds. TensorFlow Lite is installed into the cache the first time.

example: python benchmarks/latency.py runs/garbage/export --photos photos/val --threads 1,2
"""

import argparse
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.advice import advised  # noqa: E402
from src_mindspore.system.errors import UserError  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.peers.turns import Contestant, Worker
    from src_mindspore.spec.model import ModelSpec

REFERENCE = "onnxruntime"
ENGINES = (REFERENCE, "mindspore-lite", "tensorflow-lite")
PER_TURN = 20  # timed calls
TOLERANCE = 1e-4  # of a probability, as in export.py

COMMAND = "benchmarks/latency.py"


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from benchmarks.peers.turns import Worker
    from src_mindspore.evaluation.predict import image_paths
    from src_mindspore.photos.tensors import read_photos
    from src_mindspore.spec.load import load_spec
    from src_mindspore.spec.model import FILE_NAME
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    check_outputs(COMMAND, {"--json": args.json})
    spec = load_spec(args.export / FILE_NAME)
    photos = image_paths([args.photos])
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        images = folder / "images.npy"
        np.save(images, read_photos(photos, spec.input))
        models = model_files(args.export, args.engines, folder, spec)
        workers = [
            stack.enter_context(Worker(contestant, images))
            for contestant in contestants(models, args.threads)
        ]
        scores = [probabilities(worker.scores(folder), spec) for worker in workers]
        before = os.getloadavg()[0]
        times = measure(workers, args.rounds, len(photos))
        report = {
            "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "load_before": before,
            "photos": len(photos),
            "calls": args.rounds * PER_TURN,
            "rows": rows_of(workers, times, scores),
        }
    print(table(report))
    refuse_other_weights(report)
    if args.json:
        write_sealed_json(args.json, report, COMMAND)


def parse_arguments() -> argparse.Namespace:
    """The command line.

    Raises:
        UserError: an unknown engine, or a number outside its range.
    """
    text, example = (__doc__ or "").split("\nexample: ")
    parser = command.parser(text.strip(), example.strip())
    parser.add_argument("export", type=Path, help="the export folder of a run")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--threads", default="1,2", help="numbers of threads (1,2)")
    parser.add_argument("--rounds", type=int, default=50, help=f"turns of {PER_TURN} calls (50)")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"({','.join(ENGINES)})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    args = parser.parse_args()
    args.engines = args.engines.split(",")
    if set(args.engines) - set(ENGINES) or REFERENCE not in args.engines:
        raise UserError(
            f"--engines takes some of {', '.join(ENGINES)}, always with {REFERENCE}, which the"
            f" others are compared with; got {','.join(args.engines)!r}"
        )
    threads = args.threads.split(",")
    if not all(re.fullmatch("[1-9][0-9]?", n) and int(n) <= 64 for n in threads):
        raise UserError(f"--threads takes numbers from 1 to 64; got {args.threads!r}")
    args.threads = [int(n) for n in threads]
    if args.rounds < 1:
        raise UserError(f"--rounds must be 1 or more; got {args.rounds}")
    return args


def model_files(
    export: Path, engines: Sequence[str], folder: Path, spec: "ModelSpec"
) -> dict[str, Path]:
    """The model file of each engine; TensorFlow Lite's is written into ``folder``.

    Raises:
        UserError: a file is missing, or cannot be written for that network.
    """
    files = {REFERENCE: export / "model.onnx", "mindspore-lite": export / "model.ms"}
    for engine in engines:
        if engine in files and not files[engine].is_file():
            raise UserError(
                f"{files[engine]} is missing: {engine} needs it; {advised('export.py', 'RUN')} "
                f"writes it"
            )
    if "tensorflow-lite" in engines:
        from benchmarks.peers.tensorflow_lite import convert

        files["tensorflow-lite"] = folder / "model.tflite"
        convert(files[REFERENCE], files["tensorflow-lite"], spec.input.size)
    return {engine: files[engine] for engine in engines}


def contestants(models: dict[str, Path], threads: Sequence[int]) -> list["Contestant"]:
    """One for each engine and number of threads."""
    from benchmarks.peers.environment import peers_python
    from benchmarks.peers.turns import Contestant
    from src_mindspore.lite.library import device_library

    found = []
    for n in threads:
        for engine, model in models.items():
            if engine == "tensorflow-lite":
                found.append(Contestant(engine, model, n, python=peers_python()))
            elif engine == "mindspore-lite":
                found.append(Contestant(engine, model, n, library=device_library().shared))
            else:
                found.append(Contestant(engine, model, n))
    return found


def measure(workers: Sequence["Worker"], rounds: int, photos: int) -> list[list[float]]:
    """Milliseconds of every call of each worker.

    Each round starts one worker later than the one before, so that none always follows the same.
    """
    from src_mindspore.system.progress import progress

    times: list[list[float]] = [[] for _ in workers]
    with progress(rounds * len(workers), "measuring", "turn") as advance:
        for number in range(rounds):
            for step in range(len(workers)):
                place = (number + step) % len(workers)
                times[place] += workers[place].turn(number * PER_TURN % photos, PER_TURN)
                advance(1)
    return times


def probabilities(scores: np.ndarray, spec: "ModelSpec") -> np.ndarray:
    """Raw outputs as probabilities, 0..1: (n, classes) -> (n, classes)."""
    from src_mindspore.evaluation.probabilities import log_softmax

    return scores if spec.output == "probabilities" else np.exp(log_softmax(scores.astype(float)))


def summary(times: Sequence[float]) -> dict[str, float]:
    """Smallest, median and 99th percentile by nearest rank, as ``benchmark`` of deploy/cpp."""
    ordered = sorted(times)

    def rank(share: float) -> float:
        return ordered[max(1, math.ceil(share * len(ordered))) - 1]

    return {"min": ordered[0], "median": rank(0.5), "p99": rank(0.99)}


def rows_of(
    workers: Sequence["Worker"], times: Sequence[Sequence[float]], scores: Sequence[np.ndarray]
) -> list[dict[str, Any]]:
    """One row per worker, each compared with ONNX Runtime at the same number of threads."""
    found = {}
    for worker, values, given in zip(workers, times, scores, strict=True):
        who = worker.contestant
        found[who.engine, who.threads] = (worker, summary(values), given)
    rows = []
    for (engine, threads), (worker, figures, given) in found.items():
        _, reference, expected = found[REFERENCE, threads]
        rows.append(
            {
                "engine": engine,
                "version": worker.version,
                "threads": threads,
                **figures,
                "ratio": figures["median"] / reference["median"],
                "bytes": worker.contestant.model.stat().st_size,
                "max_difference": float(np.abs(given - expected).max()),
                "other_labels": int((given.argmax(1) != expected.argmax(1)).sum()),
            }
        )
    return rows


def cpu_model() -> str:
    """What the processor calls itself."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.is_file() else None
    return found[1] if found else platform.machine()


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"{report['cpu']}, {report['cores']} cores, load before {report['load_before']:.1f};"
        f" {report['photos']} photos, {report['calls']} calls each; milliseconds",
        f"{'engine':16} {'version':8} threads     min  median     p99  ratio     MB"
        "  difference  other labels",
    ]
    for row in report["rows"]:
        lines.append(
            f"{row['engine']:16} {row['version']:8} {row['threads']:7d} {row['min']:7.2f}"
            f" {row['median']:7.2f} {row['p99']:7.2f} {row['ratio']:6.2f}"
            f" {row['bytes'] / 1e6:6.2f}  {row['max_difference']:10.1e}"
            f"  {row['other_labels']} of {report['photos']}"
        )
    return "\n".join(lines)


def refuse_other_weights(report: dict[str, Any]) -> None:
    """Ends the command where an engine did not compute the same network.

    Raises:
        UserError: probabilities further apart than ``TOLERANCE``, or another label.
    """
    for row in report["rows"]:
        if not row["max_difference"] <= TOLERANCE or row["other_labels"]:
            raise UserError(
                f"{row['engine']} disagrees with {REFERENCE}: probabilities differ by up to"
                f" {row['max_difference']:.1e} (limit {TOLERANCE:.0e}), {row['other_labels']}"
                " labels differ; these are not the same weights, and the times mean nothing"
            )


if __name__ == "__main__":
    sys.exit(command.run(main))
