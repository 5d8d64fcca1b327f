"""Scores a model of ``configs/mask_3class.yaml`` on real and on drawn photos apart.

Drawn ones are those that ``python -m src_mindspore.drawn_masks`` has put into the folder; their
shares have 95 % intervals (Wilson). There are no real photos of badly worn masks.
"""

import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402
from src_mindspore.system.read import read_json  # noqa: E402


def main() -> None:
    """See the module."""
    parser = command.parser(
        "Score a model of configs/mask_3class.yaml on real and on drawn photos apart.",
        "python benchmarks/drawn_masks.py runs/mask_3class --data masks_3class",
    )
    parser.add_argument("model", type=Path, help="a run folder or model file")
    parser.add_argument("--data", type=Path, required=True, help="the folder with drawn masks")
    parser.add_argument("--split", default="test", help="train, val or test (test)")
    args = parser.parse_args()
    from src_mindspore.drawn_masks.data_set import MANIFEST
    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.reliability import share_interval
    from src_mindspore.evaluation.score import score_photos

    entries = [
        entry
        for entry in read_json(args.data / MANIFEST)["photos"]
        if PurePosixPath(entry["path"]).parts[0] == args.split
    ]
    model = load_model(args.model)
    scores = score_photos(model, [args.data / entry["path"] for entry in entries])
    rows: dict[str, list[bool]] = defaultdict(list)
    wrong = []
    for entry, row in zip(entries, scores, strict=True):
        label = PurePosixPath(entry["path"]).parts[1]
        right = model.spec.classes[row.argmax()] == label
        for name in ("all", entry["kind"], f"{entry['kind']} {label}", entry.get("placement")):
            if name:
                rows[name].append(right)
        if not right:
            wrong.append(f"{entry['path']}: {model.spec.classes[row.argmax()]}")
    print("| photos | right | of | top-1 | 95 % interval |\n|---|---|---|---|---|")
    for name, hits in sorted(rows.items()):
        low, high = share_interval(sum(hits), len(hits))
        share = f"{sum(hits) / len(hits):.2%} | {low:.2%} to {high:.2%}"
        print(f"| {name} | {sum(hits)} | {len(hits)} | {share} |")
    print("\n".join(["", "wrong:", *wrong]))


if __name__ == "__main__":
    sys.exit(command.run(main))
