"""What a comparison keeps: found again only as it was written, and for the very same question."""

import numpy as np
import pytest

from src_mindspore.comparison.results import (
    FOLDS,
    REPORT,
    ComparisonFolder,
    FoldResult,
    fold_key,
)
from src_mindspore.system.errors import UserError

PARTS = {"train": [("aa", 0), ("bb", 1)], "test": [("cc", 0)]}
KEY = fold_key("recipe", PARTS, {"classes": ["x", "y"]}, 1)


@pytest.fixture
def folder(tmp_path):
    opened = []

    def open_() -> ComparisonFolder:
        opened.append(ComparisonFolder(tmp_path / "out"))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def kept(folder: ComparisonFolder) -> FoldResult:
    result = FoldResult(np.arange(6, dtype=np.float32).reshape(2, 3), 1.5, {"head": 3})
    folder.keep(KEY, result, {"config": "a"})
    return result


def test_every_part_of_the_question_is_in_the_name() -> None:
    relabelled = {**PARTS, "test": [("cc", 1)]}
    moved = {"train": [("aa", 0)], "test": [("bb", 1), ("cc", 0)]}
    turned = {"train": PARTS["train"][::-1], "test": PARTS["test"]}
    about = {"classes": ["x", "y"]}
    others = [
        fold_key("other", PARTS, about, 1),
        fold_key("recipe", relabelled, about, 1),
        fold_key("recipe", moved, about, 1),
        fold_key("recipe", turned, about, 1),
        fold_key("recipe", PARTS, {"classes": ["x", "z"]}, 1),
        fold_key("recipe", PARTS, about, 2),
    ]
    assert len({KEY, *others}) == 7
    assert fold_key("recipe", PARTS, about, 1) == KEY


def test_a_result_is_found_by_the_next_process(folder) -> None:
    first = folder()
    assert first.find(KEY) is None
    result = kept(first)
    first.close()
    found = folder().find(KEY)
    assert np.array_equal(found.logits, result.logits)
    assert found.logits.dtype == np.float32
    assert (found.seconds, found.epochs) == (1.5, {"head": 3})


def test_a_damaged_result_is_nobodys_result(folder) -> None:
    first = folder()
    kept(first)
    file = first.path / FOLDS / f"{KEY}.npz"
    file.write_bytes(file.read_bytes()[:-40])
    assert first.find(KEY) is None
    with pytest.raises(UserError, match="replaces only what it wrote itself"):
        first.check_free([KEY])
    with pytest.raises(UserError, match="replaces only what it wrote itself"):
        kept(first)


def test_a_new_folder_in_which_nothing_was_kept_is_gone(tmp_path) -> None:
    out = tmp_path / "out"
    ComparisonFolder(out).close()
    assert not out.exists()
    one = ComparisonFolder(out)
    kept(one)
    one.close()
    ComparisonFolder(out).close()  # one of an earlier call
    assert ComparisonFolder(out).find(KEY)


def test_a_folder_of_something_else_is_left_alone(tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match=r"compare\.py did not fill it: it has mine\.txt"):
        ComparisonFolder(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_report_that_somebody_changed_is_not_replaced(folder) -> None:
    first = folder()
    with first.files.path(REPORT) as path:
        path.write_text("table")
    first.close()
    folder().close()  # as it was written: in nobody's way
    (first.path / REPORT).write_text("my notes")
    with pytest.raises(UserError, match=rf"somebody has changed since: {REPORT}"):
        folder()


def test_what_is_no_number_is_not_kept(folder) -> None:
    with pytest.raises(UserError, match="no numbers"):
        folder().keep(KEY, FoldResult(np.array([[np.nan]], np.float32), 1.0), {})
