"""The report for people: a page that needs nothing beside it, see ``pages``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.dataset import DataSet
from src_mindspore.pages.page import templates, thumbnail
from src_mindspore.relabel.doubts import Doubt
from src_mindspore.runs.names import RELABEL_LIST
from src_mindspore.system.output_file import write_sealed_page
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.terminal import shown_name

PICTURED = 300  # photos, the most certain ones; the others are listed by name
SIDE = 200  # pixels of a picture's longer side: about 8 kB


@dataclass(frozen=True)
class Row:
    """A photo of the report.

    Attributes:
        path: of the photo, below the data folder.
        split: that it is in.
        label: name of its class.
        said: name of the class that the teachers say.
        doubt: how sure they are.
    """

    path: str
    split: str
    label: str
    said: str
    doubt: Doubt

    @property
    def reason(self) -> str:
        """Why it is on the list, in words."""
        count = self.doubt.teachers
        who = f"{count} teachers say" if count > 1 else "one teacher says"
        share = percent(self.doubt.probability)
        return f"{who} {shown_name(self.said)} ({share}), the label is {shown_name(self.label)}"


@dataclass(frozen=True)
class LabelReport:
    """What the page shows.

    Attributes:
        folder: the data folder.
        photos: by split how many were looked at.
        teachers: their names, in the order of ``Doubt.each``.
        lines: what people have to know.
        rows: the photos, the most certain ones first.
    """

    folder: str
    photos: Mapping[str, int]
    teachers: Sequence[str]
    lines: Sequence[str]
    rows: Sequence[Row]

    @property
    def by_split(self) -> Counter[str]:
        """How many of the rows are in each split."""
        return Counter(row.split for row in self.rows)


def percent(share: float) -> str:
    """0..1 in words; what is not certain is not called so."""
    return "> 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def write_page(path: Path, report: LabelReport, data: DataSet, by: str) -> None:
    """Writes the page. Every name goes through the template's escaping, none is trusted.

    Args:
        path: the file to write.
        report: what it shows.
        data: the photos.
        by: the command that writes, see ``system.output_file``.
    """
    shown = [row.path for row in report.rows[:PICTURED]]
    pictures = map_ordered(lambda p: thumbnail(data.root / p, data.value_range, SIDE), shown)
    environment = templates(__package__)
    environment.filters["percent"] = percent
    text = environment.get_template("labels.html").render(
        report=report,
        thumbnails=dict(zip(shown, pictures, strict=True)),
        pictured=PICTURED,
        list_name=RELABEL_LIST,
    )
    write_sealed_page(path, text, by)
