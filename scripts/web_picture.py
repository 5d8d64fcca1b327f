"""Draws docs/web.png: an exported page on a phone, on one that is dark and Chinese, on a desktop.

Chromium shows the page with three photos, the first as its camera. Only drawn photos belong into
the repository's picture.

example: python scripts/web_picture.py demo/web --photos can.jpg capsules.jpg peel.jpg --out web.png
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the project is used from its folder, not installed

from benchmarks.web_browser import chromium, served, until  # noqa: E402
from src_mindspore.system import command  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1180, "height": 740}
FILM = (720, 960)  # of the camera, pixels
HEIGHT = 560  # of each screen in the picture, pixels
GAP, EDGE, CORNER = 24, 6, 26  # between screens; of a phone's frame; its roundness
BACK, FRAME = (226, 232, 227), (28, 33, 30)
COLOURS = 256
ANSWERED = "!document.getElementById('answer').hidden"
CALM = 1500  # ms until the camera's answer is steady


def main() -> None:
    """See the module."""
    args = parse_arguments()
    with tempfile.TemporaryDirectory() as place:
        film = Path(place) / "film.mjpeg"
        with Image.open(args.photos[0]) as photo:
            stream = io.BytesIO()
            ImageOps.fit(photo.convert("RGB"), FILM).save(stream, "JPEG", quality=95)
        film.write_bytes(stream.getvalue() * 30)
        with served(args.page) as url, chromium(film) as browser:
            chinese = {"locale": "zh-CN", "color_scheme": "dark"}
            screens = [
                framed(screen(browser, url, None, viewport=PHONE)),
                framed(screen(browser, url, args.photos[1], viewport=PHONE, **chinese)),
                rounded(screen(browser, url, args.photos[2], viewport=DESKTOP), CORNER // 2),
            ]
    beside_one_another(screens).quantize(COLOURS, dither=Image.Dither.NONE).save(
        args.out, optimize=True
    )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    text, example = (__doc__ or "").split("\nexample: ")
    parser = command.parser(text.strip(), example.strip())
    parser.add_argument("page", type=Path, help="a folder that export.py --web has written")
    parser.add_argument("--photos", type=Path, nargs=3, required=True, metavar="PHOTO")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "web.png")
    return parser.parse_args()


def screen(browser: "Browser", url: str, photo: Path | None, **options: Any) -> Image.Image:
    """The page with a photo, or with its camera, as it is shown."""
    scale = HEIGHT / options["viewport"]["height"]
    context = browser.new_context(
        permissions=["camera"], service_workers="block", reduced_motion="reduce", **options
    )
    try:
        page: Page = context.new_page()
        page.goto(url)
        if photo is None:
            page.locator("#shutter").click()
        else:
            page.set_input_files("#file", photo)
        until(page, ANSWERED)
        page.wait_for_timeout(CALM)
        shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    finally:
        context.close()
    return shown.resize((round(shown.width * scale), HEIGHT), Image.Resampling.LANCZOS)


def rounded(image: Image.Image, radius: int) -> Image.Image:
    """With round corners, on the ground."""
    mask = Image.new("L", (4 * image.width, 4 * image.height))
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, 4 * radius, 255)
    ground = Image.new("RGB", image.size, BACK)
    ground.paste(image, mask=mask.resize(image.size, Image.Resampling.LANCZOS))
    return ground


def framed(image: Image.Image) -> Image.Image:
    """As on a phone."""
    size = (image.width + 2 * EDGE, image.height + 2 * EDGE)
    phone = Image.new("RGB", size, FRAME)
    inner = Image.new("L", image.size)
    box = (0, 0, image.width - 1, image.height - 1)
    ImageDraw.Draw(inner).rounded_rectangle(box, CORNER - EDGE, 255)
    phone.paste(image, (EDGE, EDGE), inner)
    return rounded(phone, CORNER)


def beside_one_another(screens: list[Image.Image]) -> Image.Image:
    """The screens in a row, on one ground."""
    height = max(one.height for one in screens) + 2 * GAP
    width = sum(one.width + GAP for one in screens) + GAP
    whole, x = Image.new("RGB", (width, height), BACK), GAP
    for one in screens:
        whole.paste(one, (x, (height - one.height) // 2))
        x += one.width + GAP
    return whole


if __name__ == "__main__":
    sys.exit(command.run(main))
