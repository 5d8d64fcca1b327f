"""A data set of masks worn well, badly and not at all, from photos of faces."""

import logging
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from src_mindspore.drawn_masks.faces import CORRECT, INCORRECT, Drawn, drawn_on, poses_in
from src_mindspore.drawn_masks.sources import TENTHS, Source, sources_of
from src_mindspore.faces.detector import Detector
from src_mindspore.photos.decode import open_photo
from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.system.progress import progress
from src_mindspore.system.terminal import some
from src_mindspore.system.write import write_json

log = logging.getLogger(__name__)

NONE = "none"
CLASSES = (CORRECT, INCORRECT, NONE)
MANIFEST = "drawn_masks.json"
FORMAT = 1
REAL, DRAWN = "real", "drawn"  # what the names of files begin with
QUALITY = 92  # of JPEG


def write_data_set(
    photos: Path,
    out: Path,
    detector: Detector,
    masked: str = "with_mask",
    bare: str = "without_mask",
    seed: int = 1,
) -> dict[str, Any]:
    """Fills a folder with ``train``, ``val`` and ``test``, 7:1:2, of three classes.

    ``correct`` has the photos with a mask, and a mask drawn over the nose on every bare face;
    ``incorrect`` one drawn under the nose or the chin; ``none`` the bare photos. All that is from
    one photo, or from photos that are nearly identical, is in one split. Photos are copied as they
    are, their names begin with ``real_``, those of drawn ones with ``drawn_``. ``MANIFEST`` says
    what is from what. The folder appears when it is complete.

    Args:
        photos: a data folder with the classes ``masked`` and ``bare``.
        out: a new or empty folder outside of it.
        detector: of faces, with landmarks.
        masked: class of photos with a mask, worn well.
        bare: class of photos without.
        seed: of all that is drawn; the same gives the same bytes.

    Returns:
        What ``MANIFEST`` holds.

    Raises:
        UserError: ``out`` holds something; see ``sources_of``; no face is found at all.
    """
    check_out(photos, out)
    sources, faults = sources_of(photos, masked, bare, seed)
    with temporary_folder(out.parent) as scratch:
        fresh = scratch / "set"
        for split in TENTHS:
            for label in CLASSES:
                (fresh / split / label).mkdir(parents=True)
        entries, faceless = _fill(fresh, photos, sources, detector, seed)
        if not any(entry["kind"] == DRAWN for entry in entries):
            raise UserError(
                f"{photos}: no face that could be drawn on in {len(faceless)} photos of {bare}; "
                f"photos of one face from the front or half turned are accepted"
            )
        manifest = {
            "format": FORMAT,
            "seed": seed,
            "detector": detector.name,
            "split": TENTHS,
            "photos": entries,
            "without_face": faceless,
            "unusable": faults,
        }
        write_json(fresh / MANIFEST, manifest)
        check_out(photos, out)
        if out.is_dir():
            out.rmdir()  # empty, as checked; a rename onto a folder fails on some systems
        fresh.replace(out)
    if faceless:
        text = "%d photos without a face to draw on, used as they are: %s"
        log.warning(text, len(faceless), some(faceless))
    return manifest


def counts_of(manifest: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    """How many files there are of each split, class and kind."""
    return Counter(
        (*PurePosixPath(entry["path"]).parts[:2], entry["kind"]) for entry in manifest["photos"]
    )


def check_out(photos: Path, out: Path) -> None:
    """Refuses a folder that must not be filled, before the work.

    Raises:
        UserError: it is a file, holds something, or lies in the folder of the photos.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out must be a new or empty folder; {out} is a file")
    if out.is_dir() and any(out.iterdir()):
        raise UserError(f"--out must be a new or empty folder; {out} holds other things, and stays")
    if photos.resolve() in (out.resolve(), *out.resolve().parents):
        raise UserError(
            f"--out must be outside of {photos}, whose photos it is made from; got {out}"
        )


def _fill(
    fresh: Path, root: Path, sources: Sequence[Source], detector: Detector, seed: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Writes all files: their entries of the manifest; bare photos without a face."""
    entries: list[dict[str, Any]] = []
    faceless: list[str] = []
    taken: set[str] = set()

    def place(source: Source, label: str, kind: str, stem: str, suffix: str) -> Path:
        """A new file, and its entry."""
        name = f"{source.split}/{label}/{kind}_{stem}"
        path = next(
            p
            for n in range(len(sources) + 1)
            if (p := f"{name}{f'_{n}' if n else ''}{suffix}").casefold() not in taken
        )
        taken.add(path.casefold())
        entry = {"path": path, "kind": kind, "source": source.path, "group": source.group}
        entries.append(entry)
        return fresh / path

    def work(source: Source) -> dict[str, Drawn]:
        return {} if source.masked else _drawn(root, source, detector, seed)

    with progress(len(sources), "drawing masks", quiet=True) as advance:
        for source, drawn in zip(sources, map_ordered(work, sources, ahead=8), strict=True):
            inner = PurePosixPath(source.path)
            stem = re.sub(r"[^\w.-]", "_", inner.stem)
            label = CORRECT if source.masked else NONE
            shutil.copyfile(root / source.path, place(source, label, REAL, stem, inner.suffix))
            for label, picture in drawn.items():
                stem_of = f"{picture.placement}_{stem}"
                path = place(source, label, DRAWN, stem_of, ".jpg")
                entries[-1] |= {"placement": picture.placement, "masks": list(picture.masks)}
                Image.fromarray(picture.pixels).save(path, quality=QUALITY, subsampling=0)
            if not (source.masked or drawn):
                faceless.append(source.path)
            advance(1)
    return entries, faceless


def _drawn(root: Path, source: Source, detector: Detector, seed: int) -> dict[str, Drawn]:
    """A photo with a mask worn well and one worn badly; nothing where there is no face for it."""
    photo = np.asarray(open_photo(root / source.path))
    poses = poses_in(photo, detector)
    if not poses:
        return {}
    # of the photo itself, so that another photo in the folder changes none of the others
    own = int(source.digest[:16], 16)
    return {
        label: drawn_on(photo, poses, label, np.random.default_rng([seed, own, i]))
        for i, label in enumerate((CORRECT, INCORRECT))
    }
