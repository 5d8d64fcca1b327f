"""MTCNN once more, as plainly as it can be written: one window at a time, no batches, no strips.

It follows the paper and the package's conventions (pixels from 1 on, whole numbers between the
stages) with the three files as they come.
"""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime


def session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def overlap(a: list[float], b: list[float], smaller: bool) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    common = max(width, 0) * max(height, 0)
    first, second = ((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b))
    return common / (min(first, second) if smaller else first + second - common)


def best(rows: list[list], most: float, smaller: bool = False) -> list[list]:
    """Rows of left, top, right, bottom, score, ...: those that no better one covers.

    Of equal scores the last is the better.
    """
    stay: list[list] = []
    for place in sorted(range(len(rows)), key=lambda place: (-rows[place][4], -place)):
        if all(overlap(rows[place], other, smaller) <= most for other in stay):
            stay.append(rows[place])
    return stay


def square(box: list[float]) -> list[int]:
    width, height = box[2] - box[0], box[3] - box[1]
    side = max(width, height)
    left, top = box[0] + width / 2 - side / 2, box[1] + height / 2 - side / 2
    return [int(left), int(top), int(left + side), int(top + side)]  # towards 0


def window(photo: np.ndarray, box: list[int], side: int) -> np.ndarray:
    """(1, side, side, 3), x before y, -1..1."""
    height, width = photo.shape[:2]
    part = np.zeros((box[3] - box[1] + 1, box[2] - box[0] + 1, 3))
    for y in range(max(box[1], 1), min(box[3], height) + 1):
        for x in range(max(box[0], 1), min(box[2], width) + 1):
            part[y - box[1], x - box[0]] = photo[y - 1, x - 1]
    part = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
    return ((part - 127.5) / 128).transpose(1, 0, 2)[None].astype(np.float32)


def windows_of(photo: np.ndarray, scale: float, p_net: onnxruntime.InferenceSession) -> list[list]:
    """P-Net's windows of one copy: box, score and moves."""
    height, width = (int(np.ceil(side * scale)) for side in photo.shape[:2])
    copy = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    moves, chances = p_net.run(
        None, {"input_1": ((copy - 127.5) / 128).transpose(1, 0, 2)[None].astype(np.float32)}
    )
    places = [
        (x, y)
        for x in range(chances.shape[1])
        for y in range(chances.shape[2])
        if chances[0, x, y, 1] >= 0.6
    ]
    rows = []
    for x, y in places:
        mirrored = chances.shape[1] - 1 - x if len(places) == 1 else x  # the package's own way
        corners = [int((2 * n + more) / scale) for more in (1, 12) for n in (x, y)]
        rows.append([*corners, float(chances[0, x, y, 1]), *moves[0, mirrored, y].tolist()])
    return best(rows, 0.5)


def plain_mtcnn(photo: np.ndarray, files: list[Path], smallest: float = 20) -> list[list[float]]:
    """Faces as left, top, right, bottom, score, x of five landmarks, y of five landmarks."""
    p_net, r_net, o_net = map(session, files)
    rows, number = [], 0
    while min(photo.shape[:2]) * (12 / smallest) * 0.709**number >= 12:
        rows += windows_of(photo, (12 / smallest) * 0.709**number, p_net)
        number += 1
    boxes = []
    for left, top, right, bottom, _, *moves in best(rows, 0.7):
        width, height = right - left, bottom - top
        moved = [n * side for n, side in zip(moves, [width, height] * 2, strict=True)]
        boxes.append(
            square([n + by for n, by in zip((left, top, right, bottom), moved, strict=True)])
        )
    rows = []
    for box in boxes:
        moves, chances = r_net.run(None, {"input_2": window(photo, box, 24)})
        if chances[0, 1] > 0.7:
            rows.append([*box, float(chances[0, 1]), *moves[0].tolist()])
    boxes = [square(moved_by(row[:4], row[5:])) for row in best(rows, 0.7)]
    rows = []
    for box in boxes:
        moves, points, chances = o_net.run(None, {"input_3": window(photo, box, 48)})
        if chances[0, 1] > 0.7:
            width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
            xs = [box[0] + width * float(n) - 1 for n in points[0, :5]]
            ys = [box[1] + height * float(n) - 1 for n in points[0, 5:]]
            rows.append([*moved_by(box, moves[0].tolist()), float(chances[0, 1]), *xs, *ys])
    return best(rows, 0.7, smaller=True)


def moved_by(box: list[float], moves: list[float]) -> list[float]:
    width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
    sides = [width, height, width, height]
    return [n + move * side for n, move, side in zip(box, moves, sides, strict=True)]
