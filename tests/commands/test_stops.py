"""Real runs and what a machine may do to them: signals, another process, a photo that goes."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workplace import REPOSITORY, Workplace

LONG = "train.py --config configs/demo.yaml --data photos --resume --set head_stage.epochs=2000"


def wait_for(process: subprocess.Popen, found) -> None:
    """Until ``found()`` is true; the process must not end before."""
    until = time.monotonic() + 120
    while not found() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()[1]


def lines_of(run: Path) -> int:
    log = run / "log.jsonl"
    return log.read_text().count("\n") if log.is_file() else 0


def check_stopped(process: subprocess.Popen, run: Path) -> None:
    """A clean stop: one line, nothing left half written, no lock."""
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 130, err
    assert err.endswith("--resume  goes on with it\nstopped\n")
    assert "Traceback" not in err
    assert not list(run.rglob(".*"))


def test_the_second_process_is_refused_and_the_first_stops_cleanly(workplace: Workplace) -> None:
    run = workplace.folder / "runs/held"
    first = workplace.start(f"{LONG} --run runs/held")
    wait_for(first, lambda: lines_of(run) > 2)
    second = workplace.run("train.py --run runs/held --resume")
    assert second.returncode == 2
    assert f"error: runs/held is being worked on by process {first.pid} on " in second.stderr
    assert second.stderr.count("error:") == 1
    before = lines_of(run)
    wait_for(first, lambda: lines_of(run) > before)  # undisturbed
    first.send_signal(signal.SIGTERM)
    check_stopped(first, run)


def test_a_stop_in_an_extraction(workplace: Workplace) -> None:
    cache = workplace.folder / "cache-stopped"
    options = f"--set features.cache_dir={cache} --set features.views=30"
    process = workplace.start(f"{LONG} --run runs/extracting {options}")
    wait_for(process, lambda: any(cache.glob(".*.partial/done")))  # the engine is compiled now
    process.send_signal(signal.SIGINT)
    check_stopped(process, workplace.folder / "runs/extracting")


def test_photos_that_go_while_they_are_trained_on(workplace: Workplace) -> None:
    photos, run = workplace.folder / "fleeting", workplace.folder / "runs/fleeting"
    shutil.copytree(workplace.folder / "photos", photos)
    command = LONG.replace("--data photos", "--data fleeting").replace("=2000", "=1")
    options = "--set finetune_stage.inputs=photos --set finetune_stage.epochs=8"
    process = workplace.start(f"{command} --run runs/fleeting {options}")
    wait_for(process, lambda: lines_of(run) > 2)
    gone = min((photos / "train").rglob("*.jpg"))
    gone.unlink()
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 0, err
    assert err.count(f"left out: {gone}: no such file") == 1
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["skipped"] == [str(gone.relative_to(photos))]
    assert metrics["val"]["n"] == 24
    # a validation photo that goes before it is scored again
    bad = min((photos / "val").rglob("*.jpg"))
    bad.write_bytes(bad.read_bytes()[:300])
    done = workplace.call("evaluate.py runs/fleeting --data fleeting --json fleeting.json")
    assert done.returncode == 0, done.stderr
    assert f"left out: {bad.relative_to(workplace.folder)} cannot be decoded" in done.stderr
    scored = json.loads((workplace.folder / "fleeting.json").read_text())
    assert (scored["n"], scored["skipped"]) == (23, [str(bad.relative_to(photos))])


def test_a_run_folder_that_is_read_only(workplace: Workplace, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    script = (
        f"mount --bind {run} {run} && mount -o remount,ro,bind {run} && exec {sys.executable} "
        f"{REPOSITORY / 'train.py'} --config configs/demo.yaml --data photos --run "
    )
    probe = subprocess.run(["unshare", "-m", "mount", "--bind", run, run], capture_output=True)
    if probe.returncode:
        pytest.skip(f"no mount namespace here: {probe.stderr.decode()}")
    for name in ("run", "run/new"):
        command = ["unshare", "-m", "sh", "-c", script + str(tmp_path / name)]
        done = subprocess.run(command, cwd=workplace.folder, capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        text = f"error: the run folder {tmp_path / name} cannot be written: Read-only file system\n"
        # the toy's layers are random, which is said before
        assert [line for line in done.stderr.splitlines(True) if line[:8] != "config: "] == [text]
