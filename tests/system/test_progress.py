"""What a person at a terminal sees of long work, and that files and pipes get nothing of it."""

import io
import logging
from contextlib import redirect_stderr

import pytest

from src_mindspore.system.progress import scored_rounds
from src_mindspore.system.sparkline import BARS, WIDTH, shows_bars, sparkline


class Terminal(io.StringIO):
    """What is written to a terminal with colour."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([0.5], "▄"),
        ([0.5, 0.5], "▄▄"),
        ([0, 1], "▁█"),
        ([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97], BARS),
        ([1, 0, 1], "█▁█"),
    ],
)
def test_a_bar_each(values, line) -> None:
    assert sparkline(values) == line


def test_old_values_leave_but_keep_the_scale() -> None:
    line = sparkline([0.0, *[0.5] * WIDTH, 1.0])
    assert len(line) == WIDTH
    assert BARS[0] not in line
    assert line[-1] == BARS[-1]


def test_a_terminal_shows_scores_and_time_left(terminal) -> None:
    with redirect_stderr(terminal), scored_rounds(4, "head, val top-1", [0.5]) as shown:
        shown(0.75)
        shown(None)
    text = terminal.getvalue()
    assert "head, val top-1" in text
    assert "▁█ 75.00%" in text
    assert "3/4" in text
    assert "epoch/s" in text or "s/epoch" in text


@pytest.mark.parametrize(
    ("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("encoding", "latin-1")]
)
def test_a_plain_terminal_has_none(terminal, monkeypatch, variable, value) -> None:
    if variable == "encoding":
        monkeypatch.setattr(Terminal, "encoding", value)
    else:
        monkeypatch.setenv(variable, value)
    with redirect_stderr(terminal), scored_rounds(2, "head") as shown:
        shown(0.5)
    assert terminal.getvalue() == ""


def test_a_pipe_has_none() -> None:
    stream = io.StringIO()
    assert not shows_bars(stream)
    with redirect_stderr(stream), scored_rounds(2, "head") as shown:
        shown(0.5)
    assert stream.getvalue() == ""


def test_log_lines_stay_lines_above_the_bars(terminal) -> None:
    log = logging.getLogger("test_progress")
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    try:
        with redirect_stderr(terminal), scored_rounds(2, "head") as shown:
            log.warning("epoch 1 has ended")
            shown(0.5)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "epoch 1 has ended\n" in terminal.getvalue()
