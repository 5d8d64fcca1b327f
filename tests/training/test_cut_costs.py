"""Choosing how deep to train by time and disk."""

from dataclasses import replace

import pytest

from src_mindspore.backbones.mobilenet_v2 import MobileNetV2Backbone
from src_mindspore.config.load import load_config
from src_mindspore.training.cut_costs import (
    Speeds,
    TrainingLoad,
    choose,
    estimates,
    table,
)

BACKBONE = MobileNetV2Backbone()
LOAD = TrainingLoad(
    BACKBONE.channels,
    BACKBONE.map_sides(224),
    BACKBONE.work(224),
    photos=2000,
    val_photos=100,
    views=5,
    epochs=4,
)
SPEEDS = Speeds(view=0.01, step=0.0346, step_block=11)


def test_work_follows_the_measured_training_steps():
    work = BACKBONE.work(224)
    assert len(work) == 19
    dense = 300e6  # multiplications of the network, arXiv:1801.04381, table 4
    assert dense < sum(work) < 3 * dense
    measured = {15: 17.6, 11: 34.6, 0: 139.0}  # ms a photo
    scale = measured[11] / sum(work[11:])
    for block, ms in measured.items():
        assert scale * sum(work[block:]) == pytest.approx(ms, rel=0.37), block


def test_the_disk_is_what_the_cache_takes():
    by_block = {e.from_block: e for e in estimates(LOAD, SPEEDS)}
    assert sorted(by_block) == list(range(1, 19))
    pooled = (2000 * 5 + 100) * 2 * 1280 * 4
    assert by_block[15].disk == pooled + 160 * 7 * 7 * (2000 * 5 * 2 + 100 * 4)
    one = estimates(replace(LOAD, views=1), SPEEDS)[14]
    assert one.disk == 2100 * 2 * 1280 * 4 + 160 * 7 * 7 * 2100 * 4


def test_time_grows_with_depth_and_scales():
    found = estimates(LOAD, SPEEDS)
    training = [e.training for e in found]
    assert training == sorted(training, reverse=True)
    assert found[10].training == pytest.approx(4 * (2000 + 100 / 3) * 0.0346)
    assert found[10].extraction == pytest.approx(0.01 * 10100, rel=0.01)
    twice = estimates(replace(LOAD, epochs=8), SPEEDS)
    assert [e.training for e in twice] == pytest.approx([2 * t for t in training])


def test_the_deepest_that_fits_is_chosen():
    found = estimates(LOAD, SPEEDS)
    assert choose(found, None, None).from_block == 1
    for seconds in (150, 250, 400):
        chosen = choose(found, seconds, None)
        assert chosen.seconds <= seconds
        deeper = [e for e in found if e.from_block < chosen.from_block]
        assert all(e.seconds > seconds for e in deeper)
    assert choose(found, None, 0.3).from_block > choose(found, None, 1).from_block
    both = choose(found, 400, 0.3)
    assert both.fits(400, 0.3)
    assert choose(found, 1, None) is None
    assert choose(found, None, 0.001) is None


def test_the_table_marks_the_choice():
    found = estimates(LOAD, SPEEDS)
    lines = table(found, found[14]).splitlines()
    assert len(lines) == 19
    assert [line for line in lines if line.startswith("*")] == [lines[15]]
    assert lines[15].split()[1:3] == ["15", "features.14"]
    assert "*" not in table(found, None)


@pytest.mark.parametrize("value", ["auto", "0", "18"])
def test_from_block_in_a_config(value, tmp_path):
    (tmp_path / "a.yaml").write_text(f"finetune_stage: {{from_block: {value}}}")
    config = load_config(tmp_path / "a.yaml", ["finetune_stage.budget.seconds=90"])
    assert str(config.finetune_stage.from_block) == value
    assert config.finetune_stage.budget == {"seconds": 90, "gigabytes": None}


def test_auto_through_the_real_command(workplace):
    command = (
        "train.py --config configs/demo.yaml --data photos --run runs/auto --resume"
        " --set finetune_stage.from_block=auto --set finetune_stage.budget.gigabytes={}"
    )
    done = workplace.call(command.format(0.0015))
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stderr.splitlines() if line.startswith("* "))
    block = int(row.split()[1])
    assert f"finetune_stage.from_block: {block}" in done.stderr
    assert done.stderr.index("extraction s") < done.stderr.index("features: ")
    cache = workplace.folder / "cache"
    assert list(cache.glob(f"*/features.{block - 1}.npy"))
    choice = (workplace.folder / "runs/auto/budget.json").read_text()
    assert f'"from_block": {block}' in choice

    none = workplace.call(command.format(1e-6).replace("runs/auto", "runs/auto-none"))
    assert none.returncode == 0, none.stderr
    assert "no fine-tuning fits finetune_stage.budget" in none.stderr
    log = (workplace.folder / "runs/auto-none/log.jsonl").read_text()
    assert "finetune" not in log
    assert log.count('"stage": "head"') == 2
