"""Several workers that train one model together, started by MindSpore's launcher ``msrun``.

Every worker holds the whole network and takes its rows of every batch; gradients are added up over
the workers. ``batch_size`` in the config is the whole batch's, so that the same config gives the
same weights, within float error, however many workers there are.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, communication, nn, ops

from src_mindspore.system.errors import UserError
from src_mindspore.system.launcher import launched

log = logging.getLogger(__name__)


class Sum(nn.Cell):
    """The sum of a tensor over all workers, element by element; the same on each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.all_reduce = ops.AllReduce(ops.ReduceOp.SUM)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.all_reduce(x)


@dataclass(frozen=True)
class Workers:
    """Who takes part: ``size`` processes, of which this one is number ``rank``.

    ``adder`` is there where there are several. MindSpore's own collectives fail after a wait of
    30 s on the CPU, so long work must be shared evenly: nobody may wait for the first.
    """

    rank: int = 0
    size: int = 1
    adder: Sum | None = None

    @property
    def first(self) -> bool:
        """Whether this is the worker that writes, logs and scores."""
        return self.rank == 0

    def rows(self, count: int) -> slice:
        """This worker's of ``count`` rows, of which each has one worker."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def share(self, batch: np.ndarray, batch_size: int) -> np.ndarray:
        """This worker's part of a batch of photo numbers, of which the last may be short.

        Where nothing is left for it, it is the first photo, as a filling: see ``real``.
        """
        mine = batch[self.rows(batch_size)]
        return mine if len(mine) else batch[:1]

    def real(self, photos: int, batch_size: int) -> int:
        """How many rows of ``share`` count, in a batch of ``photos`` photos."""
        return len(range(photos)[self.rows(batch_size)])

    def sum(self) -> Sum | None:
        """A cell that adds a tensor up over the workers; None where there is one only."""
        return Sum() if self.size > 1 else None

    def gradient_sum(self, parameters: Sequence[Parameter]) -> nn.Cell | None:
        """A cell that adds gradients up over the workers; None where there is one only."""
        if self.size == 1:
            return None
        return nn.DistributedGradReducer(parameters, mean=False, degree=self.size)

    def add(self, values: np.ndarray) -> np.ndarray:
        """The sum of float32 arrays of one shape over all workers. All must call it."""
        return values if self.adder is None else self.adder(Tensor(values)).asnumpy()

    def gather(self, values: Sequence[float]) -> np.ndarray:
        """What each worker gives, to the bit: (size, n) float64, by rank. All must call it."""
        table = np.zeros((self.size, len(values)), np.float64)
        table[self.rank] = values
        # MindSpore's CPU kernel adds floats only; a byte as a float arrives as it was
        numbers = self.add(table.view(np.uint8).astype(np.float32))
        return numbers.astype(np.uint8).view(np.float64)

    def agree(self, what: Mapping[str, bytes]) -> None:
        """Compares what must be alike everywhere, by name.

        Raises:
            UserError: it is not, on all workers at once.
        """
        digests = [hashlib.sha256(value).digest()[:6] for value in what.values()]
        table = self.gather([float(int.from_bytes(digest, "big")) for digest in digests])
        differ = [name for name, ours in zip(what, table.T, strict=True) if len(set(ours)) > 1]
        if differ:
            raise UserError(
                f"the {self.size} workers do not have the same {' and '.join(differ)}: every host "
                f"needs the same packages, data folder and config"
            )


ALONE = Workers()


def join() -> Workers:
    """Meets the other workers; the device must be selected. Without ``msrun`` there are none.

    It waits for them as long as ``msrun --cluster_time_out`` says (600 s), so work that takes one
    host longer than another comes before it. ``msrun``'s scheduler, which is started with the same
    command, ends here. Only the first worker goes on to log what it does.
    """
    if not launched():
        return ALONE
    communication.init()
    workers = Workers(communication.get_rank(), communication.get_group_size(), Sum())
    mindspore.set_auto_parallel_context(parallel_mode="data_parallel", gradients_mean=False)
    log.info("workers: %d, data parallel", workers.size)
    if not workers.first:
        logging.getLogger().setLevel(logging.WARNING)
    return workers


def leave(workers: Workers) -> None:
    """Says goodbye to the others; MindSpore computes nothing in this process after it.

    A worker that ends without it leaves ``msrun`` waiting for a time-out.
    """
    if workers.adder is not None:
        communication.release()
