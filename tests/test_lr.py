"""Learning-rate tables written out by hand."""

import numpy as np
import pytest

from src_mindspore.lr import DECAYS, Plateau, build_lr

# lr_max 1, lr_end 0.1, four decay steps: 0, 1/4, 1/2 and 3/4 of the way
DECAYED = {
    "cosine": [1.0, 0.86819805, 0.55, 0.23180195],
    "square": [1.0, 0.60625, 0.325, 0.15625],
    "linear": [1.0, 0.775, 0.55, 0.325],
    "exponential": [1.0, 0.56234133, 0.31622777, 0.17782794],
    "constant": [1.0, 1.0, 1.0, 1.0],
    "plateau": [1.0, 1.0, 1.0, 1.0],  # before any score
}


def test_every_decay_has_a_table():
    assert set(DECAYED) == set(DECAYS)


@pytest.mark.parametrize("decay", DECAYED)
@pytest.mark.parametrize(
    ("warmup", "warmed"), [(0, []), (1, [1.0]), (2, [0.6, 1.0]), (4, [0.4, 0.6, 0.8, 1.0])]
)
def test_table(decay, warmup, warmed):
    lr = build_lr(warmup + 4, 0.2, 0.1, 1.0, warmup, decay)
    assert lr.dtype == np.float32
    np.testing.assert_allclose(lr, warmed + DECAYED[decay], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"total_steps": 1}, [0.1]),
        ({"total_steps": 1, "warmup_steps": 1}, [0.1]),
        ({"total_steps": 2}, [0.1, 0.05]),  # cosine to 0, the defaults
        ({"total_steps": 4, "warmup_steps": 4, "lr_max": 1.0}, [0.25, 0.5, 0.75, 1.0]),
        ({"total_steps": 3, "warmup_steps": 2, "lr_init": 0.1}, [0.1, 0.1, 0.1]),
        ({"total_steps": 2, "lr_end": 0.1}, [0.1, 0.1]),
        ({"total_steps": 2, "lr_end": 0.1, "decay_type": "exponential"}, [0.1, 0.1]),
    ],
)
def test_edges(arguments, expected):
    np.testing.assert_allclose(build_lr(**arguments), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"total_steps": 0}, "total_steps must be at least 1; got 0"),
        ({"warmup_steps": 6}, r"warmup_steps must be 0 to total_steps \(5\); got 6"),
        ({"warmup_steps": -1}, r"warmup_steps must be 0 to total_steps \(5\); got -1"),
        ({"lr_max": 0}, "lr_max > 0 must hold; got lr_init=0.0, lr_end=0.0, lr_max=0"),
        ({"lr_init": 0.2}, "0 <= lr_init, lr_end <= lr_max .* got lr_init=0.2, "),
        ({"lr_init": -0.1}, "0 <= lr_init, lr_end <= lr_max .* got lr_init=-0.1, "),
        ({"lr_end": 0.2}, "0 <= lr_init, lr_end <= lr_max .* lr_end=0.2, lr_max=0.1"),
        ({"decay_type": "step"}, f"decay_type must be one of {', '.join(DECAYS)}; got 'step'"),
        (
            {"decay_type": "exponential"},
            "lr_end must be above 0 for the exponential decay; got 0",
        ),
    ],
)
def test_refusals(arguments, text):
    with pytest.raises(ValueError, match=text):
        build_lr(**{"total_steps": 5, **arguments})


# scores of epochs, and the rates behind them, counted by hand as PyTorch's documentation says it:
# with patience 2 two epochs without a better score are borne, the third lowers the rate
PLATEAUS = [
    ("0.5 0.6 0.6 0.6 0.6 0.6 0.6 0.6", 2, 0.5, 0.0, "8 8 8 8 4 4 4 2"),
    ("0.5 0.6 0.6 0.6 0.7 0.6 0.6 0.6", 2, 0.5, 0.0, "8 8 8 8 8 8 8 4"),  # a better one begins anew
    ("0.5 0.5 0.4 0.4", 0, 0.25, 0.0, "8 2 0.5 0.125"),
    ("0.5 0.5 0.5 0.5", 0, 0.25, 1.0, "8 2 1 1"),  # not below the lowest
    ("0.0 0.0 0.0 0.1", 1, 0.5, 0.0, "8 8 4 4"),
    # the threshold is a share of the best: 0.90008 is no better than 0.9, 0.9002 is
    ("0.9 0.90008 0.9002 0.9002", 0, 0.5, 0.0, "8 4 4 2"),
]


@pytest.mark.parametrize(("scores", "patience", "factor", "lowest", "rates"), PLATEAUS)
def test_a_plateau_lowers_the_rate(scores, patience, factor, lowest, rates):
    plateau = Plateau(8.0, factor, patience, lowest)
    got = [plateau.after_epoch(float(score)) for score in scores.split()]
    assert got == [float(rate) for rate in rates.split()]
