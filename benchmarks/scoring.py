"""Measures what scoring costs: the commands in every form, beside ONNX Runtime's bare inference.

Bare is ``session.run`` of the exported ONNX file over prepared tensors, on all cores, four photos
and one thread a call: no photo is opened, nothing is counted. Rounds take turns, so that a load
from elsewhere meets all; medians are shown. The first call for a run folder, which makes and
compares its ONNX file, is not measured unless ``--cold`` asks for it. Beside the seconds that pass
stand those of the processors, which other work on the machine hardly changes.

example: python benchmarks/scoring.py runs/garbage --data photos --split val --rounds 5
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.errors import UserError  # noqa: E402

KEPT = 128  # prepared tensors, 0.6 MB each at 224 pixels; more photos run them again
BARE = "ONNX Runtime, bare"
FORMS = {  # name -> file below the run folder, further arguments
    "run folder": (".", ()),
    "run folder by MindSpore": (".", ("--engine", "mindspore")),
    ".onnx": ("export/model.onnx", ()),
    ".ms": ("export/model.ms", ()),
    ".mindir": ("export/model.mindir", ()),
}

COMMAND = "benchmarks/scoring.py"


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.score import score_photos
    from src_mindspore.photos.scored import scored_records
    from src_mindspore.runs.read import run_photos
    from src_mindspore.system.output_file import check_outputs, write_sealed_json

    check_outputs(COMMAND, {"--json": args.json})
    model = load_model(args.run / "export" / "model.onnx")
    records = scored_records(args.data, model.spec.classes, args.split, run_photos(args.run))
    paths = [args.data / record.path for record in records]
    forms = {n: f for n, f in FORMS.items() if n in args.forms and (args.run / f[0]).exists()}
    score = ["--data", str(args.data), "--split", args.split]
    scoring: dict[str, Callable[[], object]] = {
        BARE: bare(args.run / "export" / "model.onnx", paths, model.spec.input),
        ".onnx, decoded and scored in one process": lambda: score_photos(model, paths),
    }
    starting: dict[str, Callable[[], object]] = {}
    for name, (file, options) in forms.items():
        form = [str(args.run / file), *options]
        scoring[f"evaluate.py {name}"] = child("evaluate.py", *form, *score)
        starting[f"predict.py {name}"] = child("predict.py", *form, str(paths[0]))
    report = {
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "photos": len(paths),
        "rounds": args.rounds,
        "scoring": measured(scoring, args.rounds),
        "starting": measured(starting, args.rounds),
    }
    if args.cold:
        report["starting"]["predict.py run folder, first call"] = [first_call(args.run, paths[0])]
    print(table(report))
    if args.json:
        write_sealed_json(args.json, report, COMMAND)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command.parser(
        "Measure evaluate.py and predict.py beside ONNX Runtime's bare inference.",
        "python benchmarks/scoring.py runs/garbage --data photos --split val --rounds 5",
    )
    parser.add_argument("run", type=Path, help="a run folder with its export")
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--split", default="val", help="train, val, test or all (default: val)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns each (5)")
    parser.add_argument(
        "--forms",
        type=lambda text: tuple(text.split(",")),
        default=("run folder", ".onnx", ".ms"),
        metavar="NAMES",
        help=f"of {'; '.join(FORMS)}, with commas (default: run folder,.onnx,.ms)",
    )
    parser.add_argument("--cold", action="store_true", help="also a first call, with no cache")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all seconds there")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {args.rounds}")
    return args


def bare(file: Path, paths: Sequence[Path], spec: Any) -> Callable[[], object]:
    """A function that runs an ONNX file over as many prepared tensors as there are photos."""
    from src_mindspore.network.onnx_runtime import SLICE, onnx_session
    from src_mindspore.photos.tensors import read_photos
    from src_mindspore.system.parallel import map_ordered

    session = onnx_session(file, threads=1)
    name = session.get_inputs()[0].name
    tensors = read_photos(paths[:KEPT], spec)

    def some(start: int) -> np.ndarray:
        count = min(SLICE, len(paths) - start)
        begin = start % max(1, len(tensors) - SLICE + 1)
        return session.run(None, {name: tensors[begin : begin + count]})[0]

    return lambda: list(map_ordered(some, range(0, len(paths), SLICE)))


def child(*arguments: str, environment: dict[str, str] | None = None) -> Callable[[], object]:
    """A function that runs a command of the project in a process of its own.

    It raises UserError where the command fails: that is no time to report.
    """

    def run() -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise UserError(f"{' '.join(arguments)} failed:\n{done.stderr.strip()}")

    return run


def first_call(run: Path, photo: Path) -> tuple[float, float]:
    """``seconds_of`` ``predict.py RUN PHOTO`` with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        work = child("predict.py", str(run), str(photo), environment={"POCKETLENS_CACHE": empty})
        return seconds_of(work)


def measured(
    works: dict[str, Callable[[], object]], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """``seconds_of`` each, ``rounds`` times in turns, after one call that does not count."""
    for work in works.values():
        work()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(seconds_of(work))
    return found


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """How long a call takes, and how long processors work for it, its own children's included."""
    began, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - began, sum(os.times()[:4]) - before


def table(report: dict[str, Any]) -> str:
    """The report for people."""
    reference = middle(report["scoring"][BARE])
    width = max(len(name) for kind in ("scoring", "starting") for name in report[kind])
    lines = [
        f"{report['cores']} cores, load before {report['load_before']:.1f}; {report['rounds']} "
        f"rounds in turns; medians of seconds, and of the processors' seconds",
    ]
    titles = {"scoring": f"scoring {report['photos']} photos", "starting": "labelling one photo"}
    for kind, title in titles.items():
        ratios = "  ratio  of processors'" * (kind == "scoring")
        lines.append(f"{title:{width}}  seconds  processors'{ratios}")
        for name, values in report[kind].items():
            passed, worked = middle(values)
            line = f"{name:{width}} {passed:8.2f} {worked:12.2f}"
            if kind == "scoring":
                line += f" {passed / reference[0]:6.2f} {worked / reference[1]:15.2f}"
            lines.append(line)
    return "\n".join(lines)


def middle(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Both medians."""
    passed, worked = zip(*values, strict=True)
    return statistics.median(passed), statistics.median(worked)


if __name__ == "__main__":
    sys.exit(command.run(main))
