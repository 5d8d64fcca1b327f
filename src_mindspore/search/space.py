"""Which heads are tried: each change alone, as the lab did, and then many at once, drawn.

The menus are what the lab's reports vary and what is in use for heads on frozen features. Rates
and weight decays belong to their optimiser: those of Adam and its like are a thirtieth of
momentum's, as MindSpore's own defaults are a hundredth and the lab's a thirtieth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from src_mindspore.search.settings import HeadSettings, rounded

ADAPTIVE = ("adam", "adamw", "rmsprop")
RATE_OF_ADAPTIVE = 1 / 30  # of the rate that suits momentum
LAST_RATE = 0.01  # where an exponential decay ends that the config gives no end
WIDE = 640  # the lab's second Dense layer
NARROW = 128
HALF_A_DECADE = 10**0.5

MENUS: dict[str, tuple[Any, ...]] = {
    "reduction": ("mean", "max"),
    "normalisation": ("none", "rms"),
    "hidden": ((), (), (64,), (NARROW,)),  # half of the heads have one Dense layer
    "hidden_activation": ("relu", "tanh", "gelu"),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.5),
    "activation": (None, "sigmoid"),
    "optimizer": ("momentum", *ADAPTIVE),
    "momentum": (0.8, 0.9, 0.95),
    "decay": ("cosine", "square", "exponential", "linear", "constant"),
    "warmup_epochs": (0, 1),
    "batch_size": (32, 64, 128),
    "class_weights": ("none", "sqrt", "balanced"),
    "label_smoothing": (0.0, 0.05, 0.1, 0.2),
}
RATES, WEIGHT_DECAYS = (-1.0, 1.0), (-6.0, -2.0)  # powers of ten: of the base's rate, and as it is
MOST_CHANGES = 4  # of a head that is drawn near the base
ABSENT_DECAY = 0.2  # share of heads without weight decay


@dataclass(frozen=True)
class Change:
    """One row of the table of ablations.

    Attributes:
        group: what is changed, for the order of the rows.
        label: in words.
        settings: of the changed head.
    """

    group: str
    label: str
    settings: HeadSettings


def with_optimizer(base: HeadSettings, name: str) -> HeadSettings:
    """Another optimiser, with the rate that belongs to it."""
    ratio = (RATE_OF_ADAPTIVE if name in ADAPTIVE else 1) / (
        RATE_OF_ADAPTIVE if base.optimizer in ADAPTIVE else 1
    )
    other = replace(base, optimizer=name)
    return other if ratio == 1 else other.with_rate(rounded(base.lr_max * ratio))


def with_decay(base: HeadSettings, name: str) -> HeadSettings:
    """Another shape of the decay; an exponential one has to end above 0."""
    end = base.lr_end or (rounded(base.lr_max * LAST_RATE) if name == "exponential" else 0.0)
    return replace(base, decay=name, lr_end=end)


def each_alone(base: HeadSettings) -> list[Change]:
    """The table of ablations: one setting changed from the base at a time.

    Where a row changes a second one, its label says so: the rate that belongs to an optimiser, the
    end of an exponential decay, dropout between two Dense layers.
    """
    found: dict[str, Change] = {}
    for change in _each_alone(base):
        digest = change.settings.digest()
        if digest != base.digest():
            found.setdefault(digest, change)
    return list(found.values())


def _each_alone(base: HeadSettings) -> Iterator[Change]:
    yield from _layers(base)
    for name in MENUS["reduction"]:
        yield Change("features", f"{name} over space", replace(base, reduction=name))
    for name in MENUS["normalisation"]:
        yield Change("features", f"normalisation {name}", replace(base, normalisation=name))
    if base.views:
        yield Change("features", "plain views alone", replace(base, views=0))
    for name in MENUS["optimizer"]:
        other = with_optimizer(base, name)
        rate = f", lr {other.lr_max:g}" if other.lr_max != base.lr_max else ""
        yield Change("optimiser", f"{name}{rate}", other)
    if "momentum" not in base.idle():
        for value in (0.0, 0.8, 0.95):
            yield Change("optimiser", f"momentum {value:g}", replace(base, momentum=value))
    for ratio in (1 / 10, 1 / HALF_A_DECADE, HALF_A_DECADE, 10):
        other = base.with_rate(rounded(base.lr_max * ratio))
        yield Change("rate", f"lr {other.lr_max:g}", other)
    for name in MENUS["decay"]:
        other = with_decay(base, name)
        end = f" to {other.lr_end:g}" if other.lr_end != base.lr_end else ""
        yield Change("rate", f"{name}{end}", other)
    for value in (0, 1, 5):
        if value <= base.epochs:
            label = f"{value} epochs of warm-up" if value else "no warm-up"
            yield Change("rate", label, replace(base, warmup_epochs=value))
    for value in (0.0, 1e-5, 1e-4, 1e-3, 1e-2):
        yield Change("regulariser", f"weight decay {value:g}", replace(base, weight_decay=value))
    for value in (0.0, 0.1, 0.2):
        other = replace(base, label_smoothing=value)
        yield Change("loss", f"label smoothing {value:g}", other)
    for name in MENUS["class_weights"]:
        yield Change("loss", f"class weights {name}", replace(base, class_weights=name))
    for name in MENUS["activation"]:
        label = "output sigmoid" if name else "output softmax"
        yield Change("loss", label, replace(base, activation=name))
    for value in (24, 64, 128):
        yield Change("length", f"batches of {value}", replace(base, batch_size=value))
    for value in (base.epochs // 2, base.epochs * 2):
        if value:
            yield Change("length", f"{value} epochs", replace(base, epochs=value))


def _layers(base: HeadSettings) -> Iterator[Change]:
    """The lab's heads: one or two Dense layers, with and without dropout."""
    name = "layers"
    shape = f"{1 + len(base.hidden)} Dense"
    for value in (0.0, 0.2, 0.5):
        label = f"{shape}, dropout {value:g}" if value else f"{shape}, no dropout"
        yield Change(name, label, replace(base, dropout=value))
    if base.hidden:
        yield Change(name, "1 Dense", replace(base, hidden=()))
        for kind in MENUS["hidden_activation"]:
            yield Change(name, f"{shape}, {kind}", replace(base, hidden_activation=kind))
    for width in (NARROW, WIDE):
        wide = replace(base, hidden=(width,))
        yield Change(name, f"2 Dense ({width})", wide)
        for value in (0.0, 0.2) if width == WIDE else ():
            label = f"dropout {value:g}" if value else "no dropout"
            yield Change(name, f"2 Dense ({width}), {label}", replace(wide, dropout=value))
        for kind in MENUS["hidden_activation"] if width == NARROW and not base.hidden else ():
            other = replace(wide, hidden_activation=kind)
            yield Change(name, f"2 Dense ({width}), {kind}", other)


def draw(base: HeadSettings, seed: int, number: int) -> HeadSettings:
    """Head ``number`` of those that are drawn: alike whichever others are drawn.

    Even numbers differ from the base in 1 to ``MOST_CHANGES`` settings, odd ones in any: good
    recipes are near good ones, and what nobody thought of is not.

    Args:
        base: what is searched around.
        seed: of the draw.
        number: from 0 on.
    """
    rng = np.random.default_rng([seed, number])
    names = [*MENUS, "lr_max", "weight_decay", *(["views"] if base.views else [])]
    if number % 2 == 0:
        count = rng.integers(1, MOST_CHANGES + 1)
        chosen = {names[i] for i in rng.choice(len(names), count, replace=False)}
    else:
        chosen = set(names)
    head = base
    for name in names:  # in this order: a rate belongs to the optimiser that is drawn before
        if name in chosen:
            head = _drawn(head, base, name, rng)
    return with_decay(head, head.decay)


def _drawn(
    head: HeadSettings, base: HeadSettings, name: str, rng: np.random.Generator
) -> HeadSettings:
    if name == "lr_max":
        return head.with_rate(min(rounded(head.lr_max * 10 ** rng.uniform(*RATES)), 100.0))
    if name == "weight_decay":
        value = 0.0 if rng.random() < ABSENT_DECAY else rounded(10 ** rng.uniform(*WEIGHT_DECAYS))
        # that of adamw is multiplied by the rate, which is so much smaller
        return replace(head, weight_decay=value / RATE_OF_ADAPTIVE if _decoupled(head) else value)
    if name == "views":
        return replace(head, views=int(rng.choice([0, base.views])))
    value = MENUS[name][rng.integers(len(MENUS[name]))]
    if name == "optimizer":
        return with_optimizer(head, value)
    if name == "warmup_epochs":
        return replace(head, warmup_epochs=min(value, head.epochs))
    return replace(head, **{name: value})


def _decoupled(head: HeadSettings) -> bool:
    return head.optimizer == "adamw"
