"""Which photos a run had, told by what is in them: a name says nothing, files are renamed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.photos.split_folders import SPLITS

OTHERS = ("left_out", "excluded")  # photos of a run that are in no split
NEW = "new"  # none of its photos
NO_RUN = "the run folder that it comes from is not beside it"
NO_HASHES = "its run is of a version that kept no hashes of the photos"


@dataclass(frozen=True)
class RunPhotos:
    """The photos of a training run.

    Attributes:
        splits: by split their paths, in the order of training.
        digests: SHA-256 of the files as 64 hexadecimal digits, by path; empty where they are not
            known, as in runs of earlier versions.
        left_out: paths of training photos that an evaluated split has as well.
        excluded: what the user's list took away.
    """

    splits: Mapping[str, Sequence[str]]
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    left_out: Sequence[str] = ()
    excluded: Sequence[Exclusion] = ()

    @cached_property
    def part_of(self) -> Mapping[str, str]:
        """By SHA-256 the split it is in, or one of ``OTHERS``."""
        parts = {exclusion.sha256: "excluded" for exclusion in self.excluded}
        # later ones count: a copy in no split may be that of a photo which is in one
        for part, paths in (("left_out", self.left_out), *self.splits.items()):
            parts.update((self.digests[path], part) for path in paths)
        return parts

    def count(self, digests: Iterable[str]) -> dict[str, int]:
        """How many of some files are photos of each split, of ``OTHERS``, and ``NEW``."""
        counts = Counter(self.part_of.get(digest, NEW) for digest in digests)
        return {part: counts[part] for part in (*SPLITS, *OTHERS, NEW)}


def identity(run: RunPhotos | None, digests: Iterable[str]) -> dict[str, Any]:
    """What is known of scored photos: ``checked``, and ``RunPhotos.count`` or the ``reason``.

    Args:
        run: of the model; None where it cannot be told.
        digests: SHA-256 of the photos.
    """
    if run is None or not run.digests:
        return {"checked": False, "reason": NO_HASHES if run else NO_RUN}
    return {"checked": True, **run.count(digests)}


def identity_of_split(split: str, photos: int) -> dict[str, Any]:
    """``identity`` of photos that are those of a split, as in the run itself."""
    return {"checked": True, **dict.fromkeys((*SPLITS, *OTHERS, NEW), 0), split: photos}
