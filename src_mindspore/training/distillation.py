"""What a student learns from its teachers: their probabilities, and their features.

Hinton et al. 2015 (arXiv:1503.02531) for the probabilities; the features are those of the layer
before the classifier, as in Romero et al. 2015 (arXiv:1412.6550), of which a linear layer that is
there in training alone regresses the principal components.
"""

from dataclasses import dataclass

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from src_mindspore.head import SMALLEST_SQUARE, ClassifierHead
from src_mindspore.training.loss import SMALLEST, ClassificationLoss
from src_mindspore.training.options import DistillOptions

RIDGE = 1e-3  # of the mean variance of a feature, in the first weights of the extra outputs


@dataclass(frozen=True)
class Targets:
    """What the teachers say of every cached view of the training photos.

    Attributes:
        logits: (teachers, photos, views, classes) float32.
        components: (photos, views, components) float32, of variance 1 on the average; None where
            features are not learned.
        options: temperature, and how noisy the teachers are.
    """

    logits: np.ndarray
    components: np.ndarray | None
    options: DistillOptions

    def of(
        self, photos: np.ndarray, views: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        """Of some views the softened probabilities (n, classes), and components if there are any.

        Logits of a noisy teacher are dropped (set to 0, the others grown) and added to at random;
        the probabilities of all are averaged, and that average is softened.
        """
        logits, options = self.logits[:, photos, views], self.options
        if options.dropout:
            kept = rng.random(logits.shape, np.float32) >= options.dropout
            logits = logits * kept / np.float32(1 - options.dropout)
        if options.noise:
            logits = logits + options.noise * rng.standard_normal(logits.shape, np.float32)
        soft = soften(_softmax(logits).mean(0), options.temperature)
        return (soft,) if self.components is None else (soft, self.components[photos, views])


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(..., classes), as the softmax of the same logits divided by ``temperature`` has them."""
    powers = np.maximum(probabilities, np.finfo(np.float32).tiny) ** (1 / temperature)
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class TaughtHead(nn.Cell):
    """A head with extra outputs, which are there in training alone.

    Inputs as of ``ClassifierHead``. Output: logits and extra outputs side by side, (N, classes +
    components), in training; logits (N, classes) else.
    """

    def __init__(self, head: ClassifierHead, components: int) -> None:
        super().__init__(auto_prefix=False)
        self.taught = head
        self.components = nn.Dense(head.last_width, components)
        for parameter, name in ((self.components.weight, "weight"), (self.components.bias, "bias")):
            parameter.name = f"components.{name}"

    def dropout_mask(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """See ``ClassifierHead``; the extra outputs drop nothing."""
        return self.taught.dropout_mask(rows, rng)

    def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """See the class."""
        head = self.taught
        vector = head.embed(head.reduce(x))
        logits = head.head[head.last](vector if keep is None else vector * keep)
        return ops.concat((logits, self.components(vector)), 1) if self.training else logits

    def begin_with(self, features: np.ndarray, components: np.ndarray) -> None:
        """Gives the extra outputs the weights that fit best as long as the network is frozen.

        Least squares with a ridge.

        Args:
            features: (n, width), what the head's only Dense takes, but for its normalisation.
            components: (n, components).
        """
        x = features.astype(np.float64)
        if self.taught.normalisation == "rms":
            x /= np.sqrt((x * x).mean(1, keepdims=True) + SMALLEST_SQUARE)
        mean = x.mean(0)
        x -= mean
        covariance = x.T @ x / len(x)
        ridge = RIDGE * np.trace(covariance) / len(covariance)
        covariance[np.diag_indices_from(covariance)] += ridge
        weight = np.linalg.solve(covariance, x.T @ components / len(x)).T
        bias = components.mean(0) - weight @ mean
        self.components.weight.set_data(Tensor(weight.astype(np.float32)))
        self.components.bias.set_data(Tensor(bias.astype(np.float32)))


class DistillationLoss(nn.Cell):
    """``weight * T^2 * soft + (1 - weight) * hard + features * error``.

    ``soft`` is the cross entropy of the logits, divided by the temperature T, to the teachers'
    softened probabilities (arXiv:1503.02531, section 2; T^2 keeps the size of its gradients),
    ``hard`` that of ``ClassificationLoss``, ``error`` the mean squared error of the extra outputs.

    Inputs: logits and extra outputs (N, K + P), labels (N,) int32, weights (N,) float32 as in
    ``ClassificationLoss``, softened probabilities (N, K), and components (N, P) where there are
    any. Output: scalar, the weighted mean over the samples.
    """

    def __init__(self, hard: ClassificationLoss, options: DistillOptions) -> None:
        super().__init__()
        self.hard = hard
        self.classes = hard.classes
        self.soft_factor = options.weight * options.temperature**2
        self.hard_factor = 1 - options.weight
        self.inverse = 1 / options.temperature
        self.features = options.features

    def construct(
        self, outputs: Tensor, labels: Tensor, weights: Tensor, soft: Tensor, *components: Tensor
    ) -> Tensor:
        """See the class."""
        logits = outputs[:, : self.classes]
        each = -(soft * ops.log_softmax(logits * self.inverse, -1)).sum(axis=-1)
        each = self.soft_factor * each
        for wanted in components:
            error = ops.square(outputs[:, self.classes :] - wanted).mean(axis=-1)
            each = each + self.features * error
        total = ops.maximum(weights.sum(), Tensor(SMALLEST, mindspore.float32))
        return (
            self.hard_factor * self.hard(logits, labels, weights) + (each * weights).sum() / total
        )
