"""What the doctor found: one list, shown as a table, as JSON and as a page."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from src_mindspore.system.terminal import apart, shown_name, some

FINDINGS_FORMAT = 1  # of the JSON object
ERROR, DECISION, NOTE = "error", "decision", "note"
SEVERITIES = {
    ERROR: "training cannot be right",
    DECISION: "somebody has to decide",
    NOTE: "good to know",
}
NAMED = 3  # files or groups that the table names
IN_GROUP = 4  # files of one group


@dataclass(frozen=True, slots=True)
class Group:
    """Files that belong together, paths as in ``Record``, and what there is to say about them.

    ``more`` are files of the group beside those, see ``Finding.bounded``.
    """

    files: tuple[str, ...]
    detail: str = ""
    more: int = 0


@dataclass(frozen=True)
class Finding:
    """One fault and where it was found.

    Args:
        kind: a word for programs.
        severity: one of ``SEVERITIES``.
        text: one line for people: what it is, and what can be done.
        groups: where; may be empty where the whole data set is meant.
        more: groups beside those, see ``bounded``.
    """

    kind: str
    severity: str
    text: str
    groups: tuple[Group, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        """All its groups."""
        return len(self.groups) + self.more

    def bounded(self, groups: int, files: int) -> "Finding":
        """The same with the first groups, and the first files of each; the others are counted."""
        kept = tuple(
            replace(g, files=g.files[:files], more=g.more + len(g.files[files:]))
            for g in self.groups[:groups]
        )
        return replace(self, groups=kept, more=self.more + len(self.groups[groups:]))

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` and a run have it; see ``Report.to_json`` about names."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "text": self.text,
            "count": self.count,
            "groups": [
                {
                    "files": apart(group.files),
                    "detail": group.detail,
                    **({"more": group.more} if group.more else {}),
                }
                for group in self.groups
            ],
        }

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "Finding":
        """What ``to_json`` gave.

        Raises:
            ValueError: it is nothing of the kind.
        """
        try:
            groups = tuple(
                Group(tuple(map(_text, g["files"])), _text(g["detail"]), _number(g.get("more", 0)))
                for g in table["groups"]
            )
            severity = table["severity"]
            if severity not in SEVERITIES:
                raise ValueError(f"a severity is one of {', '.join(SEVERITIES)}")
            more = _number(table["count"]) - len(groups)
            return cls(_text(table["kind"]), severity, _text(table["text"]), groups, more)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no finding: {error}") from None

    @classmethod
    def of_files(
        cls, kind: str, severity: str, text: str, files: Iterable[str | tuple[str, str]]
    ) -> "Finding":
        """A finding about single files, each perhaps with a detail."""
        pairs = ((f, "") if isinstance(f, str) else f for f in files)
        return cls(kind, severity, text, tuple(Group((path,), detail) for path, detail in pairs))

    def names(self, limit: int = NAMED) -> str:
        """The first groups and the number of the others, safe for a terminal."""
        return some([self._name(group) for group in self.groups], limit)

    def _name(self, group: Group) -> str:
        sign = " = " if self.kind.startswith("identical") else " ~ "
        files = some(group.files, IN_GROUP, sign=sign)
        return f"{files} ({group.detail})" if group.detail else files


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is needed; got {value!r}")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"a whole number is needed; got {value!r}")
    return value


Kinds = Mapping[str, tuple[str, str]]  # severity and text of every kind


def of_kinds(kinds: Kinds, **files: Collection[str | tuple[str, str]]) -> Iterator[Finding]:
    """A finding for every kind that has files, each perhaps with a detail; in the given order."""
    for kind, some_of in files.items():
        if some_of:
            yield Finding.of_files(kind, *kinds[kind], some_of)


@dataclass(frozen=True)
class ClassCount:
    """Photos of one class by split, and the weight in the loss that would balance it."""

    name: str
    photos: Mapping[str, int]
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything there is to say about a folder.

    Args:
        folder: as the user named it.
        photos: number of photos by split.
        classes: in the order of the outputs.
        findings: see ``Finding``.
        labels: whether labels were compared with features, and if not how to do it.
        copies: how often the same is there again: number by a few words that say what is counted.
    """

    folder: str
    photos: Mapping[str, int]
    classes: Sequence[ClassCount]
    findings: Sequence[Finding]
    labels: str
    copies: Mapping[str, int] = field(default_factory=dict)

    def of(self, severity: str) -> list[Finding]:
        """The findings of one severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    @property
    def status(self) -> int:
        """Exit status: 1 when something stops training or needs a decision."""
        return int(any(self.of(severity) for severity in (ERROR, DECISION)))

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        counts = ", ".join(f"{n:,} {split}" for split, n in self.photos.items())
        yield f"{shown_name(self.folder)}: {len(self.classes)} classes, photos: {counts}"
        for severity, meaning in SEVERITIES.items():
            found = self.of(severity)
            if not found:
                continue
            yield ""
            yield f"{severity.upper()}  {meaning}"
            for finding in found:
                count = str(len(finding.groups)) if finding.groups else "-"
                yield f"  {count:>5}  {finding.text}"
                if finding.groups:
                    yield f"         {finding.names()}"
        yield ""
        if self.copies:
            yield "copies: " + ", ".join(f"{n:,} {what}" for what, n in self.copies.items())
        yield self.labels
        words = ", ".join(f"{len(self.of(severity))} {severity}s" for severity in SEVERITIES)
        yield f"{words}: {'something to decide' if self.status else 'nothing to decide'}"

    def to_json(self) -> dict[str, Any]:
        """The versioned object that ``--json`` writes.

        Names that are no UTF-8 or hold control characters are written with escapes.
        """
        return {
            "format": FINDINGS_FORMAT,
            "folder": shown_name(self.folder),
            "photos": dict(self.photos),
            "classes": [
                {"name": shown_name(c.name), "photos": dict(c.photos), "weights": dict(c.weights)}
                for c in self.classes
            ],
            "status": self.status,
            "counts": {severity: len(self.of(severity)) for severity in SEVERITIES},
            "findings": [finding.to_json() for finding in self.findings],
            "copies": dict(self.copies),
            "labels": self.labels,
        }
