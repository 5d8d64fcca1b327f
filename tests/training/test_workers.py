"""Data parallel training: real workers under msrun, and how they share a batch."""

import json
import os
import signal
import time

import msrun
import numpy as np
import pytest
from mindspore import load_checkpoint

from src_mindspore.system.rows import Part
from src_mindspore.training.inputs import CachedInputs, epoch_order
from src_mindspore.training.workers import ALONE, Workers

# 36 photos in batches of 14: 14, 14, 8; in the last the second worker has one row of seven
TRAIN = (
    "train.py --config configs/demo.yaml --data photos --set head_stage.batch_size=14"
    " --set finetune_stage.batch_size=14 --set features.batch_size=1 --set head.dropout=0.3"
    " --set loss.class_weights=sqrt --set head_stage.lr.max=0.001"
)


@pytest.fixture(scope="module")
def runs(workplace):
    """The same config trained by one process and by two workers, each with a cache of its own."""
    one = workplace.call(f"{TRAIN} --run runs/one --set features.cache_dir=cache-one")
    assert one.returncode == 0, one.stderr
    two = msrun.run(
        workplace.folder, "logs", f"{TRAIN} --run runs/two --set features.cache_dir=cache-two"
    )
    if two.returncode and "workers: 2" not in two.stderr:
        pytest.skip(f"msrun cannot start two workers here: {two.stdout[-500:]}")
    assert two.returncode == 0, two.stderr
    return workplace.folder / "runs", two


def same_weights(one, two, name: str) -> None:
    ours, theirs = (load_checkpoint(str(run / name)) for run in (one, two))
    assert list(ours) == list(theirs)
    for key, value in ours.items():
        if key != "state.json":
            np.testing.assert_allclose(
                value.asnumpy(), theirs[key].asnumpy(), rtol=1e-5, atol=1e-5, err_msg=key
            )


@pytest.mark.long
def test_two_workers_end_with_the_weights_of_one(runs) -> None:
    folder, done = runs
    for name in ("model.ckpt", "last.ckpt"):
        same_weights(folder / "one", folder / "two", name)
    ours, theirs = (
        [json.loads(line) for line in (folder / run / "log.jsonl").read_text().splitlines()]
        for run in ("one", "two")
    )
    assert len(ours) == len(theirs) == 3
    for a, b in zip(ours, theirs, strict=True):
        for key in a.keys() - {"seconds"}:
            assert a[key] == pytest.approx(b[key], rel=1e-5) if key != "stage" else a[key] == b[key]
    assert "val top-1" in done.stdout + done.stderr


@pytest.mark.long
def test_both_fill_the_cache_that_one_fills(runs) -> None:
    folder, _ = runs
    caches = [folder.parent / f"cache-{name}" for name in ("one", "two")]
    files = [sorted(p.relative_to(c) for p in c.rglob("*.npy")) for c in caches]
    page = set(files[0]) - set(files[1])  # of one process alone has its page, see train.py
    assert {name.name for name in page} == {"mean.npy"}
    assert set(files[1]) < set(files[0])
    for name in files[1]:
        assert (caches[0] / name).read_bytes() == (caches[1] / name).read_bytes()
    logs = [(folder.parent / f"logs/worker_{rank}.log").read_text() for rank in (0, 1)]
    assert [log.count("train loss") for log in logs] == [3, 0]  # only the first says how it goes


@pytest.mark.long
def test_a_killed_run_goes_on(workplace, runs) -> None:
    folder, _ = runs
    command = f"{TRAIN} --run runs/killed --resume --set head_stage.epochs=400"
    process = msrun.start(workplace.folder, "logs-killed", command)
    saved = folder / "killed" / "last.ckpt"
    until = time.monotonic() + 300
    while not saved.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)  # msrun kills its workers
    process.communicate(timeout=60)
    assert saved.exists()
    assert not (folder / "killed" / "metrics.json").exists()
    done = msrun.run(workplace.folder, "logs-killed", command)
    assert done.returncode == 0, done.stderr
    whole = workplace.call(f"{TRAIN} --run runs/long --set head_stage.epochs=400")
    assert whole.returncode == 0, whole.stderr
    assert len((folder / "killed/log.jsonl").read_text().splitlines()) == 401
    ours, theirs = (
        json.loads((folder / run / "log.jsonl").read_text().splitlines()[399])
        for run in ("long", "killed")
    )
    assert ours["step"] == theirs["step"]
    assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("head_stage.batch_size=15", "must be a multiple of their number, 2; got 15"),
        (
            "finetune_stage.freeze_bn_statistics=false",
            "finetune_stage.freeze_bn_statistics must be true",
        ),
    ],
)
def test_what_workers_cannot_share_is_refused(options, message, workplace, monkeypatch) -> None:
    monkeypatch.setenv("MS_ROLE", "MS_WORKER")
    monkeypatch.setenv("MS_WORKER_NUM", "2")
    command = f"train.py --config configs/demo.yaml --data photos --run runs/odd --set {options}"
    done = workplace.call(command)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (workplace.folder / "runs/odd").exists()


def test_a_run_folder_is_needed_under_msrun(workplace, monkeypatch) -> None:
    monkeypatch.setenv("MS_ROLE", "MS_WORKER")
    done = workplace.call("train.py --config configs/demo.yaml --data photos")
    assert done.returncode == 2
    assert "--run is needed under msrun" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.environ["MS_ROLE"] == "MS_WORKER"


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("photos", "batch_size"), [(36, 12), (37, 12), (5, 12), (48, 24), (50, 24)]
)
def test_each_photo_once_an_epoch(size, photos, batch_size) -> None:
    order = epoch_order((1, 0), 0, photos)
    seen = [[] for _ in range(size)]
    for start in range(0, photos, batch_size):
        batch = order[start : start + batch_size]
        for rank in range(size):
            workers = Workers(rank, size)
            share = workers.share(batch, batch_size)
            real = workers.real(len(batch), batch_size)
            assert len(share) >= max(1, real)
            seen[rank] += share[:real].tolist()
    assert sorted(photo for part in seen for photo in part) == list(range(photos))


@pytest.mark.parametrize("size", [2, 3])
def test_the_workers_batches_are_the_batch(size) -> None:
    rng = np.random.default_rng(0)
    inputs = CachedInputs(rng.random((20, 2, 3)), np.arange(20, dtype=np.int32), (1, 0))
    whole = list(inputs.batches(4, 6))  # 6, 6, 6, 2
    parts = [list(inputs.batches(4, 6, Workers(rank, size))) for rank in range(size)]
    for number, (values, labels) in enumerate(whole):
        real = [Workers(rank, size).real(len(labels), 6) for rank in range(size)]
        assert sum(real) == len(labels)
        for place in (0, 1):
            joined = [part[number][place][:n] for part, n in zip(parts, real, strict=True)]
            np.testing.assert_array_equal(np.concatenate(joined), (values, labels)[place])


def test_parts_of_the_validation() -> None:
    values = np.arange(11)
    parts = [Part(values, Workers(rank, 4).rows(11)) for rank in range(4)]
    assert [len(part) for part in parts] == [2, 3, 3, 3]
    np.testing.assert_array_equal(np.concatenate([part[:] for part in parts]), values)
    np.testing.assert_array_equal(parts[1][1:9], [3, 4])
    assert len(Part(values, Workers(0, 4).rows(3))) == 0


def test_alone() -> None:
    assert ALONE.sum() is None
    assert ALONE.gradient_sum([]) is None
    assert ALONE.gather((0.1, np.nan)).tolist()[0][0] == 0.1
    ALONE.agree({"weights": b"1"})
