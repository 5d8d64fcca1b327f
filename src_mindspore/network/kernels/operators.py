"""The compiled kernels as MindSpore operators with gradients.

``block``, ``stem`` and ``last`` take ``settings``, a map, and five parameters of each convolution
that they hold: weight, gamma, beta, moving mean, moving variance. Gradients go to the map, the
weights, gammas and betas; the statistics are frozen and have none. ``planes`` is a convolution by
itself.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from src_mindspore.system.threads import thread_count

PARAMETERS = 5
# Sums of weight gradients are kept for so many parts of a batch and added up in their order,
# whatever thread made them: the result does not depend on the number of threads.
_LEAST_GROUPS = 4
Shape = Sequence[int]


def settings_of(
    conv: nn.Conv2d, eps: float = 0.0, skip: bool = False, input_gradient: bool = False
) -> Tensor:
    """What ``Settings`` in ``layer.h`` reads; ``conv`` is the depthwise one where there is one."""
    groups = max(_LEAST_GROUPS, os.cpu_count() or 1)
    same = conv.pad_mode == "same"
    values = (conv.stride[0], same, skip, input_gradient, eps, thread_count(), groups)
    return Tensor(np.array(values, np.float32))


def _halved(size: int, stride: int) -> int:
    """Outputs of a window along one axis: the same number in both padding conventions."""
    return -(-size // stride)


def _custom(
    library: Path,
    name: str,
    outputs: int,
    shapes: Callable,
    bprop: Callable | None = None,
    variant: str = "",
) -> ops.Custom:
    """An operator of ``library``; those with another ``bprop`` need another ``variant``."""

    def dtypes(*_: mindspore.Type) -> mindspore.Type | tuple[mindspore.Type, ...]:
        return (mindspore.float32,) * outputs if outputs > 1 else mindspore.float32

    operator = ops.Custom(f"{library}:{name}", shapes, dtypes, "aot", bprop=bprop)
    # MindSpore keeps one bprop for all operators with equal attributes
    operator.add_prim_attr("variant", variant)
    return operator


def _gradient_shapes(x: Shape, parameters: Sequence[Shape], input_gradient: bool) -> list[Shape]:
    """Of dx, or of the one value in its place, and of each convolution's dw, dgamma, dbeta."""
    trained = [p for i, p in enumerate(parameters) if i % PARAMETERS < 3]
    return [list(x) if input_gradient else [1], *(list(p) for p in trained)]


def block(library: Path, expands: bool, stride: int, input_gradient: bool) -> ops.Custom:
    """An inverted residual block, 3x3 or 5x5: (N, H, W, I) -> (N, H/stride, W/stride, O)."""
    convolutions = 3 if expands else 2

    def shapes(_: Shape, x: Shape, *parameters: Shape) -> Shape:
        outputs = parameters[-PARAMETERS][0]
        return [x[0], _halved(x[1], stride), _halved(x[2], stride), outputs]

    def gradient_shapes(_: Shape, x: Shape, *others: Shape) -> tuple[Shape, ...]:
        return tuple(_gradient_shapes(x, others[: convolutions * PARAMETERS], input_gradient))

    back = _custom(library, "BlockBackward", 1 + 3 * convolutions, gradient_shapes)
    bprop = (_three if expands else _two)(back, input_gradient)
    variant = f"{convolutions} {input_gradient}"
    return _custom(library, "BlockForward", 1, shapes, bprop, variant)


def stem(library: Path, stride: int) -> ops.Custom:
    """3x3 convolution and ReLU6, (N, C, H, W) -> (N, H/stride, W/stride, O); photos have no dx."""

    def shapes(_: Shape, x: Shape, w: Shape, *__: Shape) -> Shape:
        return [x[0], _halved(x[2], stride), _halved(x[3], stride), w[0]]

    def gradient_shapes(_: Shape, x: Shape, *others: Shape) -> tuple[Shape, ...]:
        return tuple(_gradient_shapes(x, others[:PARAMETERS], False)[1:])

    back = _custom(library, "StemBackward", 3, gradient_shapes)

    def bprop(s, x, w, g, b, m, v, out, dout):  # noqa: ANN001, ANN202 - read by MindSpore
        dw, dg, db = back(s, x, w, g, b, m, v, out, dout)
        zero = ops.zeros_like
        return zero(s), zero(x), dw, dg, db, zero(m), zero(v)

    return _custom(library, "StemForward", 1, shapes, bprop)


def last(library: Path, input_gradient: bool) -> ops.Custom:
    """1x1 convolution and ReLU6, (N, H, W, I) -> (N, O, H, W)."""

    def shapes(_: Shape, x: Shape, w: Shape, *__: Shape) -> Shape:
        return [x[0], w[0], x[1], x[2]]

    def gradient_shapes(_: Shape, x: Shape, *others: Shape) -> tuple[Shape, ...]:
        return tuple(_gradient_shapes(x, others[:PARAMETERS], input_gradient))

    back = _custom(library, "LastBackward", 4, gradient_shapes)

    def bprop(s, x, w, g, b, m, v, out, dout):  # noqa: ANN001, ANN202 - read by MindSpore
        dx, dw, dg, db = back(s, x, w, g, b, m, v, out, dout)
        zero = ops.zeros_like
        return zero(s), dx if input_gradient else zero(x), dw, dg, db, zero(m), zero(v)

    return _custom(library, "LastForward", 1, shapes, bprop, f"{input_gradient}")


def planes(library: Path, stride: int) -> ops.Custom:
    """Depthwise convolution of (N, C, H, W) by (C, 1, K, K) -> (N, C, H/stride, W/stride)."""

    def shapes(_: Shape, x: Shape, __: Shape) -> Shape:
        return [x[0], x[1], _halved(x[2], stride), _halved(x[3], stride)]

    def gradient_shapes(_: Shape, x: Shape, w: Shape, __: Shape) -> tuple[Shape, Shape]:
        return x, w

    back = _custom(library, "PlanesBackward", 2, gradient_shapes)

    def bprop(s, x, w, out, dout):  # noqa: ANN001, ANN202 - read by MindSpore
        dx, dw = back(s, x, w, dout)
        return ops.zeros_like(s), dx, dw

    return _custom(library, "PlanesForward", 1, shapes, bprop, f"{stride}")


# MindSpore compiles these functions from their source, and takes no *args in them: hence two.
# fmt: off


def _two(back: ops.Custom, input_gradient: bool) -> Callable:
    def bprop(s, x, w, g, b, m, v, w2, g2, b2, m2, v2, out, dout):  # noqa: ANN001, ANN202
        d = back(s, x, w, g, b, m, v, w2, g2, b2, m2, v2, dout)
        zero = ops.zeros_like
        dx = d[0] if input_gradient else zero(x)
        return (zero(s), dx, d[1], d[2], d[3], zero(m), zero(v),
                d[4], d[5], d[6], zero(m2), zero(v2))

    return bprop


def _three(back: ops.Custom, input_gradient: bool) -> Callable:
    def bprop(s, x, w, g, b, m, v, w2, g2, b2, m2, v2,  # noqa: ANN001, ANN202
              w3, g3, b3, m3, v3, out, dout):  # noqa: ANN001
        d = back(s, x, w, g, b, m, v, w2, g2, b2, m2, v2, w3, g3, b3, m3, v3, dout)
        zero = ops.zeros_like
        dx = d[0] if input_gradient else zero(x)
        return (zero(s), dx, d[1], d[2], d[3], zero(m), zero(v),
                d[4], d[5], d[6], zero(m2), zero(v2), d[7], d[8], d[9], zero(m3), zero(v3))

    return bprop
