"""A network run over any number of rows."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import mindspore
import numpy as np
from mindspore import Tensor, nn

from src_mindspore.system.rows import Sliceable

MINDSPORE = f"MindSpore {mindspore.__version__}"
# photos up to which a network is not compiled: that takes a MobileNetV2 2.5 s of CPU, and saves 3
# ms a photo
FEW = 500


def run_batched(
    network: nn.Cell, inputs: Sliceable, batch_size: int, compiled: bool = True
) -> tuple[np.ndarray, ...] | np.ndarray:
    """Runs a network over ``inputs`` in batches of one size, so that it compiles once.

    The last batch is filled up with zeros and what they give is dropped.

    Args:
        network: to be run.
        inputs: ``(n, ...)``.
        batch_size: rows a batch.
        compiled: without it the values are the same, to the bit; a batch takes a little longer.

    Returns:
        Float32 arrays as the network gives them, ``len(inputs)`` rows each.
    """
    parts = []
    for start in range(0, len(inputs), batch_size):
        batch = np.asarray(inputs[start : start + batch_size], np.float32)
        short = batch_size - len(batch)
        if short:
            batch = np.concatenate([batch, np.zeros((short, *batch.shape[1:]), np.float32)])
        with nullcontext() if compiled else _uncompiled():
            outputs = network(Tensor(batch))
        several = isinstance(outputs, tuple)
        parts.append(
            tuple(o.asnumpy()[: batch_size - short] for o in (outputs if several else (outputs,)))
        )
    joined = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return joined if several else joined[0]


def run_uncompiled(network: nn.Cell, images: np.ndarray) -> tuple[np.ndarray, ...] | np.ndarray:
    """What ``run_batched`` gives for one batch, to the bit, without the seconds of compiling."""
    with _uncompiled():
        outputs = network(Tensor(images))
    if isinstance(outputs, tuple):
        return tuple(output.asnumpy() for output in outputs)
    return outputs.asnumpy()


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Networks that are called are not compiled."""
    mode = mindspore.get_context("mode")
    mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
    try:
        yield
    finally:
        mindspore.set_context(mode=mode)
