"""A small data set of garbage photos that the project draws itself.

Twelve of the lab's classes, two to four to a bin, each picture with its own pose, light,
background, litter and camera. It needs Pillow and NumPy only, so that the first training run
works without a network or a data set. Run `python -m src_mindspore.demo_photos DIR`.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from src_mindspore.demo_photos import scene
from src_mindspore.demo_photos.shapes import DRAWERS
from src_mindspore.demo_photos.shapes.sheet import Sheet
from src_mindspore.system.cache import temporary_folder
from src_mindspore.system.errors import UserError

log = logging.getLogger(__name__)

CLASSES: tuple[str, ...] = tuple(sorted(DRAWERS))
"""Folder names (the lab's codes), sorted."""

SPLITS = ("train", "val")
VERSION = 1
"""Raised whenever the pictures change, so that an older set is not taken for the present one."""

MANIFEST = "embedded.json"
"""File beside the splits that says how the set was made."""

ORIENTATION = 0x0112
"""EXIF tag 274, Orientation (EXIF 2.3, table 4)."""


def draw_photo(label: str, rng: np.random.Generator) -> Image.Image:
    """Draw one photo.

    Args:
        label: one of `CLASSES`.
        rng: source of every choice; the same state gives the same pixels.

    Returns:
        RGB image, 200..320 px a side.

    Raises:
        UserError: `label` is not one of `CLASSES`.
    """
    if label not in DRAWERS:
        raise UserError(
            f"a drawn photo needs a known class: got {label!r}, accepted: {', '.join(CLASSES)}"
        )
    size = scene.frame(rng)
    ground = scene.background(rng, size)
    sheet = Sheet(rng)
    DRAWERS[label](sheet)
    layer = scene.pose(rng, sheet.image, size)
    photo = scene.shadowed(rng, ground, layer)
    if rng.uniform() < scene.OCCLUDED:
        scene.occlude(rng, photo, layer)
    return scene.camera(rng, photo)


def _save(photo: Image.Image, stem: Path, index: int, rng: np.random.Generator) -> None:
    """Write a photo in the file kind that its place in the split asks for.

    The first picture of some classes takes one of the forms that phones and web pages deliver and
    a reader must cope with; all others are plain JPEG.

    Args:
        photo: RGB.
        stem: path without suffix.
        index: class number for the first picture of a class, -1 for every other picture.
        rng: source of the JPEG quality.
    """
    quality = int(rng.integers(40, 96))
    if index == 0:
        corners = Image.new("L", photo.size)
        box = (0, 0, photo.width - 1, photo.height - 1)
        ImageDraw.Draw(corners).rounded_rectangle(box, 24, 255)
        photo.putalpha(corners)
        photo.save(stem.with_suffix(".png"))
    elif index == 1:
        photo.convert("L").save(stem.with_suffix(".png"))
    elif index == 2:
        photo.save(stem.with_suffix(".png"))
    elif index == 3:
        photo.convert("L").save(stem.with_suffix(".jpg"), quality=quality)
    elif index in (4, 5):
        # 6: the viewer turns the stored picture a quarter clockwise; 8: counter-clockwise.
        turn, mark = ((Image.Transpose.ROTATE_90, 6), (Image.Transpose.ROTATE_270, 8))[index - 4]
        exif = Image.Exif()
        exif[ORIENTATION] = mark
        photo.transpose(turn).save(stem.with_suffix(".jpg"), quality=quality, exif=exif)
    else:
        photo.save(stem.with_suffix(".jpg"), quality=quality)


def _reusable(folder: Path, wanted: dict[str, object]) -> bool:
    """Whether `folder` already is the wanted set; False when there is nothing there yet.

    Raises:
        UserError: it holds anything else, or the set with pictures missing.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    rule = "the embedded data set is written to a new or empty folder, or one that holds the same"
    hint = "name another folder or delete this one"
    manifest = folder / MANIFEST
    if not manifest.is_file():
        kind = f"a folder without {MANIFEST}" if folder.is_dir() else "a file"
        raise UserError(f"{rule}: {folder} is {kind}; {hint}")
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{rule}: {manifest} is not JSON ({error}); {hint}") from error
    if found != wanted:
        raise UserError(f"{rule}: {manifest} says {found}, wanted {wanted}; {hint}")
    for split in SPLITS:
        for label in CLASSES:
            count = sum(1 for _ in (folder / split / label).glob("*.*"))
            if count != wanted[split]:
                raise UserError(
                    f"{rule}: {folder / split / label} has {count} pictures instead of "
                    f"{wanted[split]}; {hint}"
                )
    return True


def write_data_set(
    folder: Path,
    train: int = 40,
    val: int = 10,
    seed: int = 0,
    drawn: Callable[[int], object] | None = None,
) -> Path:
    """Draw the data set into `folder`, or leave it be when it is there already.

    The pictures are drawn into a temporary folder beside `folder`, which takes its name when
    complete: an interrupted run leaves nothing behind that looks like a data set.

    Args:
        folder: gets `train/` and `val/`, each with one folder per class, and `embedded.json`.
        train: training pictures a class, at least 1.
        val: validation pictures a class, at least 1.
        seed: at least 0; the same seed gives the same pictures.
        drawn: called with 1 after each picture, for a progress display.

    Returns:
        `folder`.

    Raises:
        UserError: a number is out of range, or `folder` holds something else.
    """
    for name, value, least in (("train", train, 1), ("val", val, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"{name} must be a whole number >= {least}: got {value}")
    folder = Path(folder)
    counts = {"train": train, "val": val}
    wanted = {"version": VERSION, "seed": seed, "classes": list(CLASSES), **counts}
    if _reusable(folder, wanted):
        log.info("%s already holds this data set", folder)
        return folder
    with temporary_folder(folder.parent) as scratch:
        fresh = scratch / "set"
        for place, split in enumerate(SPLITS):
            for index, label in enumerate(CLASSES):
                (fresh / split / label).mkdir(parents=True)
                for n in range(counts[split]):
                    rng = np.random.default_rng([seed, place, index, n])
                    photo = draw_photo(label, rng)
                    _save(photo, fresh / split / label / f"{n:03d}", -1 if n else index, rng)
                    if drawn:
                        drawn(1)
        (fresh / MANIFEST).write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()  # empty, as checked; a rename onto a folder fails on some systems
        fresh.replace(folder)
    log.info("drew %d pictures a class into %s", train + val, folder)
    return folder
