"""Which photos the runs of an average had, and what a score of it on them is worth."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from src_mindspore.export.members import Member
from src_mindspore.photos.identity import NO_HASHES, RunPhotos
from src_mindspore.system.names import canonical

SPLIT = "val"
# from the worst on, for a score on a photo: a member learned it, chose its epoch by it, neither
PARTS = ("train", SPLIT, "test")


def why_no_score(members: Sequence[Member]) -> str | None:
    """Why a score of the average on validation photos would say nothing; None where it does."""
    first, *others = members
    for member in members:
        if not member.photos.digests:
            return f"{member.run}: {NO_HASHES}"
    chosen = _contents(first)
    for other in others:
        theirs = _contents(other)
        if theirs != chosen:
            only = (chosen - theirs).total(), (theirs - chosen).total()
            return (
                f"the validation photos of the runs are not the same, told by content and class: "
                f"{only[0]} only in {first.run}, {only[1]} only in {other.run}"
            )
    return None


def _contents(member: Member) -> Counter[tuple[str, str]]:
    """Class and SHA-256 of the validation photos."""
    photos = member.photos
    return Counter(
        (canonical(PurePosixPath(path).parent.name), photos.digests[path])
        for path in photos.splits.get(SPLIT, ())
    )


def united(members: Sequence[Member]) -> RunPhotos | None:
    """The photos of all runs, each in the split that says the least of a score on it.

    None where a run kept no hashes.
    """
    if not all(member.photos.digests for member in members):
        return None
    part_of: dict[str, str] = {}
    for part in PARTS:
        for photos in (member.photos for member in members):
            for path in photos.splits.get(part, ()):
                part_of.setdefault(photos.digests[path], part)
    splits: dict[str, list[str]] = {part: [] for part in PARTS}
    digests: dict[str, str] = {}
    for photos in (member.photos for member in members):
        known = set(digests.values())
        for path in (path for part in photos.splits.values() for path in part):
            digest = photos.digests[path]
            if digest not in known:
                name = path if path not in digests else f"{digest[:8]}/{path}"
                digests[name] = digest
                splits[part_of[digest]].append(name)
    first = members[0].photos
    left_out = [p for p in first.left_out if first.digests[p] not in part_of and p not in digests]
    digests.update((path, first.digests[path]) for path in left_out)
    excluded = [entry for entry in first.excluded if entry.sha256 not in part_of]
    return RunPhotos({k: v for k, v in splits.items() if v}, digests, left_out, excluded)
