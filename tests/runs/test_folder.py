"""What a run leaves behind, and what a resumed one starts from."""

import json
from types import SimpleNamespace

import mindspore as ms
import numpy as np
import pytest
from helpers import input_spec, mode
from mindspore import nn

from src_mindspore.config.load import load_config
from src_mindspore.runs import checkpoint
from src_mindspore.runs import folder as run_folder
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.open import create_run
from src_mindspore.runs.progress import EPOCH_NUMBERS, StageProgress
from src_mindspore.runs.read import load_run
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.errors import UserError
from src_mindspore.system.write import sha256_of
from src_mindspore.weights.array_files import read_arrays, save_arrays
from src_mindspore.weights.assign import arrays_of, restore

STAGES = ("head", "finetune")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "c.yaml").write_text("seed: 5\nhead_stage: {lr: {max: 1e-3}}\n")
    return load_config(tmp_path / "c.yaml")


@pytest.fixture
def run(tmp_path, config) -> RunFolder:
    return create_run(tmp_path / "runs/a", config)


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still until a test moves it."""
    now = SimpleNamespace(time=1000.0)
    monkeypatch.setattr(run_folder, "time", SimpleNamespace(monotonic=lambda: now.time))
    return now


def small() -> tuple[nn.Cell, nn.Optimizer]:
    """A network and its optimiser, one step old."""
    with mode(ms.PYNATIVE_MODE):
        network = nn.Dense(2, 3)
        optimizer = nn.Momentum(network.trainable_params(), 0.1, 0.9)
        optimizer(tuple(ms.Tensor(np.ones(p.shape, np.float32)) for p in optimizer.parameters))
    return network, optimizer


def progress() -> StageProgress:
    return StageProgress(epoch=2, stale=1, best_top1=0.5, best_loss=0.25)


def save(run: RunFolder, reached: StageProgress, best: dict[str, np.ndarray] | None) -> None:
    """Saves a network of its own; returns nothing that a test could hold on to."""
    network, optimizer = small()
    run.save("finetune", reached, arrays_of(network), arrays_of(optimizer), best)


def logged(run: RunFolder) -> list[dict]:
    """What ``log.jsonl`` holds."""
    return [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]


def make_run(path):
    path.mkdir()
    (path / "config.yaml").touch()
    (path / "last.ckpt").touch()


def make_full(path):
    path.mkdir()
    (path / "thesis.txt").touch()


TAKEN = [
    (
        make_run,
        "{path} is a run: --resume goes on with it; a new run takes a new or an empty folder",
    ),
    (
        make_full,
        "{path} is not empty, and not of train.py, or changed since: thesis.txt; a new run takes "
        "a new or an empty folder",
    ),
    (lambda path: path.touch(), "{path} is not empty; a new run takes a new or an empty folder"),
    (lambda path: path.parent.touch(), "the run folder {path} cannot be written: Not a directory"),
]


@pytest.mark.parametrize(("make", "text"), TAKEN)
def test_create_refuses_what_is_taken(tmp_path, config, make, text):
    path = tmp_path / "run"
    if "written" in text:
        path = tmp_path / "file/run"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError) as info:
        create_run(path, config)
    assert str(info.value) == text.format(path=path)
    assert sorted(tmp_path.rglob("*")) == before


def test_load_run_says_what_is_missing(tmp_path, run):
    with pytest.raises(UserError, match=r"is no run folder: it has no config\.yaml$"):
        load_run(tmp_path)
    with pytest.raises(UserError, match=r"has not ended; .*train\.py --run .* --resume"):
        load_run(run.path)


def test_a_new_run_begins_with_an_empty_log(run):
    run.log({"epoch": 1})
    assert RunFolder(run.path).begin(STAGES) is None
    assert (run.path / "log.jsonl").read_text() == ""


def epoch_line(epoch: int) -> dict:
    """A line of the log."""
    return {"stage": "head", **dict.fromkeys(EPOCH_NUMBERS, 1 / 3), "epoch": epoch}


def test_save_and_go_on(run):
    network, optimizer = small()
    best = {"weight": np.full((3, 2), 7, np.float32)}
    for epoch in (1, 2):
        run.log(epoch_line(epoch))
    run.save("finetune", progress(), arrays_of(network), arrays_of(optimizer), best)
    run.log(epoch_line(3))  # done after the last save: it will be done again
    with (run.path / "log.jsonl").open("a") as stream:
        stream.write('{"epoch": 4, "val')  # the power went off

    again = RunFolder(run.path)
    state = again.begin(STAGES)
    lines = [epoch_line(1), epoch_line(2)]
    assert again.lines == logged(run) == lines
    assert (state.stage, state.progress) == ("finetune", progress())
    np.testing.assert_array_equal(state.best["weight"], best["weight"])

    other, fresh = nn.Dense(2, 3), small()[1]
    before = {**arrays_of(network), **arrays_of(optimizer)}
    restore((other, fresh), state.arrays, "last.ckpt")
    after = {**arrays_of(other), **arrays_of(fresh)}
    assert {"weight", "bias", "moments.weight", "global_step"} <= after.keys()
    assert after.keys() == before.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array, err_msg=name)
    assert after["global_step"] == 1
    assert np.abs(after["moments.weight"]).min() > 0

    again.log(epoch_line(3))
    assert [line["epoch"] for line in logged(run)] == [1, 2, 3]


def test_a_state_of_other_stages_is_refused(run):
    save(run, progress(), {"weight": np.zeros(1, np.float32)})
    with pytest.raises(UserError, match=r"the state in .*last\.ckpt is not of this version"):
        RunFolder(run.path).begin(("head",))


def test_the_first_epoch_may_be_infinitely_bad(run):
    save(run, StageProgress(), {"weight": np.zeros(1, np.float32)})
    assert RunFolder(run.path).begin(STAGES).progress == StageProgress()


def test_checkpoints_are_wanted_ten_seconds_apart(run, clock):
    reached, saved = progress(), []
    for seconds, force, expected in (
        (0, False, True),  # the first at once
        (9.9, False, False),
        (0.2, False, True),
        (1, False, False),
        (0, True, True),
        (9.9, False, False),  # counted from the forced one
        (0.2, False, True),
    ):
        clock.time += seconds
        reached.epoch += 1
        assert run.wants_checkpoint == (expected and not force)
        if run.wants_checkpoint or force:
            save(run, reached, {"epoch": np.array([reached.epoch], np.float32)})
            saved.append(reached.epoch)
        state, _ = checkpoint.read_state(run.path / "last.ckpt")
        assert state["progress"]["epoch"] == saved[-1]
        assert read_arrays(run.path / "model.ckpt")["epoch"] == saved[-1]


def test_the_best_weights_are_written_once(run):
    best = {"weight": np.ones(2, np.float32)}
    save(run, progress(), best)
    first = (run.path / "model.ckpt").stat()
    save(run, progress(), best)
    assert (run.path / "model.ckpt").stat().st_ino == first.st_ino
    save(run, progress(), dict(best))
    assert (run.path / "model.ckpt").stat().st_ino != first.st_ino


def test_the_model_is_written_before_the_state_that_counts_on_it(run, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_state", crash)
    with pytest.raises(KeyboardInterrupt):
        save(run, progress(), {"weight": np.ones(2, np.float32)})
    assert (run.path / "model.ckpt").is_file()
    assert not (run.path / "last.ckpt").exists()
    assert RunFolder(run.path).begin(STAGES) is None


def test_a_state_file_that_is_none(run):
    save_arrays(run.path / "last.ckpt", {"weight": np.zeros(1, np.float32)})
    with pytest.raises(UserError, match=r"last\.ckpt holds no training state; it is not a last\."):
        run.begin(STAGES)


def test_finish(run, config):
    save_arrays(run.path / "model.ckpt", {"weight": np.zeros(1, np.float32)})
    spec = ModelSpec(("a", "b"), ({"en": "A"}, {"en": "B"}), input_spec(32), "logits", {})
    run.finish(spec, {"val": {"top1": 0.5}})
    assert run.finished
    assert json.loads((run.path / "metrics.json").read_text()) == {"val": {"top1": 0.5}}
    read, loaded = load_run(run.path)
    assert read == config
    (file,) = loaded.files
    assert (file.name, file.sha256) == ("model.ckpt", sha256_of(run.path / "model.ckpt"))
    assert loaded.with_files() == spec


def test_a_run_that_never_trained_may_begin_again(run, config):
    for name in ("splits.json", "spec.json", "log.jsonl"):
        (run.path / name).touch()
    assert create_run(run.path, config).path == run.path
    (run.path / "model.ckpt").touch()
    with pytest.raises(UserError, match="--resume goes on with it"):
        create_run(run.path, config)
