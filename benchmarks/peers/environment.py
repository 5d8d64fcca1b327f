"""A virtual environment for the engines that are not the project's own."""

import hashlib
import logging
import shutil
import subprocess
import sys
from pathlib import Path

from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.errors import UserError

log = logging.getLogger(__name__)

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements-peers.txt"


def peers_python(requirements: Path = REQUIREMENTS) -> Path:
    """The Python of an environment with these requirements; made in the cache the first time.

    It is apart from the project's own environment because MindSpore needs NumPy 1.

    Raises:
        UserError: it cannot be made, most often for want of a network.
    """
    wanted = requirements.read_bytes() + sys.version.encode()
    folder = cache_dir() / f"peers-{hashlib.sha256(wanted).hexdigest()[:12]}"
    python, finished = folder / "bin" / "python", folder / "finished"
    if finished.is_file():
        return python
    log.info("making %s with %s: downloads, once", folder, requirements.name)
    with writing_cache():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(folder)], requirements)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--retries", "2", "--no-input", "-r", str(requirements)], requirements)
    finished.touch()
    return python


def _run(command: list[str], requirements: Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if ended.returncode:
        lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()]
        raise UserError(
            f"The environment with {requirements} cannot be made: {' '.join(command[:4])} ended"
            f" with status {ended.returncode}: {(errors or lines or ['no message'])[-1].strip()}\n"
            "It needs a network; --engines or --parties leaves the peers out."
        )
