"""Finds the faces in photos, videos and a camera, and labels them with a trained model."""

import argparse
import logging
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src_mindspore.system import command
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import apart, shown_name
from src_mindspore.system.threads import use_threads

if TYPE_CHECKING:
    from src_mindspore.faces.output import OutputFolder
    from src_mindspore.faces.work import FaceWork

log = logging.getLogger(__name__)

DETECTORS = ("centerface", "mtcnn")
LANGUAGES = ("both", "en", "zh")


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Find the faces in photos, videos, folders of them or a camera's picture, and label each.",
        "python faces.py runs/mask party.jpg street.mp4 --out found --every 5\n"
        "         python faces.py runs/mask camera:0 --out found --json",
    )
    command.add_model(parser)
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="photo, video, or folder of both; camera:0 is the first camera; - reads paths from "
        "standard input",
    )
    add_search(parser)
    add_output(parser)
    command.add_threads(parser)
    args = parser.parse_args()
    use_threads(args.threads)
    command.check_whole(
        *(parser, ("--every", args.every, 1, 1000), ("--frames", args.frames, 1, 10**9)),
    )
    command.check_range(parser, ("--margin", args.margin, 2))
    command.check_abstaining(parser, args)
    if args.font and args.out is None:
        parser.error("--font is for drawn pictures, which --out asks for")
    if args.language and args.json and args.out is None:
        parser.error("--language is for what is drawn or printed for people; --json is neither")
    return args


def add_search(parser: argparse.ArgumentParser) -> None:
    """What faces are, and which of them count."""
    group = parser.add_argument_group("faces")
    group.add_argument("--detector", choices=DETECTORS, default=DETECTORS[0], help="(%(default)s)")
    for option, kind, name, text in (
        ("--smallest-face", float, "PIXELS", "smaller faces are not looked for (20)"),
        (
            "--face-threshold",
            float,
            "X",
            "least score of a face, 0 to 1 (0.3; mtcnn: 0.7)",
        ),
        ("--longest-side", int, "PIXELS", "larger pictures are searched in a smaller copy (1280)"),
    ):
        group.add_argument(option, type=kind, metavar=name, help=text)
    group.add_argument(
        "--margin",
        type=float,
        metavar="X",
        help="of a box's width and height, added at each side before it is labelled (0.3)",
    )
    group.add_argument(
        "--every",
        type=int,
        metavar="N",
        help="search every Nth frame of a video, and follow the faces in between (1)",
    )
    group.add_argument("--frames", type=int, metavar="N", help="stop a video after N frames")
    command.add_abstaining(group)


def add_output(parser: argparse.ArgumentParser) -> None:
    """What is written, and where."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="new folder for drawn pictures and videos, and the JSON objects of --json",
    )
    group.add_argument(
        "--json", action="store_true", help="print a JSON object for each photo and each frame"
    )
    group.add_argument("--language", choices=LANGUAGES, help="of the labels' names (both)")
    group.add_argument("--font", type=Path, metavar="FILE", help="of the drawn labels")


def main() -> None:
    """Checks what is named, then works on photos, videos and the camera, in that order."""
    args = arguments()
    from src_mindspore.evaluation.path_list import with_listed
    from src_mindspore.faces.detector import check_options
    from src_mindspore.faces.every_source import Takers, label_all
    from src_mindspore.faces.listing import sources
    from src_mindspore.faces.output import OutputFolder
    from src_mindspore.video.camera import Camera

    options = detector_options(args)
    check_options(args.detector, **options)
    named = sources(with_listed(args.paths))
    if not named.moving and (args.every or args.frames):
        option = "--every" if args.every else "--frames"
        raise UserError(f"{option} is for videos and cameras; there are photos alone")
    folder = OutputFolder(args.out) if args.out else None
    camera = Camera(named.cameras[0]) if named.cameras else None
    work, names = face_work(args, options, folder)
    if args.json:  # standard output is for the objects
        takers = Takers(command.print_json, command.print_json, partial(log.info, "%s"))
    else:
        takers = Takers(partial(print_photo, names=names), lambda _: None, print_name)
    faults = label_all(work, named, camera, args.every or 1, args.frames, names, takers)
    if faults:
        count = len(named.photos) + len(named.videos) + len(named.cameras)
        what = "photos and videos" if named.moving else "photos"
        raise UserError(
            f"{len(faults)} of {count} {what} could not be read to the end:\n  "
            + "\n  ".join(faults)
        )


def detector_options(args: argparse.Namespace) -> dict[str, Any]:
    """Those of ``detector.load_detector`` that were given."""
    asked = {
        "smallest_face": args.smallest_face,
        "threshold": args.face_threshold,
        "longest_side": args.longest_side,
    }
    return {key: value for key, value in asked.items() if value is not None}


def face_work(
    args: argparse.Namespace, options: dict[str, Any], folder: "OutputFolder | None"
) -> tuple["FaceWork", dict[str, str]]:
    """Model, detector and painter, as the options ask for them; names of the labels for people."""
    from src_mindspore.evaluation.model import load_model
    from src_mindspore.evaluation.predict import threshold_of
    from src_mindspore.faces.answers import Answers
    from src_mindspore.faces.crop import MARGIN
    from src_mindspore.faces.detector import load_detector
    from src_mindspore.faces.draw import painter_of
    from src_mindspore.faces.fonts import label_texts
    from src_mindspore.faces.label import FaceLabeller
    from src_mindspore.faces.work import FaceWork, Pictures

    model = load_model(args.model, args.machine, args.engine)
    threshold = threshold_of(model.spec, args.min_score, args.precision)
    pictures = None
    if folder:
        painter = painter_of(model.spec, args.language or LANGUAGES[0], args.font)
        pictures = Pictures(folder, painter)
    detector = load_detector(args.detector, **options, threads=1)  # several pictures at a time
    margin = MARGIN if args.margin is None else args.margin
    labeller = FaceLabeller(detector, model, margin)
    answers = Answers(model.spec.classes, threshold)
    texts = label_texts(model.spec, args.language or LANGUAGES[0])
    names = dict(zip(model.spec.classes, apart(texts), strict=True))
    return FaceWork(labeller, answers, pictures, model.spec.input.range), names


def print_photo(answer: dict[str, Any], names: Mapping[str, str]) -> None:
    """For people, with their names of the labels."""
    from src_mindspore.faces.answers import in_words

    words = in_words(answer["counts"], answer["abstained"], names)
    print_name(f"{answer['path']}  {words}")


def print_name(line: str) -> None:
    """A line that holds names of files and classes."""
    print(shown_name(line), flush=True)


if __name__ == "__main__":
    sys.exit(command.run(main))
