"""From samples of more than 8 bits, signed or real ones, to the 8 bits that networks are shown.

A file's number type says little of what its values mean: microscopes and X-ray machines write 10 or
12 bits into 16, thermal cameras hundredths of a degree, programs real numbers of 0 to 1. So there
is a range, one for all photos of a set, from what the files say or else from their values
(``set_range``); it is a part of the model's input. Where no range is known a single photo is taken
to have the smallest usual number of bits that hold its values (``own_range``), which may be wrong.
`deploy/cpp/src/decode_png.cc` does the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from src_mindspore.photos.file_notes import Samples
from src_mindspore.spec.input import ValueRange

OUTLIERS = 1000  # one of so many samples at either end counts for nothing: hot pixels, dead ones
MOST = 4_000_000  # samples of which those ends are taken; of a larger photo every second, third ...
# that sensors and files have; above 16 nothing is usual, and too many would be black
USUAL_BITS = (8, 10, 12, 14, *range(16, 33))
SHADES = 256
DARK = 1 / 16  # of a range: a photo that uses no more is of another depth, or very dark
ROWS = 1 << 20  # samples scaled at once


@dataclass(frozen=True, slots=True)
class ValueFacts:
    """What the samples of one photo are like.

    Args:
        kind: the number type, such as ``uint16``.
        low: smallest value but for outliers, and those that are no numbers.
        high: largest one likewise.
        bits: see ``Samples``.
        said: see ``Samples``.
        inner: how far the values between ``low`` and ``high`` are apart, those two not counted;
            None where there are none, or nobody has looked.
    """

    kind: str
    low: float
    high: float
    bits: int | None = None
    said: ValueRange | None = None
    inner: float | None = None

    @property
    def real(self) -> bool:
        """Whether the values need not be whole."""
        return self.kind.startswith("float")


def facts_of(samples: Samples) -> ValueFacts:
    """Looks at the values of a photo; 0 to 0 where it has no number."""
    values = samples.values
    low, high = _ends(values)
    return ValueFacts(str(values.dtype), low, high, samples.bits, samples.said)


def with_inner(facts: ValueFacts, samples: Samples) -> ValueFacts:
    """The facts with ``inner``: a mark for missing values, as -9999, is far from all others."""
    flat = samples.values.reshape(-1)[:: max(1, -(-samples.values.size // MOST))]
    between = flat[(flat > facts.low) & (flat < facts.high)]
    if not between.size:
        return facts
    low, high = _ends(between)
    return replace(facts, inner=high - low)


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value, but for one of ``OUTLIERS`` each."""
    if values.dtype == np.uint16:
        flat = values.reshape(-1)
        counts = np.zeros(1 << 16, np.int64)
        for start in range(0, flat.size, ROWS):  # numpy makes 8 bytes of each
            counts += np.bincount(flat[start : start + ROWS], minlength=len(counts))
        left_out = values.size // OUTLIERS
        low = np.searchsorted(counts.cumsum(), left_out, side="right")
        high = len(counts) - 1 - np.searchsorted(counts[::-1].cumsum(), left_out, side="right")
        return float(low), float(high)
    flat = values.reshape(-1)
    flat = flat[:: max(1, -(-flat.size // MOST))]
    if flat.dtype.kind == "f":
        flat = flat[np.isfinite(flat)]
    if not flat.size:
        return 0.0, 0.0
    left_out = flat.size // OUTLIERS
    ends = np.partition(flat, (left_out, flat.size - 1 - left_out))
    return float(ends[left_out]), float(ends[flat.size - 1 - left_out])


def set_range(facts: Iterable[ValueFacts]) -> tuple[ValueRange, str] | None:
    """The one range of all deep photos of a set, and where it is from; None without any photo.

    From the files where all of them say it, and their values keep to it and use more than ``DARK``
    of it; else from the smallest and the largest value of all: whole bits, or 0 to 1, where those
    are at least half filled, and otherwise the two values themselves. Photos of one value are
    passed over where others are.
    """
    every = list(facts)
    known = [f for f in every if f.low < f.high] or every
    if not known:
        return None
    low, high = min(f.low for f in known), max(f.high for f in known)
    claimed = _claimed(known, low, high)
    if claimed and high - low > DARK * (claimed.high - claimed.low):
        return claimed, "their tags"
    return _usual(low, high, all(f.real for f in known)), "their values"


def own_range(facts: ValueFacts) -> ValueRange:
    """The range of a photo by itself, which other photos of its kind may not share.

    By its tags; else 0 to 1 of real numbers that keep to it, and the smallest of ``USUAL_BITS``.
    """
    if claimed := _claimed([facts], facts.low, facts.high):
        return claimed
    if facts.low < 0:
        return ValueRange(facts.low, facts.high if facts.high > facts.low else facts.low + 1)
    if facts.real and facts.high <= 1:
        return ValueRange(0.0, 1.0)
    return _whole_bits(facts.high, USUAL_BITS)


def _claimed(known: Sequence[ValueFacts], low: float, high: float) -> ValueRange | None:
    """The range by the tags of all of some photos, if their values keep to it."""
    said = [f.said for f in known if f.said]
    if len(said) == len(known):
        union = ValueRange(min(s.low for s in said), max(s.high for s in said))
        if union.low <= low and high <= union.high:
            return union
    bits = [f.bits for f in known if f.bits]
    if len(bits) < len(known) or low < 0:
        return None
    # where they do not keep to the bits these are spread over all that is stored, as PNG wants it
    return _whole_bits(high, (max(bits), 16, 24, 32))


def _whole_bits(high: float, whole: Iterable[int]) -> ValueRange:
    return ValueRange(0.0, next((float((1 << b) - 1) for b in whole if high < 1 << b), high))


def _usual(low: float, high: float, real: bool) -> ValueRange:
    """The usual range around two values, if they fill half of it."""
    if low >= 0:
        usual = ValueRange(0.0, 1.0) if real and high <= 1 else _whole_bits(high, range(8, 33))
        if 2 * (high - low) >= usual.high - usual.low:
            return usual
    return ValueRange(low, high if high > low else low + 1)


def to_levels(values: np.ndarray, spread: ValueRange) -> np.ndarray:
    """uint8 of the same shape: ``spread.low`` and what is below is 0, ``spread.high`` 255.

    Whole bits lose their lower ones: 16 of them keep the upper 8, and 8 stay as they are. What is
    no number is 0.
    """
    low, high = spread.low, spread.high
    steps = high - low + 1
    whole = low == int(low) and high == int(high) and steps >= SHADES
    factor = SHADES / steps if whole else (SHADES - 1) / (high - low)
    half = 0.0 if whole else 0.5

    def scaled(some: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", over="ignore"):
            level = np.floor((some.astype(np.float64) - low) * factor + half)
        return np.nan_to_num(level, nan=0.0).clip(0, SHADES - 1).astype(np.uint8)

    flat = np.ascontiguousarray(values).reshape(-1)
    if values.dtype in (np.uint16, np.int16):
        table = scaled(np.arange(1 << 16, dtype=np.uint16).view(values.dtype))
        flat, level_of = flat.view(np.uint16), table.__getitem__
    else:
        level_of = scaled
    out = np.empty(flat.shape, np.uint8)
    for start in range(0, len(flat), ROWS):
        out[start : start + ROWS] = level_of(flat[start : start + ROWS])
    return out.reshape(values.shape)


def to_rgb(samples: Samples, spread: ValueRange) -> Image.Image:
    """The photo in 8 bits, RGB, transparency laid on white."""
    levels = to_levels(samples.values, spread)
    if samples.inverted:
        levels = 255 - levels
    if levels.ndim == 2:
        levels = np.repeat(levels[..., None], 3, axis=2)
    opacity = _opacity(samples, spread)
    if opacity is None:
        return Image.fromarray(levels)
    if samples.premultiplied:
        over = levels.astype(np.uint16) + (255 - opacity)[..., None]
        return Image.fromarray(over.clip(0, 255).astype(np.uint8))
    image = Image.fromarray(np.dstack([levels, opacity]))
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _opacity(samples: Samples, spread: ValueRange) -> np.ndarray | None:
    """(H, W) uint8 alpha; None where all is opaque.

    Alpha is full at the end of the range where it keeps to that, else at the end of its type.
    """
    opacity = None
    alpha = samples.alpha
    if alpha is not None:
        top = max(spread.high, 1.0)
        largest = float(np.nan_to_num(alpha.max()))
        if largest > top:
            top = 1.0 if alpha.dtype.kind == "f" else float(np.iinfo(alpha.dtype).max)
        opacity = to_levels(alpha, ValueRange(0.0, max(top, largest)))
    if samples.clear is not None:
        opacity = np.full(samples.clear.shape, 255, np.uint8) if opacity is None else opacity
        opacity = np.where(samples.clear, 0, opacity).astype(np.uint8)
    return opacity


def doubt(facts: ValueFacts, spread: ValueRange | None) -> str | None:
    """Why the pixels of a deep photo may not be what they should; None where nothing speaks for it.

    Args:
        facts: of the photo.
        spread: the range of the model; None where it has none.
    """
    values = f"{facts.kind} values of {facts.low:g} to {facts.high:g}"
    if spread is None:
        own = own_range(facts)
        full = facts.kind.startswith("uint") and own.high == np.iinfo(facts.kind).max
        if full or facts.bits or facts.said:
            return None
        return f"{values} are read as {own.low:g} to {own.high:g}, black to white"
    width = spread.high - spread.low
    if spread.low + DARK * width <= facts.high <= spread.high + width and facts.low < spread.high:
        return None
    return f"{values}; those of the model's photos are {spread.low:g} to {spread.high:g}"
