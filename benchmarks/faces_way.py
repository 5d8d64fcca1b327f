"""The whole way from a photo to the label of its face, on photos that a model was not trained on.

Of each photo the largest face that a detector finds is labelled; the last row labels whole photos.

example: python benchmarks/faces_way.py runs/mask --data face_mask_4095
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src_mindspore.evaluation.model import load_model
from src_mindspore.evaluation.reliability import share_interval
from src_mindspore.faces.boxes import areas
from src_mindspore.faces.crop import MARGIN
from src_mindspore.faces.detector import NAMES, load_detector
from src_mindspore.faces.label import FaceLabeller
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.scored import scored_records
from src_mindspore.runs.read import data_folder, run_photos
from src_mindspore.system.progress import progress


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a run folder, or a file beside its spec.json")
    parser.add_argument("--data", type=Path, help="default: where the run had its photos")
    parser.add_argument("--split", default="test", help="(test)")
    parser.add_argument("--margin", type=float, default=MARGIN, help="(%(default)s)")
    args = parser.parse_args()
    model, run = load_model(args.model), run_photos(args.model)
    data = data_folder(args.model, args.data)
    records = scored_records(data, model.spec.classes, args.split, run)
    labels = np.array([record.label for record in records])
    ways = {name: load_detector(name, threads=1) for name in NAMES}
    labellers = {
        name: FaceLabeller(detector, model, args.margin) for name, detector in ways.items()
    }
    # of each photo the class that is said, or -1 where no face was found
    said = {name: np.full(len(records), -1) for name in [*ways, "the whole photo"]}
    with progress(len(records), "photos") as advance:
        for row, record in enumerate(records):
            photo = np.asarray(open_photo(data / record.path, model.spec.input.range))
            height, width = photo.shape[:2]
            whole = np.array([[0, 0, width, height]])
            for name, labeller in labellers.items():
                boxes = labeller.find(photo).boxes
                if len(boxes):
                    largest = boxes[areas(boxes).argmax()][None]
                    said[name][row] = labeller.probabilities(photo, largest)[0].argmax()
            said["the whole photo"][row] = (
                next(iter(labellers.values())).probabilities(photo, whole)[0].argmax()
            )
            advance(1)
    classes = model.spec.classes
    print(f"{len(records)} photos of {args.split}, margin {args.margin:g}")
    titles = ["way", "face found", *(f"of {name}" for name in classes), "right of found", "95 %"]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
    for name, answers in said.items():
        print("| " + " | ".join(_row(name, answers, labels, len(classes))) + " |")


def _row(name: str, answers: np.ndarray, labels: np.ndarray, classes: int) -> list[str]:
    found = answers >= 0
    right = int((answers == labels)[found].sum())
    low, high = share_interval(right, int(found.sum()))
    shares = [f"{found[labels == label].mean():.1%}" for label in range(classes)]
    return [
        *(name, f"{found.mean():.1%}", *shares),
        f"{right} of {found.sum()}, {right / max(found.sum(), 1):.2%}",
        f"{low:.1%} to {high:.1%}",
    ]


if __name__ == "__main__":
    main()
