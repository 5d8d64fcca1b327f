"""The page's worker in a real browser, asked from Python."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from playwright.sync_api import Browser
from web_site import Served

# An `ask` that sends a request and waits for its reply; bytes are base64 on the way here and there.
START = """() => {
  const worker = new Worker(new URL("worker.js", location.href), { type: "module" });
  const waiting = new Map();
  let count = 0;
  worker.addEventListener("message", ({ data }) => {
    if (data.progress) return;
    waiting.get(data.id)(data);
    waiting.delete(data.id);
  });
  worker.addEventListener("error", (event) => {
    for (const tell of waiting.values()) tell({ ok: false, fault: `worker: ${event.message}` });
  });
  const plain = (value) => {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      let text = "";
      for (let at = 0; at < bytes.length; at += 32768)
        text += String.fromCharCode(...bytes.subarray(at, at + 32768));
      return { floats: btoa(text) };
    }
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
  };
  window.ask = ({ base64, ...request }) =>
    new Promise((resolve) => {
      const id = count++;
      waiting.set(id, (reply) => resolve(plain(reply)));
      const message = { id, ...request };
      if (base64 !== undefined) {
        message.bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
      }
      worker.postMessage(message, message.bytes ? [message.bytes] : []);
    });
}"""


class Tab(Protocol):
    """What is used of a browser's tab."""

    def goto(self, url: str) -> Any:
        """Opens a page."""
        ...

    def evaluate(self, function: str, value: Any = None) -> Any:
        """What a function of the page, or its promise, gives."""
        ...


@dataclass(frozen=True)
class Worker:
    """Asks it; see its protocol in deploy/web/worker.js."""

    page: Tab

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The reply; arrays of numbers as NumPy's."""
        return _arrays(self.page.evaluate("request => ask(request)", {"do": do, **request}))

    def good(self, do: str, **request: Any) -> dict[str, Any]:
        """As ``ask``, of what must not fail."""
        reply = self.ask(do, **request)
        assert reply["ok"], (do, reply)
        return reply

    def photo(self, content: bytes | Path, do: str = "photo", **more: Any) -> dict[str, Any]:
        """The reply to an image file, with its tensor."""
        content = content.read_bytes() if isinstance(content, Path) else content
        text = base64.b64encode(content).decode()
        return self.ask(do, base64=text, keep="tensor", topk=3, **more)


def _arrays(value: Any) -> Any:
    if isinstance(value, list):
        return [_arrays(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"floats"}:
        return np.frombuffer(base64.b64decode(value["floats"]), np.float32)
    return {key: _arrays(v) for key, v in value.items()}


def started(page: Tab, site: Served, folder: str) -> Worker:
    """The worker of a served page, with the model in ``folder`` open."""
    # any document of the same origin will do: the page itself would start a worker of its own, and
    # Firefox shows JSON in a page that may not
    page.goto(f"{site.url}app.css")
    page.evaluate(START)
    worker = Worker(page)
    worker.good("open", folder=folder)
    return worker


@contextmanager
def worker_of(browser: Browser, site: Served, folder: str) -> Iterator[Worker]:
    """See ``started``; in Chromium."""
    context = browser.new_context()
    try:
        yield started(context.new_page(), site, folder)
    finally:
        context.close()
