"""Commands run in this process: what they do and say is the same, and MindSpore is loaded already.

A process of its own takes three to five seconds to load MindSpore; this takes none. What only a
process can show (signals, kills, how it ends) and one run of every command stay with
``Workplace.run``.
"""

import importlib
import logging
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from unittest import mock

REPOSITORY = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_main(main: Callable[[], int | None], name: str, *arguments: str) -> tuple[int, str, str]:
    """Runs ``main`` as a command: exit status, both outputs, those of its children included."""
    from src_mindspore.system import command

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with ExitStack() as stack:
            stack.enter_context(_as_it_was())
            stack.enter_context(mock.patch.object(sys, "argv", [name, *arguments]))
            stack.enter_context(_redirected("stdout", 1, out.fileno()))
            stack.enter_context(_redirected("stderr", 2, err.fileno()))
            try:
                status = command.run(main)
            except SystemExit as ended:  # argparse: --help, or arguments that it refuses
                status = ended.code or 0
            except Exception:  # what it is to a user: a bug
                traceback.print_exc()
                status = 1
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return status, *texts


def call(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs ``SCRIPT.py ARGUMENTS`` or ``-m MODULE ARGUMENTS`` in a folder, to its end."""
    script, *arguments = shlex.split(command)
    module = _module(script) if script != "-m" else _module(arguments.pop(0))
    with mock.patch.dict(os.environ, environment), _working_in(folder):
        ended = run_main(module.main, module.__file__, *arguments)
    return subprocess.CompletedProcess(command, *ended)


def _module(script: str) -> ModuleType:
    """``benchmarks/latency.py`` is the module of that name, a package its ``__main__``."""
    module = importlib.import_module(script.removesuffix(".py").replace("/", "."))
    return importlib.import_module(f"{script}.__main__") if hasattr(module, "__path__") else module


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _redirected(name: str, number: int, file: int) -> Iterator[None]:
    """Python's stream and the descriptor below it, which MindSpore and children write to."""
    before, kept = getattr(sys, name), os.dup(number)
    before.flush()
    os.dup2(file, number)
    stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    setattr(sys, name, stream)
    try:
        yield
    finally:
        stream.flush()
        setattr(sys, name, before)
        os.dup2(kept, number)
        os.close(kept)


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Puts back what a command changes: log, signals, environment, CPUs, MindSpore's mode..."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    cpus = os.sched_getaffinity(0)
    listeners = {number: signal.getsignal(number) for number in SIGNALS}
    mindspore = sys.modules.get("mindspore")
    mode = mindspore.get_context("mode") if mindspore else None
    root.handlers = []  # pytest's own would keep the command from setting up its log
    try:
        with mock.patch.dict(os.environ), warnings.catch_warnings():
            yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        os.sched_setaffinity(0, cpus)
        for number, listener in listeners.items():
            signal.signal(number, listener)
        if mindspore:
            mindspore.set_context(mode=mode)
