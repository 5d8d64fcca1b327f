"""Compiled kernels for training on a CPU: the same numbers as MindSpore's own layers, sooner.

With frozen batch-norm statistics a layer is a convolution, a bias and ReLU6. ``accelerate`` gives
a network behind a cut that computes so: batch norms are folded into the convolutions within the
kernel, which gives back the gradients of the weights, gammas and betas themselves; an inverted
residual block is one operator, which takes photo after photo through all its layers while they are
in the caches. Parameters stay the objects that they are, so checkpoints, exports and evaluation
know nothing of it. A layer that the kernels do not know is run as it is, among the others.
"""

import logging

from src_mindspore.network.classifier import Top
from src_mindspore.network.kernels.build import library
from src_mindspore.network.kernels.cells import AnyTop, CompiledTop, DepthwiseTop
from src_mindspore.system.errors import UserError

KERNELS = ("auto", "plain", "compiled")

log = logging.getLogger(__name__)


def accelerate(top: Top, wanted: str, device: str, freeze_bn_statistics: bool = True) -> AnyTop:
    """``top``, or the same computed by the compiled kernels.

    Args:
        top: what a stage trains.
        wanted: one of ``KERNELS``; ``auto`` is ``compiled`` where that is possible.
        device: the selected device.
        freeze_bn_statistics: whether batch norms keep their mean and variance in training.

    Raises:
        UserError: ``compiled`` is wanted and not possible; the text says why.
    """
    if wanted == "plain" or len(top.layers) == 0:  # a head alone has nothing to gain
        return top
    try:
        if device != "CPU":
            raise UserError(f"the compiled kernels are for the CPU; the device is {device}")
        compiled = (CompiledTop if freeze_bn_statistics else DepthwiseTop)(top, library())
        if not compiled.known + compiled.partly:
            raise UserError(f"they know none of the {len(top.layers)} layers that are trained")
    except UserError as error:
        if wanted == "compiled":
            raise UserError(f"the kernels cannot be compiled: {error}") from error
        log.info("kernels: MindSpore's own (%s)", str(error).splitlines()[0])
        return top
    log.info("kernels: compiled%s", _extent(compiled))
    return compiled


def _extent(top: AnyTop) -> str:
    """How much of it is compiled, for the log; nothing where it is all."""
    if isinstance(top, DepthwiseTop):
        return " depthwise convolutions"
    if top.known == top.total:
        return ""
    extent = f", {top.known} of {top.total} layers"
    if top.partly:
        return f"{extent}, the depthwise convolutions of {top.partly}; the rest is MindSpore's own"
    return f"{extent}; the others are MindSpore's own"
