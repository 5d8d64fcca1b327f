"""What all commands share: arguments with an example, messages, exit status."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from src_mindspore.errors import UserError

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


class Stop:
    """Turns the first signal into KeyboardInterrupt; a second ends the process at once.

    Inside MindSpore the interrupt waits until its code has returned to ours: raised while a graph
    is compiled it would be lost, or become another error, and its import does not survive it.
    """

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.asked:
            os._exit(INTERRUPTED)
        self.asked = True
        if not _inside_mindspore(frame):
            raise KeyboardInterrupt
        sys.setprofile(self._returning)

    @staticmethod
    def _returning(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and not _inside_mindspore(frame.f_back):
            sys.setprofile(None)
            raise KeyboardInterrupt


def _inside_mindspore(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "mindspore":
            return True
        frame = frame.f_back
    return False


def run(command: Callable[[], None]) -> int:
    """Runs a command: 0 when it did its job, 2 for input it cannot use, 130 after Ctrl-C.

    SIGTERM, which containers send before they kill, counts as Ctrl-C; see ``Stop``.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # MindSpore's own log level is an environment variable; warnings about its internals are not
    # the user's business, errors are
    os.environ.setdefault("GLOG_v", "3")
    stop = Stop()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        command()
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
    except KeyboardInterrupt:
        return _stopped()
    except Exception as error:
        return _stopped() if stop.asked else _failed(error)  # it may have become another error
    return OK


def _stopped() -> NoReturn:
    """Ends the process here: MindSpore's clearing up at exit aborts where it is half loaded."""
    sys.stdout.flush()
    print("stopped", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)


def _failed(error: Exception) -> int:
    """The exit status, after a message where it is the input's fault; bugs are raised again."""
    if isinstance(error, BrokenPipeError):
        # the reader of our output has gone, as in `predict.py ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    if isinstance(error, UserError | OSError):  # OSError: a full disk, a folder that is read-only
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE_INPUT
    raise error
