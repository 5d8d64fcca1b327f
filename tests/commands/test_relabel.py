"""``train.py --relabel report`` as it is typed; in the long tier on real photos and teachers."""

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from workplace import Workplace

HEAD = """
base: photos.yaml
backbone: {weights: imagenet, width_mult: 1.0}
input: {size: 160}
features: {views: 0}
head: {normalisation: rms}
head_stage: {epochs: 40, lr: {max: 0.03}}
finetune_stage: {epochs: 0}
"""
STUDENT = """
base: head.yaml
finetune_stage: {epochs: 1, from_block: -1}
distill: {teachers: [head.yaml, other_head.yaml], features: 0}
"""


def test_without_teachers_it_is_refused_before_a_photo_is_opened(workplace: Workplace) -> None:
    done = workplace.call(
        "train.py --config configs/photos.yaml --data photos --run runs/unasked --relabel report"
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: --relabel report lists photos whose label all distill.teachers")
    assert last.endswith("at least one is needed, configs or run folders, and two or more say more")
    assert "Traceback" not in done.stderr
    # nothing was looked at, and the folder is free
    there = {path.name for path in (workplace.folder / "runs" / "unasked").iterdir()}
    assert there == {"config.yaml", "written.json"}


@pytest.fixture(scope="module")
def swapped(workplace: Workplace, shared_data: Path) -> set[str]:
    """Four classes of real photos in ``labels/``; the photos with the label of another class."""
    source = shared_data / "garbage_26x100"
    (workplace.folder / "configs" / "head.yaml").write_text(HEAD)
    (workplace.folder / "configs" / "other_head.yaml").write_text(
        "base: head.yaml\nhead: {normalisation: none}\nhead_stage: {lr: {max: 0.01}}\n"
    )
    (workplace.folder / "configs" / "student.yaml").write_text(STUDENT)
    classes = ("00_01", "00_07", "01_07", "03_03")  # hats, basketballs, bowls, banana peels
    root = workplace.folder / "labels"
    for name in classes:
        for split, photos in (("train", 30), ("val", 4)):
            (root / split / name).mkdir(parents=True)
            for photo in sorted((source / split / name).iterdir())[:photos]:
                shutil.copy(photo, root / split / name)
    for name, other in zip(classes, (*classes[1:], classes[0]), strict=True):
        photo = sorted((source / "train" / name).iterdir())[39]
        shutil.copy(photo, root / "train" / other / f"wrong_{name}.jpg")
    return {path.relative_to(root).as_posix() for path in root.rglob("wrong_*")}


def excluded(run: Path) -> set[str]:
    return {e["path"] for e in json.loads((run / "relabel.json").read_text())["exclude"]}


@pytest.mark.long
def test_labels_that_were_exchanged_are_found(workplace: Workplace, swapped: set[str]) -> None:
    command = "train.py --config configs/student.yaml --data labels --run runs/"
    done = workplace.run(f"{command}looked --relabel report")
    assert done.returncode == 0, done.stderr
    run = workplace.folder / "runs" / "looked"
    found = excluded(run)
    assert len(swapped & found) >= 3  # teachers need not be of one voice
    assert len(found - swapped) <= 3
    assert f"{len(found)} of 140 labels are contradicted by all teachers" in done.stderr
    assert "labels to look at: runs/looked/relabel.html" in done.stdout
    # the same run is trained as without a look
    assert workplace.run(f"{command}plain").returncode == 0
    model = (run / "model.ckpt").read_bytes()
    assert (workplace.folder / "runs" / "plain" / "model.ckpt").read_bytes() == model
    # and nothing was left out, until somebody asks for it
    assert not json.loads((run / "metrics.json").read_text())["excluded"]
    plan = run / "relabel.json"
    done = workplace.run(f"{command}clean --relabel report --set data.exclude={plan}")
    assert done.returncode == 0, done.stderr
    clean = workplace.folder / "runs" / "clean"
    gone = json.loads((clean / "metrics.json").read_text())["excluded"]
    assert {entry["path"] for entry in gone} == found
    assert found <= excluded(clean)  # so that the next list has them as well
    # a run that has finished is as it was
    done = workplace.run("train.py --run runs/looked --resume --relabel report")
    assert (done.returncode, "nothing to do" in done.stdout) == (0, True)
    done = workplace.run("train.py --run runs/plain --resume --relabel report")
    assert (done.returncode, "has finished without it" in done.stderr) == (2, True)
    # a run is a teacher of the photos that it was not trained on
    (workplace.folder / "configs" / "of_run.yaml").write_text(
        "base: student.yaml\ndistill: {teachers: [../runs/plain]}\n"
    )
    done = workplace.run(command.replace("student", "of_run") + "of_run --relabel report")
    assert done.returncode == 0, done.stderr
    # 16 of val and the two that are left out as they are like some of those
    assert "labels of 18 photos that it was not trained on" in done.stderr


@pytest.mark.long
def test_a_look_that_is_stopped_is_taken_again(workplace: Workplace, swapped: set[str]) -> None:
    command = "train.py --config configs/student.yaml --data labels --run runs/stopped"
    process = workplace.start(f"{command} --relabel report --set features.views=1")
    run = workplace.folder / "runs" / "stopped"
    while process.poll() is None and not (run / "splits.json").exists():
        time.sleep(0.01)
    time.sleep(0.5)  # the look comes right after
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 130, err
    assert err.endswith("--resume --relabel report  goes on with it\nstopped\n")
    assert not list(run.rglob(".*"))
    assert not (run / "relabel.json").exists()
    done = workplace.run("train.py --run runs/stopped --resume --relabel report")
    assert done.returncode == 0, done.stderr
    assert len(swapped & excluded(run)) >= 3
