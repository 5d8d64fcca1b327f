"""``compare.py`` as it is typed: what it refuses, and, in the long tier, real comparisons."""

import json
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from workplace import Workplace

CONFIGS = "configs/head_1dense.yaml configs/head_2dense.yaml"


def refused(workplace: Workplace, command: str) -> str:
    done = workplace.call(f"compare.py {command}")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return done.stderr


def test_what_it_cannot_use_is_one_message(workplace: Workplace) -> None:
    def message(command: str) -> str:
        return refused(workplace, command).splitlines()[-1]

    base = f"{CONFIGS} --data photos"
    assert message(f"{base} --folds 1").endswith("--folds is a whole number, 2 to 100; got 1")
    assert message(f"{base} --seeds 0").endswith("--seeds is a whole number, 1 to 100; got 0")
    assert "not allowed with argument --test" in message(f"{base} --test photos --folds 3")
    assert "the data folder nowhere does not exist" in message(f"{CONFIGS} --data nowhere")
    other = workplace.folder / "configs" / "kept_copies.yaml"
    other.write_text("data: {near_duplicates: keep}\n")
    said = message(f"configs/head_1dense.yaml {other} --data photos --out runs/c1")
    assert said.startswith("error: configs are compared on the same photos and classes")
    auto = workplace.folder / "configs" / "measured_cut.yaml"
    auto.write_text("finetune_stage: {from_block: auto, epochs: 2}\n")
    assert "a number is accepted" in message(f"{auto} --data photos --out runs/c1")
    assert not (workplace.folder / "runs" / "c1").exists()
    (workplace.folder / "full").mkdir()
    (workplace.folder / "full" / "letter.txt").write_text("mine")
    assert "compare.py did not fill it: it has letter.txt" in message(f"{base} --out full")
    assert [p.name for p in (workplace.folder / "full").iterdir()] == ["letter.txt"]


def comparable(out: Path) -> dict:
    """The report without what another run measures anew."""
    report = json.loads((out / "compare.json").read_text())
    for row in report["rows"]:
        del row["seconds"], row["costs"]["photos_per_second"]
    del report["engine"]
    return report


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_comparison_that_is_stopped_goes_on_and_ends_alike(workplace: Workplace, how) -> None:
    command = f"compare.py {CONFIGS} --data photos --folds 3 --seeds 2 --out"
    whole, out = (workplace.folder / "runs" / name for name in ("whole", f"stopped{how}"))
    if not whole.exists():
        done = workplace.run(f"{command} {whole}")
        assert done.returncode == 0, done.stderr
        assert "head_2dense" in done.stdout
    process = workplace.start(f"{command} {out}")
    while process.poll() is None and len(list(out.glob("folds/*.npz"))) < 4:
        time.sleep(0.01)
    process.send_signal(how)
    err = process.communicate(timeout=120)[1]
    if how == signal.SIGKILL:
        assert process.returncode == -how
    else:
        assert process.returncode == 130
        assert err.endswith("goes on with it\nstopped\n")
        assert not list(out.rglob(".*"))
    there = {file: file.stat().st_mtime_ns for file in out.glob("folds/*.npz")}
    assert 4 <= len(there) < 12
    done = workplace.run(f"{command} {out}")
    assert done.returncode == 0, done.stderr
    assert f"{len(there)} of 12 folds are there already" in done.stderr
    assert all(file.stat().st_mtime_ns == before for file, before in there.items())
    assert comparable(out) == comparable(whole)


@pytest.mark.long
def test_other_questions(workplace: Workplace) -> None:
    """Fine-tuning, an epoch that is chosen, and another folder's photos."""
    done = workplace.call(
        "compare.py configs/garbage.yaml configs/head_1dense.yaml --data photos --folds 2 "
        "--epoch chosen --out runs/chosen"
    )
    assert done.returncode == 0, done.stderr
    assert "the epoch is chosen by a fifth of the training photos" in done.stdout
    shutil.copytree(workplace.folder / "photos" / "val", workplace.folder / "others")
    done = workplace.call("compare.py configs/garbage.yaml --data photos/train --test others")
    assert done.returncode == 0, done.stderr
    report = json.loads(
        (workplace.folder / "runs/compare-train-on-others/compare.json").read_text()
    )
    assert (report["scored"], report["folds"]) == (24, 1)
    assert set(report["rows"][0]["wrong"]) <= {
        path.relative_to(workplace.folder).as_posix()
        for path in (workplace.folder / "others").rglob("*.*")
    }


@pytest.mark.long
def test_a_chosen_epoch_is_scored_with_its_own_weights(workplace: Workplace) -> None:
    """The compiled head has the weights of the last epoch when another one is the best."""
    for kernels in ("compiled", "plain"):
        (workplace.folder / "configs" / f"{kernels}.yaml").write_text(
            "base: head_1dense.yaml\n"
            f"head_stage: {{epochs: 8, kernels: {kernels}, lr: {{max: 0.5}}}}\n"
        )
    done = workplace.call(
        "compare.py configs/compiled.yaml configs/plain.yaml --data photos --folds 3 "
        "--epoch chosen --out runs/kernels"
    )
    assert done.returncode == 0, done.stderr
    folder = workplace.folder / "runs" / "kernels" / "folds"
    found = {"compiled": [], "plain": []}
    for file in folder.glob("*.npz"):
        with np.load(file) as arrays:
            about = json.loads(str(arrays["about"]))
            found[about["recipe"]].append((about["fold"], arrays["logits"]))
    for (_, one), (_, other) in zip(
        *(sorted(f, key=lambda x: x[0]) for f in found.values()), strict=True
    ):
        np.testing.assert_allclose(one, other, 1e-3, 1e-3)


@pytest.mark.long
def test_an_average_is_what_its_members_said_and_costs_no_training(workplace: Workplace) -> None:
    configs = workplace.folder / "configs"
    (configs / "wide.yaml").write_text("base: head_1dense.yaml\nhead: {hidden: [32]}\n")
    (configs / "both.yaml").write_text("ensemble: [wide.yaml, head_1dense.yaml]\n")
    command = "compare.py configs/{} --data photos --folds 2 --out runs/average"
    done = workplace.call(command.format("head_1dense.yaml configs/wide.yaml"))
    assert done.returncode == 0, done.stderr
    folder = workplace.folder / "runs" / "average"
    folds = {file.name for file in folder.glob("folds/*.npz")}
    done = workplace.call(command.format("both.yaml configs/head_1dense.yaml configs/wide.yaml"))
    assert done.returncode == 0, done.stderr
    assert "4 of 4 folds are there already" in done.stderr
    assert {file.name for file in folder.glob("folds/*.npz")} == folds
    both, *members = json.loads((folder / "compare.json").read_text())["rows"]
    assert both["members"] == ["wide", "head_1dense"]
    for key in ("parameters", "multiply_adds", "ms_bytes"):
        assert both["costs"][key] == sum(row["costs"][key] for row in members)
    times = [1 / row["costs"]["photos_per_second"] for row in (both, *members)]
    assert times[0] == pytest.approx(times[1] + times[2])
    assert both["seconds"] == pytest.approx(sum(row["seconds"] for row in members))
    # what both say their mean says, and a temperature changes no label
    wrong = [set(row["wrong"]) for row in (both, *members)]
    assert wrong[0] <= wrong[1] | wrong[2]
