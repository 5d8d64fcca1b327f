"""What training costs against the number of photos: seconds and peak memory of whole runs.

It draws tiny photos (64x64), trains a head on their plain views with a network of width 0.35 and
random weights (the score means nothing), each number of photos in a process of its own, and prints
a table. Peak memory is the kernel's VmHWM of that process, its largest resident set, file pages
mapped into it included.

example: python benchmarks/scale.py --photos 1000 10000 100000 --json scale.json
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.output_file import check_outputs, write_sealed_json  # noqa: E402

COMMAND = "benchmarks/scale.py"
CLASSES = 4
VAL_SHARE = 0.1
CONFIG = """
backbone: {weights: none, width_mult: 0.35}
input: {size: 64}
features: {views: 0, batch_size: 64}
head_stage: {epochs: 3, batch_size: 64, lr: {max: 0.001}}
"""


def draw_photos(folder: Path, photos: int) -> None:
    """JPEGs of smooth random colours by class in ``train/`` and ``val/``, no two alike."""
    rng = np.random.default_rng(0)
    val = max(CLASSES, round(photos * VAL_SHARE))
    for split, count in (("train", photos), ("val", val)):
        for label in range(CLASSES):
            (folder / split / f"class{label}").mkdir(parents=True)
        for number in range(count):
            label = number % CLASSES
            colours = rng.integers(0, 160, (8, 8, 3)) + 90 * (np.arange(3) == label)
            picture = Image.fromarray(colours.astype(np.uint8)).resize((64, 64))
            picture.save(folder / split / f"class{label}" / f"{number:07d}.jpg", quality=80)


def peak_mb(pid: int) -> float:
    """The largest resident set of a running process so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def measure(folder: Path, photos: int) -> dict[str, float]:
    """Trains on so many photos in a child process."""
    draw_photos(folder / "photos", photos)
    (folder / "config.yaml").write_text(CONFIG)
    command = [sys.executable, ROOT / "train.py", "--config", folder / "config.yaml"]
    command += ["--data", folder / "photos", "--run", folder / "run"]
    command += ["--set", f"features.cache_dir={folder / 'cache'}"]
    began, peak = time.perf_counter(), 0.0
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit((folder / "log").read_text())
    lines = (folder / "run" / "log.jsonl").read_text().splitlines()
    epochs = [json.loads(line)["seconds"] for line in lines]
    cache = sum(p.stat().st_size for p in (folder / "cache").rglob("*.npy"))
    return {
        "photos": photos,
        "peak_mb": round(peak, 1),
        "seconds": round(seconds, 1),
        "ms_per_photo": round(1e3 * seconds / photos, 3),
        "epoch_s": round(sorted(epochs)[len(epochs) // 2], 3),
        "cache_mb": round(cache / 1e6, 1),
    }


def table(rows: list[dict[str, float]]) -> str:
    """The measurements for people, in Markdown."""
    lines = [
        "| photos | whole run s | ms a photo | head epoch s | cache MB | peak MB | to the first |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['photos']:,} | {row['seconds']:.0f} | {row['ms_per_photo']:.2f} "
            f"| {row['epoch_s']:.2f} | {row['cache_mb']:.0f} | {row['peak_mb']:.0f} "
            f"| {row['peak_mb'] / rows[0]['peak_mb']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--folder", type=Path, help="where temporary folders go (the system's)")
    args = parser.parse_args()
    check_outputs(COMMAND, {"--json": args.json})
    if min(args.photos) < CLASSES:
        parser.error(f"--photos takes numbers from {CLASSES} on; got {min(args.photos)}")
    rows = []
    for photos in args.photos:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            rows.append(measure(Path(folder), photos))
        print(rows[-1], file=sys.stderr)
    print(table(rows))
    if args.json:
        found = {"cores": len(os.sched_getaffinity(0)), "rows": rows}
        write_sealed_json(args.json, found, COMMAND)


if __name__ == "__main__":
    sys.exit(command.run(main))
