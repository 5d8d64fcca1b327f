"""A classifier head trained on features in memory, many steps in one compiled call.

The numbers are those of ``loop.py`` over ``CachedInputs``, up to the rounding of sums: the same
batches, dropout, losses and optimisers. A hidden tanh alone differs: MindSpore's on CPUs is an
approximation, up to 1e-4 off, this one is exact. This file loads no MindSpore, so that many
processes can train heads side by side.
"""

import ctypes
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from src_mindspore.features.store import Picked
from src_mindspore.runs.progress import EpochSums
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import thread_count
from src_mindspore.training.draws import DROPOUT, Seed, epoch_order, epoch_views
from src_mindspore.training.head_library import (
    ACTIVATIONS,
    ADAM,
    ADAMW,
    MOMENTUM,
    PLAIN,
    RMSPROP,
    STATES,
    Call,
    entropy_words,
    library,
)

# Rule and moments of every optimiser, named as MindSpore's optimiser names them
RULES: dict[str, tuple[int, tuple[str, ...]]] = {
    "momentum": (MOMENTUM, ("moments",)),
    "sgd": (MOMENTUM, ("accum",)),
    "adam": (ADAM, ("moment1", "moment2")),
    "adamw": (ADAMW, ("adam_m", "adam_v")),
    "rmsprop": (RMSPROP, ("mean_square", "moment")),
}
SMALLEST_SQUARE = 1e-6  # as in head.py, which needs MindSpore
ONES = ("mean_square",)  # moments that begin with 1
CHUNK_BYTES = 64e6  # of features that are read in one go where they are not in memory


class PhotoViews(Protocol):
    """Features (photos, views, ...): an array, or rows on the disk as ``features.store.Rows``."""

    shape: tuple[int, ...]

    def __getitem__(self, key: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """(n, ...) for n pairs of a photo and a view."""
        ...


class NotFiniteError(UserError):
    """A loss that is no number.

    Attributes:
        step: number of the step, from 1 on, over all epochs.
        loss: infinite or NaN.
    """

    def __init__(self, step: int, loss: float, lr: float) -> None:
        super().__init__(
            f"the loss of the head became {loss} at step {step} with learning rate {lr:.6g}: a "
            f"smaller learning rate or a longer warm-up is needed"
        )
        self.step, self.loss = step, loss


def first_weights(widths: Sequence[int], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights of a head before training, distributed as those of ``head.ClassifierHead``.

    Hidden layers: uniform up to 1 / sqrt(inputs), MindSpore's default for Dense; the last one:
    normal with deviation 0.01, and biases of 0.

    Args:
        widths: of the features, of the hidden layers, and the number of classes.
        rng: what they are drawn from.
    """
    weights = {}
    last = len(widths) - 2
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        bound = 1 / math.sqrt(inputs)
        if index == last:
            weight, bias = rng.normal(0, 0.01, (outputs, inputs)), np.zeros(outputs)
        else:
            weight = rng.uniform(-bound, bound, (outputs, inputs))
            bias = rng.uniform(-bound, bound, outputs)
        weights[_name(index, "weight")] = weight.astype(np.float32)
        weights[_name(index, "bias")] = bias.astype(np.float32)
    return weights


def divided_by_rms(values: np.ndarray) -> np.ndarray:
    """Vectors (..., width) float32 as ``normalisation: rms`` has them, see ``ClassifierHead``."""
    square = (values * values).mean(-1, keepdims=True)
    return values / np.sqrt(square + np.float32(SMALLEST_SQUARE))


def _name(index: int, what: str) -> str:
    """Of a parameter of the Dense layer ``index`` in a ``Classifier``: activations count too."""
    return f"head.{2 * index}.{what}"


class FastHead:
    """A head and its optimiser.

    Results do not depend on the number of threads. One object must not be used by two threads at
    once; different ones may, and then run side by side.

    Args:
        weights: of every layer, named as in a ``Classifier`` (``head.0.weight``, ...): of
            ``first_weights``, or of a checkpoint. They are copied.
        lr: (steps,) float32, the learning rate of every step over all epochs.
        optimizer: a key of ``RULES``.
        momentum: of momentum, sgd and rmsprop.
        weight_decay: of weights, not of biases; L2, for adamw decoupled.
        hidden_activation: one of ``head_library.ACTIVATIONS``; gelu is the tanh form.
        dropout: share of values dropped before the last layer, 0 to below 1.
        activation: of the output, None, ``softmax`` or ``sigmoid``: it decides on the loss, see
            ``loss.ClassificationLoss``.
        label_smoothing: 0 to below 1.
        normalisation: of the features, one of ``head.NORMALISATIONS``.
        threads: None takes ``thread_count``.

    Raises:
        UserError: there is no compiler, or it fails; ``loop.fit`` trains without one.
        ValueError: an argument outside these ranges, or weights that are no head.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        lr: np.ndarray,
        optimizer: str = "momentum",
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        hidden_activation: str = "relu",
        dropout: float = 0.0,
        activation: str | None = None,
        label_smoothing: float = 0.0,
        normalisation: str = "none",
        threads: int | None = None,
    ) -> None:
        if optimizer not in RULES:
            raise ValueError(f"optimizer must be one of {', '.join(RULES)}; got {optimizer!r}")
        if hidden_activation not in ACTIVATIONS:
            raise ValueError(
                f"hidden_activation must be one of {', '.join(ACTIVATIONS)}; "
                f"got {hidden_activation!r}"
            )
        if activation not in (None, "softmax", "sigmoid"):
            raise ValueError(f"activation must be None, softmax or sigmoid; got {activation!r}")
        for name, value in (("dropout", dropout), ("label_smoothing", label_smoothing)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be 0 to below 1; got {value}")
        self.widths = _widths(weights)
        self.step = 0  # steps done, over all epochs
        self._library = library()
        self._rms = normalisation == "rms"
        self._sizes = np.array(self.widths, np.int64)
        self._lr = np.ascontiguousarray(lr, np.float32)
        self._powers = np.ones(2, np.float32)
        self._optimizer, self._momentum = optimizer, float(momentum)
        rule, self._moments = RULES[optimizer]
        if optimizer == "sgd" and not momentum:
            rule = PLAIN
        size = self._library.HeadSize(len(self.widths) - 1, self._sizes.ctypes.data)
        self._states = [np.zeros(size, np.float32) for _ in range(STATES)]
        off = label_smoothing / self.widths[-1]
        self._call = Call(
            layers=len(self.widths) - 1,
            widths=self._sizes.ctypes.data,
            activation=ACTIVATIONS.index(hidden_activation),
            binary=activation == "sigmoid",
            rule=rule,
            threads=threads or thread_count(),
            dropout=dropout,
            on=1 - label_smoothing + off,
            off=off,
            momentum=momentum,
            decay=weight_decay,
            powers=self._powers.ctypes.data,
        )
        self._call.state[:] = [state.ctypes.data for state in self._states]
        self._write(0, "", weights)
        for number, moment in enumerate(self._moments, start=1):
            fill = np.ones_like if moment in ONES else np.zeros_like
            self._write(number, "", {name: fill(array) for name, array in weights.items()})

    def train_epoch(
        self,
        features: PhotoViews,
        labels: np.ndarray,
        class_weights: np.ndarray,
        seed: Seed,
        epoch: int,
        batch_size: int,
        first: int = 0,
        steps: int | None = None,
    ) -> EpochSums:
        """Trains on every photo once, one view of each; the last batch may be short.

        Features that lie in memory as float32, and some ``Picked`` of these, are read where they
        are, others in chunks.

        Args:
            features: (photos, views, ...); NaN for a photo that cannot be read, which then does
                not count.
            labels: (photos,) class indices.
            class_weights: (classes,) of the loss.
            seed: of all draws.
            epoch: from 0 on; with ``first`` it says which draws are used. The learning rate goes by
                the steps that are done.
            batch_size: photos of a step.
            first: steps of the epoch that are left out, since they are done.
            steps: at most so many are made; None is all.

        Returns:
            Their sums.

        Raises:
            NotFiniteError: a loss that is not finite; the head is of no use any more.
            ValueError: shapes that do not fit, labels that are none, or fewer learning rates than
                steps.
        """
        photos, views = features.shape[:2]
        self._check(features.shape, labels, class_weights)
        order = epoch_order(seed, epoch, photos)[first * batch_size :]
        order = order if steps is None else order[: steps * batch_size]
        chosen = epoch_views(seed, epoch, photos, views)[order]
        entropy = entropy_words((*seed, epoch, DROPOUT))
        self._call.entropy, self._call.words = entropy.ctypes.data, len(entropy)
        weights = np.ascontiguousarray(class_weights, np.float32)
        self._call.class_weights, self._call.batch = weights.ctypes.data, batch_size
        memory, numbers = (None, None) if self._rms else _in_memory(features)
        chunk = self._chunk(batch_size) if memory is None else len(order)
        sums = np.zeros(4)
        for start in range(0, len(order), chunk or 1):
            mine = order[start : start + chunk]
            if memory is not None:
                there = mine if numbers is None else numbers[mine]
                block, rows = memory, there * views + chosen[start : start + chunk]
            else:
                block = self._prepared(features[mine, chosen[start : start + chunk]])
                rows = np.arange(len(mine), dtype=np.int64)
            self._train(block, rows, labels[mine], first + start // batch_size, sums)
        return EpochSums(*sums.tolist())

    def _chunk(self, batch_size: int) -> int:
        """Photos, a whole number of batches."""
        return max(1, int(CHUNK_BYTES) // (4 * self.widths[0] * batch_size)) * batch_size

    def _check(self, shape: tuple[int, ...], labels: np.ndarray, class_weights: np.ndarray) -> None:
        width, classes = self.widths[0], self.widths[-1]
        if len(shape) < 3 or math.prod(shape[2:]) != width or len(labels) != shape[0]:
            raise ValueError(
                f"features must be (photos, views, {width}) and labels (photos,); "
                f"got {tuple(shape)} and {labels.shape}"
            )
        if class_weights.shape != (classes,):
            raise ValueError(f"class_weights must be ({classes},); got {class_weights.shape}")
        if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(
                f"labels must be 0 to {classes - 1}; got {labels.min()} to {labels.max()}"
            )

    def _train(
        self, block: np.ndarray, rows: np.ndarray, labels: np.ndarray, first: int, sums: np.ndarray
    ) -> None:
        """Steps from number ``first`` of an epoch on; what they add up to is added to ``sums``."""
        steps = -(-len(rows) // self._call.batch)
        lr = self._lr[self.step : self.step + steps]
        if len(lr) < steps:
            raise ValueError(
                f"there are {len(self._lr)} learning rates; got step {self.step + steps}"
            )
        labels, loss = np.ascontiguousarray(labels, np.int32), np.zeros(1)
        rows = np.ascontiguousarray(rows, np.int64)
        call = self._call
        call.features, call.rows = block.ctypes.data, rows.ctypes.data
        call.labels, call.lr = labels.ctypes.data, lr.ctypes.data
        call.photos, call.first = len(rows), first
        call.sums, call.last_loss = sums.ctypes.data, loss.ctypes.data
        self.step += self._library.HeadTrain(ctypes.byref(call))
        if not np.isfinite(loss[0]):
            raise NotFiniteError(self.step, float(loss[0]), float(self._lr[self.step - 1]))

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n, classes) float32 for features (n, ...), in inference mode.

        Raises:
            ValueError: rows of another width.
        """
        if math.prod(features.shape[1:]) != self.widths[0]:
            raise ValueError(f"features must be (n, {self.widths[0]}); got {features.shape}")
        values = self._prepared(features)
        found = np.empty((len(values), self.widths[-1]), np.float32)
        call = self._call
        self._library.HeadLogits(
            call.layers,
            call.widths,
            call.activation,
            self._states[0].ctypes.data,
            values.ctypes.data,
            len(values),
            call.threads,
            found.ctypes.data,
        )
        return found

    def _prepared(self, features: np.ndarray) -> np.ndarray:
        """(n, ...) -> (n, width) as the compiled code takes them."""
        values = np.ascontiguousarray(features, np.float32).reshape(len(features), -1)
        return divided_by_rms(values) if self._rms else values

    def set_rates(self, lr: np.ndarray) -> None:
        """Other learning rates, (steps,), for the steps to come."""
        self._lr = np.ascontiguousarray(lr, np.float32)

    def weights(self) -> dict[str, np.ndarray]:
        """Copies of the weights, named as in a ``Classifier``."""
        return self._read(0, "")

    def optimizer_state(self) -> dict[str, np.ndarray]:
        """Copies of what the optimiser of ``build_optimizer`` keeps besides, by its names."""
        found: dict[str, np.ndarray] = {"global_step": np.array([self.step], np.int32)}
        for number, moment in enumerate(self._moments, start=1):
            found |= self._read(number, f"{moment}.")
        if self._optimizer == "sgd":
            began = self.step > 0 and self._momentum > 0
            stat = np.float32(0 if began else 1)
            found |= {f"stat.{name}": np.full_like(a, stat) for name, a in self.weights().items()}
        if self._optimizer == "adam":
            found |= {f"beta{i + 1}_power": self._powers[i].copy() for i in range(2)}
        if self._optimizer in ("momentum", "sgd"):
            found["momentum"] = np.array(self._momentum, np.float32)
        return found | {"learning_rate": self._lr.copy()}

    def arrays(self) -> dict[str, np.ndarray]:
        """``weights`` and ``optimizer_state``."""
        return self.weights() | self.optimizer_state()

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Goes on from ``arrays``, or from those of a run of ``loop.py``; others are passed over.

        Momentum and learning rates stay what they are here.

        Raises:
            ValueError: one is missing, or has another shape.
        """
        self._write(0, "", arrays)
        for number, moment in enumerate(self._moments, start=1):
            self._write(number, f"{moment}.", arrays)
        if self._optimizer == "adam":
            self._powers[:] = [float(_array(arrays, f"beta{i}_power", ())) for i in (1, 2)]
        self.step = int(_array(arrays, "global_step", (1,))[0])

    def _layers(self) -> list[tuple[int, int, int]]:
        """Number, inputs and outputs of every layer."""
        return [(index, *pair) for index, pair in enumerate(pairwise(self.widths))]

    def _write(self, state: int, prefix: str, arrays: Mapping[str, np.ndarray]) -> None:
        for index, inputs, outputs in self._layers():
            weight = _array(arrays, prefix + _name(index, "weight"), (outputs, inputs))
            bias = _array(arrays, prefix + _name(index, "bias"), (outputs,))
            self._copy(index, state, weight, bias, read=False)

    def _read(self, state: int, prefix: str) -> dict[str, np.ndarray]:
        found = {}
        for index, inputs, outputs in self._layers():
            weight, bias = np.empty((outputs, inputs), np.float32), np.empty(outputs, np.float32)
            self._copy(index, state, weight, bias, read=True)
            found[prefix + _name(index, "weight")] = weight
            found[prefix + _name(index, "bias")] = bias
        return found

    def _copy(
        self, index: int, state: int, weight: np.ndarray, bias: np.ndarray, read: bool
    ) -> None:
        self._library.HeadCopy(
            self._call.layers,
            self._call.widths,
            index,
            self._states[state].ctypes.data,
            weight.ctypes.data,
            bias.ctypes.data,
            read,
        )


def _array(arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One of the arrays as contiguous float32."""
    if name not in arrays or np.shape(arrays[name]) != shape:
        got = np.shape(arrays[name]) if name in arrays else "none"
        raise ValueError(f"{name} must be {shape}; got {got}")
    return np.ascontiguousarray(arrays[name], np.float32).reshape(shape)


def _widths(weights: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    """Of the features, of the hidden layers, and the number of classes."""
    index, widths = 0, []
    while (name := _name(index, "weight")) in weights:
        outputs, inputs = np.shape(weights[name])
        if widths and widths[-1] != inputs:
            raise ValueError(f"{name} must have {widths[-1]} inputs; got {inputs}")
        widths = [*(widths or [inputs]), outputs]
        index += 1
    if not widths:
        raise ValueError(f"weights must have {_name(0, 'weight')}; got {', '.join(weights)}")
    return tuple(widths)


def _in_memory(features: PhotoViews) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The array that the compiled code can read where it is, and which of its photos are meant.

    None: it has to be copied; all of them.
    """
    picked = isinstance(features, Picked)
    array = features.rows if picked else features
    if not (
        isinstance(array, np.ndarray) and array.dtype == np.float32 and array.flags.c_contiguous
    ):
        return None, None
    return array, features.photos if picked else None
