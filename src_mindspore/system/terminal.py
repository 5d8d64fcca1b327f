"""Text of unknown origin on a terminal or in Markdown: names of files and classes, of models."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from src_mindspore.system.names import alike

# Control characters and what is invisible or turns the direction of writing; a lone surrogate is
# a byte of a file name that is not UTF-8
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # spelling needs them in Persian, Hindi and emoji


def shown(text: str, keep: str = "\n\t") -> str:
    r"""The text with everything escaped (``\x1b``) that a terminal may obey and a person not see.

    Args:
        text: anything.
        keep: characters that stay as they are; nothing where the text has to stay on its line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(c) if unicodedata.category(c) in _HIDDEN and c not in keep + _JOINERS else c
        for c in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte of a name that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def shown_name(name: str) -> str:
    """A name of a file or class, which has to stay on its line; see ``shown``."""
    return shown(name, keep="")


def columns(text: str) -> int:
    """How many columns of a terminal a line takes: Chinese characters have two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


_MARKUP = re.compile(r"[*|]|<(?=[A-Za-z/!?])")  # what begins emphasis, a cell, a tag


def in_markdown(text: str) -> str:
    r"""A line with names in it, as Markdown shows it: ``a\|b \<i>``."""
    return _MARKUP.sub(r"\\\g<0>", text)


def markdown_list(lines: Sequence[str]) -> str:
    """Lines with names in them as a list in Markdown."""
    return "\n".join(f"- {in_markdown(line)}" for line in lines)


def apart(names: Sequence[str], beside: Iterable[str] = ()) -> list[str]:
    r"""Names as ``shown_name`` gives them; two that look the same are told by their characters.

    Args:
        names: to be shown.
        beside: others that the reader has to tell them from.

    Returns:
        One text a name: ``cafe\\u0301`` where there is a ``caf\\xe9`` too.
    """
    if all(name.isascii() for name in names):
        return [shown_name(name) for name in names]
    twins = {name for group in alike((*names, *beside)) for name in group}
    return [
        name.encode("unicode_escape").decode() if name in twins else shown_name(name)
        for name in names
    ]


def some(names: Sequence[str], limit: int = 8, beside: Iterable[str] = (), sign: str = ", ") -> str:
    """The first of ``names`` and the number of the others, for messages; see ``apart``."""
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return sign.join(apart(names[:limit], (*names[limit:], *beside))) + rest
