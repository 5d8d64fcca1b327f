"""Several networks as one: each sees the same image in its own form, their outputs are averaged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mindspore import Tensor, nn, ops


@dataclass(frozen=True, eq=False)
class View:
    """How a member's input is made of the image: resized along both axes, then scaled and shifted.

    Nothing is folded into the member's first convolution: that pads with zeros, which stand for
    other pixels in another normalisation, so its border would be another.

    Attributes:
        rows: ``(h, H)`` float32; None where the sizes are the same.
        columns: ``(w, W)`` float32, likewise.
        scale: ``(3,)`` float32, a factor for each channel.
        shift: ``(3,)`` float32, added behind it.
    """

    rows: np.ndarray | None
    columns: np.ndarray | None
    scale: np.ndarray
    shift: np.ndarray

    def apply(self, images: np.ndarray) -> np.ndarray:
        """(n, 3, H, W) float32 -> (n, 3, h, w) float32, in NumPy."""
        if self.rows is not None:
            images = self.rows @ images @ self.columns.T
        return images * self.scale[:, None, None] + self.shift[:, None, None]

    @property
    def normalises(self) -> bool:
        """Whether values change at all."""
        return bool((self.scale != 1).any() or (self.shift != 0).any())

    def same_size(self, other: "View") -> bool:
        """Whether both resize alike."""
        if self.rows is None or other.rows is None:
            return self.rows is other.rows
        pairs = ((self.rows, other.rows), (self.columns, other.columns))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


class _Resize(nn.Cell):
    """The resize of a ``View``: two products of matrices, which every runtime has.

    MindSpore 2.10 does not export its own resize to ONNX, and that has no anti-aliasing.
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.resizes = view.rows is not None
        if self.resizes:
            self.rows = Tensor(view.rows)
            self.columns = Tensor(np.ascontiguousarray(view.columns.T))

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.resizes:
            return ops.matmul(self.rows, ops.matmul(x, self.columns))
        return x


class _Normalise(nn.Cell):
    """Scale and shift of a ``View``: a depthwise convolution of one pixel.

    MindSpore Lite 2.0.0 does not convert an average of three whose image goes into a convolution, a
    product with a matrix and a multiplication: its layout of the image suits two of them.
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.changes = view.normalises
        if self.changes:
            self.scale = Tensor(view.scale.reshape(3, 1, 1, 1))
            self.shift = Tensor(view.shift)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.changes:
            return ops.conv2d(x, self.scale, self.shift, groups=3)
        return x


class Ensemble(nn.Cell):
    """(N, 3, H, W) -> (N, classes): the mean of what the members say.

    The names of the members' parameters get ``member0.``, ``member1.``... in front, as those of
    two networks would be the same.

    Args:
        members: networks that put out probabilities (n, classes), with their weights.
        views: how the input of each is made of the image.
    """

    def __init__(self, members: Sequence[nn.Cell], views: Sequence[View]) -> None:
        super().__init__(auto_prefix=False)
        distinct: list[View] = []
        for view in views:
            if not any(view.same_size(other) for other in distinct):
                distinct.append(view)
        for index, member in enumerate(members):
            member.update_parameters_name(f"member{index}.")
        self.resizes = nn.CellList([_Resize(view) for view in distinct])
        self.resize_of = tuple(
            next(i for i, other in enumerate(distinct) if view.same_size(other)) for view in views
        )
        self.normalises = nn.CellList([_Normalise(view) for view in views])
        self.members = nn.CellList(list(members), auto_prefix=False)
        self.share = 1 / len(members)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        images = ()
        for resize in self.resizes:
            images += (resize(x),)
        total = 0
        for index, member in enumerate(self.members):
            total = total + member(self.normalises[index](images[self.resize_of[index]]))
        return total * self.share
