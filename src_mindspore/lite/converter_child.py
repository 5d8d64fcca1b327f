"""The half of the MindSpore Lite conversion that may die: it is run as a process of its own.

The converter library answers some malformed models by aborting the whole process. Its calls
therefore live here, in a module that only ever runs as
``python -m src_mindspore.lite.converter_child``, imports nothing but the standard library, and
reports by its exit status:

* 0: the model was written,
* 1: the converter refused it (the reason is on the output),
* 2: wrong arguments,
* 3: the libraries or the ``mindspore_lite`` module could not be loaded,
* a signal: the converter took the process down.
"""

import argparse
import ctypes
import os
import sys
from pathlib import Path
from typing import Any

LOAD_FAILED = 3

# Load order: each library finds those it needs already loaded, under their own short names, so
# neither LD_LIBRARY_PATH nor a run path is needed.
CONVERTER_LIBS = (
    "libmindspore_glog.so.0",
    "libmindspore_core.so",
    "libopencv_core.so.4.5",
    "libopencv_imgproc.so.4.5",
    "libopencv_imgcodecs.so.4.5",
    "libmslite_converter_plugin.so",
    "libmindspore_converter.so",
)

# mindspore::converter::FmkType and mindspore::ModelType of the 2.0 headers.
FRAMEWORKS = {"ONNX": 2, "MINDIR": 3}
SAVE_MINDIR_LITE = 4

# Mangled C++ names (Itanium ABI) of libmindspore_converter.so 2.0.0 and libmindspore_core.so.
_CONSTRUCT = "_ZN9mindspore9ConverterC1Ev"
_CONVERT = "_ZN9mindspore9Converter7ConvertENS_9converter7FmkTypeERKSt6vectorIcSaIcEES7_S7_"
_STATUS_CODE = "_ZNK9mindspore6StatuscviEv"

# Converter setters: option -> (mangled name, ctypes type of its one argument). A further option
# of the converter is one more line here and one more value in `_settings`.
_SETTERS: dict[str, tuple[str, Any]] = {
    "save_type": ("_ZN9mindspore9Converter11SetSaveTypeENS_9ModelTypeE", ctypes.c_int),
    "weight_fp16": ("_ZN9mindspore9Converter13SetWeightFp16Eb", ctypes.c_bool),
    "config_file": (
        "_ZN9mindspore9Converter13SetConfigFileERKSt6vectorIcSaIcEE",
        ctypes.c_void_p,
    ),
}


class CharVector(ctypes.Structure):
    """A ``std::vector<char>`` that C++ only reads.

    libstdc++ keeps a vector as three pointers: first element, one past the last, and one past
    the allocated storage. The bytes belong to Python and outlive the call; C++ gets a const
    reference and never frees or grows them.
    """

    _fields_ = (
        ("begin", ctypes.c_void_p),
        ("end", ctypes.c_void_p),
        ("capacity", ctypes.c_void_p),
    )

    def __init__(self, text: str) -> None:
        data = text.encode()
        self._keep_alive = ctypes.create_string_buffer(data, max(len(data), 1))
        start = ctypes.addressof(self._keep_alive)
        super().__init__(start, start + len(data), start + len(data))


def convert_with_libraries(
    lib: Path, framework: str, model: Path, out_base: Path, settings: dict[str, Any]
) -> int:
    """Converts with the libraries of the MindSpore Lite 2.0.0 package.

    Args:
        lib: the folder that holds `CONVERTER_LIBS`.
        framework: a key of `FRAMEWORKS`.
        model: the model to convert.
        out_base: the file to write, without its ``.ms``.
        settings: values for `_SETTERS`; the strings are file names.

    Returns:
        The converter's status code, 0 when it succeeded.

    Raises:
        OSError: a library is missing or cannot be loaded.
    """
    loaded = [ctypes.CDLL(str(lib / name), mode=ctypes.RTLD_GLOBAL) for name in CONVERTER_LIBS]
    core, library = loaded[1], loaded[-1]
    # Both objects are one std::shared_ptr (two pointers); the room is more than they need. They
    # are not destroyed: the process ends right after.
    converter = ctypes.create_string_buffer(64)
    status = ctypes.create_string_buffer(64)

    construct = library[_CONSTRUCT]
    construct.argtypes, construct.restype = [ctypes.c_void_p], None
    construct(converter)
    kept = []
    for option, value in settings.items():
        symbol, kind = _SETTERS[option]
        if isinstance(value, str):
            kept.append(CharVector(value))
            value = ctypes.addressof(kept[-1])
        setter = library[symbol]
        setter.argtypes, setter.restype = [ctypes.c_void_p, kind], None
        setter(converter, value)

    # Status has a destructor, so the caller passes the place for it as a hidden first argument,
    # before `this`.
    convert = library[_CONVERT]
    convert.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int] + [ctypes.c_void_p] * 3
    convert.restype = None
    names = [CharVector(str(model)), CharVector(str(out_base)), CharVector("")]
    convert(status, converter, FRAMEWORKS[framework], *(ctypes.addressof(n) for n in names))

    code = core[_STATUS_CODE]
    code.argtypes, code.restype = [ctypes.c_void_p], ctypes.c_int
    return int(code(status))


def convert_with_module(
    framework: str, model: Path, out_base: Path, config: Path | None, fp16: bool
) -> None:
    """Converts with an installed ``mindspore_lite`` of any 2.x version.

    Raises:
        ImportError: the module is not installed or cannot be loaded.
        RuntimeError: the converter refused the model.
    """
    import mindspore_lite as lite

    converter = lite.Converter()
    converter.save_type = lite.ModelType.MINDIR_LITE
    if fp16:
        converter.weight_fp16 = True
    converter.convert(
        getattr(lite.FmkType, framework),
        str(model),
        str(out_base),
        config_file="" if config is None else str(config),
    )


def _settings(config: Path | None, fp16: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {"save_type": SAVE_MINDIR_LITE}
    if fp16:
        settings["weight_fp16"] = True
    if config is not None:
        settings["config_file"] = str(config)
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m src_mindspore.lite.converter_child", description=__doc__
    )
    ways = parser.add_subparsers(dest="way", required=True)
    ways.add_parser("probe", help="print the version of the installed mindspore_lite")
    for way in ("libraries", "module"):
        sub = ways.add_parser(way)
        sub.add_argument("--fmk", choices=sorted(FRAMEWORKS), required=True)
        sub.add_argument("--model", type=Path, required=True)
        sub.add_argument("--out", type=Path, required=True, help="file to write, without .ms")
        sub.add_argument("--config", type=Path, help="INI file of the converter")
        sub.add_argument("--fp16", action="store_true", help="store float weights as float16")
        if way == "libraries":
            sub.add_argument("--lib", type=Path, required=True, help="folder of the libraries")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs one conversion; see the module's text for the exit status."""
    args = _parser().parse_args(argv)
    try:
        if args.way == "probe":
            import mindspore_lite

            version = getattr(mindspore_lite, "__version__", "of unknown version")
            sys.stdout.write(f"mindspore_lite {version}\n")
        elif args.way == "module":
            convert_with_module(args.fmk, args.model, args.out, args.config, args.fp16)
        else:
            settings = _settings(args.config, args.fp16)
            code = convert_with_libraries(args.lib, args.fmk, args.model, args.out, settings)
            if code != 0:
                sys.stderr.write(f"the converter returned status {code}\n")
                return 1
    except (ImportError, OSError, AttributeError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return LOAD_FAILED
    except (RuntimeError, TypeError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaves without running the libraries' own clean-up, which is not needed and has no part in
    # whether the conversion succeeded.
    os._exit(status)
