"""``python -m src_mindspore.demo_photos DIR`` draws the data set."""

import sys
from pathlib import Path

from src_mindspore.demo_photos.data_set import CLASSES, write_data_set
from src_mindspore.system import command
from src_mindspore.system.progress import progress


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        f"Draw a small data set of {len(CLASSES)} classes of garbage.",
        "python -m src_mindspore.demo_photos demo/data --train 40 --val 10",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="new folder for train/ and val/")
    parser.add_argument("--train", type=int, default=40, help="pictures a class (40)")
    parser.add_argument("--val", type=int, default=10, help="pictures a class (10)")
    parser.add_argument("--seed", type=int, default=0, help="other seed, other pictures (0)")
    args = parser.parse_args()
    pictures = (args.train + args.val) * len(CLASSES)
    with progress(pictures, "drawing", "picture", quiet=True) as drawn:
        write_data_set(args.folder, args.train, args.val, args.seed, drawn)
    print(f"{args.folder}: {pictures} pictures of {len(CLASSES)} classes")


if __name__ == "__main__":
    sys.exit(command.run(main))
