"""A whole search at toy width: what is tried, chosen, kept and written."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from search_ground import CLASSES, FOLDS, PHOTOS, toy_base, toy_config, toy_ground, toy_groups

from src_mindspore.comparison.figures import Answers, Scored, compared
from src_mindspore.config.load import load_config
from src_mindspore.search import trials as trials_module
from src_mindspore.search.figures import report_of
from src_mindspore.search.halving import BRACKET, panels, rungs
from src_mindspore.search.kept import SearchFolder
from src_mindspore.search.report import best_config, markdown, table, words, write_report
from src_mindspore.search.run import Limits, Search
from src_mindspore.search.settings import settings_of
from src_mindspore.search.space import draw, each_alone
from src_mindspore.search.trials import Trials
from src_mindspore.system.errors import UserError

HEADS = 80


def searched(folder, limits=None, out="out", written=False) -> SimpleNamespace:
    """A search with its report; the folder's lock is given back."""
    base = toy_base(folder)
    kept = SearchFolder(folder / out)
    try:
        search = Search(base, Trials(toy_ground(), kept), limits or Limits(HEADS, None, 1))
        try:
            search.run()
            stopped = False
        except KeyboardInterrupt:
            stopped = True
        report = None
        if search.found.candidates:
            report = report_of(search.found, search.trials, toy_groups(), ["said of it"])
            if written:  # the picture takes half a second
                write_report(report, kept, toy_config(folder), {})
    finally:
        kept.close()
    return SimpleNamespace(
        search=search, found=search.found, trials=search.trials, report=report, stopped=stopped
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    done = searched(folder, written=True)
    done.folder = folder
    return done


def test_the_table_comes_first_then_whole_brackets(whole) -> None:
    found = whole.found
    changes = each_alone(found.base)
    assert found.rows == changes
    drawn = [draw(found.base, 1, number) for number in range(HEADS - 1 - len(changes))]
    assert [tried.settings for tried in found.drawn] == drawn
    assert found.heads == HEADS
    epochs = [tried.epochs for tried in found.drawn[:BRACKET]]
    assert {epochs.count(1) > 12, 3 <= epochs.count(9) < 9} == {True}
    assert set(epochs) <= set(rungs(9))
    # nothing was trained that nobody wanted
    assert whole.trials.trained == FOLDS * (
        1 + len(changes) + sum(rungs(9).index(tried.epochs) + 1 for tried in found.drawn)
    ) - FOLDS * _shared(found)


def _shared(found) -> int:
    """Trainings that two heads have in common, which are done once."""
    wanted = [(found.base.digest(), found.base.epochs)]
    wanted += [(change.settings.digest(), change.settings.epochs) for change in found.rows]
    for tried in found.drawn:
        wanted += [(tried.settings.digest(), e) for e in rungs(9) if e <= tried.epochs]
    return len(wanted) - len(set(wanted))


def test_each_fold_is_scored_by_what_the_others_choose(whole) -> None:
    """The choice by hand: among those that a panel kept, the fewest errors on its folds."""
    found, trials, report = whole.found, whole.trials, whole.report
    wrong = []
    for fold, panel in enumerate(panels(FOLDS)[1:]):
        scores = [trials.score(h, h.epochs) for h in found.candidates[1 + fold]]
        keys = [(s.errors[panel].sum(), s.losses[panel].sum()) for s in scores]
        best = found.candidates[1 + fold][min(range(len(keys)), key=keys.__getitem__)]
        wrong.append(trials.outcome(best, best.epochs, fold).wrong.sum())
    assert report["honest"]["errors"] == sum(wrong)
    assert report["best"]["errors"] == min(
        int(trials.score(h, h.epochs).errors.sum()) for h in found.candidates[0]
    )
    assert report["best"]["errors"] <= report["base"]["errors"]
    assert len(report["honest"]["choices"]) == FOLDS


def test_rows_are_compared_as_a_comparison_of_recipes_would(whole) -> None:
    """The same numbers as ``comparison.figures`` from logits that make the same errors."""
    trials, found = whole.trials, whole.found
    labels, folds = trials.ground.labels, trials.ground.folds.of_photo
    rows = found.rows[:5]
    heads = [found.base, *(change.settings for change in rows)]
    answers = []
    for number, head in enumerate(heads):
        said = (labels + trials.wrong([head] * FOLDS)) % CLASSES
        logits = np.eye(CLASSES, dtype=np.float32)[said][None]
        answers.append(Answers(f"{number}", logits, "logits", [0.0]))
    names = [f"c{i}" for i in range(CLASSES)]
    expected = compared(answers, Scored(labels, toy_groups(), folds, names))
    assert whole.report["base"]["errors"] == expected[0]["errors"][0]
    for row, other in zip(whole.report["rows"], expected[1:], strict=False):
        assert row["errors"] == other["errors"][0]
        for key in ("errors", "error", "p", "mcnemar"):
            assert row["difference"][key] == other["difference"][key]


def test_the_best_is_a_config_that_trains_that_head(whole) -> None:
    path = whole.folder / "out" / "best.yaml"
    best = whole.found.chosen(whole.trials)[0]
    assert settings_of(load_config(path)).digest() == best.digest()
    text = path.read_text()
    assert text.startswith(f"# The best of {HEADS} heads, found by tune.py: ")
    assert "base: ../toy.yaml\n" in text
    aside = best_config(whole.report, "x.yaml", {"finetune_stage.epochs": 0})
    assert aside.splitlines()[-2:] == ["finetune_stage:", "  epochs: 0"]
    assert "The head alone is trained" in aside


def test_what_is_written(whole) -> None:
    out = whole.folder / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        *("best.yaml", "trials", "tune.json", "tune.md", "tune.png", "written.json")
    ]
    report = json.loads((out / "tune.json").read_text())
    assert report == json.loads(json.dumps(whole.report))
    assert len(report["heads"]) == HEADS
    text = (out / "tune.md").read_text()
    assert text == markdown(whole.report)
    assert "- said of it" in text
    lines = table(whole.report).splitlines()
    assert len(lines) == 3 + len(whole.found.rows)
    base = whole.report["base"]
    assert lines[2].startswith(f"|  | the config as it is | {base['errors']} | ")
    row = next(r for r in whole.report["rows"] if r["label"] == "square")
    found = row["difference"]
    line = next(line for line in lines if "| square |" in line)
    assert f"| {row['errors']} | {1 - row['errors'] / PHOTOS:.2%} |" in line
    assert f"| {found['errors']:+.0f} ± {found['error']:.1f} |" in line
    assert (out / "tune.png").read_bytes().startswith(b"\x89PNG")


def test_a_second_call_trains_nothing_and_more_heads_cost_themselves(whole) -> None:
    again = searched(whole.folder)
    assert again.trials.trained == 0
    assert again.report == whole.report
    more = searched(whole.folder, Limits(HEADS + 5, None, 1))
    assert 0 < more.trials.trained < 60 * FOLDS


@pytest.mark.parametrize(
    "after",
    [40, pytest.param(0, marks=pytest.mark.long), pytest.param(150, marks=pytest.mark.long)],
)
def test_a_search_that_was_stopped_ends_like_one_that_was_not(
    whole, after, tmp_path, monkeypatch
) -> None:
    real, count = Trials._take, [0]

    def take(self, *what) -> None:
        real(self, *what)
        count[0] += 1
        if count[0] == after + 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Trials, "_take", take)
        first = searched(tmp_path)
    assert first.stopped
    assert (first.report is None) == (after < FOLDS)
    second = searched(tmp_path)
    assert not second.stopped
    assert first.trials.trained > after
    assert first.trials.trained + second.trials.trained == whole.trials.trained
    assert _untimed(second.report) == _untimed(whole.report)


def _untimed(report: dict) -> dict:
    """Without what another machine, or hour, measures anew."""
    rows = [report["base"], report["best"], *report["rows"], *report["heads"]]
    return {**report, "rows": [{**row, "seconds": 0} for row in rows], "base": 0} | {
        "best": 0,
        "heads": 0,
    }


def test_time_is_kept_to_and_a_bracket_that_is_not_through_chooses_nothing(
    tmp_path, monkeypatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(trials_module.time, "perf_counter", lambda: now[0])
    real = Trials._take

    def take(self, *what) -> None:
        real(self, *what)
        now[0] += 0.1

    monkeypatch.setattr(Trials, "_take", take)
    done = searched(tmp_path, Limits(None, 45.0, 1))
    found = done.found
    assert now[0] <= 45.0 + 1.0
    assert found.stopped in ("time was up", "there was no time for more")
    assert found.brackets >= 1
    assert len(found.drawn) == found.brackets * BRACKET
    # over at the first look; within any time a fast machine may have done all folds before it
    short = searched(tmp_path, Limits(None, -1.0, 1), out="short")
    assert short.report is None
    assert short.found.stopped == "time was up before the config's own head was through"


def test_rows_for_which_there_is_no_room_are_named(tmp_path) -> None:
    done = searched(tmp_path, Limits(4, None, 1))
    assert done.found.heads == 4
    assert len(done.found.left_out) == len(each_alone(done.found.base)) - 3
    said = words(done.report)[-1]
    assert said.startswith("not tried, for which --minutes or --heads has to be")
    assert "; ".join(done.found.left_out[:4]) in said  # a label has commas of its own


def test_other_photos_are_other_trials(tmp_path) -> None:
    kept = SearchFolder(tmp_path / "out")
    one, other = toy_ground(), toy_ground()
    other.labels[0] = (other.labels[0] + 1) % CLASSES
    names = {Trials(ground, kept).name(toy_base(tmp_path), 9, 0) for ground in (one, other)}
    assert len(names) == 2
    kept.close()


def test_a_folder_of_somebody_else_is_refused(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"tune.py did not fill it: it has notes.txt"):
        SearchFolder(tmp_path)


def test_a_damaged_file_of_trials_is_trained_again(tmp_path) -> None:
    limits = Limits(3, None, 1)
    first = searched(tmp_path, limits)
    for file in (tmp_path / "out" / "trials").glob("*.npz"):
        file.write_bytes(file.read_bytes()[:-9])
    second = searched(tmp_path, limits)
    assert second.trials.trained == first.trials.trained
    assert _untimed(second.report) == _untimed(first.report)
    assert searched(tmp_path, limits).trials.trained == 0
