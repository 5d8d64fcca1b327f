"""ONNX Runtime Web: the two files that the page needs of it, fetched once from the npm registry."""

import gzip
import hashlib
import logging
import os
import shlex
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from src_mindspore.system.cache import cache_dir, path_in, temporary_folder, writing_cache
from src_mindspore.system.child import run_child
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import atomic_path, sha256_of
from src_mindspore.web.node import npm_command

log = logging.getLogger(__name__)

PACKAGE = "onnxruntime-web@1.30.0"  # MIT
TARBALL = "onnxruntime-web-1.30.0.tgz"
TARBALL_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
TARBALL_MB = 33
ENV = "POCKETLENS_ORT_WEB"
SCRIPT = "ort.wasm.bundle.min.js"  # .mjs in the package; older servers send that as a wrong type
WASM = "ort-wasm-simd-threaded.wasm.gz"
LICENSE = Path(__file__).with_name("onnxruntime_license.txt")  # the package carries none
_FETCH_SECONDS = 1800.0
# what is kept, by its name: the member of the tarball, and the SHA-256 of that
_MEMBERS: Mapping[str, tuple[str, str]] = {
    SCRIPT: (
        "package/dist/ort.wasm.bundle.min.mjs",
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    WASM: (
        "package/dist/ort-wasm-simd-threaded.wasm",
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
}


def runtime_files() -> list[Path]:
    """Script and gzipped WebAssembly, whole, on the local disk.

    ``$POCKETLENS_ORT_WEB`` may name the package's tarball.

    Raises:
        UserError: they cannot be had, or are not what is expected.
    """
    folder = cache_dir() / TARBALL.removesuffix(".tgz")
    files = [folder / name for name in _MEMBERS]
    local = _named_tarball()
    if local is None and all(_whole(file) for file in files):
        return files
    with writing_cache(), temporary_folder(cache_dir()) as temporary:
        tarball = local or _fetched(temporary)
        if (got := sha256_of(tarball)) != TARBALL_SHA256:
            raise UserError(
                f"{tarball} is not the expected {TARBALL}: its SHA-256 is {got}, and only "
                f"{TARBALL_SHA256} is accepted"
            )
        _unpack(tarball, folder)
    return files


def _named_tarball() -> Path | None:
    value = os.environ.get(ENV)
    if not value:
        return None
    path = path_in(ENV, value)
    if not path.is_file():
        raise UserError(f"{ENV} must name the file {TARBALL}; got {path}, which is no file")
    return path


def _whole(file: Path) -> bool:
    with suppress(OSError, EOFError, ValueError):  # not there, or damaged
        content = file.read_bytes()
        content = gzip.decompress(content) if file.suffix == ".gz" else content
        return hashlib.sha256(content).hexdigest() == _MEMBERS[file.name][1]
    return False


def _unpack(tarball: Path, folder: Path) -> None:
    """Of a tarball whose content is known."""
    with tarfile.open(tarball) as archive:
        for name, (member, _) in _MEMBERS.items():
            stream = archive.extractfile(member)
            content = stream.read() if stream else b""
            if name.endswith(".gz"):
                content = gzip.compress(content, 9, mtime=0)  # the same bytes every time
            with atomic_path(folder / name) as temporary:
                temporary.write_bytes(content)


def _fetched(folder: Path) -> Path:
    log.info("downloading ONNX Runtime Web: %s, %d MB", PACKAGE, TARBALL_MB)
    start = time.monotonic()
    try:
        npm = npm_command()
    except UserError as error:
        raise _missing(f"npm is not here, and\n{error}") from None
    # few retries: without network the message should come in seconds
    options = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--ignore-scripts"]
    command = [*npm, "pack", PACKAGE, f"--pack-destination={folder}", "--loglevel=error", *options]
    ended = run_child(command, {"npm_config_update_notifier": "false"}, _FETCH_SECONDS)
    if failure := ended.failure():
        raise _missing(f"npm: {failure}\n{ended.describe()}")
    if not (folder / TARBALL).is_file():
        raise _missing(f"npm wrote {[path.name for path in folder.iterdir()]}, not {TARBALL}")
    log.info("downloaded it in %.0f s", time.monotonic() - start)
    return folder / TARBALL


def _missing(reason: str) -> UserError:
    return UserError(
        f"The page needs ONNX Runtime Web, which is not in the cache {cache_dir()}, and fetching "
        f"{PACKAGE} failed: {reason}\n"
        f"On a machine with network access run\n    {shlex.join(['npm', 'pack', PACKAGE])}\n"
        f"then set {ENV} to the file here, for example\n    export {ENV}=/path/to/{TARBALL}"
    )
