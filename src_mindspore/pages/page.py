"""A page that is one HTML file, which needs nothing beside it and runs no script from elsewhere.

``frame.html`` and ``style.css`` are those of every page with photos.
"""

import base64
import io
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from src_mindspore.photos.decode import open_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name

SIDE = 120  # pixels of a thumbnail's longer side
QUALITY = 75  # of a thumbnail's JPEG: about 4 kB


def templates(room: str) -> Environment:
    """The templates of a room, and those of every page; what they show is escaped.

    Args:
        room: its package; its own templates come first.
    """
    found = Environment(
        loader=ChoiceLoader([PackageLoader(name, ".") for name in (room, __package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["shown"] = shown_name
    return found


def thumbnail(path: Path, value_range: ValueRange | None = None, side: int = SIDE) -> str | None:
    """A small picture as a ``data:`` URI; None of a file that cannot be used.

    Args:
        path: the photo.
        value_range: of deep photos.
        side: the longer one, in pixels.
    """
    try:
        image = open_photo(path, value_range)
    except UserError:
        return None
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
