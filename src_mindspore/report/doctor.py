"""What the doctor found before a run was trained, as the page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image

from src_mindspore.doctor.findings import DECISION, SEVERITIES, Finding
from src_mindspore.photos.decode import open_photo
from src_mindspore.report.doctor_words import detail, said
from src_mindspore.report.language import Both, words
from src_mindspore.report.pictures import Pictures
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import read_json
from src_mindspore.system.terminal import shown_name

GROUPS, PHOTOS = 12, 4  # of a finding that have pictures, and of a group
LISTED = 60  # names of a finding without pictures
SIDE = 120  # pixels of a picture's longer side


@dataclass(frozen=True)
class Findings:
    """What ``doctor.json`` of a run holds.

    Attributes:
        found: the findings, those that somebody has to decide first.
        near_looked_for: whether nearly identical photos were looked for.
    """

    found: Sequence[Finding]
    near_looked_for: bool

    @property
    def to_decide(self) -> int:
        """How many of them somebody has to decide."""
        return sum(finding.severity == DECISION for finding in self.found)


def read_findings(path: Path) -> Findings | None:
    """Reads a ``doctor.json``; None where there is none, as in runs of earlier versions.

    Raises:
        UserError: it is damaged.
    """
    if not path.is_file():
        return None
    table = read_json(path)
    try:
        if not isinstance(table, dict) or not isinstance(table.get("findings"), list):
            raise ValueError("no list of findings")
        found = [Finding.from_json(row) for row in table["findings"]]
    except ValueError as error:
        raise UserError(f"{path} is damaged: it has {error}") from None
    order = list(SEVERITIES)
    found.sort(key=lambda finding: order.index(finding.severity))
    return Findings(found, table.get("near_duplicates") != "keep")


@dataclass(frozen=True)
class Shown:
    """Findings with the pictures of their photos.

    Attributes:
        findings: what was found.
        pictures: of the page.
        paths: of the photos of the run, by how their names are shown.
        classes: their display names, by how the names of their folders are shown.
    """

    findings: Findings
    pictures: Pictures
    paths: Mapping[str, str]
    classes: Mapping[str, Both]

    def name(self, name: str) -> Both | str:
        """A photo or a class as people know it."""
        shown = self.classes.get(name)
        if shown is None or name in (shown.en, shown.zh):
            return shown_name(name)
        return Both(f"{shown.en} ({shown_name(name)})", f"{shown.zh}（{shown_name(name)}）")

    def picture(self, name: str) -> Markup | None:
        """What shows a photo; None where there is no picture of it."""
        found = self.pictures.get(self.paths.get(name, name))
        return Markup('<i class="p {}"></i>').format(found.name) if found else None

    @property
    def texts(self) -> dict[str, Any]:
        """What ``findings.html`` takes beside a finding."""
        return {
            "say": {
                "none": words("no_picture"),
                "more": lambda n: words("doctor_more", n=n),
                "rest": lambda n: words("doctor_more", n=n),
            },
            "said": said,
            "detail": detail,
            "groups": GROUPS,
            "photos": PHOTOS,
            "listed": LISTED,
        }


def with_pictures(
    findings: Findings,
    pictures: Pictures,
    root: Path,
    paths: Sequence[str],
    classes: Mapping[str, Both],
    value_range: ValueRange | None,
) -> Shown:
    """Makes the photos of findings small, as far as the page has room for them.

    Args:
        findings: what was found.
        pictures: of the page; they are added there.
        root: the data folder, as it is now: what has gone has no picture.
        paths: of all photos of the run.
        classes: display names, by the names of their folders.
        value_range: of deep photos.
    """
    names = {shown_name(path): path for path in paths}
    wanted = [
        names[file]
        for finding in findings.found
        for group in finding.groups[:GROUPS]
        for file in group.files[:PHOTOS]
        if file in names
    ]

    def opened(path: str) -> Image.Image | None:
        try:
            return open_photo(root / path, value_range)
        except (UserError, OSError):
            return None

    pictures.add(list(dict.fromkeys(wanted)), SIDE, opened)
    called = {shown_name(name): shown for name, shown in classes.items()}
    return Shown(findings, pictures, names, called)
