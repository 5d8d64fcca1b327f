"""Commands seen from outside: exit status, standard output, standard error."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRELUDE = """
import logging, sys, time
from src_mindspore.system import command
from src_mindspore.system.errors import UserError
log = logging.getLogger("src_mindspore.x")
def main():
    {body}
sys.exit(command.run(main))
"""


def start(body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE.format(body=body)],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("body", "status", "out", "err"),
    [
        ("print('done')", 0, "done\n", ""),
        ("log.info('%d photos', 3); log.debug('x')", 0, "", "3 photos\n"),
        ("raise UserError('size must be 1; got 2')", 2, "", "error: size must be 1; got 2\n"),
        ("print('half'); raise KeyboardInterrupt", 130, "half\n", "stopped\n"),
        (
            "raise OSError(28, 'No space left', 'x')",
            2,
            "",
            "error: [Errno 28] No space left: 'x'\n",
        ),
    ],
    ids=["done", "log", "unusable", "interrupted", "full disk"],
)
def test_status(body, status, out, err):
    process = start(body)
    assert process.communicate(timeout=30) == (out, err)
    assert process.returncode == status


def test_what_a_message_quotes_cannot_speak_to_the_terminal():
    body = "log.warning('a\\x1b[2J'); print('\\udcff'); raise UserError('b\\x1b\\n  c')"
    with start(body) as process:
        assert process.communicate(timeout=30) == (
            "\\udcff\n",
            "a\\x1b[2J\nerror: b\\x1b\n  c\n",
        )
        assert process.returncode == 2


def test_no_memory_is_one_message():
    with start("raise MemoryError('for 3 GB')") as process:
        assert process.communicate(timeout=30) == ("", "error: not enough memory: for 3 GB\n")
        assert process.returncode == 2


def test_an_error_that_comes_of_being_stopped():
    body = "import os\n    try: os.kill(os.getpid(), 2)\n    except KeyboardInterrupt: 1 / 0"
    with start(body) as process:
        assert process.communicate(timeout=30) == ("", "stopped\n")
        assert process.returncode == 130


@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.2, 1.6])
def test_stopped_while_mindspore_loads(seconds):
    body = "print('ready', flush=True); import mindspore; time.sleep(30)"
    with start(body) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "stopped\n")
        assert process.returncode == 130


def test_nohup_is_respected():
    body = "print('ready', flush=True); time.sleep(0.5); print('done')"
    nohup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start(body)
    finally:
        signal.signal(signal.SIGHUP, nohup)
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.communicate(timeout=30) == ("done\n", "")
        assert process.returncode == 0


def test_a_bug_is_no_user_error():
    process = start("1 / 0")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith("Traceback")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name
)
def test_signals(number):
    with start("print('ready', flush=True); time.sleep(30)") as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.communicate(timeout=30) == ("", "stopped\n")
        assert process.returncode == 130


# a module that passes for MindSpore, in whose code a stop must not be raised
LIBRARY = """
import types
library = types.ModuleType("mindspore.compiler")
exec('''
import time
def compile():
    try:
        time.sleep(1)
    except BaseException:
        pass
''', vars(library))
def main():
    print("ready", flush=True)
    library.compile()
    print("compiled", flush=True)
    time.sleep(30)
"""


READY = "print('ready', flush=True)\n    try: time.sleep(30)\n    "


@pytest.mark.parametrize(
    ("body", "signals", "said"),
    [
        ("pass\n" + LIBRARY, ("SIGTERM",), "stopped\n"),
        (READY + "finally: time.sleep(30)", ("SIGTERM", "SIGINT"), ""),
        (READY + "except BaseException: 1 / 0", ("SIGINT",), "stopped\n"),
    ],
    ids=["waits for MindSpore", "a second is at once", "becomes another error"],
)
def test_a_stop(body, signals, said):
    with start(body) as process:
        assert process.stdout.readline() == "ready\n"
        for name in signals:
            time.sleep(0.3)  # it is in what comes next
            process.send_signal(signal.Signals[name])
        assert process.communicate(timeout=20) == ("", said)
        assert process.returncode == 130


@pytest.mark.parametrize(
    "more", ["print('x' * 100_000)", "time.sleep(0.5); print('x')"], ids=["within", "at the end"]
)
def test_a_reader_that_goes_away(more):
    with start(f"print('first', flush=True); {more}") as process:
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 0


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", ["train", "evaluate", "predict", "export"])
def test_help_ends_with_an_example(name):
    result = script(f"{name}.py", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"example: python {name}.py " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("train.py",), "--config is needed, for example configs/garbage.yaml"),
        (("train.py", "--resume"), "--resume"),
        (("train.py", "--config", "none.yaml"), "the config "),
        (("train.py", "--config", "configs/demo.yaml"), "no data: "),
    ],
)
def test_unusable_arguments(arguments, text):
    result = script(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    assert "error: " in last
    assert text in last
    assert "Traceback" not in result.stderr


PROGRESS = """
import logging, sys
from src_mindspore.system.progress import progress
logging.basicConfig(level=logging.INFO, format="%(message)s")
with progress(40, "features", quiet={quiet}) as step:
    step(40)
"""


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_without_a_terminal_is_at_most_a_line(quiet):
    result = script("-c", PROGRESS.format(quiet=quiet))
    assert result.stdout == ""
    if quiet:
        assert result.stderr == ""
    else:
        assert result.stderr.startswith("features: 40 photos in ")
        assert result.stderr.count("\n") == 1
