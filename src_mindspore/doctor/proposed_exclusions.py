"""What the doctor would leave out of training."""

from collections import Counter
from collections.abc import Iterator

from src_mindspore.doctor.checks import Membership
from src_mindspore.doctor.content import blank_photos
from src_mindspore.doctor.diagnosis import Diagnosis
from src_mindspore.photos.exclusions import Exclusion
from src_mindspore.system.terminal import shown_name

NAMED = 4  # other files that a reason names


def proposed_exclusions(seen: Diagnosis) -> list[Exclusion]:
    """Photos to leave out, sorted by path; each with the first reason that fits.

    Files that cannot be used; of one file with two labels all; training copies of evaluated files,
    identical or nearly so; of several copies in a class and split all but the first; photos that
    show nothing, unless half of their class are such. A file whose name is no UTF-8 cannot be
    listed: it has to be renamed.
    """
    reasons: dict[str, str] = {}
    for path, reason in (*_unusable(seen), *_repeated(seen), *_near(seen), *_blank(seen)):
        reasons.setdefault(path, reason)
    digests = seen.survey.digests
    return [
        Exclusion(path, digests[path], reason)
        for path, reason in sorted(reasons.items())
        if digests[path] and listable(path)
    ]


def listable(path: str) -> bool:
    """Whether a file can be on a list: its name is UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unusable(seen: Diagnosis) -> Iterator[tuple[str, str]]:
    for path, (kind, _) in seen.survey.faults.items():
        yield path, kind.replace("_", " ")


def _repeated(seen: Diagnosis) -> Iterator[tuple[str, str]]:
    members = Membership(seen.data, seen.survey)
    paths = [record.path for record in seen.survey.records]
    for group in members.groups:
        if len(members.labels(group)) > 1:
            for i in group:  # any of them names a few: all would grow with their square
                named = [paths[j] for j in group[: NAMED + 1] if j != i][:NAMED]
                rest = len(group) - 1 - len(named)
                others = " and ".join(map(shown_name, named)) + (f" and {rest} more" * (rest > 0))
                yield paths[i], f"the same file has another label: {others}"
            continue
        evaluated = [i for i in group if members.split[i] not in ("train", "all")]
        first: dict[str, int] = {}
        for i in group:
            if evaluated and members.split[i] == "train":
                yield paths[i], f"identical to the evaluated {shown_name(paths[evaluated[0]])}"
            elif first.setdefault(members.split[i], i) != i:
                yield paths[i], f"identical to {shown_name(paths[first[members.split[i]]])}"


def _near(seen: Diagnosis) -> Iterator[tuple[str, str]]:
    members = Membership(seen.data, seen.survey)
    paths = [record.path for record in seen.survey.records]
    for pair in seen.pairs:
        places = members.with_twins((pair.first, pair.second))
        if members.kind(places) != "across":
            continue
        scored = [i for i in places if members.split[i] != "train"]
        for i in places:
            if members.split[i] == "train":
                yield paths[i], f"nearly identical to the evaluated {shown_name(paths[scored[0]])}"


def _blank(seen: Diagnosis) -> Iterator[tuple[str, str]]:
    label = {record.path: record.label for record in seen.survey.records}
    photos = Counter(label.values())
    blank = blank_photos(seen.survey)
    count = Counter(label[path] for path in blank)
    for path in blank:
        if 2 * count[label[path]] < photos[label[path]]:
            yield path, "shows nothing: one colour"
