"""What all commands share: arguments with an example, messages, exit status."""

import argparse
import io
import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown
from src_mindspore.system.threads import VARIABLE, parse_threads

OK, UNUSABLE_INPUT, INTERRUPTED = 0, 2, 130
STDOUT = Path("-")  # where a file to be written is asked for


def parser(description: str, example: str) -> argparse.ArgumentParser:
    """An argument parser whose ``--help`` ends with an example."""
    return argparse.ArgumentParser(
        description=description,
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a model in any of its forms, see ``evaluation.model.load_model``."""
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
    parser.add_argument(
        "--engine",
        choices=("auto", "onnxruntime", "mindspore"),
        help="what runs a run folder or .ckpt (default: auto, which is onnxruntime on a CPU, its "
        "first answers checked against MindSpore)",
    )


def check_whole(
    parser: argparse.ArgumentParser, *options: tuple[str, int | None, int, int]
) -> None:
    """Ends with status 2 where an option is not within its limits.

    Args:
        parser: of the command.
        options: name, value (None: it was not given), least and greatest value.
    """
    for option, value, low, high in options:
        if value is not None and not low <= value <= high:
            parser.error(f"{option} is a whole number, {low} to {high:,}; got {value}")


def check_range(parser: argparse.ArgumentParser, *options: tuple[str, float | None, int]) -> None:
    """Ends with status 2 where an option is not within 0 and its limit.

    Args:
        parser: of the command.
        options: name, value (None: it was not given) and greatest value.
    """
    for option, value, high in options:
        if value is not None and not 0 <= value <= high:
            parser.error(f"{option} is 0 to {high}; got {value:g}")


def print_json(answer: Mapping[str, Any]) -> None:
    """An object as a line of standard output, at once."""
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def add_abstaining(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The two options, one of which may say when a model abstains; see ``check_abstaining``."""
    limits = parser.add_mutually_exclusive_group()
    limits.add_argument(
        "--min-score",
        type=float,
        metavar="X",
        help="abstain, as not sure, below this score of a label, 0 to 1 (default: what the model's "
        "spec.json says, if it does); 0 answers always",
    )
    limits.add_argument(
        "--precision",
        type=float,
        metavar="P",
        help="abstain below the score that reached this precision on the validation photos, 0 to 1",
    )


def check_abstaining(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends with status 2 where an option of ``add_abstaining`` is not within its limits."""
    check_range(parser, ("--min-score", args.min_score, 1), ("--precision", args.precision, 1))


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The number of threads; the command hands it to ``threads.use_threads`` once it is parsed."""
    parser.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help=f"threads to work in, at most the CPUs here (default: ${VARIABLE}, else what the "
        "process may use: its CPUs, a container's quota)",
    )


def _threads(text: str) -> int:
    try:
        return parse_threads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class Stop:
    """Turns the first signal into KeyboardInterrupt; a second ends the process at once.

    Inside MindSpore 2.10 the interrupt waits until its code has returned to ours: raised while a
    graph is compiled it would be lost, or become another error. While MindSpore is imported nothing
    has been done that would have to be undone: the process ends there.
    """

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Takes the signals over, but for those that nohup, or a shell's "&", has switched off."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self)

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.asked:
            os._exit(INTERRUPTED)
        self.asked = True
        if not _inside(frame, "mindspore"):
            raise KeyboardInterrupt
        if _inside(frame, "mindspore", "<module>"):
            _stopped()
        sys.setprofile(self._returning)

    @staticmethod
    def _returning(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and not _inside(frame.f_back, "mindspore"):
            sys.setprofile(None)
            raise KeyboardInterrupt


def _inside(frame: FrameType | None, package: str, function: str | None = None) -> bool:
    """Whether a frame, or one that called it, is of a package; a ``function`` is its own alone."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if function is None and module.partition(".")[0] == package:
            return True
        if module == package and frame.f_code.co_name == function:
            return True
        frame = frame.f_back
    return False


def run(command: Callable[[], int | None]) -> int:
    """Runs a command: 0 when it did its job, 2 for input it cannot use, 130 after Ctrl-C.

    A command that has a status of its own to give returns it.

    SIGTERM, which containers send before they kill, and SIGHUP of a terminal that is closed count
    as Ctrl-C, see ``Stop``. What is none of these is a bug and keeps its traceback.
    """
    _prepare_output()
    stop = Stop()
    stop.listen()
    try:
        status = command()
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
    except KeyboardInterrupt:
        _stopped()
    except Exception as error:
        if stop.asked:  # it may have become another error
            _stopped()
        return _failed(error)
    for number in (signal.SIGINT, signal.SIGTERM):  # the work is done, the libraries clean up
        signal.signal(number, signal.SIG_IGN)
    return status or OK


def _failed(error: Exception) -> int:
    """The exit status, after a message where it is the input's fault; bugs are raised again."""
    if isinstance(error, BrokenPipeError):
        # the reader of our output has gone, as in `predict.py ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    # OSError: a full disk, a folder that may not be written
    if not isinstance(error, UserError | OSError | MemoryError):
        raise error
    _say(f"error: {'not enough memory: ' * isinstance(error, MemoryError)}{error}")
    return UNUSABLE_INPUT


def _stopped() -> NoReturn:
    """Ends the process here: MindSpore's clearing up at exit aborts where it is half loaded."""
    with suppress(OSError):
        sys.stdout.flush()
    _say("stopped")
    os._exit(INTERRUPTED)


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(shown(text), file=sys.stderr, flush=True)


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
