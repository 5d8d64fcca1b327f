"""A page that is one HTML file, which needs nothing beside it and runs no script but its own.

``frame.html`` and ``style.css`` are those of every page with photos.
"""

import base64
import hashlib
import io
from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from PIL import Image

from src_mindspore.photos.decode import open_photo
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name

SIDE = 120  # pixels of a thumbnail's longer side
QUALITY = 75  # of a thumbnail's JPEG: about 4 kB


@cache
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
    return small_picture(image, side)


def small_picture(image: Image.Image, side: int = SIDE) -> str:
    """An RGB image as a ``data:`` URI, which it is shrunk for; ``side``: see ``thumbnail``."""
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def script_source(script: str) -> str:
    """What a page's policy has to say for its own script, and no other, to run.

    Args:
        script: all that stands between the tags, to the letter.

    Returns:
        A ``script-src`` directive (W3C Content Security Policy Level 3, section 2.3.1).
    """
    digest = hashlib.sha256(script.encode()).digest()
    return f"script-src 'sha256-{base64.b64encode(digest).decode()}'; "
