"""One pass over the photos: each file is read and decoded once, and everything is noted of it."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagehash
import numpy as np
from PIL import ExifTags, Image

from src_mindspore.photos.decode import PhotoError, open_image, opened, upright
from src_mindspore.photos.listing import FORMAT_OF
from src_mindspore.photos.records import Record
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress
from src_mindspore.system.write import sha256_of

CODE_SIDE = 32  # pixels a side of what the perceptual hash sees: 8 frequencies times 4, its default


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What one photo is like.

    Args:
        digest: SHA-256 of the file, 64 hexadecimal digits; empty where it cannot be read.
        code: perceptual hash, 64 bits; None where there are no pixels.
        traits: kind and detail of what is unusual.
        fault: kind and text of why it cannot be used.
    """

    digest: str
    code: int | None = None
    traits: tuple[tuple[str, str], ...] = ()
    fault: tuple[str, str] | None = None


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
    """

    root: Path
    records: Sequence[Record]
    digests: dict[str, str]
    codes: np.ndarray
    faults: dict[str, tuple[str, str]]
    traits: dict[str, list[tuple[str, str]]]


def survey(root: Path, records: Sequence[Record]) -> Survey:
    """Reads, hashes and decodes every photo once, on all cores."""
    found = Survey(root, records, {}, np.zeros(len(records), np.uint64), {}, {})
    with progress(len(records), "reading the photos", quiet=True) as advance:
        inspected = map_ordered(lambda record: inspect_photo(root / record.path), records)
        for i, (record, seen) in enumerate(zip(records, inspected, strict=True)):
            found.digests[record.path] = seen.digest
            found.codes[i] = seen.code or 0
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
            return PhotoFacts(digest, code_of(upright(image)), traits)
    except PhotoError as error:
        return PhotoFacts(digest, fault=(error.kind, str(error)))


def _traits(path: Path, image: Image.Image) -> list[tuple[str, str]]:
    """What the header says, before the body is decoded."""
    found = []
    kind = "JPEG" if image.format == "MPO" else image.format  # several JPEGs in one, of a phone
    if FORMAT_OF.get(path.suffix.lower()) != kind:
        found.append(("suffix", f"is {kind}"))
    # an MPO or HEIF has views of one scene behind the photo, not a film
    if image.format not in ("MPO", "HEIF") and getattr(image, "n_frames", 1) > 1:
        found.append(("animated", f"{image.n_frames} frames"))
    if image.mode == "CMYK":
        found.append(("cmyk", ""))
    if image.mode[0] in "IF" or (kind in ("PNG", "TIFF") and "16" in _stored(image)):
        found.append(("deep", image.mode))
    if "A" in image.getbands() or "transparency" in image.info:
        found.append(("alpha", image.mode))
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in range(2, 9):
        found.append(("rotated", f"orientation {orientation}"))
    return found


def _stored(image: Image.Image) -> str:
    """Pillow's name of how the pixels lie in the file, such as RGB;16B; its mode says RGB then."""
    how = image.tile[0][3] if image.tile else ""
    return str(how[0] if isinstance(how, tuple) else how)


def code_of(image: Image.Image) -> int:
    """The 64-bit perceptual hash (``imagehash.phash``) of an RGB image.

    It is scaled by area first: the filter that the library would take costs more than the rest.
    """
    small = Image.fromarray(grey(image, CODE_SIDE))
    return int.from_bytes(np.packbits(imagehash.phash(small).hash).tobytes(), "big")


def grey(image: Image.Image, side: int) -> np.ndarray:
    """(side, side) uint8 luminance of an RGB image, scaled by area."""
    luminance = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    return cv2.resize(luminance, (side, side), interpolation=cv2.INTER_AREA)
