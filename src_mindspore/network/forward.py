"""A network run over any number of rows."""

import mindspore
import numpy as np
from mindspore import Tensor, nn

from src_mindspore.system.rows import Sliceable

MINDSPORE = f"MindSpore {mindspore.__version__}"


def run_batched(
    network: nn.Cell, inputs: Sliceable, batch_size: int
) -> tuple[np.ndarray, ...] | np.ndarray:
    """Runs a compiled network over ``inputs`` in batches of one size, so that it compiles once.

    The last batch is filled up with zeros and what they give is dropped.

    Returns:
        Float32 arrays as the network gives them, ``len(inputs)`` rows each.
    """
    parts = []
    for start in range(0, len(inputs), batch_size):
        batch = np.asarray(inputs[start : start + batch_size], np.float32)
        short = batch_size - len(batch)
        if short:
            batch = np.concatenate([batch, np.zeros((short, *batch.shape[1:]), np.float32)])
        outputs = network(Tensor(batch))
        several = isinstance(outputs, tuple)
        parts.append(
            tuple(o.asnumpy()[: batch_size - short] for o in (outputs if several else (outputs,)))
        )
    joined = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    return joined if several else joined[0]


def run_uncompiled(network: nn.Cell, images: np.ndarray) -> tuple[np.ndarray, ...] | np.ndarray:
    """What ``run_batched`` gives for one batch, to the bit, without the seconds of compiling."""
    mode = mindspore.get_context("mode")
    mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
    try:
        outputs = network(Tensor(images))
    finally:
        mindspore.set_context(mode=mode)
    if isinstance(outputs, tuple):
        return tuple(output.asnumpy() for output in outputs)
    return outputs.asnumpy()
