"""MindSpore Lite files: a MINDIR or an ONNX file becomes a ``.ms`` file for the phone.

A converter may abort its whole process on a model it does not like, so it never runs in this one.
"""

import logging
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.lite.converter_choice import Way, choose_way
from src_mindspore.system.child import Ended, run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.keep_cpus import keep_to_cpus
from src_mindspore.system.plain_path import plain_folder
from src_mindspore.system.threads import thread_count
from src_mindspore.system.write import sync_folder

log = logging.getLogger(__name__)

# The full quantisation of a MobileNetV2 with 100 photos takes about 80 s on two cores.
TIMEOUT_SECONDS = 1800.0

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
    way = choose_way(converter, fp16)
    tries = [(name, path) for name, path in sources.items() if name in way.formats]
    failures = []
    out.parent.mkdir(parents=True, exist_ok=True)
    for framework, source in tries:
        ended, failure = _convert(way, framework, source, out, config_text, timeout)
        if failure is None:
            return Conversion(out, way.tool, source, ended.seconds, ended.log)
        log.warning("%s did not convert %s: %s", way.tool, source, failure)
        failures.append(f"{way.tool} did not convert {source}: {failure}\n{ended.describe()}")
    raise ConversionError("\n".join(failures))


def _convert(
    way: Way, framework: str, source: Path, out: Path, config_text: str | None, timeout: float
) -> tuple[Ended, str | None]:
    """One run of the converter; ``out`` is there after a success, and nothing else ever is.

    Returns:
        How it ended, and why that is no success; None where it is.
    """
    with tempfile.TemporaryDirectory(
        prefix=".convert-", dir=out.parent, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
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
        return ended, failure


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
