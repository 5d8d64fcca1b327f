"""A ``.ms`` file in the MindSpore Lite runtime: the C++ library of ``deploy/cpp``, from Python.

The library runs in child processes, never in this one: MindSpore and MindSpore Lite bring
libraries of the same names, of which a process can have only one; a damaged model may take the
runtime down; and a program for another processor can be run by an emulator. The requests and
answers are those of ``deploy/cpp/examples/serve/serve.cc``.
"""

import queue
import selectors
import signal
import struct
import subprocess
import tempfile
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.lite.library import DeviceLibrary
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import thread_count

ANSWER_SECONDS = 300.0  # an emulated int8 photo takes a second; nothing takes a minute
_RUN, _PREPARE_PIXELS, _PREPARE_IMAGE = 1, 2, 3
_REQUEST = struct.Struct("=IIIIQ")  # what, width, height, orientation, bytes that follow
_REPLY = struct.Struct("=iIdQ")  # status, 0, milliseconds, bytes that follow
_OPENED = struct.Struct("=iiiii")  # classes, height, width, layout, probabilities
_NHWC = 1


@dataclass(frozen=True)
class Answer:
    """What the library gave back: its float32 values and the time it worked on them."""

    values: np.ndarray
    milliseconds: float


class LiteProcess:
    """One process with one open model. It is used by one thread at a time.

    Args:
        library: the compiled library.
        file: a ``.ms`` file; ``spec.json`` lies beside it.
        threads: of the runtime.

    Raises:
        UserError: the library refuses the model, or ends.
    """

    def __init__(self, library: DeviceLibrary, file: Path, threads: int) -> None:
        self._file = file
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [*library.serve, "--threads", str(threads), str(file.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        try:
            opened = self._answer().values.tobytes()
        except BaseException:
            self.close()
            raise
        self.classes, self.height, self.width, layout, _ = _OPENED.unpack(opened)
        self.nhwc = layout == _NHWC

    def run(self, tensor: np.ndarray) -> Answer:
        """One normalised image, (3, H, W) float32 -> the model's raw outputs, (classes,)."""
        expected = (3, self.height, self.width)
        if tensor.shape != expected or tensor.dtype != np.float32:
            raise ValueError(f"an image is {expected} float32; got {tensor.shape} {tensor.dtype}")
        laid = tensor.transpose(1, 2, 0) if self.nhwc else tensor
        return self._ask(_RUN, np.ascontiguousarray(laid).tobytes())

    def prepare_pixels(self, pixels: np.ndarray, orientation: int = 1) -> np.ndarray:
        """(H, W, 3) uint8 RGB of any size -> the input tensor, (3, H, W) float32.

        ``orientation``: how to turn the photo upright, as EXIF numbers it, 1..8.
        """
        height, width = pixels.shape[:2]
        data = np.ascontiguousarray(pixels, np.uint8).tobytes()
        return self._tensor(self._ask(_PREPARE_PIXELS, data, width, height, orientation))

    def prepare_image(self, data: bytes) -> np.ndarray:
        """The bytes of a JPEG or PNG -> the input tensor, (3, H, W) float32.

        Raises:
            UserError: also when the library was compiled without the decoders, as
                ``library.device_library`` does.
        """
        return self._tensor(self._ask(_PREPARE_IMAGE, data))

    def close(self) -> None:
        """Ends the process."""
        for stream in (self._process.stdin, self._process.stdout):
            stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _tensor(self, answer: Answer) -> np.ndarray:
        if not self.nhwc:
            return answer.values.reshape(3, self.height, self.width)
        return answer.values.reshape(self.height, self.width, 3).transpose(2, 0, 1)

    def _ask(self, what: int, data: bytes, *numbers: int) -> Answer:
        width, height, orientation = numbers or (0, 0, 0)
        request = _REQUEST.pack(what, width, height, orientation, len(data))
        try:
            self._write(request)
            self._write(data)
        except BrokenPipeError:
            raise self._ended() from None
        return self._answer()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._process.stdin.write(rest) :]

    def _answer(self) -> Answer:
        status, _, milliseconds, size = _REPLY.unpack(self._read(_REPLY.size))
        data = self._read(size)
        if status != 0:
            raise UserError(data.decode(errors="replace"))
        return Answer(np.frombuffer(data, np.float32), milliseconds)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        end = time.monotonic() + ANSWER_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while len(data) < size:
                if not selector.select(max(0.0, end - time.monotonic())):
                    self._process.kill()
                    raise UserError(
                        f"{self._file}: no answer of MindSpore Lite in {ANSWER_SECONDS:.0f} s"
                    )
                part = self._process.stdout.read(size - len(data))
                if not part:
                    raise self._ended()
                data += part
        return bytes(data)

    def _ended(self) -> UserError:
        """The error for a process that is gone."""
        code = self._process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        said = f": {lines[-1]}" if lines else ""
        return UserError(f"{self._file}: MindSpore Lite ended with {how}{said}")


class LiteModel:
    """A ``.ms`` file that works on many images: up to ``thread_count()`` processes of a thread.

    The first is started here, and the others when there are images for them.

    Args:
        library: the compiled library.
        file: a ``.ms`` file; ``spec.json`` lies beside it.
        processes: how many; None is ``thread_count()``.

    Raises:
        UserError: the library refuses the model.
    """

    def __init__(self, library: DeviceLibrary, file: Path, processes: int | None = None) -> None:
        self._library, self._file = library, file
        self._idle: queue.SimpleQueue[LiteProcess] = queue.SimpleQueue()
        self._opened: list[LiteProcess] = []
        # ends the processes when the model is no longer used, at the latest with the program
        self._close = weakref.finalize(self, _close_all, self._opened)
        self._count = processes or thread_count()
        self._open(1)

    def _open(self, processes: int) -> None:
        """Sees to it that there are so many processes."""
        while len(self._opened) < processes:
            self._opened.append(LiteProcess(self._library, self._file, threads=1))
            self._idle.put(self._opened[-1])

    def run(self, images: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """(n, 3, H, W) float32, normalised -> the model's raw outputs, (n, classes) float32."""

        def one(image: np.ndarray) -> np.ndarray:
            process = self._idle.get()
            try:
                return process.run(image).values
            finally:
                self._idle.put(process)

        self._open(min(self._count, len(images)))
        with ThreadPoolExecutor(self._count) as pool:
            return np.stack(list(pool.map(one, images)))

    def close(self) -> None:
        """Ends the processes."""
        self._close()


def _close_all(processes: list[LiteProcess]) -> None:
    for process in processes:
        process.close()
