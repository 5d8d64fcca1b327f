"""``python -m src_mindspore.drawn_masks PHOTOS --out DIR``: three classes from two."""

import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.threads import use_threads

DETECTORS = ("mtcnn", "centerface")
MOST = 2**31 - 1


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        "Draw masks on bare faces, over the nose, under the nose and under the chin, and fill a\n"
        "folder for train.py: correct, incorrect and none. PHOTOS itself is never changed.",
        "python -m src_mindspore.drawn_masks face_mask_4095 --out masks_3class",
    )
    parser.prog = "python -m src_mindspore.drawn_masks"
    parser.add_argument(
        "photos", type=Path, metavar="PHOTOS", help="a folder of faces with and without masks"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--seed", type=int, default=1, help="other seed, other masks (1)")
    parser.add_argument(
        "--masked", default="with_mask", metavar="CLASS", help="class with masks (with_mask)"
    )
    parser.add_argument(
        "--bare", default="without_mask", metavar="CLASS", help="class without (without_mask)"
    )
    parser.add_argument(
        "--detector", choices=DETECTORS, default="mtcnn", help="what finds the faces (mtcnn)"
    )
    command.add_threads(parser)
    args = parser.parse_args()
    command.check_whole(parser, ("--seed", args.seed, 0, MOST))
    use_threads(args.threads)

    from src_mindspore.drawn_masks.data_set import check_out, counts_of, write_data_set
    from src_mindspore.faces.detector import load_detector

    check_out(args.photos, args.out)
    # the photos are shared out among the threads
    detector = load_detector(args.detector, threads=1)
    made = write_data_set(args.photos, args.out, detector, args.masked, args.bare, args.seed)
    for (split, label, kind), count in sorted(counts_of(made).items()):
        print(f"{split}/{label}: {count:,} {kind}")
    print(f"{args.out}: {len(made['photos']):,} photos; what is from what: drawn_masks.json")


if __name__ == "__main__":
    sys.exit(command.run(main))
