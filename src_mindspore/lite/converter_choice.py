"""Which converter of MindSpore Lite there is, and how it is called.

Three ways, tried in this order:

1. a ``converter_lite`` of the official MindSpore Lite package, which the user names or has on the
   path;
2. an installed ``mindspore_lite`` Python module;
3. the libraries of ``mindspore-lite==2.0.0`` from the package registry (x86-64 Linux only).

The first two are given the MINDIR and, should their version not read it, the ONNX file. The third
is given the ONNX file only: version 2.0.0 reads MINDIR files up to format version 1, and MindSpore
2.10 writes version 3. A way that was found and then fails ends the conversion: what the user has
installed is not silently replaced by something older.
"""

import logging
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.lite.package import lite_home
from src_mindspore.system.child import run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.plain_path import lasting_plain_folder

log = logging.getLogger(__name__)

CONVERTER_ENV = "POCKETLENS_CONVERTER"
_CHILD = "src_mindspore.lite.converter_child"


@dataclass(frozen=True)
class Way:
    """A converter: its name, the formats it reads, and its command for one model."""

    tool: str
    formats: tuple[str, ...]
    command: Callable[[str, Path, Path, Path | None], list[str]]
    environment: dict[str, str]


def choose_way(converter: str | None, fp16: bool) -> Way:
    """The first of the ways that there is.

    Args:
        converter: a ``converter_lite`` that must be taken; None looks for one.
        fp16: whether it shall store float weights as float16.

    Raises:
        UserError: the named converter does not exist, or there is none for this machine.
    """
    named = converter or os.environ.get(CONVERTER_ENV)
    tool = shutil.which(named or "converter_lite")
    if named and tool is None:
        origin = "converter" if converter else CONVERTER_ENV
        raise UserError(
            f"{origin} must name an executable converter_lite, as a path or a name on the path;"
            f" got {named!r}"
        )
    if tool is not None:
        return _converter_lite(Path(tool).resolve(), fp16)
    if (version := _module_version()) is not None:
        return _own_child(f"mindspore_lite {version}", ("MINDIR", "ONNX"), ["module"], fp16)
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise UserError(
            "Writing a .ms file needs a converter of MindSpore Lite. The one that is fetched by"
            f" itself runs on x86-64 Linux, and this is {platform.machine()} {sys.platform}."
            f" Install the official MindSpore Lite package and set {CONVERTER_ENV} to its"
            " converter_lite, or install its Python module mindspore_lite; or convert on an x86-64"
            " Linux machine."
        )
    way = ["libraries", "--lib", str(lite_home() / "lib")]
    return _own_child("mindspore-lite 2.0.0 libraries", ("ONNX",), way, fp16)


def _converter_lite(tool: Path, fp16: bool) -> Way:
    def command(framework: str, model: Path, out_base: Path, config: Path | None) -> list[str]:
        arguments = [str(tool), f"--fmk={framework}", f"--modelFile={model}"]
        # The cloud build of the package would write a .mindir by default.
        arguments += [f"--outputFile={out_base}", "--saveType=MINDIR_LITE"]
        arguments += ["--fp16=on"] if fp16 else []
        return arguments if config is None else [*arguments, f"--configFile={config}"]

    # PACKAGE/tools/converter/converter/converter_lite has its libraries in
    # PACKAGE/tools/converter/lib, and some builds need PACKAGE/runtime/lib as well.
    folders = [tool.parents[1] / "lib"]
    if len(tool.parents) > 3:
        folders.append(tool.parents[3] / "runtime" / "lib")
    libraries = [str(lasting_plain_folder(f)) for f in folders if f.is_dir()]
    if before := os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(before)
    environment = {"LD_LIBRARY_PATH": os.pathsep.join(libraries)} if libraries else {}
    version = re.search(r"mindspore-lite-(\d[\w.]*)", str(tool))
    name = f"converter_lite {version[1]} ({tool})" if version else f"converter_lite ({tool})"
    return Way(name, ("MINDIR", "ONNX"), command, environment)


def _own_child(tool: str, formats: tuple[str, ...], way: list[str], fp16: bool) -> Way:
    def command(framework: str, model: Path, out_base: Path, config: Path | None) -> list[str]:
        arguments = [sys.executable, "-m", _CHILD, *way, f"--fmk={framework}"]
        arguments += [f"--model={model}", f"--out={out_base}"]
        arguments += ["--fp16"] if fp16 else []
        return arguments if config is None else [*arguments, f"--config={config}"]

    return Way(tool, formats, command, _child_environment())


def _child_environment() -> dict[str, str]:
    # So that the child finds this package from any working folder.
    root = str(lasting_plain_folder(Path(__file__).resolve().parents[2]))  # no colon in it
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": root + os.pathsep + before if before else root}


def _module_version() -> str | None:
    """The version of the installed ``mindspore_lite``, or None when it cannot be imported."""
    ended = run_child([sys.executable, "-m", _CHILD, "probe"], _child_environment(), 120)
    if (how := ended.failure()) is not None:
        log.debug("no usable mindspore_lite module: %s\n%s", how, ended.describe())
        return None
    version = re.search(r"^mindspore_lite (\S+)$", ended.log, re.MULTILINE)
    return version[1] if version else "of unknown version"
