"""Photos that are there more than once: byte for byte, or resized, recompressed, slightly cropped.

Near ones are found in two steps. Perceptual hashes that differ in few bits make candidates; a
candidate is confirmed when one photo, laid over the other by a small shift, turn or stretch, shows
the same picture. Judged by eye on two sets of photos, see the numbers at the constants.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from src_mindspore.doctor.survey import Survey, grey
from src_mindspore.photos.decode import PhotoError, open_photo
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress

# Of 64 bits. Copies of half the size, or as JPEG of quality 50, differ in 2 at most (95 % of them),
# those cropped by 3 % a side in 14; two different photos in 32 on average.
DISTANCE = 12
# Candidates of a photo that are looked at, the nearest ones: in a film every frame is like hundreds
# of others, and one chain through all of them says as much.
NEIGHBOURS = 16
SIDE = 64  # pixels of the pictures that are laid over each other
# Correlation of the grey values that confirms. Of the pairs from 0.98 on (186 of garbage, 175 of
# faces) the 60 weakest of each, looked at, were the same picture; below 0.975 other masks come in.
SAME = 0.98
COARSE, COARSE_SIDE = 0.75, 8  # correlation of blurred pictures below which it is not tried
SHIFT = 0.16  # the furthest that a corner may move, in sides: more than that is another picture
# Steps of the alignment, and the gain below which it stops: 40 steps to 1e-4 find the same pairs.
CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)
BLUR = 3  # pixels, of the alignment
FLAT = 2.0  # standard deviation of grey values (0..255): a plain surface is like every other
CROWDED = 256  # photos as near as that to each, on average, from which they are not all sorted
CELLS = 1 << 24  # of the table of distances that is held at once: 64 MB


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos by their place in the survey, and the correlation that confirmed them."""

    first: int
    second: int
    correlation: float


def identical(found: Survey) -> list[list[int]]:
    """Groups of byte-identical files, by place in the survey; those that nothing equals are none.

    Files that cannot be read or used belong to no group.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for i, record in enumerate(found.records):
        if record.path not in found.faults:
            groups[found.digests[record.path]].append(i)
    return [group for group in groups.values() if len(group) > 1]


def near_pairs(found: Survey, blocks: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Pair]:
    """Confirmed pairs of near-identical photos that are not identical.

    Of identical files on one side of a block the first stands for all of them.

    Args:
        found: the photos.
        blocks: places in the survey, each of the first array compared with each of the second;
            the same array twice means all its pairs.
    """
    wanted: dict[tuple[int, int], None] = {}  # a set that keeps its order
    for sides in blocks:
        these, those = (_distinct(found, side) for side in sides)
        for i, j in candidates(found.codes[these], found.codes[those]):
            one, other = sorted((int(these[i]), int(those[j])))
            if _digest(found, one) != _digest(found, other):
                wanted[one, other] = None
    pictures = _Pictures(found)
    pairs = []
    with progress(len(wanted), "comparing similar photos", "pair", quiet=True) as advance:
        for pair, value in zip(wanted, map_ordered(pictures.likeness, wanted), strict=True):
            if value >= SAME:
                pairs.append(Pair(*pair, round(value, 6)))
            advance(1)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _digest(found: Survey, place: int) -> str:
    return found.digests[found.records[place].path]


def _distinct(found: Survey, places: np.ndarray) -> np.ndarray:
    """The usable photos among some, the first of identical ones."""
    first: dict[str, int] = {}
    for i in places.tolist():
        if found.records[i].path not in found.faults:
            first.setdefault(_digest(found, i), i)
    return np.array(list(first.values()), np.int64)


class _Pictures:
    """Small grey pictures of photos, decoded when they are compared."""

    def __init__(self, found: Survey) -> None:
        self._found = found
        self._picture = lru_cache(maxsize=4096)(self._read)  # 16 MB

    def _read(self, place: int) -> np.ndarray | None:
        try:
            path = self._found.root / self._found.records[place].path
            return grey(open_photo(path, self._found.value_range), SIDE)
        except PhotoError:  # it changed since it was read a moment ago
            return None

    def likeness(self, pair: tuple[int, int]) -> float:
        one, other = map(self._picture, pair)
        return 0.0 if one is None or other is None else likeness(one, other)


def candidates(
    these: np.ndarray, those: np.ndarray, distance: int = DISTANCE
) -> Iterator[tuple[int, int]]:
    """Pairs of 64-bit codes, places in both arrays, that differ in at most ``distance`` bits.

    Of each of ``these`` the ``NEIGHBOURS`` nearest, the first where several are as near; a place is
    not paired with itself where both are the same codes. Every pair is compared, as a product of
    matrices of +1 and -1, some rows at a time: memory grows with the number of codes only.
    """
    alone = np.array_equal(these, those)
    rows_signs, signs = _signs(these), _signs(those)
    rows = max(1, CELLS // max(len(those), 1))
    for start in range(0, len(these), rows):
        agreement = (rows_signs[start : start + rows] @ signs.T).ravel()  # 64 - 2 * distance
        # of the flat array: NumPy 1.26 takes ten times longer for that of a table
        hits = np.flatnonzero(agreement >= 64 - 2 * distance)
        if len(hits) * len(those) > CROWDED * len(agreement):
            hits = _nearest(agreement.reshape(-1, len(those)), 64 - 2 * distance)
        i, j = np.divmod(hits, len(those))
        order = np.lexsort((j, -agreement[hits], i))
        if alone:
            order = order[i[order] + start != j[order]]
        i, j = i[order], j[order]
        near = np.arange(len(i)) - np.searchsorted(i, i) < NEIGHBOURS
        yield from zip((i[near] + start).tolist(), j[near].tolist(), strict=True)


def _nearest(agreement: np.ndarray, least: float) -> np.ndarray:
    """Of each row those of at least ``least``, as many as count: places in the flat array.

    Where thousands of photos are alike, say black, sorting all their pairs would take minutes.
    """
    count = agreement.shape[1]
    kept = min(NEIGHBOURS + 1, count)  # one of them may be the photo itself
    places = np.arange(count)
    found = []
    for row, values in enumerate(agreement):
        keys = (64 - values).astype(np.int64) * count + places  # the first of those as near
        nearest = np.argpartition(keys, kept - 1)[:kept]
        found.append(row * count + nearest[values[nearest] >= least])
    return np.concatenate(found)


def _signs(codes: np.ndarray) -> np.ndarray:
    """(n, 64) float32: +1 for a bit that is set, -1 for one that is not."""
    octets = codes.astype(">u8").view(np.uint8).reshape(len(codes), 8)
    return np.unpackbits(octets, axis=1).astype(np.float32) * 2 - 1


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two (SIDE, SIDE) uint8 pictures, -1..1, the second laid over the first.

    The alignment is affine (enhanced correlation coefficient, Evangelidis and Psarakis 2008); 0
    where it would have to move a corner by more than ``SHIFT``.
    """
    if min(one.std(), other.std()) < FLAT:
        return 0.0
    plain = _correlation(one, other)
    if plain >= SAME:
        return plain
    small = [
        cv2.resize(picture, (COARSE_SIDE, COARSE_SIDE), interpolation=cv2.INTER_AREA)
        for picture in (one, other)
    ]
    if _correlation(*small) < COARSE:
        return plain
    warp = np.eye(2, 3, dtype=np.float32)
    try:
        aligned, warp = cv2.findTransformECC(
            one, other, warp, cv2.MOTION_AFFINE, CRITERIA, None, BLUR
        )
    except cv2.error:  # it found no way to lay them over each other
        return plain
    corners = np.array([[0, SIDE, 0, SIDE], [0, 0, SIDE, SIDE], [1, 1, 1, 1]], np.float32)
    moved = np.abs(warp @ corners - corners[:2]).max() / SIDE
    return max(plain, aligned if moved <= SHIFT else 0.0)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    a, b = (picture.astype(np.float64).ravel() for picture in (one, other))
    a, b = a - a.mean(), b - b.mean()
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 0.0


def families(pairs: Sequence[Pair]) -> list[list[int]]:
    """Photos that pairs connect, directly or through others: sorted places, sorted groups."""
    head: dict[int, int] = {}

    def first(i: int) -> int:
        while head.setdefault(i, i) != i:
            i = head[i]
        return i

    for pair in pairs:
        one, other = sorted((first(pair.first), first(pair.second)))
        head[other] = one
    groups: dict[int, list[int]] = defaultdict(list)
    for i in sorted(head):
        groups[first(i)].append(i)
    return list(groups.values())
