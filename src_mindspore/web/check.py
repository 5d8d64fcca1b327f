"""The page's own code on photos, run by Node.js: what the page will say of them."""

import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from src_mindspore.system.errors import UserError
from src_mindspore.web.page import SOURCE

RUNTIME = "ONNX Runtime Web (node)"
PROGRAM = SOURCE / "check.js"
_START_SECONDS = 120.0
_PHOTO_SECONDS = 30.0  # the largest photos take one, on a slow computer


def said_by_page(
    node: Path, model: Path, runtime: Path, photos: Iterable[np.ndarray], count: int, classes: int
) -> np.ndarray:
    """Probabilities as the page gives them, from pixels to temperature.

    Args:
        node: the program.
        model: the folder of ``model.onnx`` and ``spec.json``.
        runtime: the folder of ONNX Runtime Web.
        photos: upright, (height, width, 3) uint8 RGB; one after another is held in memory.
        count: how many they are.
        classes: of the model.

    Returns:
        (count, classes) float64.

    Raises:
        UserError: the program failed or hung; the text has what it said.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [str(node), str(PROGRAM), str(model), str(runtime)],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
        )
        # a program that hangs does not read, and would be written to for ever
        watch = threading.Timer(_START_SECONDS + _PHOTO_SECONDS * count, process.kill)
        watch.start()
        try:
            _send(process, photos)
            status = process.wait()
        finally:
            watch.cancel()
            process.kill()
            process.wait()
        answer, said = _content(out), _content(err).decode(errors="replace").strip()
    if status != 0:
        raise UserError(f"the page's code failed on {model} (exit status {status}): {said}")
    if len(answer) != count * classes * 4:
        raise UserError(
            f"the page's code gave {len(answer)} bytes for {count} photos of {classes} classes"
        )
    return np.frombuffer(answer, "<f4").reshape(count, classes).astype(np.float64)


def _send(process: "subprocess.Popen[bytes]", photos: Iterable[np.ndarray]) -> None:
    """Until it no longer reads; why is told by its end."""
    stream = process.stdin
    if stream is None:
        raise ValueError("a program with a pipe is needed")
    with suppress(BrokenPipeError), stream:
        for pixels in photos:
            height, width, _ = pixels.shape
            stream.write(struct.pack("<II", width, height))
            stream.write(np.ascontiguousarray(pixels).data)


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()
