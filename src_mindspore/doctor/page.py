"""The report as one HTML file with thumbnails, which needs nothing beside it and runs no script."""

from collections.abc import Callable
from pathlib import Path

from src_mindspore.doctor.findings import SEVERITIES, Finding, Report
from src_mindspore.pages.page import templates, thumbnail
from src_mindspore.photos.listing import is_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.output_file import write_sealed_page
from src_mindspore.system.parallel import map_ordered

GROUPS = 60  # of a finding that are pictured; the others are counted
PICTURES = 8  # of a group
LISTED = 200  # names of a finding that has no pictures to compare


def write_page(
    path: Path, report: Report, root: Path, by: str, value_range: ValueRange | None = None
) -> None:
    """Writes the page. Every name goes through the template's escaping, none is trusted.

    Args:
        path: the file to write.
        report: what it shows.
        root: the data folder.
        by: the command that writes, see ``system.output_file``.
        value_range: of deep photos, which are shown as training sees them.
    """
    pictured = sorted(
        {
            file
            for finding in report.findings
            for group in finding.groups[:GROUPS]
            for file in group.files[:PICTURES]
            if is_photo(file) and (root / file).is_file()
        }
    )
    pictures = map_ordered(lambda file: thumbnail(root / file, value_range), pictured)
    thumbnails = dict(zip(pictured, pictures, strict=True))
    text = (
        templates(__package__)
        .get_template("page.html")
        .render(
            report=report,
            severities=SEVERITIES,
            largest=max((n for c in report.classes for n in c.photos.values()), default=0),
            thumbnail=thumbnails.get,
            pictured=_pictured(thumbnails.get),
            groups=GROUPS,
            pictures=PICTURES,
            listed=LISTED,
        )
    )
    write_sealed_page(path, text, by)


def _pictured(thumbnail_of: Callable[[str], str | None]) -> Callable[[Finding], bool]:
    """Whether a finding has pictures; without any its names are a list."""

    def pictured(finding: Finding) -> bool:
        return any(thumbnail_of(file) for group in finding.groups[:GROUPS] for file in group.files)

    return pictured
