"""A run finds its photos and files again when they, or it, have moved."""

import json

import pytest
import yaml

from src_mindspore.runs.open import open_run
from src_mindspore.runs.places import run_config
from src_mindspore.spec.input import square_input
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError


def places_in(path) -> dict:
    """What a run's config.yaml says of places, as it stands there."""
    text = yaml.safe_load((path / "config.yaml").read_text())
    return {
        **{key: text["data"][key] for key in ("dir", "labels", "exclude")},
        "cache": text["features"]["cache_dir"],
        "weights": text["backbone"]["weights"],
    }


@pytest.fixture
def project(tmp_path):
    """A folder with photos, files that a config names, and a run that was begun."""
    config = tmp_path / "c.yaml"
    config.touch()
    folder = tmp_path / "project"
    (folder / "photos").mkdir(parents=True)
    (folder / "labels.yaml").write_text("classes: {a: {en: A}}\n")
    (folder / "plan.json").write_text('{"format": 1, "exclude": []}')
    (folder / "weights.ckpt").write_text("weights")
    files = ("data.labels=labels.yaml", "data.exclude=plan.json", "backbone.weights=weights.ckpt")
    overrides = [x.replace("=", f"={folder}/") for x in (*files, "features.cache_dir=cache")]
    run, _ = open_run(folder / "runs/a", config, overrides, folder / "photos")
    run.lock.release()
    return folder


def resumed(path, **options):
    """Config of a run that is gone on with, once its photos are known to be the same."""
    run, config = open_run(path, None, resume=True, **options)
    try:
        run.begin(["head"])
    finally:
        run.lock.release()
    return config


def test_a_run_that_moves_with_its_photos_finds_them(project):
    assert places_in(project / "runs/a") == {
        "dir": "../../photos",
        "labels": "../../labels.yaml",
        "exclude": "../../plan.json",
        "cache": "../../cache",
        "weights": "../../weights.ckpt",
    }
    moved = project.rename(project.with_name("my project (2)"))
    config = resumed(moved / "runs/a")
    assert config.data.dir == str(moved / "photos")
    assert config.backbone.weights == str(moved / "weights.ckpt")
    assert config.features.cache_dir == str(moved / "cache")


def test_a_run_that_moves_alone_finds_its_photos_where_they_were(project, tmp_path):
    (tmp_path / "else/where").mkdir(parents=True)
    path = (project / "runs/a").rename(tmp_path / "else/where/run")
    assert run_config(path).data.dir == str(project / "photos")
    assert resumed(path).data.labels == str(project / "labels.yaml")
    assert places_in(path)["dir"] == "../../../project/photos"


def test_photos_and_files_may_move_without_the_run(project, tmp_path):
    path, before = project / "runs/a", places_in(project / "runs/a")
    for name in ("photos", "labels.yaml", "plan.json", "weights.ckpt"):
        (project / name).rename(tmp_path / f"new {name}")
    with pytest.raises(UserError, match=r"photos of .* does not exist .*--data DIR names its new"):
        resumed(path)
    assert places_in(path) == before
    files = ("labels=new labels.yaml", "exclude=new plan.json")
    overrides = [f"data.{x.replace('=', f'={tmp_path}/')}" for x in files]
    overrides += [f"backbone.weights={tmp_path}/new weights.ckpt", "features.cache_dir=null"]
    config = resumed(path, data=tmp_path / "new photos", overrides=overrides)
    assert config.data.exclude == str(tmp_path / "new plan.json")
    assert places_in(path) == {
        "dir": "../../../new photos",
        "labels": "../../../new labels.yaml",
        "exclude": "../../../new plan.json",
        "cache": None,
        "weights": "../../../new weights.ckpt",
    }
    assert resumed(path) == config


def test_other_weights_are_no_move(project):
    (project / "other.ckpt").write_text("other")
    for name in ("other.ckpt", "none.ckpt"):
        with pytest.raises(UserError, match=r"was begun with other weights: backbone\.weights was"):
            resumed(project / "runs/a", overrides=[f"backbone.weights={project / name}"])
    with pytest.raises(UserError, match=r"begun with another config:\n  backbone\.weights"):
        resumed(project / "runs/a", overrides=["backbone.weights=none"])


def test_a_config_that_the_user_has_edited_stays(project, tmp_path, caplog):
    path = project / "runs/a"
    text = "# the good one\n" + (path / "config.yaml").read_text()
    (path / "config.yaml").write_text(text)
    (project / "photos").rename(tmp_path / "photos")
    assert resumed(path, data=tmp_path / "photos").data.dir == str(tmp_path / "photos")
    assert (path / "config.yaml").read_text() == text
    assert "config.yaml has been edited, it keeps the places" in caplog.text


def test_a_run_of_an_earlier_version_goes_on(project):
    path = project / "runs/a"
    (path / "written.json").unlink()
    (path / "config.yaml").write_text(
        (path / "config.yaml").read_text().replace("../..", str(project))
    )
    (path / "splits.json").write_text("{}")
    (path / "spec.json").write_text("{}")
    assert resumed(path).data.dir == str(project / "photos")
    (path / "curves.png").write_text("mine")
    with pytest.raises(UserError, match=r"changed since: curves\.png; move them away"):
        resumed(path)


@pytest.fixture
def taught(tmp_path):
    """A run that was begun with two teachers: a config, and a run."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "teacher.yaml").write_text("seed: 2\n")
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    for name in ("config.yaml", "metrics.json"):
        (teacher / name).write_text("{}")
    given = square_input(64, (0, 0, 0), (255, 255, 255))
    spec = ModelSpec(("a", "b"), ({"en": "a"}, {"en": "b"}), given, "logits", {})
    spec.save(teacher)
    (teacher / "model.ckpt").write_text("weights")
    config = tmp_path / "c.yaml"
    config.write_text("finetune_stage: {epochs: 1}\ndistill: {teachers: [teacher.yaml, teacher]}\n")
    run, _ = open_run(tmp_path / "run", config, data=tmp_path / "photos")
    run.lock.release()
    return tmp_path


def test_a_run_goes_on_with_the_teachers_that_it_was_begun_with(taught):
    path = taught / "run"
    resumed(path)
    (taught / "teacher.yaml").write_text("seed: 2\nsave_every: 5\n")
    resumed(path)  # that decides nothing of it
    said = r"run was begun with other teachers, and these are not what they were: [^,]*{};"
    (taught / "teacher.yaml").write_text("seed: 3\n")
    with pytest.raises(UserError, match=said.format(r"teacher\.yaml")):
        resumed(path)
    (taught / "teacher.yaml").write_text("seed: 2\n")
    (taught / "teacher/model.ckpt").write_text("trained again")
    with pytest.raises(UserError, match=said.format("teacher")):
        resumed(path)
    (taught / "teacher/model.ckpt").write_text("weights")
    resumed(path)
    (taught / "teacher.yaml").unlink()
    with pytest.raises(UserError, match=r"distill\.teachers must be .* which is not there"):
        resumed(path)


def test_teachers_may_move_and_not_change_their_number(taught):
    path = taught / "run"
    (taught / "teacher.yaml").rename(taught / "t.yaml")
    (taught / "teacher").rename(taught / "t")
    moved = f"distill.teachers=[{taught}/t.yaml, {taught}/t]"
    assert resumed(path, overrides=[moved]).distill.teachers == [f"{taught}/t.yaml", f"{taught}/t"]
    resumed(path)
    other = f"distill.teachers=[{taught}/t, {taught}/t.yaml]"
    with pytest.raises(UserError, match=r"these are not what they were: .*t, .*t\.yaml; the same"):
        resumed(path, overrides=[other])
    with pytest.raises(UserError, match=r"was begun with another config:\n  distill\.teachers: \["):
        resumed(path, overrides=[f"distill.teachers=[{taught}/t]"])


def test_a_run_that_does_not_say_what_its_teachers_were(taught, caplog):
    path = taught / "run"
    file = path / "written.json"
    table = json.loads(file.read_text())
    del table["about"]["teachers sha256"]
    file.write_text(json.dumps(table))
    resumed(path)
    assert "does not say what its teachers were: they may have changed" in caplog.text
