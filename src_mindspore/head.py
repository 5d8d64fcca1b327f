"""The classifier head: from the backbone's last map to logits."""

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Normal

from src_mindspore.backbone import POOLED, pool

REDUCTIONS = (*POOLED, "none")
NORMALISATIONS = ("none", "rms")
SMALLEST_SQUARE = 1e-6  # added to the mean square, which may be 0
HIDDEN_ACTIVATIONS = ("relu", "relu6", "tanh", "gelu")
OUTPUT_ACTIVATIONS = (None, "softmax", "sigmoid")


class ClassifierHead(nn.Cell):
    """Reduces a feature map to a vector and classifies it with one or more Dense layers.

    Input: the backbone's last map, (N, C, H, W). Output: logits (N, classes). Every hidden layer
    is Dense and its activation; dropout stands before the last Dense only, where the classifiers
    of the MobileNet papers have it. Its mask is an argument: MindSpore's own Dropout draws another
    one in every process, whatever the seed, and cannot be resumed.

    Args:
        in_channels: C of the map.
        map_size: H = W of the map; used where ``reduction`` is ``none``.
        classes: number of classes, at least 2.
        reduction: ``mean`` or ``max`` over space, or ``none``: the flattened map.
        hidden: widths of the extra Dense layers, first to last.
        hidden_activation: one of ``HIDDEN_ACTIVATIONS``.
        dropout: share of values dropped in training, 0 to below 1.
        normalisation: of the vector that the first Dense takes: ``none``, or ``rms``, which divides
            it by its root mean square (arXiv:1910.07467, without gains), as an L2 normalisation
            does but for a constant.
        activation: of the exported output, one of ``OUTPUT_ACTIVATIONS``; training uses logits.

    Raises:
        ValueError: an argument outside these ranges.
    """

    def __init__(
        self,
        in_channels: int,
        map_size: int,
        classes: int,
        reduction: str = "mean",
        hidden: Sequence[int] = (),
        hidden_activation: str = "relu",
        dropout: float = 0.0,
        activation: str | None = None,
        normalisation: str = "none",
    ) -> None:
        super().__init__()
        if normalisation not in NORMALISATIONS:
            raise ValueError(
                f"normalisation must be one of {', '.join(NORMALISATIONS)}; got {normalisation!r}"
            )
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}; got {reduction!r}")
        if hidden_activation not in HIDDEN_ACTIVATIONS:
            raise ValueError(
                f"hidden_activation must be one of {', '.join(HIDDEN_ACTIVATIONS)}; "
                f"got {hidden_activation!r}"
            )
        if activation not in OUTPUT_ACTIVATIONS:
            raise ValueError(f"activation must be None, softmax or sigmoid; got {activation!r}")
        if classes < 2:
            raise ValueError(f"a classifier needs at least 2 classes; got {classes}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be 0 to below 1; got {dropout}")
        self.reduction = reduction
        self.activation = activation
        width = in_channels * (map_size**2 if reduction == "none" else 1)
        layers: list[nn.Cell] = []
        for outputs in hidden:
            layers += [nn.Dense(width, outputs), nn.get_activation(hidden_activation)]
            width = outputs
        self.hidden_activation = hidden_activation
        self.dropout = dropout
        self.normalisation = normalisation
        self.hidden_activation = hidden_activation
        self.last = len(layers)  # index of the last Dense
        self.last_width = width
        # small weights: the first logits say "all classes alike", whatever the features' scale
        layers.append(nn.Dense(width, classes, weight_init=Normal(0.01), bias_init="zeros"))
        self.head = nn.SequentialCell(layers)

    def reduce(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C), or the map itself where nothing is pooled."""
        return x if self.reduction == "none" else pool(x, self.reduction)

    def classify(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """What ``reduce`` returns -> logits (N, classes).

        ``keep``, of ``dropout_mask``, multiplies what goes into the last Dense; None is inference.
        """
        x = self.embed(x)
        if keep is not None:
            x = x * keep
        return self.head[self.last](x)

    def embed(self, x: Tensor) -> Tensor:
        """What ``reduce`` returns -> what the last Dense takes, before any is dropped."""
        x = ops.flatten(x)
        if self.normalisation == "rms":
            x = x / ops.sqrt((x * x).mean(axis=-1, keep_dims=True) + SMALLEST_SQUARE)
        for index in range(self.last):  # a slice would be a new cell, which renames parameters
            x = self.head[index](x)
        return x

    def dropout_mask(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Float32 factors of a training batch: 0 for a dropped value, 1 / (1 - dropout) else.

        (rows, last_width), or (1, 1) where nothing is dropped.
        """
        if not self.dropout:
            return np.ones((1, 1), np.float32)
        kept = rng.random((rows, self.last_width), np.float32) >= self.dropout
        return kept.astype(np.float32) / np.float32(1 - self.dropout)

    def activate(self, logits: Tensor) -> Tensor:
        """Logits -> what the exported model puts out, (N, classes)."""
        if self.activation == "softmax":
            return ops.softmax(logits, -1)
        if self.activation == "sigmoid":
            return ops.sigmoid(logits)
        return logits

    def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """See the class."""
        return self.classify(self.reduce(x), keep)
