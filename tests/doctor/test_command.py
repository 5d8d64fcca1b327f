"""The doctor as a command, its list in a real training run, and train.py's refusals."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time

import in_process
import numpy as np
import pytest
from helpers import noise, write_photos
from workplace import REPOSITORY

from src_mindspore.dataset import list_data_set
from src_mindspore.doctor.label_check import NOT_COMPARED, RIDGE, contradictions
from src_mindspore.photos.exclusions import Exclusion, check_plan, read_plan, write_plan
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.training.data import checked_data_set


def start(folder, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "src_mindspore.doctor", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "POCKETLENS_CACHE": str(folder / "no cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder, *arguments: str) -> subprocess.CompletedProcess:
    command = shlex.join(("-m", "src_mindspore.doctor", *arguments))
    return in_process.call(folder, command, POCKETLENS_CACHE=str(folder / "no cache"))


@pytest.fixture(scope="module")
def faulty(workplace):
    """The workplace with a second data set: an unreadable photo and an exact leak."""
    folder = workplace.folder / "faulty"
    shutil.copytree(workplace.folder / "photos", folder)
    first = sorted((folder / "val").rglob("*.jpg"))[0]
    shutil.copy(first, folder / "train" / first.parent.name / "leak.jpg")
    (first.parent / "damaged.jpg").write_bytes(b"\xff\xd8 and no more")
    (first.parent / "évil\n\x1b[31m.jpg").write_bytes(first.read_bytes()[:-100] + b"x")
    return folder


def test_exit_statuses_and_files(workplace, faulty):
    folder = workplace.folder
    done = run(folder, "faulty", "--json", "d.json", "--html", "d.html", "--fix", "plan.json")
    assert done.returncode == 1, done.stderr
    assert "ERROR" in done.stdout
    assert "\x1b" not in done.stdout
    assert NOT_COMPARED in done.stdout
    assert json.loads((folder / "d.json").read_text())["status"] == 1
    assert (folder / "d.html").read_text().startswith("<!doctype html>")
    names = [e.path for e in read_plan(folder / "plan.json")]
    assert any(name.endswith("damaged.jpg") for name in names)
    assert any(name.endswith("leak.jpg") for name in names)
    (folder / "empty").mkdir()
    for bad in ("nowhere", "d.json", "empty"):
        done = run(folder, bad)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert run(folder, "faulty", "--exclude", "d.html").returncode == 2
    assert "example: python -m src_mindspore.doctor" in run(folder, "--help").stdout


def test_files_of_others_stay_and_are_named_before_the_photos_are_read(workplace):
    folder = workplace.folder / "outputs"
    folder.mkdir()
    (folder / "config.yaml").write_text("mine")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    for options, said in (
        ("--fix config.yaml", "config.yaml is there, and python -m src_mindspore.doctor did not"),
        ("--html photo.jpg", "photo.jpg is there"),
        ("--json new --html new", "--json and --html name the same file, new"),
        ("--json no/where", "there is no folder"),
        ("--exclude config.yaml --fix config.yaml", "this command reads that file"),
    ):
        done = run(folder, "../no such data", *shlex.split(options))
        assert done.returncode == 2
        assert said in done.stderr
    assert (folder / "config.yaml").read_text() == "mine"
    for _ in range(2):  # its own files it writes again
        outputs = "--json d.json --html d.html --fix plan.json"
        assert run(folder, "../photos", *shlex.split(outputs)).returncode == 1
    (folder / "plan.json").write_text((folder / "plan.json").read_text().replace("]", " ]"))
    plan = json.loads((folder / "plan.json").read_text())
    plan["exclude"].append({"path": "a", "sha256": "b", "reason": "mine"})
    (folder / "plan.json").write_text(json.dumps(plan))
    assert run(folder, "../photos", "--fix", "plan.json").returncode == 2
    assert json.loads((folder / "plan.json").read_text()) == plan


def test_nothing_to_decide(tmp_path):
    for i in range(24):
        (tmp_path / f"data/{'ab'[i % 2]}").mkdir(parents=True, exist_ok=True)
        noise(i).save(tmp_path / f"data/{'ab'[i % 2]}/{i}.png")
    done = run(tmp_path, "data")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to decide" in done.stdout


def test_what_is_written_among_the_photos_is_not_taken_for_one(tmp_path):
    write_photos(tmp_path / "data", [f"{'ab'[i % 2]}/{i}.png" for i in range(24)])
    command = ("data", "--json", "data/d.json", "--html", "data/a/d.html")
    said = []
    for _ in range(2):
        done = run(tmp_path, *command)
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(json.loads((tmp_path / "data/d.json").read_text()))
    before, after = said
    assert [(c["name"], c["photos"]) for c in after["classes"]] == [
        ("a", {"all": 12}),
        ("b", {"all": 12}),
    ]
    assert (after["classes"], after["photos"]) == (before["classes"], before["photos"])
    told = done.stdout + done.stderr  # they are there, and they are no photos
    assert "d.json" in told
    assert "d.html" in told


def test_control_c(tmp_path):
    for name in "ab":
        (tmp_path / f"data/{name}").mkdir(parents=True)
        for i in range(300):
            noise(i % 7, 600, 600).save(tmp_path / f"data/{name}/{i}.bmp")
    process = start(tmp_path, "data", "--json", "d.json")
    time.sleep(1.5)  # imports take half a second, the photos some more
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    if process.returncode == 1:
        pytest.skip("this machine was done before it could be stopped")
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not (tmp_path / "d.json").exists()


def test_training_stops_at_errors_and_reads_the_plan(workplace, faulty):
    train = "train.py --config configs/demo.yaml --data faulty"
    done = workplace.call(f"{train} --run runs/stopped")
    assert done.returncode == 2
    assert "images cannot be used; repair or remove them, or leave them out (data.exclude)" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr
    assert run(workplace.folder, "faulty", "--fix", "plan.json").returncode == 1
    done = workplace.call(f"{train} --run runs/excluded --set data.exclude=plan.json")
    assert done.returncode == 0, done.stderr
    plan = read_plan(workplace.folder / "plan.json")
    folder = workplace.folder / "runs/excluded"
    splits = json.loads((folder / "splits.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    assert [e["path"] for e in splits["excluded"]] == [e.path for e in plan]
    assert metrics["excluded"] == splits["excluded"]
    assert not {e.path for e in plan} & {p for s in splits["splits"].values() for p in s}
    # the damaged photos lie in val/: evaluation must count what training counted
    scores = workplace.folder / "excluded.json"
    done = workplace.call(f"evaluate.py runs/excluded --data faulty --json {scores}")
    assert done.returncode == 0, done.stderr
    assert "not scored, as the run's data.exclude says: " in done.stderr
    got = json.loads(scores.read_text())
    assert (got["n"], got["top1"]) == (metrics["val"]["n"], metrics["val"]["top1"])


def exclusion(root, path: str) -> Exclusion:
    return Exclusion(path, sha256_of(root / path), "because")


def test_a_plan_of_other_files(tmp_path, caplog):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(3):
            noise(i + 10 * ord(name)).save(tmp_path / name / f"{i}.png")
    plan = [exclusion(tmp_path, "a/1.png"), exclusion(tmp_path, "b/2.png")]
    write_plan(tmp_path / "plan.json", plan, "test")
    assert list(read_plan(tmp_path / "plan.json")) == plan
    data = list_data_set(tmp_path, None, plan)
    assert [r.path for r in data.records("all")] == ["a/0.png", "a/2.png", "b/0.png", "b/1.png"]
    (tmp_path / "a/1.png").unlink()
    check_plan(tmp_path, plan)
    assert caplog.messages[-1] == (
        f"1 photos of the exclusion list are not in {tmp_path}, and nothing is left out for "
        "them: a/1.png"
    )
    noise(5).save(tmp_path / "b/2.png")
    with pytest.raises(UserError, match=r"1 photos of the exclusion list are other files now.*b/2"):
        check_plan(tmp_path, plan)


def test_training_counts_what_a_plan_really_took_away(tmp_path, caplog):
    caplog.set_level("INFO")
    data = tmp_path / "data"
    write_photos(data, [f"{name}/{i:02}.png" for name in "ab" for i in range(10)])
    write_photos(data, ["a/.hidden.png", "loose.png"], 50)
    gone = Exclusion("a/gone.png", "0" * 64, "because")
    met = exclusion(data, "a/03.png")
    unmet = [exclusion(data, name) for name in ("a/.hidden.png", "loose.png")]
    write_plan(tmp_path / "plan.json", [met, *unmet, gone], "test")
    plan = str(tmp_path / "plan.json")
    seen, _ = checked_data_set(data, None, (0.8, 0.2), 0, plan)
    assert seen.excluded == (met,)
    assert len(seen.records("all")) == 19
    assert f"left out by {plan}: 1 of its 4 photos" in caplog.messages
    assert (
        f"{plan} names 2 files that are no photos of this data set: a/.hidden.png, loose.png"
        in caplog.messages
    )
    assert f"1 photos of the exclusion list are not in {data}, and nothing" in caplog.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not a readable JSON file"),
        ("[]", "is no exclusion list"),
        ('{"format": 2, "exclude": []}', "takes an object with format 1"),
        ('{"format": 1, "exclude": [{"path": "a"}]}', "entry 1 must have the texts path, sha256"),
        (
            '{"format": 1, "exclude": [{"path": "../x", "sha256": "", "reason": ""}]}',
            "must be one below the data folder; got ../x",
        ),
        (
            '{"format": 1, "exclude": [{"path": "/etc/passwd", "sha256": "", "reason": ""}]}',
            "must be one below the data folder",
        ),
    ],
)
def test_what_is_no_plan(tmp_path, text, words):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=words):
        read_plan(tmp_path / "plan.json")


def test_contradictions_find_exchanged_labels():
    rng = np.random.default_rng(0)
    truth = np.arange(600) % 4
    features = (rng.normal(size=(4, 40))[truth] + 0.4 * rng.normal(size=(600, 40)))[:, None]
    labels = truth.copy()
    wrong = rng.choice(600, 12, replace=False)
    labels[wrong] = (truth[wrong] + 1) % 4
    margins, others = contradictions(features.astype(np.float32), labels, 4)
    assert set(np.argsort(-margins)[:12]) == set(wrong)
    assert (others[wrong] == truth[wrong]).all()
    # each is predicted without itself: by hand for one photo, with the scale of all
    x = features[:, 0].astype(np.float32).astype(np.float64)
    x = np.hstack([(x - x.mean(0)) / (x - x.mean(0)).std(), np.ones((600, 1))])
    weights = 1 / np.bincount(labels)[labels]
    root = np.sqrt(weights / weights.mean())[:, None]
    keep = np.arange(600) != wrong[0]
    a, b = (root * x)[keep], (root * np.eye(4)[labels])[keep]
    alone = x[wrong[0]] @ np.linalg.solve(a.T @ a + RIDGE * 600 * np.eye(41), a.T @ b)
    own = alone[labels[wrong[0]]]
    assert margins[wrong[0]] == pytest.approx(alone[truth[wrong[0]]] - own, abs=1e-6)
