"""What all commands share: arguments with an example, messages, exit status."""

import argparse
import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from src_mindspore.errors import UserError
from src_mindspore.terminal import shown

OK, UNUSABLE_INPUT, INTERRUPTED = 0, 2, 130


def parser(description: str, example: str) -> argparse.ArgumentParser:
    """An argument parser whose ``--help`` ends with an example."""
    return argparse.ArgumentParser(
        description=description,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a model in any of its forms, see ``inference.load_model``."""
    parser.add_argument(
        "model",
        type=Path,
        help="a run folder, or a .ckpt, .mindir, .onnx or .ms beside its spec.json",
    )
    parser.add_argument(
        "--machine",
        choices=("x86_64", "aarch64"),
        help="processor to run a .ms for (default: this one; aarch64 takes qemu-user elsewhere)",
    )


def run(command: Callable[[], None]) -> int:
    """Runs a command: 0 when it did its job, 2 for input it cannot use, 130 after Ctrl-C.

    SIGTERM, which containers send before they kill, and SIGHUP of a terminal that is closed count
    as Ctrl-C. What is none of these is a bug and keeps its traceback.
    """
    _prepare_output()
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()
        if _imports_mindspore(frame):
            _say("stopped")
            os._exit(INTERRUPTED)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup and a shell's "&" have it
            signal.signal(number, stop)
    try:
        command()
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:  # the reader of our output has gone, as in `predict.py ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if stopped.is_set():  # libraries, while they are imported, make other errors of it
            return _stopped()
        if not isinstance(error, UserError | OSError | MemoryError):
            raise
        # OSError: a full disk, a folder that may not be written
        text = f"not enough memory: {error}" if isinstance(error, MemoryError) else str(error)
        _say(f"error: {text}")
        return UNUSABLE_INPUT
    for number in (signal.SIGINT, signal.SIGTERM):  # the work is done, the libraries clean up
        signal.signal(number, signal.SIG_IGN)
    return OK


def _imports_mindspore(frame: FrameType | None) -> bool:
    """Whether MindSpore 2.10 is being imported: half of it aborts the process when that exits.

    Nothing has been done by then that would have to be undone.
    """
    while frame:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "mindspore":
            return True
        frame = frame.f_back
    return False


def _prepare_output() -> None:
    """Makes both outputs take any text, and keeps from them what only developers understand."""
    # a name that is not UTF-8, a label in Chinese where the locale has no Chinese
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Shown("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Pillow's remarks on the metadata of photos, which are not used
    warnings.filterwarnings("ignore", module=r"PIL\.")
    # MindSpore's own log level is an environment variable; warnings about its internals are not
    # the user's business, errors are
    os.environ.setdefault("GLOG_v", "3")


class _Shown(logging.Formatter):
    """Messages may hold names of files and classes."""

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter``."""
        return shown(super().format(record))


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(shown(text), file=sys.stderr)


def _stopped() -> int:
    """From here on another Ctrl-C ends the process at once, without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _say("stopped")
    return INTERRUPTED
