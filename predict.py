"""Labels images and folders of images with a trained model."""

import json
import sys
from pathlib import Path

from src_mindspore.system import command
from src_mindspore.system.terminal import shown_name
from src_mindspore.system.threads import use_threads


def main() -> None:
    """See ``--help``."""
    parser = command.parser(
        "Label images, or all images below folders.",
        "python predict.py runs/garbage photo.jpg more_photos/ --topk 3",
    )
    command.add_model(parser)
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="image or folder")
    parser.add_argument("--topk", type=int, default=3, metavar="N", help="labels an image (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object per image")
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument(
        "--min-score",
        type=float,
        metavar="X",
        help="abstain below this score, 0 to 1 (default: what the model's spec.json says, if it "
        "does); 0 answers always",
    )
    limits.add_argument(
        "--precision",
        type=float,
        metavar="P",
        help="abstain below the score that reached this precision on the validation photos, 0 to 1",
    )
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    if args.topk < 1:
        parser.error(f"--topk must be at least 1; got {args.topk}")
    for option, value in (("--min-score", args.min_score), ("--precision", args.precision)):
        if value is not None and not 0 <= value <= 1:
            parser.error(f"{option} is 0 to 1; got {value:g}")

    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.predict import image_paths, predictions, threshold_of

    paths = image_paths(args.paths)
    model = load_model(args.model, args.machine, args.engine)
    threshold = threshold_of(model.spec, args.min_score, args.precision)
    for prediction in predictions(model, paths, args.topk, threshold):
        if args.json:
            print(json.dumps(prediction, ensure_ascii=False), flush=True)
            continue
        best = "  ".join(f"{t['score']:6.1%} {t['text']}" for t in prediction["topk"])
        start = "  not sure:" if prediction["abstained"] else ""
        print(shown_name(f"{prediction['path']}{start}  {best}"), flush=True)


if __name__ == "__main__":
    sys.exit(command.run(main))
