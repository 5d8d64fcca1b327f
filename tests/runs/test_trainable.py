"""What a config needs besides itself is asked before a photo is opened."""

import pytest

from src_mindspore.config.load import load_config
from src_mindspore.runs.open import open_run
from src_mindspore.runs.trainable import check_trainable, unheeded_of_teachers
from src_mindspore.system.errors import UserError

AUTO = "finetune_stage: {epochs: 1, from_block: auto}\n"
FIXED = (
    "finetune_stage.from_block: auto chooses by what this machine manages, so that two folds, or a "
    "teacher at another time, may be trained otherwise; a number is accepted"
)


def taught_by(*names: str) -> str:
    return f"finetune_stage: {{epochs: 1}}\ndistill: {{teachers: [{', '.join(names)}]}}\n"


def refused(path, parts: bool = False) -> str:
    with pytest.raises(UserError) as caught:
        check_trainable(load_config(path), parts=parts)
    return str(caught.value)


def test_what_is_measured_is_for_one_training(write) -> None:
    auto = write("auto.yaml", AUTO)
    check_trainable(load_config(auto))
    assert refused(auto, parts=True).startswith(FIXED)
    check_trainable(load_config(auto, ["finetune_stage.epochs=0"]), parts=True)
    for parts in (False, True):  # a teacher is trained anew with every student
        said = refused(write("s.yaml", taught_by("auto.yaml")), parts)
        assert said == f"the teacher {auto} cannot be used: {refused(auto, parts=True)}"


def test_a_plateau_needs_validation_photos(write) -> None:
    for stage in ("head_stage", "finetune_stage"):
        path = write("p.yaml", f"{stage}: {{epochs: 1, lr: {{decay: plateau}}}}")
        check_trainable(load_config(path))
        said = refused(path, parts=True)
        assert said.startswith(f"{stage}.lr.decay: plateau goes by validation photos, without whic")
        taught = refused(write("s.yaml", taught_by("p.yaml")))
        assert taught == f"the teacher {path} cannot be used: {said}"
    check_trainable(load_config(path, ["finetune_stage.epochs=0"]), parts=True)


def test_teachers_are_there_and_can_be_trained(write, tmp_path) -> None:
    said = refused(write("s.yaml", taught_by("none.yaml")))
    rule = "distill.teachers must be run folders or config files; got"
    assert said == f"{rule} {tmp_path}/none.yaml, which is not there"
    write("t.yaml", "sead: 1")
    write("s.yaml", taught_by("t.yaml"))
    assert "t.yaml cannot be used:\n  unknown key sead" in refused(tmp_path / "s.yaml")
    write("t.yaml", "backbone: {weights: none.ckpt}")
    assert "t.yaml cannot be used: backbone.weights cannot be read: " in refused(
        tmp_path / "s.yaml"
    )
    write("t.yaml", taught_by("u.yaml"))  # a teacher's own
    assert "got " + str(tmp_path / "u.yaml") in refused(tmp_path / "s.yaml")
    write("u.yaml", taught_by("t.yaml"))
    assert refused(tmp_path / "s.yaml").endswith(
        "t.yaml is taught by itself: t.yaml -> u.yaml -> t.yaml"
    )
    write("t.yaml", "data: {labels: none.yaml, exclude: none.json}")  # the student's count
    student = load_config(tmp_path / "s.yaml")
    check_trainable(student)
    assert unheeded_of_teachers(student) == [
        "data.exclude of the teacher t.yaml: no effect, it learns from the photos of its student"
    ]


def test_teachers_are_different_and_say_probabilities(write, tmp_path) -> None:
    teacher = write("t.yaml")
    said = refused(write("s.yaml", taught_by("t.yaml", "./t.yaml")))
    assert said.startswith("distill.teachers must be different runs or configs")
    assert said.endswith("t.yaml twice")
    write("t.yaml", "head: {activation: sigmoid}")
    said = refused(write("s.yaml", taught_by("t.yaml")))
    rule = "head.activation of a teacher must be null or softmax, so that its probabilities add up"
    assert said == f"the teacher {teacher} cannot be used: {rule} to 1; got sigmoid"


def test_a_run_that_teaches_has_ended(write, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    student = write("s.yaml", taught_by("run"))
    start = f"distill.teachers must be finished runs or configs: {tmp_path}/run is no run folder"
    assert refused(student).startswith(start)
    write("run/config.yaml")
    assert f"the training of {tmp_path}/run has not ended; " in refused(student)


def test_a_run_is_not_begun_with_a_teacher_that_is_not_there(write, tmp_path) -> None:
    write("photos/1.jpg", "no photo")
    student = write("s.yaml", taught_by("none.yaml"))
    with pytest.raises(UserError, match="which is not there"):
        open_run(tmp_path / "run", student, data=tmp_path / "photos")
    assert not (tmp_path / "run").exists()
