"""A network gets exactly its parameters, or none and a list of what does not fit."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import nn

from src_mindspore.system.errors import UserError
from src_mindspore.weights.assign import assign_strict


def cell() -> nn.Cell:
    return nn.SequentialCell(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=p.shape) for name, p in cell().parameters_dict().items()}


def test_assigns_every_parameter_in_its_own_type():
    network, values = cell(), arrays()
    network.parameters_dict()["1.beta"].set_dtype(ms.float16)
    assign_strict(network, values, "file")
    assert set(values) == {"0.weight", *(f"1.{n}" for n in ("gamma", "beta"))} | {
        "1.moving_mean",
        "1.moving_variance",
    }
    for name, parameter in network.parameters_dict().items():
        assert parameter.dtype == (ms.float16 if name == "1.beta" else ms.float32)
        np.testing.assert_allclose(parameter.asnumpy(), values[name], rtol=1e-3)


def test_lists_the_difference_and_changes_nothing():
    network, values = cell(), arrays()
    before = network[1].gamma.asnumpy().copy()
    # a suffix of a parameter's name, which load_param_into_net would take for it
    values["moving_mean"] = values.pop("1.moving_mean")
    values["0.weight"] = values["0.weight"].transpose(1, 0, 2, 3)
    with pytest.raises(UserError) as info:
        assign_strict(network, values, "run/model.ckpt")
    assert str(info.value).splitlines() == [
        "run/model.ckpt: the parameters are not the network's:",
        "(- missing in the file, + only in the file, ! other shape)",
        " - 1.moving_mean (4)",
        " + moving_mean (4)",
        " ! 0.weight file (3,4,1,1) model (4,3,1,1)",
    ]
    np.testing.assert_array_equal(network[1].gamma.asnumpy(), before)


def test_a_long_difference_is_cut_and_counted():
    values = arrays() | {f"extra.{i}": np.zeros(1) for i in range(20)}
    with pytest.raises(UserError) as info:
        assign_strict(cell(), values, "file")
    lines = str(info.value).splitlines()
    assert len(lines) == 2 + 12 + 1
    assert lines[-1] == " ... and 8 more"


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_refuses_values_that_are_not_finite(bad):
    values = arrays()
    values["1.beta"][2] = bad
    with pytest.raises(UserError, match=r"file: 1\.beta holds NaN or infinity"):
        assign_strict(cell(), values, "file")


def test_refuses_texts():
    values = arrays() | {"1.beta": np.array(list("text"))}
    with pytest.raises(UserError, match=r"1\.beta must hold numbers, got type <U1"):
        assign_strict(cell(), values, "file")
