"""Whether photos show anything: what deep ones are scaled by, photos of one colour, faint sets."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from src_mindspore.doctor.findings import DECISION, ERROR, NOTE, Finding
from src_mindspore.doctor.survey import Survey
from src_mindspore.photos.values import DARK, SHADES, ValueFacts, set_range
from src_mindspore.spec.input import ValueRange

BLANK = 8  # of 255: parts of a photo that differ by less show nothing, as with a covered lens
FAINT = 16  # of 255: where half of the photos stay below, hardly anything is seen in the set


def value_findings(found: Survey) -> Iterator[Finding]:
    """Deep photos: the range that all are scaled by, and those that it does not fit."""
    if found.found_range is None:
        return
    spread, source = found.found_range
    name = f"{spread.low:,.6g} to {spread.high:,.6g}"
    files = [(path, _values(facts)) for path, facts in found.values.items()]
    text = (
        f"images of more than 8 bits a channel, or signed or real values; {name} (by {source}) "
        f"becomes 0 to 255 in all of them"
    )
    yield Finding.of_files("deep", NOTE, text, files)
    real, whole = (
        {p: f for p, f in found.values.items() if f.real is real and f.low < f.high}
        for real in (True, False)
    )
    if apart := _apart(real, whole):
        text = (
            f"images whose values mean different things, {apart}: no range fits both; convert one "
            f"kind to the other, or leave it out"
        )
        fewer = min(real, whole, key=len)
        yield Finding.of_files("deep_kinds", ERROR, text, _named(found, list(fewer)))
    else:
        yield from _dark(found, spread, name)
        yield from _marked(found, spread, name)
    shallow = len(found.records) - len(found.faults) - len(found.values)
    if shallow:
        full = spread.low == 0 and spread.high in (2**8 - 1, 2**16 - 1)
        text = (
            f"images of more than 8 bits beside {shallow:,} of 8 bits, which stay as they are: the "
            f"same brightness should mean the same in both"
        )
        yield Finding.of_files("deep_mixed", NOTE if full else DECISION, text, files)


def _apart(real: dict[str, ValueFacts], whole: dict[str, ValueFacts]) -> str:
    """The ranges of real and of whole numbers in words where one is far above the other."""
    ranges = [set_range(facts.values()) for facts in (real, whole)]
    if None in ranges:
        return ""
    (one, _), (other, _) = ranges
    if DARK < (one.high - one.low) / (other.high - other.low) < 1 / DARK:
        return ""
    return (
        f"real ones of {one.low:g} to {one.high:g} and whole ones of {other.low:g} to "
        f"{other.high:g}"
    )


def _dark(found: Survey, spread: ValueRange, name: str) -> Iterator[Finding]:
    """Photos that the range leaves nearly black, or the few because of which it does."""
    end = spread.low + DARK * (spread.high - spread.low)
    dark = [p for p, facts in found.values.items() if facts.low < facts.high <= end]
    bright = [p for p, facts in found.values.items() if facts.high > end]
    if 2 * len(dark) > len(found.values):
        text = (
            f"images because of which the range is {name}, which leaves {len(dark):,} others "
            f"nearly black: of another depth; convert them, or leave them out"
        )
        yield Finding.of_files("deep_few", ERROR, text, _named(found, bright))
    elif dark:
        text = (
            f"images that use less than a sixteenth of the range {name}: of another depth than the "
            f"others, or very dark"
        )
        yield Finding.of_files("deep_dark", DECISION, text, _named(found, dark))
    depths = {facts.bits for facts in found.values.values() if facts.bits}
    if any(one != other for one, other in pairwise(sorted(depths))):
        text = (
            f"images of several depths by their tags ({', '.join(map(str, sorted(depths)))} bits), "
            f"scaled by one range"
        )
        paths = [p for p, facts in found.values.items() if facts.bits in sorted(depths)[:-1]]
        yield Finding.of_files("deep_depths", DECISION, text, _named(found, paths))


def _named(found: Survey, paths: list[str]) -> list[tuple[str, str]]:
    return [(path, _values(found.values[path])) for path in paths]


def _values(facts: ValueFacts) -> str:
    return f"{facts.kind}, {facts.low:g} to {facts.high:g}"


def _marked(found: Survey, spread: ValueRange, name: str) -> Iterator[Finding]:
    """Photos in which one value, far from all others, takes up the range."""
    width = spread.high - spread.low
    marked = [
        path
        for path, facts in found.values.items()
        if facts.inner is not None and facts.inner < DARK * min(width, facts.high - facts.low)
    ]
    if marked:
        text = (
            f"images in which the smallest or the largest value is far from all others, as marks "
            f"for missing values are; of the range {name} the others use less than a sixteenth: "
            f"replace that value, or name it in the TIFF tag GDAL_NODATA"
        )
        yield Finding.of_files("deep_marked", DECISION, text, _named(found, marked))


def content_findings(found: Survey) -> Iterator[Finding]:
    """Photos of one colour, and a set in which hardly anything is seen."""
    if blank := blank_photos(found):
        text = "images of one colour, which show nothing: leave them out, if that is no class"
        yield Finding.of_files("blank", DECISION, text, blank)
    contrasts = _contrasts(found)
    shown = contrasts[contrasts >= BLANK]
    if len(shown) and np.median(shown) < FAINT:
        text = (
            f"hardly any contrast: in half of the images that show anything the lightest and the "
            f"darkest parts differ by {int(np.median(shown))} of 255, or less; a network sees "
            f"little: scale their values before"
        )
        yield Finding("contrast", DECISION, text)


def blank_photos(found: Survey) -> list[str]:
    """Paths of the photos of one colour."""
    return [found.records[i].path for i in np.flatnonzero(_contrasts(found) < BLANK)]


def _contrasts(found: Survey) -> np.ndarray:
    """(n,) of all photos, NaN for those that cannot be used."""
    return np.array(
        [
            np.nan if record.path in found.faults else _contrast(found, i)
            for i, record in enumerate(found.records)
        ]
    )


def _contrast(found: Survey, place: int) -> float:
    """Of a photo as the network is shown it, 0..255."""
    facts = found.values.get(found.records[place].path)
    if facts is None or found.value_range is None:
        return float(found.contrasts[place])
    low, high = found.value_range.low, found.value_range.high
    ends = np.clip([facts.low, facts.high], low, high)
    return float(np.ptp(ends) / (high - low) * (SHADES - 1))
