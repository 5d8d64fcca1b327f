"""Image files in the page: told by content, whole, without profiles; PNG as Python reads it."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from heic_photo import HEIC
from helpers import noise
from odd_files import OddFile, deep_pngs, exif, jpeg, jpeg_files, other_files, png_files, segment
from photo_files import RGB, _chunk, _saved, png_bytes, write_kinds
from web_core import WebCore, web_core

from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.essentials import essentials
from src_mindspore.spec.input import ValueRange

PHOTO = noise(4, 60, 40)
PROFILE = b"a profile that is none" * 20


@pytest.fixture(scope="module")
def core() -> Iterator[WebCore]:
    with web_core() as started:
        yield started


@pytest.fixture
def read(core, tmp_path):
    """Reads bytes as the page does: the reply, and the bytes for the decoder or the pixels."""

    def read(content: bytes, **more: object) -> tuple[dict, bytes]:
        (tmp_path / "photo").write_bytes(content)
        (tmp_path / "out").unlink(missing_ok=True)
        reply = core.ask("photo", file=tmp_path / "photo", out=tmp_path / "out", **more)
        return reply, (tmp_path / "out").read_bytes() if reply["ok"] else b""

    return read


def pngs(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    kinds = {path.name: path.read_bytes() for path in write_kinds(folder)}
    odd = {name: file.content for name, file in png_files()}
    return {n: c for n, c in (kinds | odd | dict(deep_pngs())).items() if n.endswith(".png")}


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_png_pixels_are_python_s(read, tmp_path, step):
    """Every colour type, depth, transparency and orientation; interlaced; odd chunks."""
    for name, content in list(pngs(tmp_path / "kinds").items())[::step]:
        reply, pixels = read(content)
        assert reply["ok"], (name, reply)
        expected = np.asarray(open_photo(tmp_path / "photo"))
        width, height = reply["size"]
        got = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        np.testing.assert_array_equal(got, expected, err_msg=name)


def filtered(pixels: np.ndarray, kinds: list[int]) -> bytes:
    """A PNG file whose lines have these filters, in turn (PNG specification, section 9.2)."""
    height, width = pixels.shape[:2]
    lines = pixels.reshape(height, width * 3).astype(int)
    zero = np.zeros(width * 3, int)
    rows = []
    for y, line in enumerate(lines):
        left = np.concatenate([[0] * 3, line[:-3]])
        above = lines[y - 1] if y else zero
        corner = np.concatenate([[0] * 3, above[:-3]])
        near = [left, above, corner]
        best = np.argmin([abs(left + above - corner - n) for n in near], axis=0)
        paeth = np.choose(best, near)
        kind = kinds[y % len(kinds)]
        guess = [zero, left, above, (left + above) // 2, paeth][min(kind, 4)]
        rows.append(bytes([kind]) + ((line - guess) % 256).astype(np.uint8).tobytes())
    head = png_bytes(pixels[:0], RGB, 8)[:8]
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0))
    return head + header + _chunk(b"IDAT", zlib.compress(b"".join(rows))) + _chunk(b"IEND", b"")


def test_every_filter_of_png(read, tmp_path):
    pixels = np.asarray(noise(6, 31, 23))
    for kinds in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3], [4]):
        reply, got = read(filtered(pixels, kinds))
        assert reply["ok"]
        assert got == pixels.tobytes() == open_photo(tmp_path / "photo").tobytes()
    assert read(filtered(pixels, [0, 5]))[0]["code"] == "decode_failed"


@pytest.mark.parametrize("spread", [(0, 1023), (100.5, 4000), (-5, 70000)])
def test_deep_png_in_the_model_s_range(read, tmp_path, spread):
    low, high = spread
    for name, content in list(deep_pngs())[::3]:
        reply, pixels = read(content, range={"low": low, "high": high})
        assert reply["ok"]
        expected = open_photo(tmp_path / "photo", ValueRange(low, high))
        assert pixels == expected.tobytes(), name


def others() -> dict[str, OddFile]:
    named = dict([*jpeg_files(), *other_files()])
    return {name: file for name, file in named.items() if not name.endswith(".tif")}


def test_what_a_decoder_gets_is_what_python_s_gets(read):
    """JPEG, WebP and AVIF lose the same bytes, and are turned the same way."""
    for name, file in others().items():
        reply, content = read(file.content)
        assert reply["ok"], (name, reply)
        stream, notes = essentials(io.BytesIO(file.content))
        expected = stream.read()
        if name == "trailing.jpg":  # browsers need not see what follows the picture
            expected = expected[: len(content)]
        assert content == expected, name
        assert reply["orientation"] == (notes.orientation if notes else 1), name


def test_profiles_are_gone(read):
    for how in (
        {"format": "JPEG", "icc_profile": PROFILE},
        {"format": "WEBP", "icc_profile": PROFILE},
        {"format": "PNG", "icc_profile": PROFILE},
    ):
        content = _saved(PHOTO, how.pop("format"), **how)
        assert PROFILE in content or b"iCCP" in content
        reply, left = read(content)
        assert reply["ok"]
        assert PROFILE not in left
    gamma = _chunk(b"gAMA", struct.pack(">I", 10_000)) + _chunk(b"cICP", bytes([12, 16, 0, 1]))
    plain = png_bytes(np.asarray(PHOTO), RGB, 8)
    assert read(png_bytes(np.asarray(PHOTO), RGB, 8, before=gamma))[1] == read(plain)[1]


def test_sizes_are_known_before_anything_is_decoded(read):
    extended = _saved(PHOTO.convert("RGBA"), "WEBP", exif=exif(3, 1, b"\0\6\0\0"))
    for content in (
        *(_saved(PHOTO, kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "AVIF", "WEBP")),
        *(extended, _saved(PHOTO, "WEBP", lossless=True), _saved(PHOTO, "JPEG", progressive=True)),
    ):
        reply, _ = read(content)
        assert [reply["width"], reply["height"]] == [60, 40]
    # pi-heif turns HEIC, the container has the size before
    assert read(HEIC)[0]["format"] == "HEIC"
    assert read(HEIC)[0]["width"] > 0


def huge(kind: str) -> bytes:
    """A header of 20,000 x 10,000 pixels with next to nothing behind it."""
    size = 20_000, 10_000
    small = _saved(PHOTO, kind)
    if kind == "JPEG":
        at = small.index(b"\xff\xc0")
        return small[: at + 5] + struct.pack(">HH", *size[::-1]) + small[at + 9 :]
    if kind == "PNG":
        header = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
        return small[:8] + header + small[33:]
    if kind == "GIF":
        return small[:6] + struct.pack("<HH", *size) + small[10:]
    if kind == "BMP":
        return small[:18] + struct.pack("<ii", size[0], -size[1]) + bytes(10) + small[36:]
    if kind == "AVIF":
        at = small.index(b"ispe") + 8
        return small[:at] + struct.pack(">II", *size) + small[at + 8 :]
    at = small.index(b"VP8 ") + 14
    return small[:at] + struct.pack("<HH", 16_383, 16_383) + small[at + 4 :]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "AVIF", "WEBP"])
def test_photos_of_too_many_pixels_are_refused_by_their_header(read, kind):
    reply, _ = read(huge(kind))
    assert reply["code"] == "too_large"
    got = 16_383**2 if kind == "WEBP" else 200_000_000
    assert reply["details"] == {"what": "pixels", "got": got, "limit": 100_000_000}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "AVIF", "WEBP"])
def test_a_photo_that_is_cut_short_is_refused_wherever_that_is(read, kind):
    content = _saved(PHOTO, kind)
    assert read(content)[0]["ok"]
    for left in (len(content) - 1, len(content) - 9, len(content) // 2, 60):
        cut = content[:left]
        if left >= len(content) - {"PNG": 12, "GIF": 1}.get(kind, 0):
            continue  # an end that says nothing of the pixels; Python passes over it as well
        assert read(cut)[0]["code"] == "truncated", left


def test_a_progressive_photo_that_lacks_its_last_scans(read):
    content = _saved(noise(1, 200, 150), "JPEG", progressive=True)
    scans = [i for i in range(len(content)) if content[i : i + 2] == b"\xff\xda"]
    assert len(scans) > 4
    assert read(content[: scans[-1]])[0]["code"] == "truncated"
    # with restarts, whose markers end nothing
    assert read(_saved(PHOTO, "JPEG", restart_marker_blocks=1))[0]["ok"]


def test_further_pictures_behind_the_first_are_left_out(read):
    first = _saved(PHOTO, "JPEG")
    content = _saved(PHOTO, "MPO", save_all=True, append_images=[noise(9, 60, 40)])
    assert len(content) > 2 * len(first) * 0.9
    assert len(read(content)[1]) <= len(first)
    frames = _saved(PHOTO, "GIF", save_all=True, append_images=[noise(9, 60, 40)])
    assert len(read(frames)[1]) < 0.6 * len(frames)


@pytest.mark.parametrize(
    ("content", "code", "details"),
    [
        (b"", "not_a_photo", {}),
        (b"%PDF-1.7 and so on", "not_a_photo", {}),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo", {}),
        (b"II*\0" + bytes(40), "no_decoder", {"format": "TIFF"}),
        (b"MM\0*" + bytes(40), "no_decoder", {"format": "TIFF"}),
        (b"P6 1 1 255 abc", "no_decoder", {"format": "PPM"}),
        (b"\xff\xd8\xff", "truncated", {}),
        (b"\x89PNG\r\n\x1a\n", "truncated", {}),
        (b"GIF89a", "truncated", {}),
    ],
)
def test_what_is_no_photo_for_a_browser(read, content, code, details):
    reply, _ = read(content)
    assert (reply["code"], reply["details"]) == (code, details)


def test_orientation_beside_other_segments(read):
    turned = segment(0xE1, b"Exif\0\0" + exif(3, 1, b"\0\6\0\0"))
    assert read(jpeg(segment(0xFE, b"x" * 9), turned))[0]["orientation"] == 6
