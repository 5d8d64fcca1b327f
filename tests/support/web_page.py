"""The page in Chromium: one visit, and what people do with it."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect
from web_site import Served

CAMERA = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--host-resolver-rules=MAP pocketlens.test 127.0.0.1",  # an address that is no secure one
)
COLOURS = {"red": (230, 20, 20), "blue": (20, 20, 230), "mixed": (150, 140, 20)}
# the visible texts of the page, each with its element's id
TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    if (text && node.parentElement.checkVisibility() && node.parentElement.tagName !== "NOSCRIPT")
      found.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label]"))
    if (element.checkVisibility()) found.push(element.getAttribute("aria-label"));
  return found;
}"""
# each visible text with the contrast to what is behind it (WCAG 2.2, relative luminance)
CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3) return colour;
      if (colour[3] !== 0) return null;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (!text || !element.checkVisibility() || element.tagName === "NOSCRIPT") continue;
    if (element.closest(".unseen")) continue;
    const back = behind(element);
    const pair = [parse(getComputedStyle(element).color), back];
    const levels = pair.map((colour) => luminance(colour)).sort((a, b) => b - a);
    found.push([text, back === null ? 0 : (levels[0] + 0.05) / (levels[1] + 0.05)]);
  }
  return found;
}"""


def write_photos(folder: Path) -> dict[str, Path]:
    """One JPEG of each colour, with a pattern in it; by the names of ``COLOURS``."""
    made = {}
    for name, colour in COLOURS.items():
        image = Image.new("RGB", (90, 60), colour)
        image.paste(tuple(c // 2 + 60 for c in colour), (30, 20, 60, 40))
        made[name] = folder / f"{name}.jpg"
        image.save(made[name], quality=92)
    return made


def write_video(path: Path, size: tuple[int, int], frames: int) -> Path:
    """A camera's pictures, red and then blue, ``frames`` of each; Chromium plays it in a circle."""
    parts = []
    for name in ("red", "blue"):
        stream = io.BytesIO()
        Image.new("RGB", size, COLOURS[name]).save(stream, "JPEG")
        parts.append(stream.getvalue() * frames)
    path.write_bytes(b"".join(parts))
    return path


@dataclass
class Visit:
    """A page that was opened.

    Attributes:
        page: the tab.
        faults: lines of its console, and errors.
        requests: all addresses that it asked for.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def ready(self) -> None:
        """Waits until the model is open."""
        expect(self.page.locator("#models option, #models")).not_to_have_count(0)
        expect(self.page.locator("#loading")).to_be_hidden()

    def home(self) -> None:
        """Back to the beginning, in English, with the first model."""
        for button in ("#fault-close", "#away"):
            if self.page.locator(button).is_visible():
                self.page.locator(button).click()
        if self.page.evaluate("document.documentElement.lang") != "en":
            self.page.locator("#language").click()
        models = self.page.locator("#models")
        if models.is_visible() and models.evaluate("e => e.selectedIndex") != 0:
            models.select_option(index=0)
        self.ready()

    def choose(self, photo: Path | dict[str, Any]) -> None:
        """Gives the page a photo as its file dialogue would."""
        self.page.set_input_files("#file", photo)

    def name(self, text: str | re.Pattern[str]) -> None:
        """Waits until this is the answer."""
        expect(self.page.locator("#name")).to_have_text(text)
        expect(self.page.locator("#answer")).to_be_visible()

    def fault(self, text: str) -> None:
        """Waits until this is said to have gone wrong."""
        expect(self.page.locator("#fault-text")).to_have_text(text)
        expect(self.page.locator("#fault")).to_be_visible()


@contextmanager
def visited(
    browser: Browser,
    server: Served,
    host: str = "localhost",
    init: str = "",
    path: str = "",
    **options: Any,
) -> Iterator[Visit]:
    """A visit of the page, phone-sized unless said otherwise; ``init`` runs before its scripts."""
    options = {"viewport": {"width": 390, "height": 844}, "locale": "en", **options}
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    expect.set_options(20_000)
    if init:
        context.add_init_script(init)
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.faults.append(message.text))
    visit.page.on("pageerror", lambda error: visit.faults.append(str(error)))
    context.on("request", lambda asked: visit.requests.append(asked.url))
    try:
        visit.page.goto(f"http://{host}:{server.port}/{path}")
        visit.ready()
        yield visit
    finally:
        context.close()
