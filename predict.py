"""Labels images and folders of images with a trained model."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from src_mindspore.system import command
from src_mindspore.system.command import STDOUT
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import apart, shown_name
from src_mindspore.system.threads import use_threads


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Label images, or all images below folders.",
        "python predict.py runs/garbage photo.jpg more_photos/ --topk 3\n"
        "         find . -name '*.jpg' | python predict.py runs/garbage - --csv labels.csv",
    )
    command.add_model(parser)
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="image or folder; - reads paths from standard input, one a line or between zero bytes",
    )
    parser.add_argument("--topk", type=int, default=3, metavar="N", help="labels an image (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object per image")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write a table there; - is standard output"
    )
    parser.add_argument(
        "--sort",
        type=Path,
        metavar="DIR",
        help="copy every image into DIR/LABEL, or DIR/_not_sure; nothing is overwritten or deleted",
    )
    command.add_abstaining(parser)
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    if args.json and args.csv == STDOUT:
        parser.error("--json and --csv - both write to standard output: --csv FILE goes with it")
    if args.topk < 1:
        parser.error(f"--topk must be at least 1; got {args.topk}")
    command.check_abstaining(parser, args)
    return args


def main() -> None:
    """Labels what is named, and hands every answer to what shows or keeps it."""
    args = arguments()
    from src_mindspore.evaluation.answers import SortedCopies, check_new, csv_table
    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.path_list import with_listed
    from src_mindspore.evaluation.predict import image_paths, predictions, threshold_of

    if args.csv and args.csv != STDOUT:
        check_new(args.csv)
    named = with_listed(args.paths)
    paths = image_paths(named)
    model = load_model(args.model, args.machine, args.engine)
    topk = min(args.topk, len(model.spec.classes))
    threshold = threshold_of(model.spec, args.min_score, args.precision)
    answers = predictions(model, paths, topk, threshold)
    with ExitStack() as stack:
        takers = []
        if args.sort:
            copies = SortedCopies(args.sort, named, model.spec.classes)
            stack.callback(copies.say)
            takers.append(copies.add)
        if args.csv:
            takers.append(stack.enter_context(csv_table(args.csv, topk)))
        if args.csv != STDOUT:
            names = dict(zip(model.spec.classes, apart(model.spec.classes), strict=True))
            takers.append(command.print_json if args.json else partial(print_line, names=names))
        unread = hand_out(answers, takers)
    if unread:
        raise unread


def hand_out(
    answers: Iterator[dict[str, Any]], takers: Sequence[Callable[[dict[str, Any]], object]]
) -> UserError | None:
    """Gives every answer to all; what is said at the end of images that could not be read."""
    labelled = 0
    try:
        for answer in answers:
            for take in takers:
                take(answer)
            labelled += 1
    except UserError as error:
        if not labelled:
            raise
        return error
    return None


def print_line(answer: dict[str, Any], names: Mapping[str, str]) -> None:
    """For people; a class without display names by that of ``names``."""
    texts = [names[t["label"]] if t["text"] == t["label"] else t["text"] for t in answer["topk"]]
    scores = [f"{t['score']:6.1%}" for t in answer["topk"]]
    best = "  ".join(f"{score} {text}" for score, text in zip(scores, texts, strict=True))
    start = "  not sure:" if answer["abstained"] else ""
    print(shown_name(f"{answer['path']}{start}  {best}"), flush=True)


if __name__ == "__main__":
    sys.exit(command.run(main))
