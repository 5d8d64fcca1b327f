"""The report of a run: who is asked of what, what is written, and when it is made again.

Training is stood for by a rule that contradicts some labels; the long test runs the real script.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import write_photos
from PIL import Image

from src_mindspore.dataset import DataSet, divide, list_data_set
from src_mindspore.photos.exclusions import Exclusion, excluded_of, write_plan
from src_mindspore.relabel import answers
from src_mindspore.relabel.asked import check_asked
from src_mindspore.relabel.look import LabelLook, class_names, parts_of
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import COMMAND, METRICS, RELABEL_LIST, RELABEL_PAGE
from src_mindspore.system.errors import UserError
from src_mindspore.training.part import SCORED, TRAIN, Fitted
from src_mindspore.training.recipes import Recipe

CLASSES = ("<b>x", "y")
COPIES = {"train/y/7.png": "train/y/8.png", "train/y/0.png": "val/y/0.png"}
# what a teacher says against the label, and how loudly
WRONG = {"train/<b>x/3.png": 3.0, "val/y/1.png": 5.0, "train/y/0.png": 4.0}
ALONE = "train/y/2.png"  # contradicted by the first teacher only


class Trainer:
    """Stands for ``fit_part``."""

    def __init__(self) -> None:
        self.fits = 0

    def __call__(self, recipe, whole: DataSet, parts, seed) -> Fitted:
        self.fits += 1
        records = whole.records("all")
        taught = {whole.digests[records[i].path] for i in parts[TRAIN]}
        logits = np.zeros((len(parts[SCORED]), 2), np.float32)
        for row, place in enumerate(parts[SCORED]):
            record = records[place]
            assert whole.digests[record.path] not in taught  # nor is its copy
            wrong = WRONG.get(record.path, 2.0 if (record.path, recipe.name) == (ALONE, "a") else 0)
            logits[row, 1 - record.label if wrong else record.label] = wrong or 6.0
        return Fitted(logits, 0.0, {})


def recipe(name: str) -> Recipe:
    return Recipe(name, None, {"head": {"activation": None}}, None, "CPU")


@pytest.fixture
def data(tmp_path) -> DataSet:
    names = [
        f"{split}/{c}/{i}.png"
        for c in CLASSES
        for split, n in (("train", 9), ("val", 3))
        for i in range(n)
    ]
    root = write_photos(tmp_path / "photos", names)
    for copy, original in COPIES.items():
        (root / copy).write_bytes((root / original).read_bytes())
    return divide(list_data_set(root), (0.8, 0.2), 1)


@pytest.fixture
def trainer(monkeypatch) -> Trainer:
    found = Trainer()
    monkeypatch.setattr(answers, "fit_part", found)
    monkeypatch.setattr(answers, "sharing", lambda recipes, _: recipes)
    monkeypatch.setattr(answers, "build_untrained", lambda *_: None)
    return found


def look(tmp_path, teachers=("a", "b"), digests=None, near=False) -> LabelLook:
    (tmp_path / "run").mkdir(exist_ok=True)
    run = RunFolder(tmp_path / "run")
    given = tuple(recipe(t) if isinstance(t, str) else t for t in teachers)
    return LabelLook(given, tuple(digests or map(str, teachers)), None, near, 1, run)


def listed(tmp_path) -> dict[str, str]:
    table = json.loads((tmp_path / "run" / RELABEL_LIST).read_text())
    return {entry["path"]: entry["reason"] for entry in table["exclude"]}


def test_the_list_is_one_for_data_exclude_and_the_page_shows_the_photos(
    tmp_path, data, trainer
) -> None:
    assert data.left_out == ("train/y/0.png",)
    look(tmp_path, near=True)(data)
    assert trainer.fits == 10  # two teachers on five folds
    assert listed(tmp_path) == {
        "train/<b>x/3.png": "2 teachers say y (95 %), the label is <b>x",
        "train/y/0.png": "2 teachers say <b>x (98 %), the label is y",
        "val/y/1.png": "2 teachers say <b>x (> 99 %), the label is y",
    }
    plan = tmp_path / "run" / RELABEL_LIST
    excluded = excluded_of(str(plan), data.root)
    again = list_data_set(data.root, None, excluded)
    assert {e.path for e in again.excluded} == set(listed(tmp_path))
    page = (tmp_path / "run" / RELABEL_PAGE).read_text()
    assert page.count("<img") == page.count("data:image/jpeg;base64,") == 3
    order = [
        page.index(f"<figcaption>{path}")
        for path in ("val/y/1.png", "train/y/0.png", "train/&lt;b&gt;x/3.png")
    ]
    assert order == sorted(order)
    assert "<b>x" not in page.replace("<b>&lt;b&gt;x</b>", "")  # names stay text
    assert "17 train, 6 val, 1 left out photos" in page
    assert "a contradicts 4 of the 24 labels that it judged" in page
    assert "b contradicts 3 of the 24 labels that it judged" in page
    assert {RELABEL_LIST, RELABEL_PAGE} <= set(RunFolder(tmp_path / "run").files.names)


def test_a_photo_is_not_judged_by_who_has_seen_one_like_it(tmp_path, trainer, monkeypatch) -> None:
    """A small copy of a photo is in the same fold, unless the config keeps such photos."""
    root = write_photos(tmp_path / "other", [f"{c}/{i}.png" for c in "xy" for i in range(6)])
    for path in sorted(root.rglob("*.png")):
        Image.open(path).resize((160, 128), Image.Resampling.BICUBIC).save(path)
    Image.open(root / "x/3.png").resize((80, 64)).save(root / "x/copy.jpg", quality=90)
    data = divide(list_data_set(root), (0.8, 0.2), 1)
    for near, groups in ((True, 12), (False, 13)):
        ground = look(tmp_path, near=near)._ground(data, parts_of(data))
        assert len(np.unique(ground.groups)) == groups
        paths = [record.path for record in ground.whole.records("all")]
        a, b = paths.index("x/3.png"), paths.index("x/copy.jpg")
        assert (ground.groups[a] == ground.groups[b]) == near


def test_what_was_left_out_already_stays_on_the_list(tmp_path, data, trainer) -> None:
    gone = Exclusion("val/y/2.png", data.digests["val/y/2.png"], "seen before")
    given = divide(list_data_set(data.root, None, [gone]), (0.8, 0.2), 1)
    look(tmp_path)(given)
    assert listed(tmp_path)["val/y/2.png"] == "seen before"
    assert len(listed(tmp_path)) == 4


def test_one_teacher_is_said_to_be_one_opinion(tmp_path, data, trainer) -> None:
    look(tmp_path, ["a"])(data)
    assert listed(tmp_path)[ALONE] == "one teacher says <b>x (88 %), the label is y"
    assert "one teacher is one opinion" in (tmp_path / "run" / RELABEL_PAGE).read_text()


def test_it_is_made_again_for_other_teachers_or_photos_only(
    tmp_path, data, trainer, caplog
) -> None:
    look(tmp_path)(data)
    before = (tmp_path / "run" / RELABEL_PAGE).stat().st_mtime_ns
    look(tmp_path)(data)
    assert trainer.fits == 10
    assert (tmp_path / "run" / RELABEL_PAGE).stat().st_mtime_ns == before
    look(tmp_path, digests=("a", "another b"))(data)
    assert trainer.fits == 20
    (tmp_path / "run" / RELABEL_PAGE).unlink()
    look(tmp_path, digests=("a", "another b"))(data)
    assert trainer.fits == 30
    # what somebody has worked on stays
    plan = tmp_path / "run" / RELABEL_LIST
    plan.write_text('{"format": 1, "exclude": []}')
    look(tmp_path)(data)
    assert trainer.fits == 30
    assert plan.read_text() == '{"format": 1, "exclude": []}'
    assert "has been edited and stays" in caplog.text
    plan.unlink()
    (tmp_path / "run" / RELABEL_PAGE).write_text("mine")
    with pytest.raises(UserError, match=r"has changed since: relabel\.html; move it away"):
        look(tmp_path)(data)
    assert trainer.fits == 30


def test_a_stop_leaves_nothing_half_written(tmp_path, data, trainer, monkeypatch) -> None:
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(answers, "fit_part", stopped)
    with pytest.raises(KeyboardInterrupt):
        look(tmp_path)(data)
    assert list((tmp_path / "run").iterdir()) == []


def test_an_error_says_whose_it_is(tmp_path, data, trainer, monkeypatch) -> None:
    def fails(*_):
        raise UserError("a smaller learning rate is needed")

    monkeypatch.setattr(answers, "fit_part", fails)
    with pytest.raises(UserError, match=r"^teacher a, fold 1 of 5: a smaller learning rate"):
        look(tmp_path)(data)


def trained_run(tmp_path, monkeypatch, data: DataSet, taught, classes=CLASSES) -> Path:
    """A run folder with these training photos; its answers are those of ``WRONG``."""
    path = tmp_path / "trained"
    photos = SimpleNamespace(part_of={data.digests[p]: "train" for p in taught})
    spec = SimpleNamespace(classes=classes, input=SimpleNamespace(range=None))
    order = [classes.index(name) for name in CLASSES] if set(classes) == set(CLASSES) else []

    def scored(model, reader, records, what):
        scores = np.zeros((len(records), 2))
        for row, record in enumerate(records):
            said = 1 - record.label if record.path in WRONG else record.label
            scores[row, order[said]] = 0.75
        return SimpleNamespace(scores=scores, skipped=())

    monkeypatch.setattr(answers, "taught_photos", lambda _: photos)
    monkeypatch.setattr(answers, "load_run", lambda _: (None, spec))
    model = SimpleNamespace(spec=spec, probabilities=lambda scores: scores)
    monkeypatch.setattr(answers, "load_model", lambda _: model)
    monkeypatch.setattr(answers, "score_records", scored)
    return path


def test_a_run_is_asked_of_photos_that_it_was_not_trained_on(
    tmp_path, data, trainer, monkeypatch
) -> None:
    taught = [r.path for r in data.splits["train"] if r.path != "train/y/7.png"]
    path = trained_run(tmp_path, monkeypatch, data, taught, classes=("y", "<b>x"))
    look(tmp_path, ["a", path])(data)
    page = (tmp_path / "run" / RELABEL_PAGE).read_text()
    # six of val and the one that was left out; 7.png is a copy of 8.png, which it was trained on
    assert f"{path} contradicts 2 of the 7 labels" in page
    assert "17 photos were judged by some of the teachers" in page
    assert listed(tmp_path)["val/y/1.png"].startswith("2 teachers say <b>x (87 %)")
    assert listed(tmp_path)["train/<b>x/3.png"].startswith("one teacher says y")
    assert "not asked" in page


def test_a_run_that_has_seen_all_cannot_be_asked(tmp_path, data, trainer, monkeypatch) -> None:
    path = trained_run(tmp_path, monkeypatch, data, list(data.digests))
    with pytest.raises(UserError, match=r"trained has seen all 24; its config, in place of its"):
        look(tmp_path, ["a", path])(data)
    trained_run(tmp_path, monkeypatch, data, [], classes=("y", "z"))
    with pytest.raises(UserError, match="a teacher must have the classes of its student, 2 here"):
        look(tmp_path, ["a", path])(data)
    assert not trainer.fits


def test_photos_that_are_all_alike_cannot_be_judged(tmp_path, data) -> None:
    ground = answers.Ground(
        DataSet(data.root, CLASSES, {"all": data.records("val")}), np.zeros(6, int), 1
    )
    with pytest.raises(UserError, match="there are 6 photos, and 1 groups of those that are"):
        ground.folds()


def test_what_is_left_out_has_its_label(data) -> None:
    parts = parts_of(data)
    assert [(r.path, r.label) for r in parts["left out"]] == [("train/y/0.png", 1)]
    assert sum(map(len, parts.values())) == len(data.digests)


def test_classes_have_their_names_and_folders(tmp_path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("Glass\ny\n")
    assert class_names(labels, CLASSES) == ["Glass (<b>x)", "y"]
    assert class_names(None, CLASSES) == list(CLASSES)


def test_what_cannot_be_asked_for(tmp_path) -> None:
    def asked(*teachers) -> None:
        check_asked(SimpleNamespace(distill=SimpleNamespace(teachers=teachers)), run)

    run = RunFolder(tmp_path)
    with pytest.raises(UserError, match="the config names none: at least one is needed"):
        asked()
    asked("teacher.yaml")
    (tmp_path / METRICS).write_text("{}")
    with pytest.raises(UserError, match="has finished without it; a new run"):
        asked("teacher.yaml")
    write_plan(tmp_path / RELABEL_LIST, [], COMMAND)
    asked("teacher.yaml")  # the run has finished, and the report is there
