"""The words of a config, which is checked without MindSpore, are those of the rooms that act."""

import subprocess
import sys

import pytest
from workplace import REPOSITORY

from src_mindspore import backbone, lr
from src_mindspore import head as head_room
from src_mindspore.backbones import interface
from src_mindspore.config import schema
from src_mindspore.network import device, kernels, onnx_runtime
from src_mindspore.photos import class_weights
from src_mindspore.spec import input as spec_input
from src_mindspore.training import data, inputs, optimizers
from src_mindspore.weights import convention


def test_words_are_those_of_their_rooms() -> None:
    assert schema.DEVICES == device.DEVICES
    assert schema.ENGINES == onnx_runtime.ENGINES
    assert schema.KERNELS == kernels.KERNELS
    assert tuple(schema.BACKBONES) == tuple(backbone.BACKBONES)
    assert schema.PADDINGS == interface.PADDINGS
    assert schema.INPUTS == inputs.SOURCES
    assert tuple(optimizers.OPTIMIZERS) == schema.OPTIMIZERS
    assert schema.DECAYS == lr.DECAYS
    assert schema.REDUCTIONS == head_room.REDUCTIONS
    assert schema.NORMALISATIONS == head_room.NORMALISATIONS
    assert schema.HIDDEN_ACTIVATIONS == head_room.HIDDEN_ACTIVATIONS
    assert schema.OUTPUT_ACTIVATIONS == head_room.OUTPUT_ACTIVATIONS
    assert schema.CLASS_WEIGHTS == class_weights.CLASS_WEIGHTS
    assert schema.NEAR_DUPLICATES == data.NEAR_DUPLICATES
    assert schema.RESIZE_RULES == spec_input.RESIZE_RULES
    assert schema.INTERPOLATIONS == spec_input.INTERPOLATIONS


@pytest.mark.parametrize("name", schema.BACKBONES)
def test_what_a_config_knows_of_a_backbone_is_true(name) -> None:
    """Its padding, epsilon and pixels are held equal in tests/weights/test_imagenet.py."""
    facts = schema.BACKBONES[name]
    assert facts.layers == len(backbone.build_backbone(name).layers)
    if facts.widths:
        whole, half = (backbone.build_backbone(name, width_mult=w).channels for w in (1, 0.5))
        assert half[3] < whole[3]
    else:
        with pytest.raises(ValueError, match="must be 1; got 0"):
            backbone.build_backbone(name, width_mult=0.5)
    plain = {"padding": convention.PLAIN.padding, "bn_eps": convention.PLAIN.bn_eps}
    assert facts.pretrained or plain == {"padding": facts.padding, "bn_eps": facts.bn_eps}


def test_a_config_is_checked_without_mindspore_and_numpy() -> None:
    code = (
        "import sys; from pathlib import Path; from src_mindspore.config.load import load_config; "
        "load_config(Path('configs/garbage.yaml')); "
        "print(sorted({'mindspore', 'numpy', 'cv2', 'PIL'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
