"""Two steps of every optimiser against the same in NumPy."""

from collections.abc import Callable

import mindspore as ms
import numpy as np
import pytest
from helpers import mode
from mindspore import Parameter, Tensor

from src_mindspore.training.optimizers import OPTIMIZERS, build_optimizer

LR = np.array([0.1, 0.05], np.float32)
START = {
    "beta": np.array([1.0, -1.0]),
    "weight": np.array([[1.0, -2.0], [0.5, 3.0]]),
    "gamma": np.array([0.5]),
}
GRADIENTS = [
    {"weight": [[0.1, 0.2], [-0.3, 0.4]], "beta": [0.5, -0.25], "gamma": [2.0]},
    {"weight": [[0.3, -0.2], [0.1, 0.2]], "beta": [-0.1, 0.3], "gamma": [-1.0]},
]
Rule = Callable[[np.ndarray, list[np.ndarray], float, float], np.ndarray]


def heavy_ball(w, gradients, momentum, decay):
    velocity = np.zeros_like(w)
    for lr, g in zip(LR, gradients, strict=True):
        velocity = momentum * velocity + g + decay * w
        w = w - lr * velocity
    return w


def adam(w, gradients, _, decay):
    """arXiv:1412.6980, algorithm 1."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, (lr, gradient) in enumerate(zip(LR, gradients, strict=True), start=1):
        g = gradient + decay * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def adamw(w, gradients, _, decay):
    """MindSpore's has no bias correction."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for lr, g in zip(LR, gradients, strict=True):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - lr * (m / (np.sqrt(v) + 1e-6) + decay * w)
    return w


def rmsprop(w, gradients, momentum, decay):
    """MindSpore's mean square starts from 1."""
    square, step = np.ones_like(w), np.zeros_like(w)
    for lr, gradient in zip(LR, gradients, strict=True):
        g = gradient + decay * w
        square = 0.9 * square + 0.1 * g * g
        step = momentum * step + lr * g / np.sqrt(square + 1e-10)
        w = w - step
    return w


RULES: dict[str, Rule] = {
    "momentum": heavy_ball,
    "sgd": heavy_ball,
    "adam": adam,
    "adamw": adamw,
    "rmsprop": rmsprop,
}


@pytest.fixture(scope="module", autouse=True)
def pynative():
    with mode(ms.PYNATIVE_MODE):
        yield


def parameters(names=tuple(START)) -> list[Parameter]:
    return [Parameter(Tensor(START[name], ms.float32), name=name) for name in names]


def train(optimizer) -> None:
    for gradients in GRADIENTS:
        optimizer(tuple(Tensor(gradients[p.name], ms.float32) for p in optimizer.parameters))


def test_every_optimizer_has_a_rule():
    assert set(RULES) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("momentum", "decay"), [(0.9, 0.1), (0, 0)])
def test_two_steps(name, momentum, decay):
    trained = parameters()
    train(build_optimizer(name, trained, LR, momentum, decay))
    for p in trained:
        gradients = [np.array(g[p.name]) for g in GRADIENTS]
        # only weights decay, biases, gamma and beta do not
        expected = RULES[name](
            START[p.name], gradients, momentum, decay if p.name == "weight" else 0.0
        )
        np.testing.assert_allclose(p.asnumpy(), expected, rtol=2e-4, err_msg=p.name)


@pytest.mark.parametrize("names", [("weight",), ("beta", "gamma")])
def test_one_group_is_enough(names):
    trained = parameters(names)
    train(build_optimizer("momentum", trained, LR, 0.0, 0.1))
    for p in trained:
        gradients = [np.array(g[p.name]) for g in GRADIENTS]
        expected = heavy_ball(START[p.name], gradients, 0, 0.1 if p.name == "weight" else 0)
        np.testing.assert_allclose(p.asnumpy(), expected, rtol=1e-5)


def test_a_single_step():
    trained = parameters(("weight",))
    optimizer = build_optimizer("momentum", trained, LR[:1], 0.9, 0.0)
    optimizer((Tensor(np.ones((2, 2)), ms.float32),))
    np.testing.assert_allclose(trained[0].asnumpy(), START["weight"] - 0.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "names", "text"),
    [
        (
            "lion",
            ("weight",),
            "optimizer must be one of momentum, sgd, adam, adamw, rmsprop; got 'lion'",
        ),
        ("adam", (), "there is nothing to train: every parameter is frozen"),
    ],
)
def test_refusals(name, names, text):
    with pytest.raises(ValueError, match=text):
        build_optimizer(name, parameters(names), LR)
