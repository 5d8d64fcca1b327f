"""The settings of a head and of its training: plain values, and the keys of a config they are."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from easydict import EasyDict

# By attribute of HeadSettings: the key of the config.
KEYS = {
    "reduction": "head.reduction",
    "normalisation": "head.normalisation",
    "hidden": "head.hidden",
    "hidden_activation": "head.hidden_activation",
    "dropout": "head.dropout",
    "activation": "head.activation",
    "optimizer": "head_stage.optimizer.name",
    "momentum": "head_stage.optimizer.momentum",
    "weight_decay": "head_stage.optimizer.weight_decay",
    "lr_max": "head_stage.lr.max",
    "lr_init": "head_stage.lr.init",
    "lr_end": "head_stage.lr.end",
    "warmup_epochs": "head_stage.lr.warmup_epochs",
    "decay": "head_stage.lr.decay",
    "batch_size": "head_stage.batch_size",
    "epochs": "head_stage.epochs",
    "views": "features.views",
    "class_weights": "loss.class_weights",
    "label_smoothing": "loss.label_smoothing",
}

OVERHEAD = 50_000.0  # of a photo, in multiplications and additions: measured, 1280 features


@dataclass(frozen=True)
class HeadSettings:
    """A head and how it is trained; ``config/schema.py`` has the ranges and what each means.

    ``views`` is the number of augmented views besides the plain one, all or none of those that
    there are; ``activation`` that of the output.
    """

    reduction: str
    normalisation: str
    hidden: tuple[int, ...]
    hidden_activation: str
    dropout: float
    activation: str | None
    optimizer: str
    momentum: float
    weight_decay: float
    lr_max: float
    lr_init: float
    lr_end: float
    warmup_epochs: float
    decay: str
    batch_size: int
    epochs: int
    views: int
    class_weights: str
    label_smoothing: float

    def idle(self) -> set[str]:
        """Attributes that decide nothing beside the others."""
        found = set()
        if not self.hidden:
            found.add("hidden_activation")
        if self.optimizer in ("adam", "adamw"):
            found.add("momentum")
        if not self.warmup_epochs:
            found.add("lr_init")
        if self.decay == "constant":
            found.add("lr_end")
        return found

    def digest(self) -> str:
        """SHA-256 of all that decides how a head is trained: equal for those that train alike."""
        table = {name: value for name, value in asdict(self).items() if name not in self.idle()}
        # the same loss, and the same order of the classes
        table["activation"] = "sigmoid" if self.activation == "sigmoid" else None
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def with_rate(self, lr_max: float) -> "HeadSettings":
        """The same with another rate, the ends of warm-up and decay in proportion."""
        ratio = lr_max / self.lr_max
        return replace(
            self,
            lr_max=lr_max,
            lr_init=min(rounded(self.lr_init * ratio), lr_max),
            lr_end=min(rounded(self.lr_end * ratio), lr_max),
        )

    def work(self, photos: int, channels: int, classes: int) -> float:
        """Multiplications and additions of training it, about; for estimates of time."""
        widths = (channels, *self.hidden, classes)
        sizes = sum(a * b for a, b in pairwise(widths))
        updates = sizes / self.batch_size  # an optimiser goes over all weights at every step
        return photos * self.epochs * (OVERHEAD + sizes + 6 * updates)


def rounded(value: float) -> float:
    """Two significant digits: what a person would write into a config."""
    return float(f"{value:.2g}")


def settings_of(config: EasyDict) -> HeadSettings:
    """The settings of a config of ``load_config``."""
    values = {}
    for name, key in KEYS.items():
        value: Any = config
        for part in key.split("."):
            value = value[part]
        values[name] = tuple(value) if isinstance(value, list | tuple) else value
    return HeadSettings(**values)


def changes(base: HeadSettings, other: HeadSettings) -> dict[str, Any]:
    """What to change in the config of ``base`` to get ``other``: values by key of the config."""
    there = asdict(other)
    return {
        key: list(there[name]) if name == "hidden" else there[name]
        for name, key in KEYS.items()
        if there[name] != getattr(base, name) and name not in other.idle()
    }


def in_words(changed: dict[str, Any]) -> str:
    """``changes`` in a line."""
    return ", ".join(f"{key} {_word(value)}" for key, value in changed.items()) or "no change"


def _word(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Keys such as ``head.dropout`` as the tables of a YAML file."""
    table: dict[str, Any] = {}
    for key, value in flat.items():
        *way, last = key.split(".")
        place = table
        for name in way:
            place = place.setdefault(name, {})
        place[last] = value
    return table
