"""Trains a config with several seeds and prints the scores, their mean and their spread.

example: python benchmarks/seeds.py configs/garbage.yaml --data photos --out runs/seeds
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="one run folder per seed goes here")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 1 to N (5)")
    args = parser.parse_args()

    rows = []
    for seed in range(1, args.seeds + 1):
        run = args.out / f"seed{seed}"
        command = [sys.executable, "train.py", "--config", args.config.resolve()]
        command += ["--data", args.data.resolve(), "--run", run.resolve(), "--resume"]
        subprocess.run([*command, "--set", f"seed={seed}"], cwd=ROOT, check=True)
        rows.append((seed, scores_of(run)))
    print("seed   head best  run best  last epoch  head s  total s")
    for seed, row in rows:
        print(
            f"{seed:4d}   {row['head']:9.2%} {row['run']:9.2%}  {row['last']:10.2%}"
            f"  {row['head_s']:6.0f}  {row['total_s']:7.0f}"
        )
    for name in ("head", "run", "last"):
        values = [row[name] for _, row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name}: mean {statistics.mean(values):.2%}, standard deviation {spread:.2%}")


def scores_of(run: Path) -> dict[str, float]:
    """Validation top-1 (best of the head stage, of the run, at the very last epoch), seconds."""
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    log = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        "head": metrics["stages"]["head"]["val_top1"],
        "run": metrics["val"]["top1"],
        "last": json.loads(log[-1])["val_top1"],
        "head_s": metrics["seconds"]["head"],
        "total_s": metrics["seconds"]["total"],
    }


if __name__ == "__main__":
    main()
