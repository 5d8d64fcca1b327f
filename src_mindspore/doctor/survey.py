"""One pass over the photos: each file is read and decoded once, and everything is noted of it."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import imagehash
import numpy as np
from PIL import Image

from src_mindspore.photos.decode import (
    PhotoError,
    notes_of,
    open_image,
    opened,
    samples_of,
    upright,
)
from src_mindspore.photos.listing import FORMAT_OF
from src_mindspore.photos.records import Record
from src_mindspore.photos.values import ValueFacts, facts_of, set_range, with_inner
from src_mindspore.spec.input import ValueRange
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress
from src_mindspore.system.write import sha256_of

CODE_SIDE = 32  # pixels a side of what the perceptual hash sees: 8 frequencies times 4, its default
CLEAR = 24  # of 255: so far apart nobody calls two parts of a photo alike
SMALL = 2e-4  # of a photo's pixels: a thing that can be seen, and no few hot pixels


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What one photo is like.

    Args:
        digest: SHA-256 of the file, 64 hexadecimal digits; empty where it cannot be read.
        code: perceptual hash, 64 bits; None where there are no pixels.
        traits: kind and detail of what is unusual.
        fault: kind and text of why it cannot be used.
        contrast: see ``contrast_of``; of a deep photo ``values`` say it.
        values: of a deep photo.
    """

    digest: str
    code: int | None = None
    traits: tuple[tuple[str, str], ...] = ()
    fault: tuple[str, str] | None = None
    contrast: int = 0
    values: ValueFacts | None = None


@dataclass(frozen=True)
class Survey:
    """All photos, in the order of ``records``; what few photos have is kept for those only.

    Args:
        root: the data folder.
        records: the photos, sorted by path.
        digests: SHA-256 by path.
        codes: (n,) uint64 perceptual hashes; 0 where there is none.
        faults: kind and text by path, of photos that cannot be used.
        traits: by kind, paths and details.
        contrasts: (n,) uint8, see ``PhotoFacts``.
        values: of deep photos, by path.
    """

    root: Path
    records: Sequence[Record]
    digests: dict[str, str]
    codes: np.ndarray
    faults: dict[str, tuple[str, str]]
    traits: dict[str, list[tuple[str, str]]]
    contrasts: np.ndarray
    values: dict[str, ValueFacts]

    @cached_property
    def found_range(self) -> tuple[ValueRange, str] | None:
        """The range of all deep photos and where it is from; None where there is none."""
        return set_range(self.values.values())

    @property
    def value_range(self) -> ValueRange | None:
        """The range of all deep photos; None where there is none."""
        return self.found_range[0] if self.found_range else None


def survey(root: Path, records: Sequence[Record]) -> Survey:
    """Reads, hashes and decodes every photo once, on all cores."""
    codes, contrasts = (np.zeros(len(records), kind) for kind in (np.uint64, np.uint8))
    found = Survey(root, records, {}, codes, {}, {}, contrasts, {})
    with progress(len(records), "reading the photos", quiet=True) as advance:
        inspected = map_ordered(lambda record: inspect_photo(root / record.path), records)
        for i, (record, seen) in enumerate(zip(records, inspected, strict=True)):
            found.digests[record.path] = seen.digest
            found.codes[i] = seen.code or 0
            found.contrasts[i] = seen.contrast
            if seen.values:
                found.values[record.path] = seen.values
            if seen.fault:
                found.faults[record.path] = seen.fault
            for kind, detail in seen.traits:
                found.traits.setdefault(kind, []).append((record.path, detail))
            advance(1)
    return found


def inspect_photo(path: Path) -> PhotoFacts:
    """Everything about one file."""
    try:
        with open_image(path) as stream:
            content = stream.read()
    except PhotoError as error:
        # too large to be read into memory; a list of what to leave out wants the hash all the same
        return PhotoFacts(
            sha256_of(path) if error.kind == "huge" else "", fault=(error.kind, str(error))
        )
    except OSError as error:
        return PhotoFacts("", fault=("unreadable", f"{path} cannot be read: {error.strerror}"))
    digest = hashlib.sha256(content).hexdigest()
    if not content:
        return PhotoFacts(digest, fault=("empty_file", f"{path} has 0 bytes"))
    try:
        with opened(path, io.BytesIO(content)) as image:
            traits = tuple(_traits(path, image))
            samples = samples_of(image)
            if samples is None:
                photo = upright(image)
                small = grey(photo, CODE_SIDE)
                contrast = contrast_of(photo, small)
                return PhotoFacts(digest, code_of(small), traits, contrast=contrast)
            if samples.alpha is not None or samples.clear is not None:
                traits += (("alpha", ""),)
            values = with_inner(facts_of(samples), samples)
            # what it shows is known before the range of all photos: by its own values
            own = ValueRange(
                values.low, values.high if values.high > values.low else values.low + 1
            )
            code = code_of(grey(upright(image, own, samples), CODE_SIDE))
            return PhotoFacts(digest, code, traits, values=values)
    except PhotoError as error:
        return PhotoFacts(digest, fault=(error.kind, str(error)))


def _traits(path: Path, image: Image.Image) -> list[tuple[str, str]]:
    """What the header says, before the body is decoded."""
    found = []
    kind = "JPEG" if image.format == "MPO" else image.format  # several JPEGs in one, of a phone
    if FORMAT_OF.get(path.suffix.lower()) != kind:
        found.append(("suffix", f"is {kind}"))
    notes = notes_of(image)
    # an MPO or HEIF has views of one scene behind the photo, not a film
    several = image.format not in ("MPO", "HEIF")
    frames = max(notes.frames, getattr(image, "n_frames", 1)) if several else 1
    if frames > 1:
        found.append(("animated", f"{frames} frames"))
    if image.mode == "CMYK":
        found.append(("cmyk", ""))
    if "A" in image.getbands() or "transparency" in image.info:
        found.append(("alpha", image.mode))
    if notes.orientation != 1:
        found.append(("rotated", f"orientation {notes.orientation}"))
    if notes.odd:
        found.append(("orientation", ""))
    return found


def code_of(small: np.ndarray) -> int:
    """The 64-bit perceptual hash (``imagehash.phash``) of a photo's ``grey`` of ``CODE_SIDE``.

    It is scaled by area before: the filter that the library would take costs more than the rest.
    """
    code = imagehash.phash(Image.fromarray(small))
    return int.from_bytes(np.packbits(code.hash).tobytes(), "big")


def grey(image: Image.Image, side: int) -> np.ndarray:
    """(side, side) uint8 luminance of an RGB image, scaled by area."""
    luminance = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    return cv2.resize(luminance, (side, side), interpolation=cv2.INTER_AREA)


def contrast_of(image: Image.Image, small: np.ndarray) -> int:
    """How far the lightest and the darkest parts of an RGB image are apart, 0..255.

    Of areas, so that the noise of a covered lens does not count. Where these hardly differ single
    channels are compared, without hot pixels, and small things and lines of another colour count.

    Args:
        image: the photo.
        small: its ``grey`` of ``CODE_SIDE``.
    """
    contrast = int(np.ptp(small))
    if contrast >= CLEAR:
        return contrast
    pixels = np.asarray(image)
    areas = cv2.medianBlur(pixels, 3)
    areas = cv2.resize(areas, (CODE_SIDE, CODE_SIDE), interpolation=cv2.INTER_AREA)
    contrast = int(np.ptp(areas.reshape(-1, 3), axis=0).max())
    middle = np.median(areas.reshape(-1, 3), axis=0)
    apart = (np.abs(pixels.astype(np.int16) - middle.astype(np.int16)) > CLEAR).any(-1)
    return max(contrast, CLEAR if apart.mean() > SMALL else 0)
