"""The report as one HTML file with thumbnails, which needs nothing beside it and runs no script."""

from collections.abc import Callable, Mapping
from pathlib import Path

from markupsafe import Markup

from src_mindspore.doctor.findings import SEVERITIES, Report
from src_mindspore.pages.page import templates, thumbnail
from src_mindspore.photos.listing import is_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.output_file import write_sealed_page
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.terminal import shown_name

GROUPS = 60  # of a finding that are pictured; the others are counted
PICTURES = 8  # of a group
LISTED = 200  # names of a finding that has no pictures to compare
# what ``findings.html`` says
SAY = {
    "none": "no picture",
    "more": "and {} more".format,
    "rest": "and {} more; --json has them all".format,
}


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
            say=SAY,
            name=shown_name,
            picture=_picture(thumbnails),
            detail=str,
            groups=GROUPS,
            pictures=PICTURES,
            listed=LISTED,
        )
    )
    write_sealed_page(path, text, by)


def _picture(thumbnails: Mapping[str, str | None]) -> Callable[[str], Markup | None]:
    """What shows a photo, by its path; a finding without any is a list of names."""

    def picture(file: str) -> Markup | None:
        found = thumbnails.get(file)
        return Markup('<img alt="" src="{}">').format(found) if found else None

    return picture
