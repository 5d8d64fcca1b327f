"""The driver: what is trained, what is not trained again, and what the report is made of.

Training itself is stood for by a rule, so that hundreds of folds take no time; the long test runs
the real command.
"""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import noise

from src_mindspore.comparison import report as report_room
from src_mindspore.comparison import run
from src_mindspore.comparison.contenders import load_contenders
from src_mindspore.comparison.folds import draw_folds
from src_mindspore.comparison.photos import Photos
from src_mindspore.comparison.report import Question
from src_mindspore.comparison.results import ComparisonFolder
from src_mindspore.dataset import DataSet
from src_mindspore.photos.records import Record
from src_mindspore.system.errors import UserError
from src_mindspore.training.part import SCORED, TRAIN, Fitted

N, CLASSES = 90, ("x", "y", "z")
BUILT: list[float] = []
COSTS = {"parameters": 5, "multiply_adds": 6, "ms_bytes": None, "photos_per_second": 7.0}


class Trainer:
    """Stands for ``training.part``: more dropout, more errors; the seed says which."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.fits: list[tuple] = []
        self.stop_after = stop_after

    def fit(self, recipe, whole, parts, seed) -> Fitted:
        if len(self.fits) == self.stop_after:
            raise KeyboardInterrupt
        self.fits.append((recipe.head.dropout, seed, tuple(parts[SCORED])))
        assert not set(parts[SCORED]) & set(parts[TRAIN])
        records = whole.records("all")
        labels = np.array([records[i].label for i in parts[SCORED]])
        hard = np.array([(7 * i + 3 * seed) % 20 < 20 * recipe.head.dropout for i in parts[SCORED]])
        logits = np.eye(3, dtype=np.float32)[(labels + hard) % 3] * 3
        return Fitted(logits, 0.5, {"head": 1})


def build_untrained(recipe, whole) -> tuple:
    """Stands for a network and its spec, the same architecture for all."""
    BUILT.append(recipe.head.dropout)
    model = {"backbone": {}, "head": {"dropout": recipe.head.dropout}}
    given = SimpleNamespace(size=(64, 64))
    return object(), SimpleNamespace(model=model, classes=whole.classes, input=given)


@pytest.fixture
def compare(tmp_path, monkeypatch):
    labels = np.arange(N) % 3
    records = tuple(Record(f"{CLASSES[c]}/{i:03}.png", int(c)) for i, c in enumerate(labels))
    records = tuple(sorted(records, key=lambda record: record.path))
    digests = {record.path: f"{i:064x}" for i, record in enumerate(records)}
    whole = DataSet(tmp_path, CLASSES, {"all": records}, known_digests=digests)
    (tmp_path / "x").mkdir()
    noise(1).save(tmp_path / records[0].path)
    groups = np.arange(N) // 2
    folds = draw_folds(np.array([r.label for r in records]), groups, 3, 1)
    photos = Photos(whole, groups, folds, ("said of the photos",))
    monkeypatch.setattr(run, "recipe_of", lambda config, _: config)
    monkeypatch.setattr(run, "sharing", lambda recipes, _: recipes)
    monkeypatch.setattr(run, "build_untrained", build_untrained)
    monkeypatch.setattr(run, "extract", lambda *_: 0.0)
    monkeypatch.setattr(run, "one_image", lambda *_: None)
    monkeypatch.setattr(
        report_room, "draw_accuracy_over_speed", lambda path, *_: path.write_text("plot")
    )
    monkeypatch.setattr(run, "measured", lambda n, *_: ([dict(COSTS)] * len(n), "engine, so"))
    configs = []
    for name, dropout in (("a", 0.3), ("b", 0.1), ("c", 0.3)):
        configs.append(tmp_path / f"{name}.yaml")
        configs[-1].write_text(f"head: {{dropout: {dropout}}}\nsave_every: {len(configs)}\n")
    (tmp_path / "both.yaml").write_text("ensemble: [a.yaml, b.yaml]\n")
    configs.append(tmp_path / "both.yaml")

    def compare(
        count: int | tuple[int, ...], seeds: int = 2, epoch: str = "last", out: str = "out", **how
    ):
        trainer = Trainer(**how)
        monkeypatch.setattr(run, "fit_part", trainer.fit)
        question = Question(photos, range(1, seeds + 1), epoch, 1)
        folder = ComparisonFolder(tmp_path / out)
        try:
            chosen = configs[:count] if isinstance(count, int) else [configs[i] for i in count]
            return trainer, run.compare(load_contenders(chosen), question, folder)
        except KeyboardInterrupt:
            return trainer, None
        finally:
            folder.close()

    return compare


def test_every_fold_is_trained_once_with_every_seed_and_each_photo_scored_once(compare) -> None:
    trainer, report = compare(2)
    assert len(trainer.fits) == 2 * 3 * 2
    for dropout, seed in {fit[:2] for fit in trainer.fits}:
        scored = [i for *which, places in trainer.fits for i in places if which == [dropout, seed]]
        assert sorted(scored) == list(range(N))
    expected = [sum((7 * i + 3 * s) % 20 < 6 for i in range(N)) for s in (1, 2)]
    assert report["rows"][0]["errors"] == expected
    assert report["rows"][1]["difference"]["p"] < 0.001
    assert report["about"][1] == "said of the photos"
    assert (report["photos"], report["scored"], report["groups"]) == (90, 90, 45)


def test_what_is_done_is_not_done_again_and_a_further_recipe_costs_itself(compare) -> None:
    _, before = compare(1)
    trainer, report = compare(2)
    assert {fit[0] for fit in trainer.fits} == {0.1}
    assert report["rows"][0]["errors"] == before["rows"][0]["errors"]
    trainer, _ = compare(2, seeds=3)
    assert {fit[1] for fit in trainer.fits} == {3}
    trainer, report = compare(3, seeds=3)  # the same as the first under another name
    assert not trainer.fits
    assert report["rows"][2]["difference"]["verdict"].startswith("c and a are right and wrong on")
    trainer, _ = compare(2, seeds=3, epoch="chosen")  # another question
    assert len(trainer.fits) == 18


@pytest.mark.parametrize("fits", [0, 1, 7])
def test_a_comparison_that_was_stopped_ends_like_one_that_was_not(compare, fits, tmp_path) -> None:
    whole, expected = compare(2, out="whole")
    first, nothing = compare(2, stop_after=fits)
    assert nothing is None
    second, report = compare(2)
    assert len(first.fits) == fits
    assert first.fits + second.fits == whole.fits
    assert report == expected
    texts = [(tmp_path / out / "compare.md").read_text() for out in ("whole", "out")]
    assert texts[0] == texts[1]
    assert json.loads((tmp_path / "out" / "compare.json").read_text())["rows"] == report["rows"]


def test_a_fold_that_cannot_be_trained_says_whose_it_is(compare, monkeypatch) -> None:
    def fails(*_):
        raise UserError("the loss became nan")

    monkeypatch.setattr(Trainer, "fit", fails)
    with pytest.raises(UserError, match=r"^a, seed 1, fold 1 of 3: the loss became nan$"):
        compare(2)


def test_an_average_trains_its_members_and_no_more(compare, tmp_path) -> None:
    BUILT.clear()
    trainer, report = compare((0, 3), seeds=1)
    assert BUILT == [0.3, 0.1]  # once for training and measuring
    assert len(trainer.fits) == 2 * 3
    assert {fit[0] for fit in trainer.fits} == {0.3, 0.1}
    row = report["rows"][1]
    assert (row["name"], row["members"], row["seconds"]) == ("both", ["a", "b"], 1.0)
    assert row["costs"] == {
        **{"parameters": 10, "multiply_adds": 12, "ms_bytes": None},
        "photos_per_second": pytest.approx(3.5),
    }
    text = (tmp_path / "out" / "compare.md").read_text()
    assert "- both: the mean of the probabilities of a, b, each after a temperature that" in text
    again, report = compare((0, 1, 3), seeds=1)  # a member that is a contender as well
    assert not again.fits
    assert [r["name"] for r in report["rows"]] == ["a", "b", "both"]
    assert report["rows"][2]["errors"] == row["errors"]
    again, report = compare((3,), seeds=1)  # nothing but an average
    assert not again.fits
    assert report["rows"][0]["errors"] == row["errors"]


def test_what_is_left_goes_by_the_recipe() -> None:
    seconds = iter([0, 10, 70, 130, 200, 201, 202, 202])
    clock = run.Clock({"deep": 3, "head": 2, "other": 1}, lambda: next(seconds))
    clock.start()  # at 10
    assert clock.lap("deep") == "about 5.0 min left"  # five like the only one that is known
    assert clock.lap("deep") == "about 4.0 min left"
    assert clock.lap("deep") == "about 3.2 min left"  # three of 63 s
    assert clock.lap("head") == "about 0.6 min left"  # 1 s, and the mean of 63 and 1
    assert clock.lap("head") == "about 0.5 min left"
    assert clock.lap("other") == "the last"
