"""A served page in Chromium, for benchmarks/web.py: visits, a film for a camera, memory."""

import functools
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from src_mindspore.system.errors import UserError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

VIEW = {"width": 1280, "height": 720}
TIMEOUT = 120.0  # seconds
LOOK = 100  # ms between two looks at a page; each takes some of its time
# when the model is open, by the clock that begins with the navigation; answers of the worker
WATCH = """
window.readyAt = 0;
window.answers = 0;
window.Worker = class extends Worker {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => {
      if (data.about) window.readyAt = performance.now();
      if (data.answer) window.answers += 1;
    });
  }
};
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves it as ``python -m http.server`` does; gives the address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def chromium(film: Path) -> Iterator["Browser"]:
    """Starts it, with the film in place of a camera.

    Raises:
        UserError: there is none.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise UserError("there is no chromium; scripts/install_device_tools.sh installs it")
    options = ["--no-sandbox", "--use-fake-ui-for-media-stream"]
    options += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(browser: "Browser", url: str) -> Iterator["Page"]:
    """A first visit of the page, its model open; nothing is kept by a service worker."""
    context: BrowserContext = browser.new_context(
        viewport=VIEW, permissions=["camera"], service_workers="block"
    )
    context.add_init_script(WATCH)
    page = context.new_page()
    try:
        page.goto(url)
        until(page, "window.readyAt > 0")
        yield page
    finally:
        context.close()


def until(page: "Page", condition: str) -> None:
    """Waits until an expression is true.

    Raises:
        UserError: it is not after ``TIMEOUT``.
    """
    end = time.monotonic() + TIMEOUT
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise UserError(f"the page did not get so far in {TIMEOUT:.0f} s: {condition}")
        page.wait_for_timeout(LOOK)


def held(page: "Page") -> dict[str, float]:
    """Memory in MB: of the processes that run pages, and of JavaScript's living objects."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    renderers = sum(map(proportional, renderer_processes()))
    return {"processes": round(renderers, 1), "heap": round(heap / 1e6, 2)}


def renderer_processes() -> list[Path]:
    """Of the browsers that this process has started."""
    parents, renderers = {}, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            parents[entry.name] = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            if b"--type=renderer" in (entry / "cmdline").read_bytes():
                renderers.append(entry)
        except OSError:  # it has ended
            continue
    own = str(os.getpid())

    def ours(process: str) -> bool:
        while process in parents and process != own:
            process = parents[process]
        return process == own

    return [entry for entry in renderers if ours(entry.name)]


def proportional(process: Path) -> float:
    """Its proportional set size, MB."""
    for line in (process / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0
