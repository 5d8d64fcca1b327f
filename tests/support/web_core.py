"""The page's own modules, run by node: one process answers many questions."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_suffix(".mjs")


class WebCore:
    """Asks the program; see its tasks."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The reply; paths may be given as they are."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"do": do, **request}, default=str) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, "the program has ended"
        return json.loads(line)

    def good(self, do: str, **request: Any) -> dict[str, Any]:
        """As ``ask``, of what must not fail."""
        reply = self.ask(do, **request)
        assert reply["ok"], (do, request, reply)
        return reply


@contextmanager
def web_core() -> Iterator[WebCore]:
    """Starts node with the page's modules; skips the test where there is none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node; scripts/install_device_tools.sh installs it")
    process = subprocess.Popen(
        [node, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield WebCore(process)
    finally:
        process.kill()
        process.communicate()
