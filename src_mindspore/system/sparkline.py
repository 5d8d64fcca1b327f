"""A row of figures as a row of little bars, and who can see such a thing."""

import os
from collections.abc import Sequence
from typing import TextIO

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24  # characters: what is left of 80 beside the rest of a line


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """The last ``width`` values, a bar each: the lowest of them all ``▁``, the highest ``█``.

    Values that are all alike are bars of half the height; none are an empty text.
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return BARS[len(BARS) // 2 - 1] * len(values[-width:])
    scale = (len(BARS) - 1) / (high - low)
    return "".join(BARS[round((value - low) * scale)] for value in values[-width:])


def shows_bars(stream: TextIO) -> bool:
    """Whether a stream is a terminal with colour whose characters include the bars.

    ``NO_COLOR`` (https://no-color.org) and a ``TERM`` of ``dumb`` say that it is plain.
    """
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        BARS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
