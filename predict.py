"""Labels images and folders of images with a trained model."""

import json
import sys
from pathlib import Path

from src_mindspore import cli
from src_mindspore.terminal import shown


def main() -> None:
    """See ``--help``."""
    parser = cli.parser(
        "Label images, or all images below folders.",
        "python predict.py runs/garbage photo.jpg more_photos/ --topk 3",
    )
    cli.add_model(parser)
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="image or folder")
    parser.add_argument("--topk", type=int, default=3, metavar="N", help="labels an image (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object per image")
    args = parser.parse_args()
    if args.topk < 1:
        parser.error(f"--topk must be at least 1; got {args.topk}")

    from src_mindspore.inference import load_model
    from src_mindspore.prediction import image_paths, predictions
    from src_mindspore.runtime import select_device

    paths = image_paths(args.paths)
    select_device()
    model = load_model(args.model, args.machine)
    for prediction in predictions(model, paths, args.topk):
        if args.json:
            print(json.dumps(prediction, ensure_ascii=False), flush=True)
            continue
        best = "  ".join(f"{t['score']:6.1%} {t['text']}" for t in prediction["topk"])
        print(shown(f"{prediction['path']}  {best}", keep=""), flush=True)


if __name__ == "__main__":
    sys.exit(cli.run(main))
