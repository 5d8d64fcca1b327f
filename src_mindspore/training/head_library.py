"""The compiled head, ``head_kernels/head.cc``, called without the interpreter's lock."""

import ctypes
from ctypes import c_double, c_int64, c_void_p
from functools import cache
from pathlib import Path

import numpy as np

from src_mindspore.compiled import build

SOURCES = Path(__file__).resolve().parent / "head_kernels"
ACTIVATIONS = ("relu", "relu6", "tanh", "gelu")  # in the order of `Activation`
MOMENTUM, PLAIN, ADAM, ADAMW, RMSPROP = range(5)  # in the order of `Rules`
STATES = 3  # weights and two moments


class Call(ctypes.Structure):
    """``head::Call``, which says what the fields are."""

    _fields_ = (
        ("layers", c_int64),
        ("widths", c_void_p),
        ("activation", c_int64),
        ("binary", c_int64),
        ("rule", c_int64),
        ("threads", c_int64),
        ("dropout", c_double),
        ("on", c_double),
        ("off", c_double),
        ("momentum", c_double),
        ("decay", c_double),
        ("state", c_void_p * STATES),
        ("powers", c_void_p),
        ("features", c_void_p),
        ("rows", c_void_p),
        ("labels", c_void_p),
        ("class_weights", c_void_p),
        ("lr", c_void_p),
        ("photos", c_int64),
        ("batch", c_int64),
        ("first", c_int64),
        ("entropy", c_void_p),
        ("words", c_int64),
        ("sums", c_void_p),
        ("last_loss", c_void_p),
    )


@cache
def library() -> ctypes.CDLL:
    """The loaded library, compiled at its first use (about 5 seconds).

    Raises:
        UserError: see ``compiled.build.library``.
    """
    loaded = ctypes.CDLL(str(build.library(SOURCES, "head kernels")))
    functions = {
        "HeadSize": (c_int64, [c_int64, c_void_p]),
        "HeadCopy": (None, [c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_void_p, c_int64]),
        "HeadTrain": (c_int64, [ctypes.POINTER(Call)]),
        "HeadLogits": (
            None,
            [c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_int64, c_int64, c_void_p],
        ),
        "HeadDraws": (None, [c_void_p, c_int64, c_int64, c_int64, c_int64, c_void_p]),
    }
    for name, (result, arguments) in functions.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


def entropy_words(numbers: tuple[int, ...]) -> np.ndarray:
    """Whole numbers from 0 on as ``numpy.random.SeedSequence`` takes them apart: (n,) uint32."""
    words = []
    for number in numbers:
        words.append(number & 0xFFFFFFFF)
        while number := number >> 32:
            words.append(number & 0xFFFFFFFF)
    return np.array(words, np.uint32)
