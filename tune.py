"""Tries hundreds of heads on cached features: what each change does, and the best as a config."""

import argparse
import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.advice import advised, shell_word
from src_mindspore.system.threads import use_threads

HEADS = 300  # without --heads and --minutes
MOST_HEADS, MOST_MINUTES = 100_000, 100_000


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Search heads: every photo goes through the frozen layers once, then heads are trained on "
        "its features and\nscored by cross-validation, photos that are alike in one fold. First "
        "each change to the config alone, as a\ntable; then many changes at once, drawn, of which "
        "the better ones are trained longer. The best becomes a\nconfig for train.py, with a score "
        "from folds that did not choose it. Called again, it goes on.",
        "python tune.py --config configs/garbage.yaml --data photos --minutes 2",
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="C", help="YAML file to search around"
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="one folder per class, or train/ and val/, taken together; test/ is kept out",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="that the search may take, once the features are there (as --heads needs)",
    )
    parser.add_argument(
        "--heads",
        type=int,
        metavar="N",
        help=f"how many to try, the table's included ({HEADS}; with --minutes as many as there is "
        "time for)",
    )
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="how many (5)")
    parser.add_argument(
        "--fold-seed", type=int, default=1, metavar="S", help="of the draw of the folds (1)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="results and report go there (runs/tune-NAME, after the data folder)",
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    command.check_whole(
        parser,
        ("--heads", args.heads, 2, MOST_HEADS),
        ("--folds", args.folds, 3, 100),
        ("--fold-seed", args.fold_seed, 0, 2**31 - 1),
    )
    if args.minutes is not None and not 0 < args.minutes <= MOST_MINUTES:
        parser.error(f"--minutes is above 0, to {MOST_MINUTES:,}; got {args.minutes}")
    return args


def main() -> None:
    """Searches; prints the table and what was found."""
    args = arguments()
    from src_mindspore.search.base import load_base
    from src_mindspore.search.kept import BEST, SearchFolder
    from src_mindspore.system.read import check_data_folder

    check_data_folder(args.data)
    config, aside = load_base(args.config)
    out = args.out or Path("runs") / f"tune-{args.data.resolve().name}"
    folder = SearchFolder(out)
    with folder.working(sys.argv[1:]):
        # after all that can be refused without it: MindSpore takes a second to load
        from src_mindspore.search.command import Asked, searched
        from src_mindspore.search.report import table, words

        heads = HEADS if args.heads is None and args.minutes is None else args.heads
        asked = Asked(args.config, args.data, args.folds, args.fold_seed, heads, args.minutes)
        report = searched(asked, config, aside, folder)
    print("\n".join([*report["about"], "", table(report), "", *words(report)]))
    print(f"in {shell_word(out)}. To compare the best with other seeds, and to train it:")
    best = out / BEST
    folds = ("--folds", str(args.folds), "--fold-seed", str(args.fold_seed))
    print(advised("compare.py", args.config, best, "--data", args.data, "--seeds", "3", *folds))
    print(advised("train.py", "--config", best, "--data", args.data))


if __name__ == "__main__":
    sys.exit(command.run(main))
