"""Folds of a cross-validation: what shows the same is in one of them, whatever its class.

A photo and its copies, byte for byte or nearly so, make a group. A group is scored in one fold and
learnt from in the others, so that no photo is scored by a model that has seen its copy.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some

NEVER = -1  # fold of photos that are always learnt from: their class would have none left
FEWEST, MOST = 2, 100  # folds that may be asked for


def groups_of(digests: Sequence[str], near: Iterable[tuple[str, str]] = ()) -> np.ndarray:
    """Which photos show the same: byte for byte, or connected by near-identical pairs.

    Args:
        digests: SHA-256 of each photo's file.
        near: pairs of such hashes. Those that no photo has still connect: of three versions of a
            photo, where the middle one is left out, the others are one group.

    Returns:
        (n,) int64: the number of each photo's group, counted from 0 as they first occur.
    """
    head: dict[str, str] = {}

    def first(digest: str) -> str:
        way = []
        while head.setdefault(digest, digest) != digest:
            way.append(digest)
            digest = head[digest]
        head.update(dict.fromkeys(way, digest))
        return digest

    for one, other in near:
        head[first(other)] = first(one)
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(first(digest), len(numbers)) for digest in digests]
    return np.array(found, np.int64)


@dataclass(frozen=True)
class Folds:
    """Which photo is scored in which fold.

    Attributes:
        of_photo: (n,) int64, 0 to ``count`` - 1, or ``NEVER``.
        count: number of folds, none of them empty.
    """

    of_photo: np.ndarray
    count: int

    def scored(self, fold: int) -> np.ndarray:
        """Places of the photos that a fold scores, rising: (m,) int64."""
        return np.flatnonzero(self.of_photo == fold)

    def trained(self, fold: int) -> np.ndarray:
        """Places of all others, rising: (n - m,) int64."""
        return np.flatnonzero(self.of_photo != fold)


def draw_folds(labels: np.ndarray, groups: np.ndarray, count: int, seed: int) -> Folds:
    """Stratified, seeded folds of whole groups, each class with photos left to learn from.

    Group after group, the largest first and those of a size in an order that is drawn, goes where
    it keeps the classes most even: where the sum over its classes of squared numbers of photos,
    each by the size of its class, grows least; then where there are fewest photos. A fold that
    would hold all photos of a class is passed over; where no other is left, as for a class whose
    photos are one group, the group is ``NEVER`` scored.

    Args:
        labels: (n,) classes, from 0 on.
        groups: (n,) of ``groups_of``.
        count: number of folds, ``FEWEST`` or more.
        seed: of the order.

    Raises:
        UserError: so few groups that a fold would be empty.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups.tolist()):
        members[group].append(place)
    rng = np.random.default_rng([seed, count])
    drawn = [list(members.values())[i] for i in rng.permutation(len(members))]
    drawn.sort(key=len, reverse=True)  # keeps the order of those of a size

    totals = np.bincount(labels)
    there = np.zeros((count, len(totals)), np.int64)  # photos of each class in each fold
    of_photo = np.full(len(labels), NEVER, np.int64)
    for places in drawn:
        classes, photos = np.unique(labels[places], return_counts=True)
        before = there[:, classes]
        free = np.flatnonzero((before + photos < totals[classes]).all(1))
        if not len(free):
            continue
        uneven = (photos * (2 * before + photos) / totals[classes]).sum(1)
        best = free[np.lexsort((there.sum(1)[free], np.round(uneven[free], 9)))[0]]
        there[best, classes] += photos
        of_photo[places] = best
    possible = int((there.sum(1) > 0).sum())
    if possible < count:
        accepted = f"fewer folds are accepted, from {FEWEST} on"
        if possible < FEWEST:
            accepted = (
                "a class can be scored that has two photos or more that are not alike, one of them "
                "to learn from"
            )
        raise UserError(
            f"{count} folds need photos in each of them: there are {len(labels)}, in "
            f"{len(members)} groups that are not alike, of which {possible or 'no'} folds could be "
            f"made; {accepted}"
        )
    return Folds(of_photo, count)


def remarks(labels: np.ndarray, folds: Folds, classes: Sequence[str]) -> list[str]:
    """What people have to know of folds that do not hold every class, a line each.

    Args:
        labels: (n,) as for ``draw_folds``.
        folds: of these photos.
        classes: names.
    """
    never, partly = [], []
    for label, name in enumerate(classes):
        places = folds.of_photo[labels == label]
        scored = places[places != NEVER]
        if not len(places):
            continue
        if not len(scored):
            never.append(name)
        elif len(np.unique(scored)) < folds.count:
            partly.append((name, len(np.unique(scored)), len(scored), len(places)))
    lines = []
    if never:
        lines.append(
            f"trained on in every fold and never scored, as their photos are all alike or one "
            f"alone: {some(never)}"
        )
    if left := int((folds.of_photo == NEVER).sum()):
        lines.append(
            f"{left} of {len(labels)} photos are never scored: without them and their like a class "
            f"would have nothing to learn from"
        )
    if partly:
        told = [f"{name} ({k} folds, {n} of {all_} photos)" for name, k, n, all_ in partly]
        lines.append(
            f"classes with too few different photos for {folds.count} folds, scored where they "
            f"can be: {some(told)}"
        )
    return lines
