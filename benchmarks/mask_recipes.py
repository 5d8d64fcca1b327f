"""Trains recipes for masks, scores them on photos that chose nothing, exports them; one table.

Every seed divides the photos anew, so that the mean of several is about more photos than one test
split has. Runs that are there already are gone on with.

example: python benchmarks/mask_recipes.py configs/mask.yaml configs/mask_v1_scratch.yaml \
             --data face_mask_4095 --out runs/masks --seeds 3
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COLUMNS = (
    *("recipe", "split", "photos", "errors by seed", "top-1", "95 % interval", "macro F1"),
    *("parameters", "`.ms`, MB", "s of training"),
)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("configs", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="one run folder a recipe and seed")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 1 to N (1)")
    parser.add_argument("--split", default="test", help="what is scored (test)")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    args = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    for config in args.configs:
        runs = []
        for seed in range(1, args.seeds + 1):
            run = args.out / f"{config.stem}-seed{seed}"
            runs.append(_figures(run, config, [f"seed={seed}", *args.overrides], args))
        print("| " + " | ".join(_row(config.stem, runs)) + " |", flush=True)


def _figures(
    run: Path, config: Path, overrides: Sequence[str], args: argparse.Namespace
) -> dict[str, Any]:
    """What one run gave."""
    scores = run / "scores.json"
    settings = [word for setting in overrides for word in ("--set", setting)]
    where = ["--data", args.data.resolve()]
    _call("train.py", "--config", config.resolve(), *where, "--run", run, "--resume", *settings)
    _call("evaluate.py", run, *where, "--split", args.split, "--json", scores)
    if not (run / "export" / "model.ms").is_file():
        _call("export.py", run, *where)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    spec = json.loads((run / "spec.json").read_text(encoding="utf-8"))
    found = json.loads(scores.read_text(encoding="utf-8"))
    return {
        **{key: found[key] for key in ("split", "n", "top1", "macro_f1")},
        "parameters": spec["model"]["parameters"],
        "bytes": (run / "export" / "model.ms").stat().st_size,
        "seconds": metrics["seconds"]["total"],
    }


def _call(*words: object) -> None:
    command = [sys.executable, *(str(word) for word in words)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")


def _row(name: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    from src_mindspore.evaluation.reliability import share_interval

    first = runs[0]
    errors = [round(run["n"] * (1 - run["top1"])) for run in runs]
    photos = [run["n"] for run in runs]
    # of as many photos as one split has: the splits of several seeds share photos
    size = round(statistics.mean(photos))
    right = round(size * (1 - sum(errors) / sum(photos)))
    low, high = share_interval(right, size)
    return [
        f"`{name}.yaml`",
        first["split"],
        ", ".join(map(str, photos)),
        ", ".join(map(str, errors)),
        f"{statistics.mean(run['top1'] for run in runs):.2%}",
        f"{low:.1%} to {high:.1%}",
        f"{statistics.mean(run['macro_f1'] for run in runs):.2%}",
        f"{first['parameters']:,}",
        f"{first['bytes'] / 1e6:.1f}",
        f"{statistics.median(run['seconds'] for run in runs):.0f}",
    ]


if __name__ == "__main__":
    main()
