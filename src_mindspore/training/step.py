"""One step of training, as a graph."""

from mindspore import Tensor, nn, ops

from src_mindspore.network.kernels.cells import AnyTop
from src_mindspore.training.workers import ALONE, Workers


class TrainStep(nn.Cell):
    """One optimiser step on a batch; the graph is compiled once, for one batch shape.

    Inputs: values at the cut (B, ...), labels (B,) int32, sample weights (B,) float32 with 0 for
    padding, dropout factors (see ``ClassifierHead.dropout_mask``), and what the loss takes besides.
    Outputs: loss (scalar) and what the loss took, logits (B, classes) first, both from before the
    step. Of several workers each gets its rows of the
    batch; loss and step are those of the whole batch.
    """

    def __init__(
        self,
        top: AnyTop,
        loss: nn.Cell,
        optimizer: nn.Optimizer,
        workers: Workers = ALONE,
    ) -> None:
        super().__init__(auto_prefix=False)
        self.top = top
        self.loss = loss
        self.optimizer = optimizer
        self.forward_and_gradients = ops.value_and_grad(
            self.forward, None, optimizer.parameters, has_aux=True
        )
        self.sum = workers.sum()
        self.gradient_sum = workers.gradient_sum(optimizer.parameters)

    def forward(
        self, x: Tensor, labels: Tensor, weights: Tensor, keep: Tensor, *targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss and logits."""
        logits = self.top(x, keep)
        return self.loss(logits, labels, weights, *targets), logits

    def construct(
        self, x: Tensor, labels: Tensor, weights: Tensor, keep: Tensor, *targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See the class."""
        (loss, logits), gradients = self.forward_and_gradients(x, labels, weights, keep, *targets)
        if self.sum is not None:
            loss = self.sum(loss)
            gradients = self.gradient_sum(gradients)
        self.optimizer(gradients)
        return loss, logits
