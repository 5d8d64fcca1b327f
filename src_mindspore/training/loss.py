"""The training loss that matches the head's output activation."""

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from src_mindspore.head import OUTPUT_ACTIVATIONS
from src_mindspore.training.workers import ALONE, Workers

SMALLEST = float(np.finfo(np.float32).tiny)  # sum of weights that is divided by


class ClassificationLoss(nn.Cell):
    """Weighted mean of the per-sample loss that matches the output activation.

    None and softmax: cross entropy; sigmoid: binary cross entropy against one-hot targets, its
    mean over the classes. Targets are smoothed as in arXiv:1512.00567, section 7: ``1 - s + s/K``
    for the true class, ``s/K`` for the others.

    Inputs: logits (N, K), labels (N,) int32, weights (N,) float32 >= 0 (class weights; 0 for
    padding). Output: scalar. With several workers it is this worker's part of the mean over all
    their samples: the parts add up to it, and so do their gradients.
    """

    def __init__(
        self,
        classes: int,
        activation: str | None,
        label_smoothing: float = 0.0,
        workers: Workers = ALONE,
    ) -> None:
        super().__init__()
        if activation not in OUTPUT_ACTIVATIONS:
            raise ValueError(f"activation must be None, softmax or sigmoid; got {activation!r}")
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must be 0 to below 1; got {label_smoothing}")
        self.classes = classes
        self.binary = activation == "sigmoid"
        off = label_smoothing / classes
        self.on = Tensor(1.0 - label_smoothing + off, mindspore.float32)
        self.off = Tensor(off, mindspore.float32)
        self.sum = workers.sum()

    def construct(self, logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        """See the class."""
        targets = ops.one_hot(labels, self.classes, self.on, self.off)
        if self.binary:
            # stable form of -t log(s) - (1 - t) log(1 - s), s = sigmoid(logits)
            losses = ops.relu(logits) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))
            per_sample = losses.mean(axis=-1)
        else:
            per_sample = -(targets * ops.log_softmax(logits, -1)).sum(axis=-1)
        total = weights.sum()
        if self.sum is not None:
            total = self.sum(total)
        # no photo of a batch may be readable any more: then nothing is learned from it
        return (per_sample * weights).sum() / ops.maximum(total, SMALLEST)
