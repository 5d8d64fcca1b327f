"""Measures this project beside plain MindSpore, PyTorch, ONNX Runtime and OpenVINO.

One go on this machine: extraction, head epoch, fine-tuning steps, inference latency, and the time
to a validation accuracy. Each contestant runs in a process of its own and they take turns; the
times to the accuracy are whole runs, one after the other. FOLDER gets training.json and
training.png. The peers are installed into the cache the first time. About 25 minutes.

example: python benchmarks/training.py --data photos --out runs/benchmark --only extraction,head
"""

import json
import logging
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.errors import UserError  # noqa: E402

log = logging.getLogger("benchmarks")

ACCURACY = "accuracy"
REQUIREMENTS = ROOT / "benchmarks" / "requirements-training.txt"
ROUNDS, PHOTOS = 7, 512
TOLERANCE = 1e-4  # of a feature, 0..6: further apart are other weights


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from benchmarks.figures import as_table, draw, judged, table
    from benchmarks.latency import cpu_model
    from benchmarks.parts import PARTS, measure
    from src_mindspore.system.manifest import Manifest

    files = Manifest(args.out, "benchmarks/training.py")
    files.refuse_folder("--out takes a new or empty folder, or one that this benchmark has filled")
    results = ("training.json", "training.png")
    files.refuse_others(results, "move or delete them")
    args.out.mkdir(parents=True, exist_ok=True)
    files.note({})  # from here on the folder is the benchmark's
    place, val_photos = prepare(args)
    rows, parts = {}, {}
    before = os.getloadavg()
    for name in args.only:
        log.info("measuring: %s", name)
        if name == ACCURACY:
            from benchmarks.accuracy import time_to_accuracy

            rows[name] = time_to_accuracy(
                place, args.out / "runs", args.accuracy, val_photos, args.quick, args.parties
            )
            title, unit = f"time to {args.accuracy:.0%} validation accuracy, from cold", "s"
        else:
            part = PARTS[name]
            rows[name], title, unit = measure(part, place, args.parties), part.title, part.unit
            if name == "latency" and args.export:
                rows[name] += exported(args, place.materials / "photos" / "val")
        parts[name] = {"title": title, "unit": unit, "rows": as_table(rows[name])}
        report = {
            "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "load_before": before,
            "load_after": os.getloadavg(),
            "quick": args.quick,
            "parts": parts,
            "required": judged(rows),
        }
        # after every part: a run that is stopped leaves what it has
        files.write_json(results[0], report)
        with files.path(results[1]) as picture:
            draw(picture, parts)
    print(table(report))
    refuse_other_weights(parts)


def parse_arguments() -> Namespace:
    """The command line.

    Raises:
        UserError: an unknown part or party, or a number outside its range.
    """
    from benchmarks.parts import LAB, OPENVINO, ORT, OWN, PARTS, TORCH

    known = (*PARTS, ACCURACY)
    everyone = {"own": OWN, "mindspore": LAB, "torch": TORCH, "ort": ORT, "openvino": OPENVINO}
    text, example = (__doc__ or "").split("\nexample: ")
    parser = command.parser(text.strip(), example.strip())
    parser.add_argument(
        "--data", type=Path, required=True, help="train/ and val/, or class folders"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for JSON, plot and runs")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "garbage.yaml")
    parser.add_argument("--only", default=",".join(known), help=f"({','.join(known)})")
    parser.add_argument("--parties", default=",".join(everyone), help=f"({','.join(everyone)})")
    parser.add_argument("--export", type=Path, help="of a run: its .ms and .tflite in latency too")
    parser.add_argument("--accuracy", type=float, default=0.94, help="of the last part (0.94)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"turns of each ({ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="few turns: whether it works at all")
    args = parser.parse_args()
    args.only, names = args.only.split(","), args.parties.split(",")
    for option, given, accepted in (
        ("--only", args.only, known),
        ("--parties", names, tuple(everyone)),
    ):
        if set(given) - set(accepted):
            raise UserError(f"{option} takes some of {', '.join(accepted)}; got {','.join(given)}")
    if args.rounds < 1 or not 0 < args.accuracy <= 1:
        raise UserError(
            f"--rounds must be 1 or more and --accuracy in 0..1; got {args.rounds} and "
            f"{args.accuracy}"
        )
    args.parties = [everyone[name] for name in names]
    if args.quick:
        args.rounds = 1
    return args


def prepare(args: Namespace) -> tuple[Any, int]:
    """The materials for all, in the output folder; the number of validation photos too.

    Raises:
        UserError: the data or the weights cannot be used, or an environment cannot be made.
    """
    from benchmarks.parts import OPENVINO, TORCH, Workplace
    from benchmarks.peers.children import Party
    from benchmarks.peers.environment import peers_python

    photos = 32 if args.quick else PHOTOS
    materials = (args.out / "materials").resolve()
    data, config = args.data.resolve(), args.config.resolve()
    script = ROOT / "benchmarks" / "peers" / "materials.py"
    command = [sys.executable, str(script), str(data), str(config), str(materials)]
    ended = subprocess.run(
        [*command, str(max(photos, 64))],
        env=Party(script).variables(),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ended.returncode:
        raise UserError(f"the materials cannot be made: {ended.stderr.strip()[-2000:]}")
    table = json.loads((materials / "photos.json").read_text(encoding="utf-8"))
    others = {TORCH, OPENVINO} & set(args.parties)
    place = Workplace(
        data=data,
        config=config,
        materials=materials,
        cache=(args.out / "cache").resolve(),
        torch_python=peers_python(REQUIREMENTS) if others else None,
        rounds=args.rounds,
        photos=photos,
        classes=len(table["classes"]),
        train_photos=len(table["train"]),
    )
    return place, len(table["val"])


def exported(args: Namespace, photos: Path) -> list[Any]:
    """Rows of benchmarks/latency.py at 2 threads; their ratios are to its own ONNX Runtime.

    Raises:
        UserError: it failed.
    """
    from benchmarks.figures import Row

    file = args.out / "latency.json"
    command = [sys.executable, "benchmarks/latency.py", args.export.resolve(), "--threads", "2"]
    command += ["--photos", photos, "--rounds", 2 if args.quick else 30, "--json", file.resolve()]
    ended = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, errors="replace"
    )
    if ended.returncode:
        raise UserError(f"benchmarks/latency.py failed: {ended.stderr.strip()[-2000:]}")
    report = json.loads(file.read_text(encoding="utf-8"))
    return [
        Row(
            who=f"export, {row['engine']}",
            median=row["median"],
            minimum=row["min"],
            turns=report["calls"],
            photos=report["calls"],
            ratio=row["ratio"],
            peak_mb=0,
            load=report["load_before"],
            note=f"{row['version']}, ratio to the export in ONNX Runtime; memory not measured",
        )
        for row in report["rows"]
    ]


def refuse_other_weights(parts: dict[str, Any]) -> None:
    """Ends the command where a peer did not compute the same features.

    Raises:
        UserError: features further apart than ``TOLERANCE``.
    """
    for part in parts.values():
        for row in part["rows"]:
            apart = row["difference"]
            if apart is not None and not apart <= TOLERANCE:
                raise UserError(
                    f"{row['who']}: features differ by up to {apart:.1e} (limit {TOLERANCE:.0e});"
                    " these are not the same weights, and the times mean nothing"
                )


if __name__ == "__main__":
    sys.exit(command.run(main))
