"""Pixels in a real browser: from an image file to the tensor, bit for bit as in Python."""

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from browser import chromium
from fuzz_images import HEADER, good_images
from heic_photo import HEIC
from helpers import noise
from lite_fakes import fetched_or_skip
from mutations import mutate
from odd_files import deep_pngs, jpeg_files, other_files, png_files
from other_browsers import firefox, webkit
from photo_files import _saved, write_kinds, write_sizes
from PIL import Image
from playwright.sync_api import Browser
from web_site import colour_spec, served, write_site
from web_worker import Worker, started, worker_of

from src_mindspore.evaluation.model import Model, load_model
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.system.errors import UserError
from src_mindspore.web.page import MODEL, MODELS
from src_mindspore.web.runtime import runtime_files

KINDS = ("crop", "stretch")  # how the models' photos are resized
NOT_HERE = (".tif", ".heic", ".ppm", ".pgm", ".pbm")  # what Chromium has no decoder for
# Of 255, where decoders round another way. Browsers multiply ink and black of CMYK and drop the
# rest; Firefox and WebKitGTK keep colours of WebP multiplied with alpha.
INK = {"black.jpg": 1}
PREMULTIPLIED = {"alpha.webp": 1, "half.webp": 1}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    fetched_or_skip(runtime_files)
    specs = {kind: colour_spec(crop=kind == "crop") for kind in KINDS}
    return write_site(tmp_path_factory.mktemp("pixels") / "site", specs)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["crop", pytest.param("stretch", marks=pytest.mark.long)])
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def worker(browser, site, kind) -> Iterator[Worker]:
    with served(site) as server, worker_of(browser, server, f"models/{kind}") as opened:
        yield opened


@pytest.fixture(scope="module")
def model(site, kind) -> Model:
    return load_model(site / MODELS / kind / MODEL)


def difference(worker: Worker, model: Model, path: Path) -> float:
    """Of the tensors, in 255ths; that the answers agree is asserted where they are the same."""
    reply = worker.photo(path)
    assert reply["ok"], (path.name, reply)
    image = open_photo(path, model.spec.input.range)
    assert reply["size"] == list(image.size)
    expected = normalise(prepare(image, model.spec.input)[None], model.spec.input)
    off = abs(reply["tensor"].reshape(expected.shape).astype(np.float64) - expected)
    if not off.any():
        shares = model.probabilities(model.run(expected))[0]
        np.testing.assert_allclose(reply["answer"]["probabilities"], shares, atol=1e-5)
        assert reply["answer"]["top"][0]["index"] == shares.argmax()
        assert reply["answer"]["abstained"] == (shares.max() < model.spec.threshold)
    return round(float((off * np.reshape(model.spec.input.std, (1, 3, 1, 1))).max()), 3)


def all_the_same(
    worker: Worker, model: Model, paths: Iterable[Path], rounded: Mapping[str, int] = INK
) -> int:
    """Asserts it of every byte but for those of ``rounded``, by name; how many photos."""
    paths = list(paths)
    found = {path.name: difference(worker, model, path) for path in paths}
    assert {name: off for name, off in found.items() if off > rounded.get(name, 0)} == {}
    return len(paths)


def write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def one_of_each() -> dict[str, bytes]:
    """A file of every form that takes another way through the page."""
    photo, smooth = noise(1, 83, 61), noise(2, 9, 7).resize((120, 80), Image.Resampling.BICUBIC)
    alpha = smooth.copy()
    alpha.putalpha(noise(3, 120, 80).convert("L"))
    grey = noise(8, 9, 7).resize((120, 80), Image.Resampling.BICUBIC).convert("L")
    exif = Image.Exif()
    exif[274] = 6
    jpegs = {
        "plain": {},
        "fine": {"quality": 95, "subsampling": 0},
        "wide": {"subsampling": 1},
        "progressive": {"progressive": True},
        "turned": {"exif": exif},
        "profile": {"icc_profile": b"no profile at all" * 9},
    }
    return {
        **{f"{name}.jpg": _saved(smooth, "JPEG", **how) for name, how in jpegs.items()},
        "grey.jpg": _saved(smooth.convert("L"), "JPEG"),
        "cmyk.jpg": _saved(smooth.convert("CMYK"), "JPEG"),
        "black.jpg": _saved(Image.merge("CMYK", [*smooth.split(), grey]), "JPEG"),
        "plain.png": _saved(photo, "PNG"),
        "alpha.png": _saved(alpha, "PNG"),
        "turned.png": _saved(alpha, "PNG", exif=exif),
        "lossy.webp": _saved(smooth, "WEBP"),
        "alpha.webp": _saved(alpha, "WEBP", lossless=True, exif=exif),
        "half.webp": _saved(alpha, "WEBP", quality=70),
        "plain.gif": _saved(photo.convert("P"), "GIF"),
        "plain.bmp": _saved(photo, "BMP"),
        "plain.avif": _saved(smooth, "AVIF"),
        "long.jpg": _saved(noise(4, 8, 801), "JPEG"),
        "deep.png": dict(deep_pngs())["deep2_10.png"],
    }


def test_every_form_of_photo(worker, model, tmp_path):
    assert all_the_same(worker, model, write(tmp_path, one_of_each())) == 20


@pytest.mark.parametrize(
    "orientations", [(1, 4, 6, 7), pytest.param((2, 3, 5, 8), marks=pytest.mark.long)]
)
def test_every_orientation_over_several_strips(worker, model, tmp_path, orientations):
    """More pixels than are read at once: rows and columns, forwards and backwards."""
    photo = noise(7, 130, 90).resize((1300, 900), Image.Resampling.BICUBIC)
    files = {}
    for orientation in orientations:
        exif = Image.Exif()
        exif[274] = orientation
        files[f"{orientation}.jpg"] = _saved(photo, "JPEG", exif=exif)
    all_the_same(worker, model, write(tmp_path, files))


def test_what_is_refused(worker):
    for content, code in (
        (b"no photo", "not_a_photo"),
        (one_of_each()["plain.jpg"][:-300], "truncated"),
        (HEIC, "no_decoder"),
        (_saved(noise(1), "TIFF"), "no_decoder"),
    ):
        reply = worker.photo(content)
        assert (reply["ok"], reply["fault"]["code"]) == (False, code)
    assert worker.ask("dance")["fault"]["code"] == "decode_failed"
    assert worker.photo(one_of_each()["plain.jpg"])["ok"]  # and it goes on


@pytest.mark.long
def test_every_kind_and_every_odd_file(worker, model, tmp_path):
    """Every colour, depth, compression, size and orientation; odd metadata, 16 bits."""
    write_kinds(tmp_path)
    write_sizes(tmp_path)
    odd = {n: f.content for n, f in (*jpeg_files(), *png_files(), *other_files())}
    write(tmp_path, odd | dict(deep_pngs()))
    paths = [path for path in sorted(tmp_path.iterdir()) if path.suffix not in NOT_HERE]
    assert all_the_same(worker, model, paths) > 350


@pytest.mark.long
def test_shared_photos(worker, model, shared_data):
    """127 of the garbage photos and 250 of the masks, as many as are validated with."""
    for name, count in (("garbage_26x100", 127), ("face_mask_4095", 250)):
        files = sorted(path for path in (shared_data / name).rglob("*") if path.is_file())
        assert all_the_same(worker, model, random.Random(1).sample(files, count)) == count  # noqa: S311


OTHERS = {
    "firefox": (firefox, {**INK, **PREMULTIPLIED, "plain.avif": 5}),
    "webkit": (webkit, {**INK, **PREMULTIPLIED}),
}


@pytest.mark.long
@pytest.mark.parametrize("name", OTHERS)
def test_other_browsers(site, shared_data, tmp_path, name):
    """Every form of photo, and 60 shared ones."""
    start, rounded = OTHERS[name]
    model = load_model(site / MODELS / "stretch" / MODEL)
    shared = [p for p in (shared_data / "garbage_26x100").rglob("*") if p.is_file()]
    with served(site) as server, start() as tab:
        worker = started(tab, server, "models/stretch")
        all_the_same(worker, model, write(tmp_path, one_of_each()), rounded)
        photos = random.Random(2).sample(sorted(shared), 60)  # noqa: S311 - no secret
        assert all_the_same(worker, model, photos) == 60
        assert worker.photo(b"no photo")["fault"]["code"] == "not_a_photo"
        cut = one_of_each()["plain.jpg"][:-300]
        assert worker.photo(cut)["fault"]["code"] == "truncated"


@pytest.mark.long
def test_damaged_photos(worker, model, tmp_path):
    """1,000 of them: a fault, or what Python makes of it; never an answer where Python has none."""
    files = {n: c for n, c in good_images().items() if not n.endswith(NOT_HERE)}
    rng, names = random.Random(5), sorted(files)  # noqa: S311 - no secret
    answered = 0
    for number in range(1000):
        name = names[number % len(names)]
        limit = HEADER if rng.random() < 0.5 else None
        path = tmp_path / f"{number}{Path(name).suffix}"
        path.write_bytes(mutate(files[name], rng, files[rng.choice(names)], limit))
        reply = worker.photo(path)
        if not reply["ok"]:
            continue
        answered += 1
        try:
            open_photo(path)
        except UserError as error:
            if path.suffix == ".avif":
                continue  # where libavif gives up, Chromium's copy of its decoder goes on
            raise AssertionError(f"{name}, number {number}: {error}") from None
        assert difference(worker, model, path) <= name.startswith("cmyk"), (name, number)
    assert 100 < answered < 500
