"""A child of ``test_fuzz_images.py``: FOLDER SEED COUNT; damaged photos through the transform."""

import io
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from fuzzing import Case, fuzz, limit_memory
from heic_photo import HEIC
from helpers import input_spec, noise
from mutations import mutate
from odd_files import deep_pngs, jpeg_files, other_files, png_files, tiff
from photo_files import write_kinds
from PIL import Image

from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import prepare

SHAPES = ((40, None), (40, 48))  # size of the input, shorter side before its crop
HEADER = 300  # bytes in which half of the damages lie


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.copy().save(stream, kind, **options)  # saving leaves traces in the image
    return stream.getvalue()


def frames() -> list[Image.Image]:
    return [noise(seed, 64, 48) for seed in (2, 3)]


def good_images() -> dict[str, bytes]:
    """Every format that is read, in every form of it that differs for a decoder."""
    photo = noise(1, 64, 48)
    wide = Image.fromarray(np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 20)
    exif = Image.Exif()
    exif[274], exif[271] = 6, "maker"
    files = {
        "plain.jpg": saved(photo, "JPEG", exif=exif),
        "progressive.jpg": saved(photo, "JPEG", progressive=True, restart_marker_rows=2),
        "cmyk.jpg": saved(photo.convert("CMYK"), "JPEG"),
        "mpo.jpg": saved(photo, "MPO", save_all=True, append_images=frames()),
        "lossy.webp": saved(photo, "WEBP", exif=exif),
        "alpha.webp": saved(photo.convert("RGBA"), "WEBP", lossless=True),
        "frames.webp": saved(photo, "WEBP", save_all=True, append_images=frames()),
        "frames.gif": saved(photo, "GIF", save_all=True, append_images=frames(), transparency=3),
        "plain.bmp": saved(photo, "BMP"),
        "palette.bmp": saved(photo.convert("P"), "BMP"),
        "bit.bmp": saved(photo.convert("1"), "BMP"),
        "frames.png": saved(photo, "PNG", save_all=True, append_images=frames()),
        "wide.png": saved(wide, "PNG"),
        "plain.avif": saved(photo, "AVIF"),
        "turned.heic": HEIC,
        "plain.ppm": saved(photo, "PPM"),
        "bit.pbm": saved(photo.convert("1"), "PPM"),
        "wide.pgm": saved(wide, "PPM"),
        "text.ppm": b"P3 4 3 15\n" + b"1 2 3  4 5 6  7 8 9  10 11 12\n" * 3,
    }
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"):
        image = photo.convert("1") if compression == "group4" else photo
        files[f"{compression}.tif"] = saved(image, "TIFF", compression=compression, exif=exif)
    files["wide.tif"] = saved(wide, "TIFF")
    files["frames.tif"] = saved(photo, "TIFF", save_all=True, append_images=frames())
    files["cmyk.tif"] = saved(photo.convert("CMYK"), "TIFF", compression="tiff_lzw")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        kinds = [p for p in write_kinds(Path(folder)) if p.stem[-1] in "0168" or "exif" in p.stem]
        files |= {path.name: path.read_bytes() for path in kinds}
    files |= {name: content for name, content in deep_pngs() if "_10" in name}
    odd = (*jpeg_files(), *png_files(), *other_files())
    files |= {name: o.content for name, o in odd if "six" in name}
    return files | dict(deep_tiffs())


def deep_tiffs() -> Iterator[tuple[str, bytes]]:
    """Samples of every kind, packed in every way."""
    rng = np.random.default_rng(3)
    for kind, predictor in (("uint16", 2), ("int32", 1), ("float32", 3)):
        values = (rng.random((48, 64, 3)) * 5000).astype(kind)
        yield f"{kind}.tif", tiff(values[..., 0], order=">")
        yield f"{kind}_planes.tif", tiff(values, planar=2)
        yield f"{kind}_opencv.tif", cv2.imencode(".tif", values)[1].tobytes()
        for packed in (5, 8, 32773):
            how = [cv2.IMWRITE_TIFF_COMPRESSION, packed, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
            content = cv2.imencode(".tif", values, how if packed != 32773 else how[:2])[1]
            yield f"{kind}_{packed}.tif", content.tobytes()


def cases(folder: Path, seed: int, count: int) -> Iterator[Case]:
    files = good_images()
    rng = random.Random(seed)  # noqa: S311 - no secret
    names = sorted(files)
    for number in range(count):
        name = names[number % len(names)]
        limit = HEADER if rng.random() < 0.5 else None
        data = mutate(files[name], rng, files[rng.choice(names)], limit)
        yield "image", folder / f"case{Path(name).suffix}", data


def read(path: Path) -> None:
    image = open_photo(path)
    assert image.mode == "RGB"
    for size, side in SHAPES:
        pixels = prepare(image, input_spec(size, side))
        assert pixels.shape == (size, size, 3)


if __name__ == "__main__":
    limit_memory(4)
    total = cases(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(fuzz(total, {"image": read})))
