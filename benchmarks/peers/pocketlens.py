"""The C functions of deploy/cpp in this process, for timing.

The project's commands run the library in a process of its own (``src_mindspore.lite.runtime``); a
call through a pipe would add the transfer of the image to the time.
"""

import ctypes
from pathlib import Path

import numpy as np


class _Options(ctypes.Structure):
    """``pl_options`` of pocketlens.h."""

    _fields_ = (
        ("threads", ctypes.c_int32),
        ("affinity", ctypes.c_int32),
        ("fp16", ctypes.c_int32),
    )


class _Info(ctypes.Structure):
    """``pl_info`` of pocketlens.h."""

    _fields_ = (
        ("classes", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("layout", ctypes.c_int32),
        ("probabilities", ctypes.c_int32),
        ("tensor_values", ctypes.c_size_t),
        ("model_bytes", ctypes.c_size_t),
    )


class Pocketlens:
    """An open model; it stays open until the process ends.

    Args:
        library: ``libpocketlens.so``.
        model: a ``.ms`` file; ``spec.json`` lies beside it.
        threads: of the runtime.

    Raises:
        RuntimeError: the library refuses the model.
    """

    def __init__(self, library: Path, model: Path, threads: int) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.pl_last_error.restype = ctypes.c_char_p
        self._library.pl_default_options.restype = _Options
        self._run = self._library.pl_run
        size = ctypes.c_size_t
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, size, ctypes.c_void_p, size]
        options = self._library.pl_default_options()
        options.threads = threads
        self._lens = ctypes.c_void_p()
        path = str(model).encode()
        self._check(
            self._library.pl_open(path, None, ctypes.byref(options), ctypes.byref(self._lens))
        )
        self.info = _Info()
        self._check(self._library.pl_get_info(self._lens, ctypes.byref(self.info)))

    def run(self, image: np.ndarray) -> np.ndarray:
        """One float32 tensor in the model's layout -> the raw outputs, (classes,) float32."""
        scores = np.empty(self.info.classes, np.float32)
        self._check(
            self._run(self._lens, image.ctypes.data, image.size, scores.ctypes.data, scores.size)
        )
        return scores

    def _check(self, status: int) -> None:
        if status != 0:
            raise RuntimeError(self._library.pl_last_error().decode(errors="replace"))
