"""A real browser for pages: Debian's Chromium, without a window."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

LOOKS = [(400, "light"), (400, "dark"), (1400, "light"), (1400, "dark")]


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Starts it, with options of its command line; skips the test where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no chromium; scripts/install_device_tools.sh installs it")
    with sync_playwright() as play:
        # in a container its own sandbox has no rights
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", *options])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page and what it did.

    Attributes:
        page: to look at, and to click.
        faults: lines in its console, and errors.
        requests: all that it asked for, besides itself and what is in it.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def quiet(self) -> None:
        """Nothing was said in the console, and nothing fetched."""
        assert self.faults == []
        assert self.requests == []

    def seen(self, selector: str) -> None:
        """Waits until an element is in the part of the page that is shown."""
        found = self.page.locator(selector)
        found.wait_for(state="visible")
        expect(found).to_be_in_viewport()


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    width: int = 1400,
    scheme: str = "light",
    language: str = "en",
    script: bool = True,
) -> Iterator[Opened]:
    """A page as a person opens it, from the disk, with the network switched off."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale=language,
        java_script_enabled=script,
        offline=True,
    )
    context.set_default_timeout(10_000)
    found = Opened(context.new_page())
    url = file.resolve().as_uri()
    found.page.on("console", lambda message: found.faults.append(message.text))
    found.page.on("pageerror", lambda error: found.faults.append(str(error)))
    found.page.on(
        "request",
        lambda asked: (
            found.requests.append(asked.url)
            if asked.url.partition("#")[0] != url and not asked.url.startswith("data:")
            else None
        ),
    )
    try:
        found.page.goto(url)
        yield found
    finally:
        context.close()
