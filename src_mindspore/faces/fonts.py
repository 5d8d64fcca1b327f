"""A font that is on this machine and has the characters of the labels."""

import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path

from PIL import ImageFont

from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import some

log = logging.getLogger(__name__)

LANGUAGES = ("both", "en", "zh")
OWN_SIGNS = "#0123456789 %.-,:;()?abcdefghijklmnopqrstuvwxyz"  # what is drawn beside the labels
ADVICE = "apt-get install fonts-noto-cjk, or another Chinese font, or --font FILE"


def label_texts(spec: ModelSpec, language: str) -> list[str]:
    """What is drawn for each class: its names in a language, or its folder's where it has none.

    Args:
        spec: of the model.
        language: of ``LANGUAGES``; ``both`` is English and Chinese, as far as there are any.
    """
    return [
        spec.names(index) if language == "both" else spec.label(index, language)
        for index in range(len(spec.classes))
    ]


def drawable(spec: ModelSpec, language: str, chosen: Path | None) -> tuple[list[str], Path]:
    """The texts of the classes, and a font that can draw them.

    Where no font here can, a warning says what to install, and the names are drawn that can be.

    Args:
        spec: of the model.
        language: see ``label_texts``.
        chosen: a font file of the user's; None looks for one.

    Raises:
        UserError: ``chosen`` is no font, or lacks characters of the labels.
    """
    texts = label_texts(spec, language)
    if chosen is not None:
        check_font(chosen)
        if lacking := lacks(chosen, [*texts, OWN_SIGNS]):
            raise UserError(
                f"the font {chosen} lacks characters of the labels: {some(lacking)}; "
                f"one that has them is needed"
            )
        return texts, chosen
    plain = plain_font()
    if not lacks(plain, texts):
        return texts, plain
    for path in chinese_fonts():
        if not lacks(path, [*texts, OWN_SIGNS]):
            return texts, path
    latin = latin_texts(spec, plain)
    log.warning(
        "no font here has the characters of these labels: %s. Drawn in their place: %s. For the "
        "labels themselves: %s",
        *(some([t for t in texts if lacks(plain, [t])]), some(latin), ADVICE),
    )
    return latin, plain


def latin_texts(spec: ModelSpec, font: Path) -> list[str]:
    """For each class its English name, its folder's or its number: the first that can be drawn."""
    texts = []
    for index, (names, name) in enumerate(zip(spec.labels, spec.classes, strict=True)):
        known = [text for text in (names.get("en"), name) if text and not lacks(font, [text])]
        texts.append(known[0] if known else f"class {index + 1}")
    return texts


def check_font(path: Path) -> None:
    """Refuses a file that is no font.

    Raises:
        UserError: it cannot be read as TrueType or OpenType.
    """
    try:
        ImageFont.truetype(path, 12)
    except OSError as error:
        raise UserError(
            f"--font takes a TrueType or OpenType file (.ttf, .ttc, .otf); {path}: {error}"
        ) from None


def plain_font() -> Path:
    """DejaVu Sans, which Matplotlib brings: Latin, Greek and Cyrillic letters."""
    found = importlib.util.find_spec("matplotlib")
    return Path(found.submodule_search_locations[0]) / "mpl-data/fonts/ttf/DejaVuSans.ttf"


def chinese_fonts() -> list[Path]:
    """Files of the Chinese fonts on this machine, as the plots of a run use them."""
    from matplotlib import font_manager  # half a second, for who has such labels

    from src_mindspore.plots.of_run import chinese_fonts as families

    there = {entry.name: Path(entry.fname) for entry in font_manager.fontManager.ttflist}
    return [there[name] for name in families()]


def lacks(font: Path, texts: Sequence[str]) -> list[str]:
    """The characters of the texts that a font has no shape for."""
    signs = sorted({sign for text in texts for sign in text if not sign.isspace()})
    if font == plain_font() and all(sign.isascii() for sign in signs):
        return []
    from matplotlib.ft2font import FT2Font

    shapes = FT2Font(str(font)).get_charmap()
    return [sign for sign in signs if ord(sign) not in shapes]
