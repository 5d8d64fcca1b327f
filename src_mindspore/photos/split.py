"""A stratified, seeded split of labelled photos; what shows the same stays on one side."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from src_mindspore.photos.records import Record
from src_mindspore.photos.split_folders import SPLITS
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some


def split_records(
    records: Sequence[Record],
    digests: dict[str, str],
    fractions: Sequence[float],
    seed: int,
    near: Sequence[tuple[str, str]] = (),
) -> dict[str, tuple[Record, ...]]:
    """Stratified, seeded split; identical and near-identical files of a class stay together.

    In every class each split gets its share, rounded, and at least one image where the class has
    that many different ones; the training split is served first.

    Args:
        records: all images.
        digests: content hash by path.
        fractions: shares of train, val and perhaps test; they add up to 1.
        seed: of the draw.
        near: SHA-256 of pairs of near-identical images; pairs of two classes mean nothing here.

    Raises:
        UserError: fractions outside this rule; identical files in two classes.
    """
    if len(fractions) not in (2, 3) or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise UserError(f"split shares are 2 or 3 numbers that add up to 1; got {list(fractions)}")
    twins: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        twins[digests[record.path]].append(record)
    for same in twins.values():
        if len({record.label for record in same}) > 1:
            raise UserError(
                "the same file has two labels, so that no split can be right: "
                + some([record.path for record in same])
            )
    families = _families(twins, near)
    splits: dict[str, list[Record]] = {name: [] for name in SPLITS[: len(fractions)]}
    rng = np.random.default_rng(seed)
    of_class: dict[int, list[list[Record]]] = defaultdict(list)
    for same in families:
        of_class[same[0].label].append(same)
    for _, groups in sorted(of_class.items()):
        groups = [groups[i] for i in rng.permutation(len(groups))]
        ends = np.round(np.cumsum(fractions) * len(groups)).astype(int)
        for i in range(len(ends)):  # at least one each, from the left and from the right
            lowest = min(i + 1, len(groups))
            highest = max(len(groups) - (len(ends) - 1 - i), lowest)
            ends[i] = min(max(ends[i], lowest), highest)
        for name, start, end in zip(splits, (0, *ends[:-1]), ends, strict=True):
            splits[name] += [record for same in groups[start:end] for record in same]
    return {
        name: tuple(sorted(chosen, key=lambda record: record.path))
        for name, chosen in splits.items()
    }


def _families(
    twins: Mapping[str, list[Record]], near: Sequence[tuple[str, str]]
) -> list[list[Record]]:
    """Twins and, transitively, what is near-identical to them within their class."""
    head = {digest: digest for digest in twins}

    def first(digest: str) -> str:
        while head[digest] != digest:
            digest = head[digest]
        return digest

    order = {digest: place for place, digest in enumerate(twins)}
    for pair in near:
        one, other = sorted(map(first, pair), key=order.__getitem__)
        if twins[one][0].label == twins[other][0].label:
            head[other] = one
    families: dict[str, list[Record]] = defaultdict(list)
    for digest, same in twins.items():
        families[first(digest)] += same
    return list(families.values())
