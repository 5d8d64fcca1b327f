"""Samples of more than 8 bits: one range for a set, from its tags or values, and its 8 bits."""

import io
import logging
import math
import warnings
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from odd_files import LONG, SHORT, deep_pngs, tiff
from photo_files import png_bytes
from PIL import Image

from src_mindspore.photos.decode import DOUBT, PhotoError, open_photo, opened, samples_of, upright
from src_mindspore.photos.file_notes import Samples
from src_mindspore.photos.values import (
    ValueFacts,
    doubt,
    facts_of,
    own_range,
    set_range,
    to_levels,
    to_rgb,
)
from src_mindspore.spec.input import ValueRange

RAMP = np.arange(12 * 20).reshape(12, 20)  # 0..239
WHERE = Path("photo")


def read(content: bytes, spread: ValueRange | None = None) -> np.ndarray:
    with opened(WHERE, io.BytesIO(content)) as image:
        return np.asarray(upright(image, spread))


def samples(content: bytes) -> Samples:
    with opened(WHERE, io.BytesIO(content)) as image:
        found = samples_of(image)
    assert found is not None
    return found


KINDS = ["i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", KINDS)
def test_tiff_samples_of_every_type(kind, order):
    scale = {"f": 1 / 240, "i": 1}.get(kind[0], 200 if kind != "i1" else 1)
    grey = (RAMP * scale - (100 if kind[0] == "i" else 0)).clip(-128, None)
    grey = grey.clip(None, 127).astype(kind) if kind == "i1" else grey.astype(kind)
    colour = np.stack([grey, grey[::-1], grey[:, ::-1]], 2)
    alpha = np.dstack([colour, grey])
    for table, options in (
        (grey, {}),
        (grey, {"photometric": 0}),
        (colour, {}),
        (colour, {"planar": 2}),
        (colour, {"photometric": 1}),
        (alpha, {"extra": (2,)}),
        (alpha, {"extra": (2,), "planar": 2}),
        (np.dstack([grey, grey[::-1]]), {"extra": (2,)}),
        (np.dstack([grey, grey[::-1]]), {}),
    ):
        got = samples(tiff(table, order=order, **options))
        expected = table if table.ndim == 2 else table[..., :3]
        if table.ndim == 3 and table.shape[2] == 2:
            expected = table[..., 0]
        np.testing.assert_array_equal(got.values, expected)
        assert got.values.dtype == np.dtype(kind)
        assert got.inverted == (options.get("photometric") == 0)
        assert (got.alpha is None) == ("extra" not in options)


PACKINGS = [(1, 1), (5, 1), (5, 2), (8, 1), (8, 2), (32946, 2), (32773, 1)]


@pytest.mark.parametrize(("compression", "predictor"), [*PACKINGS, (8, 3), (5, 3)])
@pytest.mark.parametrize("kind", ["uint16", "int32", "float32", "float64"])
def test_packed_tiff_samples(kind, compression, predictor):
    """OpenCV writes them, strip by strip."""
    real = kind.startswith("float")
    if real != (predictor == 3) and predictor != 1:
        return
    rng = np.random.default_rng(4)
    table = (rng.random((150, 201, 3)) * (1 if real else 30_000)).astype(kind)
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    for values in (table, table[..., 0]):
        content = cv2.imencode(".tif", values[..., ::-1] if values.ndim == 3 else values, options)[
            1
        ]
        np.testing.assert_array_equal(samples(content.tobytes()).values, values)


@pytest.mark.parametrize("together", [1, 5000, 12_345])
def test_strips_are_unpacked_in_groups(monkeypatch, together):
    monkeypatch.setattr("src_mindspore.photos.tiff_samples.TOGETHER", together)
    values = np.random.default_rng(4).integers(0, 4000, (150, 201)).astype(np.uint16)
    for rows in (1, 7, 150):
        options = [cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows]
        content = cv2.imencode(".tif", values, options)[1].tobytes()
        np.testing.assert_array_equal(samples(content).values, values)


def test_real_colours_as_opencv_writes_them():
    values = np.random.default_rng(4).random((30, 40, 3)).astype(np.float32)
    content = cv2.imencode(".tif", values[..., ::-1])[1].tobytes()
    np.testing.assert_allclose(samples(content).values, values, atol=0.05)


def test_tiles_and_bits_that_are_no_whole_bytes():
    table = np.random.default_rng(4).integers(0, 4096, (20, 33))
    bits = np.unpackbits(table.astype(">u2").view(np.uint8).reshape(20, 33, 2), axis=2)[..., 4:]
    data = np.packbits(bits.reshape(20, -1), axis=1).tobytes()
    got = samples(tiff(table.astype(np.uint16), bits=12, data=data))
    np.testing.assert_array_equal(got.values, table)
    assert got.bits == 12
    padded = np.zeros((32, 48), np.uint16)
    padded[:20, :33] = table
    tiles = padded.reshape(2, 16, 3, 16).transpose(0, 2, 1, 3)
    places = np.arange(6, dtype="<u4") * 512 + 8
    tags = [
        *((322, LONG, 1, 16), (323, LONG, 1, 16)),
        *((324, LONG, 6, places.tobytes()), (325, LONG, 6, np.full(6, 512, "<u4").tobytes())),
    ]
    content = tiff(table.astype(np.uint16), tags=tags, data=tiles.astype("<u2").tobytes())
    np.testing.assert_array_equal(samples(content).values, table)


@pytest.mark.parametrize("size", [0, 8, 40, 200, 470])
def test_a_deep_tiff_cut_short_is_refused(size):
    whole = tiff(RAMP.astype(np.uint16))
    content = whole[:8] + whole[-len(whole) + 8 + 480 :]
    assert read(whole).shape == (12, 20, 3)
    with pytest.raises(PhotoError):
        read(whole[:size])
    with pytest.raises(PhotoError):
        read(content)


@pytest.mark.parametrize("top", [1023, 4000, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_pgm_and_ppm_of_16_bits(channels, top):
    values = np.random.default_rng(0).integers(0, min(top, 4095), (7, 9, channels)).squeeze()
    head = f"P{5 if channels == 1 else 6} # a comment\n9 7\n# another\n{top}\n".encode()
    content = head + values.astype(">u2").tobytes()
    got = samples(content)
    np.testing.assert_array_equal(got.values, values)
    assert got.said == (None if top == 65535 else ValueRange(0, top))
    with pytest.raises(PhotoError, match="truncated"):
        read(content[:-1])


@pytest.mark.parametrize(("name", "content"), deep_pngs())
def test_all_16_bits_of_a_png_are_read(name, content):
    got = samples(content)
    reference = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if reference.ndim == 3:
        reference = reference[..., 2::-1]
    values = np.squeeze(got.values)
    if reference.ndim > values.ndim:
        reference = reference[..., 0]
    np.testing.assert_array_equal(values, reference)
    assert got.bits == (11 if "said" in name or "shifted" in name else None)


def facts(low: float, high: float, kind: str = "uint16", **options) -> ValueFacts:
    return ValueFacts(kind, low, high, **options)


def said(low: float, high: float) -> ValueRange:
    return ValueRange(low, high)


SETS = [
    ([facts(3, 250)], (0, 255)),
    ([facts(3, 250), facts(90, 1000)], (0, 1023)),
    ([facts(0, 65000)], (0, 65535)),
    ([facts(0, 600), facts(0, 4000)], (0, 4095)),
    ([facts(28_000, 31_000)], (28_000, 31_000)),  # hundredths of a kelvin
    ([facts(-1024, 3071, "int16")], (-1024, 3071)),  # Hounsfield units
    ([facts(0.02, 0.97, "float32")], (0, 1)),
    ([facts(0.2, 0.3, "float32")], (0.2, 0.3)),
    ([facts(2.0, 251.5, "float64")], (0, 255)),
    ([facts(0, 3e6, "float32")], (0, (1 << 22) - 1)),
    ([facts(0, 4_000_000_000, "uint32")], (0, (1 << 32) - 1)),
    ([facts(7, 7)], (7, 8)),
    ([facts(0, 0)], (0, 1)),
    ([facts(0, 0), facts(28_000, 31_000), facts(65535, 65535)], (28_000, 31_000)),
    ([facts(5, 900, said=said(0, 999)), facts(2, 800, said=said(1, 1200))], (0, 1200)),
    ([facts(5, 900, said=said(0, 999)), facts(2, 800)], (0, 1023)),  # not all of them say it
    ([facts(5, 9000, said=said(0, 99))], (0, 16383)),  # and this one is wrong
    ([facts(5, 900, said=said(0, 32767))], (0, 1023)),  # nor this one: all would be black
    ([facts(5, 900, bits=12)], (0, 4095)),
    ([facts(5, 60_000, bits=12)], (0, 65535)),  # 12 bits spread over 16, as PNG wants it
]


@pytest.mark.parametrize(("known", "expected"), SETS)
def test_the_range_of_a_set(known, expected):
    found = set_range(known)
    assert found is not None
    assert (found[0].low, found[0].high) == expected


def test_a_set_without_deep_photos_has_no_range():
    assert set_range([]) is None


@pytest.mark.parametrize(
    ("known", "high"),
    [
        (facts(28, 200), 255),
        (facts(28, 300), 1023),
        (facts(28, 1500), 4095),
        (facts(28, 9000), 16383),
        (facts(28, 40_000), 65535),
        (facts(0.1, 0.9, "float32"), 1),
        (facts(0.1, 0.2, "float32"), 1),
        (facts(0.0, 200.0, "float32"), 255),
        (facts(28, 100, bits=12), 4095),
        (facts(0, 20_000_000, "int32"), (1 << 25) - 1),
        (facts(50_000, 250_000, "uint32"), (1 << 18) - 1),
        (facts(28, 300, bits=11), 2047),
        (facts(28, 300, said=said(0, 500)), 500),
    ],
)
def test_a_photo_by_itself_has_the_smallest_usual_bits(known, high):
    assert (own_range(known).low, own_range(known).high) == (0, high)


def test_a_few_hot_pixels_do_not_make_a_photo_black():
    values = np.random.default_rng(0).integers(0, 1000, (100, 100)).astype(np.uint16)
    values[3, 4] = values[50, 60] = 65535
    found = facts_of(Samples(values))
    assert found.high < 1000
    assert found == replace(facts_of(Samples(values.astype(np.int32))), kind="uint16")
    assert set_range([found])[0] == ValueRange(0, 1023)


def test_what_is_no_number_is_black_and_counts_for_nothing():
    values = (RAMP / 239).astype(np.float32)
    values[0, :4] = np.nan, np.inf, -np.inf, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read(tiff(values))
        empty = read(tiff(np.full((5, 6), np.nan, np.float32)))
    assert pixels[0, :4, 0].tolist() == [0, 255, 0, 0]
    assert pixels[-1, -1].tolist() == [255] * 3
    assert empty.max() == 0


def test_values_that_stand_for_none_are_no_numbers():
    values = RAMP.astype(np.float32)
    values[0, :5] = -9999
    got = samples(tiff(values, tags=[(42113, 2, 6, b"-9999\0")]))
    assert np.isnan(got.values[0, :5]).all()
    assert facts_of(got).low == 5


@pytest.mark.parametrize("bits", range(8, 17))
def test_whole_bits_lose_their_lower_ones(bits):
    values = np.arange(1 << bits).astype(np.uint16)
    expected = values >> (bits - 8)
    spread = ValueRange(0, (1 << bits) - 1)
    for kind in (np.uint16, np.int32, np.uint32, np.float32, np.float64):
        np.testing.assert_array_equal(to_levels(values.astype(kind), spread), expected)


def test_other_ranges_are_rounded_and_clipped():
    values = np.array([-5, -1, 0, 0.5, 1, 2], np.float32)
    assert to_levels(values, ValueRange(-1, 1)).tolist() == [0, 0, 128, 191, 255, 255]
    signed = np.array([-32768, -1024, 0, 3071, 32767], np.int16)
    assert to_levels(signed, ValueRange(-1024, 3071)).tolist() == [0, 0, 64, 255, 255]


def test_white_is_zero():
    wide = (RAMP * 4).astype(np.uint16)
    for order in "<>":
        plain, inverted = (read(tiff(wide, order=order, photometric=p)) for p in (1, 0))
        np.testing.assert_array_equal(plain, 255 - inverted)
        assert plain.max() > 200
    real = (RAMP / 239).astype(np.float32)
    assert read(tiff(real, photometric=0))[0, 0, 0] == 255
    for kind, mode in (("u1", "L"), ("?", "1")):
        image = Image.fromarray((RAMP % 2 * 255).astype(np.uint8)).convert(mode)
        stream = io.BytesIO()
        image.save(stream, "TIFF", tiffinfo={262: 0} if kind == "u1" else {})
        assert set(np.unique(read(stream.getvalue()))) == {0, 255}


def test_transparency_is_laid_on_white():
    values = np.full((2, 2, 3), 400, np.uint16)
    alpha = np.array([[0, 1023], [512, 1023]], np.uint16)
    spread = ValueRange(0, 1023)
    got = np.asarray(to_rgb(Samples(values, alpha), spread))[..., 0]
    assert got.tolist() == [[255, 100], [177, 100]]
    full = np.array([[0, 65535], [65535, 65535]], np.uint16)
    got = np.asarray(to_rgb(Samples(values, full), spread))[..., 0]
    assert got.tolist() == [[255, 100], [100, 100]]
    times = (values * (alpha / 1023)[..., None]).astype(np.uint16)
    got = np.asarray(to_rgb(Samples(times, alpha, premultiplied=True), spread))[..., 0]
    assert got.tolist() == [[255, 100], [177, 100]]


def test_tags_say_what_is_white():
    wide = (RAMP * 10).astype(np.uint16)
    tags = [(280, SHORT, 1, 0), (281, SHORT, 1, 4095)]
    assert samples(tiff(wide, tags=tags)).said == ValueRange(0, 4095)
    tags[1] = (281, SHORT, 1, 65535)  # the default: it says nothing
    assert samples(tiff(wide, tags=tags)).said is None
    real = np.array([-2.0, 6.0], "<f4").tobytes()
    tags = [(340, 11, 1, int.from_bytes(real[:4], "little")), (341, 12, 1, np.float64(6).tobytes())]
    assert samples(tiff(RAMP.astype(np.float32), tags=tags)).said == ValueRange(-2, 6)


def test_a_photo_that_does_not_fit_says_so(tmp_path):
    deep = tmp_path / "a.png"
    deep.write_bytes(png_bytes((RAMP * 4)[..., None], 0, 16))
    assert DOUBT not in open_photo(deep, ValueRange(0, 1023)).info
    assert "are read as 0 to 1023" in open_photo(deep).info[DOUBT]
    assert (
        "those of the model's photos are 0 to 65535"
        in open_photo(deep, ValueRange(0, 65535)).info[DOUBT]
    )
    assert "are 0 to 1" in open_photo(deep, ValueRange(0, 1)).info[DOUBT]
    assert doubt(facts(0, 65000), None) is None
    assert doubt(facts(0, 60, said=said(0, 90)), None) is None
    assert doubt(facts(0.0, math.pi, "float32"), None) is not None


def test_a_reader_says_once_that_photos_are_deep(tmp_path, caplog):
    from src_mindspore.photos.reader import PhotoReader

    for name in "ab":
        (tmp_path / f"{name}.tif").write_bytes(tiff((RAMP * 4).astype(np.uint16)))
    reader = PhotoReader(tmp_path, 2)
    with caplog.at_level(logging.WARNING):
        assert all(reader.open(f"{name}.tif") for name in "abab")
    assert [record.message.count("0 to 1023") for record in caplog.records] == [1]


def test_the_reader_of_a_data_set_scales_by_its_range(tmp_path):
    from src_mindspore.dataset import DataSet
    from src_mindspore.photos.records import Record

    (tmp_path / "a.tif").write_bytes(tiff((RAMP * 4).astype(np.uint16)))
    splits = {"train": (Record("a.tif", 0),)}
    for spread in (None, ValueRange(0, 4095)):
        photo = DataSet(tmp_path, ("a",), splits, value_range=spread).reader().open("a.tif")
        assert photo == open_photo(tmp_path / "a.tif", spread)
