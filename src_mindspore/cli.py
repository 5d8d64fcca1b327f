"""What all commands share: arguments with an example, messages, exit status."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

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


def run(command: Callable[[], int | None]) -> int:
    """Runs a command: 0 when it did its job, 2 for input it cannot use, 130 after Ctrl-C.

    A command that has a status of its own to give returns it.

    SIGTERM, which containers send before they kill, counts as Ctrl-C.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # MindSpore's own log level is an environment variable; warnings about its internals are not
    # the user's business, errors are
    os.environ.setdefault("GLOG_v", "3")

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        status = command()
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
        return status or OK
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE_INPUT
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `predict.py ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE_INPUT
    return OK
