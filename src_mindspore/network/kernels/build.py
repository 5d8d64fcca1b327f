"""The compiled kernels: one small library, made at its first use (about 10 seconds)."""

from pathlib import Path

from src_mindspore.compiled import build
from src_mindspore.compiled.build import FLAGS

SOURCES = Path(__file__).resolve().parent


def library(flags: tuple[str, ...] = FLAGS) -> Path:
    """The shared library; see ``compiled.build.library``, also for what it raises."""
    return build.library(SOURCES, "kernels", flags)
