"""Words: both languages say the same of the same, and names stay text."""

import re
import string

import pytest
from workplace import REPOSITORY

from src_mindspore.report.language import Both, words
from src_mindspore.report.words import WORDS

ROOM = REPOSITORY / "src_mindspore" / "report"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_have_the_same_fields(key: str) -> None:
    english, chinese = WORDS[key]
    assert fields(english) == fields(chinese)
    # each language is in its own place; the switch names the other one
    assert english.replace("“", "").replace("”", "").isascii() or key == "language"


def test_every_text_that_is_used_is_there_and_every_text_is_used() -> None:
    code = "\n".join(p.read_text() for p in (*ROOM.glob("*.html"), *ROOM.glob("*.py")))
    used = set(re.findall(r"""\b(?:t|words)\(\s*"(\w+)"[,)]""", code))
    assert used <= set(WORDS)
    # those whose keys are put together, and those of a loop in numbers.html
    loose = {key for key in WORDS if not key.startswith(("nav_", "stage_", "step_", "map_"))}
    assert loose - used == {"left_out", "excluded", "skipped"}


def test_names_stay_text() -> None:
    name = Both("<img src=x onerror=alert(1)>", "قطة & <b>")
    html = words("tile_worst", name=name).__html__()
    assert "<img" not in html
    assert "<b>" not in html
    assert "worst class: &lt;img src=x onerror=alert(1)&gt;" in html
    assert "最差类别：قطة &amp; &lt;b&gt;" in html
    assert Both("a<b", "a<b").__html__() == "a&lt;b"
    assert Both("a", "b").plain == "a / b"
