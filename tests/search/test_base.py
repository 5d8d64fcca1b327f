"""The config that a search begins with."""

import pytest

from src_mindspore.search.base import load_base
from src_mindspore.system.errors import UserError

TAUGHT = "finetune_stage: {epochs: 1, from_block: auto}\ndistill: {teachers: [none.yaml]}\n"


def test_what_is_left_out_is_not_asked_for(tmp_path, caplog) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TAUGHT)
    config, aside = load_base(path)
    assert aside == {"finetune_stage.epochs": 0, "distill.teachers": []}
    assert (config.finetune_stage.epochs, config.distill.teachers) == (0, [])
    for said in (
        "finetune_stage: left out, the head alone is searched",
        "distill: no effect, teac",
    ):
        assert said in caplog.text
    path.write_text(TAUGHT + "backbone: {weights: none.ckpt}\n")
    with pytest.raises(UserError, match=r"a\.yaml cannot be searched: backbone\.weights cannot be"):
        load_base(path)


def test_heads_are_trained_without_a_plateau(tmp_path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("head_stage: {lr: {decay: plateau}}")
    with pytest.raises(UserError, match=r"which head_stage\.lr\.decay: plateau goes; another "):
        load_base(path)
