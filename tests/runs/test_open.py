"""Beginning a run, and going on with it as it was begun."""

import pytest

from src_mindspore.runs.open import open_run
from src_mindspore.system.errors import UserError


@pytest.fixture
def config(tmp_path):
    (tmp_path / "c.yaml").write_text("seed: 5\nhead_stage: {lr: {max: 1e-3}}\n")
    return tmp_path / "c.yaml"


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def test_open_and_resume(tmp_path, photos, config, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    command = {"config": config, "overrides": ["head_stage.epochs=7"]}
    for path in (tmp_path / "empty", tmp_path / "new/below"):
        run, read = open_run(path, **command, data=photos.relative_to(tmp_path))
        assert run.path == path
        assert not run.finished
        assert read.data.dir == str(photos)
        assert (read.seed, read.head_stage.epochs, read.head_stage.lr.max) == (5, 7, 1e-3)
        for again in ({"config": None}, {**command, "data": photos}, {**command, "data": None}):
            run, same = open_run(path, **again, resume=True)
            assert (run.path, same) == (path, read)
    begun, _ = open_run(tmp_path / "other", **command, data=photos, resume=True)
    assert (begun.path / "config.yaml").is_file()


def test_a_run_is_resumed_as_it_was_begun(tmp_path, photos, config):
    path = tmp_path / "run"
    open_run(path, config, data=photos)
    change = {"overrides": ["seed=6", "head_stage.lr.max=0.5"]}
    changed = "  seed: 5 there, 6 asked for\n  head_stage.lr.max: 0.001 there, 0.5 asked for"
    for options, lines in (
        ({"config": config, **change}, changed),
        ({"config": None, **change}, changed),
    ):
        with pytest.raises(UserError) as info:
            open_run(path, **options, resume=True)
        assert str(info.value) == f"{path} was begun with another config:\n{lines}"


def test_open_says_what_is_missing(tmp_path, photos, config):
    file, absent = config, tmp_path / "absent"
    for arguments, text in (
        ((file,), "no data: --data DIR names the folder of photos, or data.dir in the config"),
        ((file, (), absent), f"the data folder {absent} does not exist or is not a folder"),
        ((file, (), file), f"the data folder {file} does not exist or is not a folder"),
        ((None, (), photos, True), f"--resume takes a run folder; {tmp_path}/r has no config.yaml"),
    ):
        with pytest.raises(UserError) as info:
            open_run(tmp_path / "r", *arguments)
        assert str(info.value) == text
    assert not (tmp_path / "r").exists()


def test_files_of_the_users_are_no_run_and_no_remains_of_one(tmp_path, photos, config):
    path = tmp_path / "exp1"
    path.mkdir()
    mine = "# my notes\nbase: ../c.yaml\n"
    (path / "config.yaml").write_text(mine)
    for resume in (False, True):
        with pytest.raises(UserError, match=r"or changed since: config\.yaml; a new"):
            open_run(path, path / "config.yaml", data=photos, resume=resume)
    with pytest.raises(UserError, match=r"takes a run folder; .* its config.yaml is not of a run"):
        open_run(path, None, data=photos, resume=True)
    assert [p.name for p in path.iterdir()] == ["config.yaml"]
    assert (path / "config.yaml").read_text() == mine


@pytest.mark.parametrize("name", ["config.yaml", "splits.json", "log.jsonl", "notes.txt"])
def test_what_a_failed_run_left_is_replaced_unless_somebody_has_changed_it(
    tmp_path, photos, config, name
):
    path = tmp_path / "run"
    for _ in range(2):
        run, _ = open_run(path, config, data=photos)
        run.files.write_json("splits.json", {})
        run.begin(["head"])
        run.lock.release()
    (path / name).write_text("mine")
    with pytest.raises(UserError, match="--resume goes on with it"):
        open_run(path, config, data=photos)
    assert (path / name).read_text() == "mine"


def test_a_new_run_begins_without_the_choice_and_the_labels_of_one_that_failed(
    tmp_path, photos, config
):
    path = tmp_path / "run"
    names = ("budget.json", "relabel.json", "relabel.html")
    run, _ = open_run(path, config, data=photos)
    for name in names:
        run.files.write_json(name, {})
    run.lock.release()
    again, _ = open_run(path, config, data=photos, resume=True)  # the same run: they stay
    assert all((path / name).exists() for name in names)
    again.lock.release()
    open_run(path, config, data=photos)[0].lock.release()
    assert not any((path / name).exists() for name in names)
    # a list that somebody has edited is theirs; a run that goes on leaves it as it is
    run.files.write_json("relabel.json", {})
    (path / "relabel.json").write_text('{"mine": 1}')
    open_run(path, config, data=photos, resume=True)[0].lock.release()
    with pytest.raises(UserError, match="a run: --resume goes on with it"):
        open_run(path, config, data=photos)
    assert (path / "relabel.json").read_text() == '{"mine": 1}'
