"""Python and the C++ library make the same input tensor of the same photo.

The limit is one step of 8-bit pixels, 1/255 of their range. Every test records the largest
difference that it has seen, in such steps, and the summary of the test run prints it; 0 was
measured everywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import input_spec, noise
from odd_files import deep_pngs, jpeg_files, png_files
from photo_files import png_bytes, write_kinds, write_sizes
from PIL import Image

from src_mindspore.lite.runtime import LiteProcess
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import normalise, prepare
from src_mindspore.spec.input import INTERPOLATIONS, CropSpec, InputSpec, ResizeSpec, ValueRange
from src_mindspore.spec.load import load_spec
from src_mindspore.system.errors import UserError

LIMIT = 1.0  # steps of 8-bit pixels
SIDE = 64  # of the model's input
SQUARE = (SIDE, SIDE)
ROUNDING = 1e-3  # what float32 adds to a difference of whole steps

# ImageNet's mean and standard deviation, in 0..255 units
IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}


def specs() -> Iterator[tuple[str, InputSpec]]:
    """Every rule with every interpolation, cropped and not."""
    for kind in INTERPOLATIONS:
        cropped = ResizeSpec("stretch", (81, 73), kind)
        plain = input_spec(SIDE, None, kind)
        yield f"stretch-{kind}", plain
        yield (
            f"stretch-crop-{kind}",
            replace(plain, resize=cropped, crop=CropSpec("center", SQUARE)),
        )
        yield f"shorter-side-{kind}", replace(input_spec(SIDE, SIDE, kind), **IMAGENET)
        yield f"shorter-side-crop-{kind}", input_spec(SIDE, 73, kind)


SPECS = dict(specs())
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
RULES = ["stretch-bilinear", "shorter-side-crop-lanczos"]
rules_first = pytest.mark.parametrize(
    "spec",
    [
        pytest.param(spec, marks=() if name in RULES else pytest.mark.long)
        for name, spec in SPECS.items()
    ],
    ids=SPECS,
)
every_rule = pytest.mark.parametrize("spec", [SPECS[name] for name in RULES], ids=RULES)


@pytest.fixture(scope="session")
def open_cpp(cpp_plain, run_folder, tmp_path_factory):
    """Opens the C++ library with the model of ``run_folder``, described by another input."""
    export = run_folder / "export"
    described = load_spec(export / "spec.json")

    @contextmanager
    def opened(spec: InputSpec) -> Iterator[LiteProcess]:
        folder = tmp_path_factory.mktemp("model")
        (folder / "model.ms").hardlink_to(export / "model.ms")
        replace(described, input=spec).save(folder)
        process = LiteProcess(cpp_plain.library, folder / "model.ms", threads=1)
        try:
            yield process
        finally:
            process.close()

    return opened


def decoded(paths: Sequence[Path]) -> Iterator[tuple[Path, Image.Image]]:
    """Photos as Python reads them, one at a time."""
    for path in paths:
        yield path, open_photo(path)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory) -> list[tuple[Path, Image.Image]]:
    """Decoded once, for all specs."""
    return list(decoded(write_kinds(tmp_path_factory.mktemp("kinds"))))


@pytest.fixture(scope="module")
def sizes(tmp_path_factory) -> list[tuple[Path, Image.Image]]:
    """Decoded once, for all specs."""
    return list(decoded(write_sizes(tmp_path_factory.mktemp("sizes"))))


def python_tensor(image: Image.Image, spec: InputSpec) -> np.ndarray:
    return normalise(prepare(image, spec)[None], spec)[0]


def difference(ours: np.ndarray, theirs: np.ndarray, spec: InputSpec) -> float:
    """Of two tensors, (3, H, W): the largest, in steps of 8-bit pixels."""
    assert ours.shape == theirs.shape == (3, *spec.size)
    steps = np.abs(ours - theirs) * np.reshape(np.float32(spec.std), (3, 1, 1))
    return float(steps.max())


def compare(
    open_cpp, spec: InputSpec, photos: Iterable[tuple[Path, Image.Image]], record_property
) -> None:
    """Prepares every photo on both sides."""
    with open_cpp(spec) as cpp:
        found = {
            str(path): difference(
                python_tensor(image, spec), cpp.prepare_image(path.read_bytes()), spec
            )
            for path, image in photos
        }
    assert found
    record(record_property, found)


def record(record_property, found: dict[str, float]) -> None:
    record_property("photos", len(found))
    record_property("largest_difference", max(found.values()))
    too_far = {name: steps for name, steps in found.items() if steps > LIMIT + ROUNDING}
    assert not too_far


@every_spec
def test_every_kind_of_file(open_cpp, spec, kinds, record_property):
    compare(open_cpp, spec, kinds, record_property)


@every_spec
def test_every_size(open_cpp, spec, sizes, record_property):
    compare(open_cpp, spec, sizes, record_property)


def test_odd_metadata(open_cpp, tmp_path, record_property):
    paths = []
    for name, odd in (*jpeg_files(), *png_files()):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(odd.content)
    compare(open_cpp, SPECS["stretch-bilinear"], decoded(paths), record_property)


@pytest.mark.parametrize(
    "spread",
    [
        None,
        (117, 3121),
        *(
            pytest.param(spread, marks=pytest.mark.long)
            for spread in ((0, 1023), (0, 65535), (-500.5, 900.25), (0, 1))
        ),
    ],
    ids=str,
)
def test_samples_of_16_bits(open_cpp, spread, tmp_path, record_property):
    spec = replace(SPECS["stretch-bilinear"], range=ValueRange(*spread) if spread else None)
    photos = []
    for name, content in deep_pngs():
        (tmp_path / name).write_bytes(content)
        photos.append((tmp_path / name, open_photo(tmp_path / name, spec.range)))
    compare(open_cpp, spec, photos, record_property)


@rules_first
def test_the_drawn_photos(open_cpp, spec, workplace, record_property):
    photos = sorted((workplace.folder / "photos").glob("*/*/*"))
    compare(open_cpp, spec, decoded(photos), record_property)


def real_photos(shared_data: Path) -> list[Path]:
    photos = sorted(shared_data.rglob("*.jpg"))
    assert len(photos) == 5354
    return photos


@every_rule
def test_a_sample_of_real_photos(open_cpp, spec, shared_data, record_property):
    compare(open_cpp, spec, decoded(real_photos(shared_data)[::23]), record_property)


@pytest.mark.long
@every_spec
def test_every_real_photo(open_cpp, spec, shared_data, record_property):
    compare(open_cpp, spec, decoded(real_photos(shared_data)), record_property)


def large_photo() -> Image.Image:
    """8000 x 6000 pixels: a phone's 48 megapixels."""
    return noise(8, 1000, 750).resize((8000, 6000), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def large_photos(tmp_path_factory) -> list[Path]:
    """The same large photo as JPEG, turned by its EXIF orientation, and as PNG."""
    folder = tmp_path_factory.mktemp("large")
    photo = large_photo()
    exif = Image.Exif()
    exif[274] = 6
    photo.save(folder / "large.jpg", quality=85, exif=exif)
    photo.save(folder / "large.png", compress_level=1)
    return [folder / "large.jpg", folder / "large.png"]


@every_rule
def test_a_photo_of_48_megapixels(open_cpp, spec, large_photos, record_property):
    compare(open_cpp, spec, decoded(large_photos[:1]), record_property)


@pytest.mark.long
@every_spec
def test_photos_of_48_megapixels(open_cpp, spec, large_photos, record_property):
    compare(open_cpp, spec, decoded(large_photos), record_property)


@every_rule
def test_pixels_with_an_orientation(open_cpp, spec, tmp_path, record_property):
    stored = noise(9, 101, 76)
    found = {}
    with open_cpp(spec) as cpp:
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[274] = orientation
            stored.save(tmp_path / "photo.png", exif=exif)
            theirs = cpp.prepare_pixels(np.asarray(stored), orientation)
            ours = python_tensor(open_photo(tmp_path / "photo.png"), spec)
            found[str(orientation)] = difference(ours, theirs, spec)
    record(record_property, found)


def refused() -> dict[str, bytes]:
    photo = noise(10, 64, 64)
    whole = png_bytes(np.asarray(photo), 2, 8)
    return {"empty": b"", "text": b"my shopping list\n" * 20, "cut.png": whole[: len(whole) // 2]}


@pytest.mark.parametrize("content", refused().values(), ids=refused())
def test_both_refuse_what_is_no_photo(open_cpp, content, tmp_path):
    (tmp_path / "photo").write_bytes(content)
    with open_cpp(SPECS["stretch-bilinear"]) as cpp:
        with pytest.raises(UserError):
            cpp.prepare_image(content)
        with pytest.raises(UserError):
            open_photo(tmp_path / "photo")


def test_a_difference_is_found(open_cpp):
    """A resize without anti-aliasing, the usual mistake of an app, is far outside the limit."""
    spec = SPECS["stretch-bilinear"]
    photo = noise(11, 300, 200)
    kept = photo.resize(SQUARE, Image.Resampling.NEAREST)
    with open_cpp(spec) as cpp:
        right = cpp.prepare_pixels(np.asarray(photo))
        wrong = cpp.prepare_pixels(np.asarray(kept))
    assert difference(python_tensor(photo, spec), right, spec) <= LIMIT + ROUNDING
    assert difference(python_tensor(photo, spec), wrong, spec) > 50
