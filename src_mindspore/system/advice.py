"""Commands that messages advise, spelt so that they work where they are printed."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from src_mindspore.system.terminal import shown_name

ROOT = Path(__file__).resolve().parents[2]  # of the project: the commands lie there


def advised(command: str, *arguments: str | Path) -> str:
    """A command of this project for the shell of whoever reads the message.

    Args:
        command: ``train.py``, or a module such as ``src_mindspore.doctor``.
        arguments: paths are as seen from the working folder.

    Returns:
        For example ``python train.py --run 'my run'``: with the interpreter of this process and
        the project's place where the shell would not find them by itself.
    """
    words = [_python(), *_script(command), *map(shell_word, arguments)]
    before = "" if command.endswith(".py") else _search_path()
    return before + " ".join(words)


def shell_word(word: str | Path) -> str:
    r"""The word as a shell reads it back; a path never looks like an option.

    What a terminal would obey or not show becomes ``$'\n'``, which bash, zsh and ksh read.
    """
    text = str(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = f"./{text}"
    if shown_name(text) == text:
        return shlex.quote(text)
    printable = (c if 32 <= c < 127 and c not in b"\\'" else None for c in os.fsencode(text))
    pairs = zip(printable, os.fsencode(text), strict=True)
    return "$'" + "".join(f"\\x{c:02x}" if p is None else chr(p) for p, c in pairs) + "'"


def _script(command: str) -> tuple[str, ...]:
    if not command.endswith(".py"):
        return "-m", command
    return (shell_word(_from_here(ROOT / command)),)


def _python() -> str:
    """``python`` where that is this interpreter."""
    found = shutil.which("python")
    mine = Path(sys.executable)
    if found and Path(found).absolute() == mine.with_name("python"):
        return "python"
    return shell_word(_from_here(mine))


def _search_path() -> str:
    """What has to stand before ``python -m`` to make the package found; nothing where it is."""
    before = os.environ.get("PYTHONPATH", "")
    if Path.cwd() == ROOT or str(ROOT) in before.split(os.pathsep):
        return ""
    return f"PYTHONPATH={shell_word(os.pathsep.join(filter(None, [str(ROOT), before])))} "


def _from_here(path: Path) -> Path:
    """Without the working folder, where the path is below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
