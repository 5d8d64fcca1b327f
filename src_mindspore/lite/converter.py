"""MindSpore Lite files: a MINDIR or an ONNX file becomes a ``.ms`` file for the phone.

Three ways, tried in this order:

1. a ``converter_lite`` of the official MindSpore Lite package, which the user names or has on the
   path;
2. an installed ``mindspore_lite`` Python module;
3. the libraries of ``mindspore-lite==2.0.0`` from the package registry (x86-64 Linux only).

The first two are given the MINDIR and, should their version not read it, the ONNX file. The third
is given the ONNX file only: version 2.0.0 reads MINDIR files up to format version 1, and MindSpore
2.10 writes version 3. A way that was found and then fails ends the conversion: what the user has
installed is not silently replaced by something older.

A converter may abort its whole process on a model it does not like, so it never runs in this one.
"""

import logging
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.lite.package import lite_home
from src_mindspore.system.child import Ended, run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.keep_cpus import keep_to_cpus
from src_mindspore.system.plain_path import lasting_plain_folder, plain_folder
from src_mindspore.system.threads import thread_count
from src_mindspore.system.write import sync_folder

log = logging.getLogger(__name__)

CONVERTER_ENV = "POCKETLENS_CONVERTER"
# The full quantisation of a MobileNetV2 with 100 photos takes about 80 s on two cores.
TIMEOUT_SECONDS = 1800.0

_CHILD = "src_mindspore.lite.converter_child"
_MODEL_NAME, _CONFIG = "model", "converter.cfg"


class ConversionError(UserError):
    """The converter ran and did not write a usable file; the text tells what it said."""


@dataclass(frozen=True)
class Conversion:
    """A finished conversion.

    Attributes:
        path: the ``.ms`` file.
        tool: what wrote it, for example ``mindspore-lite 2.0.0 libraries``.
        source: the file it was made of.
        seconds: how long that took.
        log: what the converter printed; the middle of a long one is left out.
    """

    path: Path
    tool: str
    source: Path
    seconds: float
    log: str


@dataclass(frozen=True)
class _Way:
    """A converter: its name, the formats it reads, and its command for one model."""

    tool: str
    formats: tuple[str, ...]
    command: Callable[[str, Path, Path, Path | None], list[str]]
    environment: dict[str, str]


def convert_to_ms(
    out: Path,
    onnx: Path,
    mindir: Path | None = None,
    *,
    converter: str | None = None,
    config_text: str | None = None,
    fp16: bool = False,
    timeout: float = TIMEOUT_SECONDS,
) -> Conversion:
    """Converts a model to MindSpore Lite's format.

    The file gets its name only when the converter reported success; until then it is in a
    temporary folder beside it, and after a failure nothing of it is left.

    Args:
        out: the file to write; its name ends in ``.ms``.
        onnx: the model as ONNX.
        mindir: the same model as MINDIR, for converters that read it.
        converter: a ``converter_lite``, as a path or a name on the path. Without it
            ``$POCKETLENS_CONVERTER`` and then ``converter_lite`` on the path are looked for.
        config_text: the converter's configuration (INI), for example for quantisation. File names
            in it should be absolute.
        fp16: store float weights as float16.
        timeout: seconds after which one run of the converter is ended.

    Returns:
        The conversion.

    Raises:
        ConversionError: the converter refused the model, died, or wrote nothing.
        UserError: a file or the named converter does not exist, or no converter can be had.
    """
    if out.suffix != ".ms":
        raise UserError(f"The name of a MindSpore Lite file must end in .ms, got {out}")
    sources = {"ONNX": onnx} if mindir is None else {"MINDIR": mindir, "ONNX": onnx}
    for source in sources.values():
        if not source.is_file():
            raise UserError(f"The model to convert must be a file, got {source}")
    way = _choose_way(converter, fp16)
    tries = [(name, path) for name, path in sources.items() if name in way.formats]
    failures = []
    out.parent.mkdir(parents=True, exist_ok=True)
    for framework, source in tries:
        folder = Path(tempfile.mkdtemp(prefix=".convert-", dir=out.parent))
        try:
            config = None
            if config_text is not None:
                config = folder / _CONFIG
                config.write_text(config_text, encoding="utf-8")
            real = source.resolve()
            with plain_folder(real.parent) as beside, plain_folder(folder) as below:
                command = way.command(
                    framework, beside / real.name, below / _MODEL_NAME, config and below / _CONFIG
                )
                # its threads are two at least, and each goes to a CPU of its own choice
                command = keep_to_cpus(thread_count(), command)
                ended = run_child(command, way.environment, timeout)
            failure = _failure(ended, folder)
            if failure is None:
                _install(folder / f"{_MODEL_NAME}.ms", out)
                return Conversion(out, way.tool, source, ended.seconds, ended.log)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        log.warning("%s did not convert %s: %s", way.tool, source, failure)
        failures.append(f"{way.tool} did not convert {source}: {failure}\n{ended.describe()}")
    raise ConversionError("\n".join(failures))


def _failure(ended: Ended, folder: Path) -> str | None:
    """Why a run is not a success, or None when it is."""
    if (how := ended.failure()) is not None:
        return how
    results = re.findall(r"CONVERT RESULT (\S+)", ended.log)
    if any(result != "SUCCESS:0" for result in results):
        return f"it printed CONVERT RESULT {results[-1]}"
    model = folder / f"{_MODEL_NAME}.ms"
    if not model.is_file():
        written = sorted(p.name for p in folder.iterdir()) or "nothing"
        return f"it reported success, but wrote {written} and no .ms file"
    if model.stat().st_size == 0:
        return "it reported success, but the file it wrote is empty"
    return None


def _install(model: Path, out: Path) -> None:
    model.chmod(0o644)  # the converter leaves it readable by its owner only
    with model.open("rb") as stream:
        os.fsync(stream.fileno())
    model.replace(out)
    sync_folder(out.parent)


def _choose_way(converter: str | None, fp16: bool) -> _Way:
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


def _converter_lite(tool: Path, fp16: bool) -> _Way:
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
    return _Way(name, ("MINDIR", "ONNX"), command, environment)


def _own_child(tool: str, formats: tuple[str, ...], way: list[str], fp16: bool) -> _Way:
    def command(framework: str, model: Path, out_base: Path, config: Path | None) -> list[str]:
        arguments = [sys.executable, "-m", _CHILD, *way, f"--fmk={framework}"]
        arguments += [f"--model={model}", f"--out={out_base}"]
        arguments += ["--fp16"] if fp16 else []
        return arguments if config is None else [*arguments, f"--config={config}"]

    return _Way(tool, formats, command, _child_environment())


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
