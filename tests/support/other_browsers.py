"""Firefox and WebKitGTK, without a window: a tab that can be sent to a page, and asked.

Firefox is spoken to by its own remote protocol (Marionette: messages of JSON with their length in
front), WebKitGTK by the W3C's WebDriver; neither needs a driver that is fetched from elsewhere.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

SECONDS = 90  # for one answer
MINI_BROWSER = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"
# as a script of WebDriver: calls a function with a value, and answers when its promise does
CALL = """
const done = arguments[arguments.length - 1];
Promise.resolve().then(() => ({})(arguments[0]))
  .then((value) => done([true, value === undefined ? null : value]))
  .catch((error) => done([false, String(error)]));
"""


class Tab:
    """What of a browser's tab is used; the names are Playwright's.

    Args:
        command: sends one of WebDriver's: name of Marionette, path and method of the W3C, values.
    """

    def __init__(self, command: Callable[[str, str, dict[str, Any]], Any]) -> None:
        self._command = command
        command("WebDriver:SetTimeouts", "timeouts", {"script": SECONDS * 1000})

    def goto(self, url: str) -> None:
        """Opens a page."""
        self._command("WebDriver:Navigate", "url", {"url": url})

    def evaluate(self, function: str, value: Any = None) -> Any:
        """What a function of the page, or its promise, gives."""
        script = CALL.replace("({})", f"({function})", 1)
        values = {"script": script, "args": [value]}
        done, answer = self._command("WebDriver:ExecuteAsyncScript", "execute/async", values)
        assert done, answer
        return answer


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _until(ready: Callable[[], Any]) -> Any:
    """What it gives at last; it is tried until it raises no OSError."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return ready()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def _running(command: list[str], **environment: str) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


@contextmanager
def firefox() -> Iterator[Tab]:
    """Starts Firefox; skips the test where there is none."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        pytest.skip("there is no firefox; scripts/install_device_tools.sh long installs it")
    port = _free_port()
    with tempfile.TemporaryDirectory() as profile:
        (Path(profile) / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
        command = [path, "--headless", "--marionette", "--no-remote", "--profile", profile]
        with _running(command, HOME=profile):
            connection = _until(lambda: socket.create_connection(("127.0.0.1", port), SECONDS))
            with connection, connection.makefile("rb") as stream:
                yield Tab(_Marionette(connection, stream))


class _Marionette:
    def __init__(self, connection: socket.socket, stream: Any) -> None:
        self._connection, self._stream, self._count = connection, stream, 0
        self._read()  # it greets
        self("WebDriver:NewSession", "", {})

    def __call__(self, name: str, _path: str, values: dict[str, Any]) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, name, values]).encode()
        self._connection.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._read()
        assert error is None, error
        return result["value"] if result.keys() == {"value"} else result

    def _read(self) -> Any:
        length = b""
        while (character := self._stream.read(1)) != b":":
            assert character, "firefox has ended"
            length += character
        return json.loads(self._stream.read(int(length)))


@contextmanager
def webkit() -> Iterator[Tab]:
    """Starts WebKitGTK's small browser on a screen that nobody sees; skips where there is none."""
    found = sorted(Path("/").glob(MINI_BROWSER[1:]))
    if not (found and shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        pytest.skip(
            "there is no WebKitGTK with its driver and Xvfb; scripts/install_device_tools.sh long "
            "installs them"
        )
    port, screen = _free_port(), f":{_free_port()}"
    display = ["Xvfb", screen, "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    driver = ["WebKitWebDriver", f"--port={port}"]
    # without a graphics card, and as root without a sandbox of its own
    how = {"DISPLAY": screen, "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
    how |= {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "GDK_BACKEND": "x11"}
    with (
        tempfile.TemporaryDirectory() as home,
        _running(display),
        _running(driver, **how, HOME=home, XDG_RUNTIME_DIR=home),
    ):
        session = _w3c(f"http://127.0.0.1:{port}/session", str(found[-1]))
        try:
            yield Tab(lambda _name, path, values: _post(f"{session}/{path}", values))
        finally:
            request = urllib.request.Request(session, method="DELETE")  # noqa: S310 - its own
            with suppress(OSError):
                urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def _w3c(url: str, binary: str) -> str:
    """Begins a session; its address."""
    options = {"binary": binary, "args": ["--automation"]}
    wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
    return f"{url}/{_until(lambda: _post(url, wanted))['sessionId']}"


def _post(url: str, values: dict[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the driver's own address
        url, json.dumps(values).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:  # noqa: S310
        return json.load(reply)["value"]
