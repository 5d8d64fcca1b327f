"""Compares recipes on the same folds of the same photos: which is better, and can it be told?"""

import argparse
import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.advice import shell_word
from src_mindspore.system.threads import use_threads

MOST_SEEDS = 100


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Compare recipes: each is trained on the same folds of the same photos, every photo is "
        "scored once by a\nmodel that has not seen it or its like, and a table says how they "
        "differ and whether that can be told.\nThe same command goes on with a comparison that "
        "was stopped; a further config costs itself alone.",
        "python compare.py configs/garbage.yaml configs/head_1dense.yaml --data photos --seeds 3",
    )
    parser.add_argument(
        "configs",
        type=Path,
        nargs="+",
        metavar="CONFIG",
        help="YAML files; the others are compared with the first. One with ensemble: [CONFIG, "
        "CONFIG] alone is the average of two or three",
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="one folder per class, or train/ and val/, taken together; test/ is kept out",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--folds", type=int, default=5, metavar="K", help="how many (5)")
    ways.add_argument(
        "--test",
        type=Path,
        metavar="DIR",
        help="score the photos of this folder in place of folds; what is like them in --data is "
        "left out of training",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="train each fold with seeds 1 to N (1)"
    )
    parser.add_argument(
        "--fold-seed", type=int, default=1, metavar="S", help="of the draw of the folds (1)"
    )
    parser.add_argument(
        "--epoch",
        choices=("last", "chosen"),
        default="last",
        help="which one is scored: the last, or the best on a fifth of the training photos, which "
        "are held out for it (last)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="results and report go there (runs/compare-NAME, after the data folder)",
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    command.check_whole(
        parser,
        ("--folds", args.folds, 2, 100),
        ("--seeds", args.seeds, 1, MOST_SEEDS),
        ("--fold-seed", args.fold_seed, 0, 2**31 - 1),
    )
    return args


def main() -> None:
    """Compares; prints the tables and what they tell."""
    args = arguments()
    from src_mindspore.comparison.contenders import load_contenders
    from src_mindspore.comparison.results import ComparisonFolder
    from src_mindspore.system.read import check_data_folder

    for folder in filter(None, (args.data, args.test)):
        check_data_folder(folder)
    contenders = load_contenders(args.configs, args.epoch)
    names = [args.data.resolve().name, *([args.test.resolve().name] if args.test else [])]
    out = args.out or Path("runs") / f"compare-{'-on-'.join(names)}"
    folder = ComparisonFolder(out)
    with folder.working(sys.argv[1:]):
        # after all that can be refused without it: MindSpore takes a second to load
        from src_mindspore.comparison.photos import divided
        from src_mindspore.comparison.report import Question
        from src_mindspore.comparison.run import compare
        from src_mindspore.comparison.table import cost_table, lines_of_words, score_table

        shared = contenders[0].members[0].config.data
        photos = divided(args.data, shared, args.folds, args.fold_seed, args.test)
        question = Question(photos, range(1, args.seeds + 1), args.epoch, args.fold_seed)
        report = compare(contenders, question, folder)
    lines = [*report["about"], "", score_table(report), "", cost_table(report), ""]
    print("\n".join([*lines, *lines_of_words(report)]))
    print(f"in {shell_word(out)}")


if __name__ == "__main__":
    sys.exit(command.run(main))
