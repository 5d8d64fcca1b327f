"""A ``.ms`` file, run by MindSpore Lite through the C++ library of ``deploy/cpp``."""

from pathlib import Path

from src_mindspore.evaluation.model import Runner
from src_mindspore.lite.library import device_library
from src_mindspore.lite.runtime import LiteModel
from src_mindspore.spec.model import ModelSpec


def open_model(file: Path, spec: ModelSpec, sha256: str, machine: str | None) -> Runner:
    """See ``model.load_model``; the library reads the spec and the file's hash itself."""
    library = device_library(machine)
    return Runner(LiteModel(library, file).run, library.runtime)
