"""Backbone and head as one network, and the part of it that lies behind a cut."""

from typing import Any

from mindspore import Tensor, nn

from src_mindspore.backbone import POOLED, build_backbone, last_layer, layers_before
from src_mindspore.backbones.interface import Backbone
from src_mindspore.head import ClassifierHead


class Classifier(nn.Cell):
    """Images to logits: (N, 3, H, W) float32, normalised -> (N, classes).

    Parameters are named as in the zoo: ``features.*`` of the backbone, ``head.*`` of the head.
    """

    def __init__(self, backbone: Backbone, head: ClassifierHead) -> None:
        super().__init__(auto_prefix=False)
        self.backbone = backbone
        self.head = head

    @property
    def head_cut(self) -> str:
        """Name of the backbone's output that ``head.classify`` takes, see ``layers_before``."""
        reduction = self.head.reduction
        return reduction if reduction in POOLED else last_layer(self.backbone)

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.head(self.backbone(x))


class Top(nn.Cell):
    """What a classifier does behind a cut: the value named ``cut`` -> logits (N, classes).

    It shares its parameters with the classifier: training the one trains the other. Cuts are
    named in ``backbone.layers_before``; ``image`` gives the whole network. ``head`` stands in for
    the classifier's own, with which it shares parameters: it takes a map.

    Raises:
        ValueError: no such cut, or pooled otherwise than the head pools.
    """

    def __init__(self, classifier: Classifier, cut: str, head: nn.Cell | None = None) -> None:
        super().__init__(auto_prefix=False)
        if cut in POOLED and cut != classifier.head_cut:
            raise ValueError(f"the head pools by {classifier.head_cut}; got the cut {cut!r}")
        layers = list(classifier.backbone.features)[layers_before(classifier.backbone, cut) :]
        self.layers = nn.CellList(layers, auto_prefix=False)
        self.head = classifier.head if head is None else head
        self.pooled = cut in POOLED

    def construct(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """See the class; ``keep`` as in ``ClassifierHead.classify``."""
        for layer in self.layers:
            x = layer(x)
        return self.head.classify(x, keep) if self.pooled else self.head(x, keep)


class Deployed(nn.Cell):
    """A classifier with its output activation: what is scored and exported.

    (N, 3, H, W) -> (N, classes), logits or probabilities as the head says. The logits are divided
    by ``temperature`` (above 0) first; by 1 nothing is computed.
    """

    def __init__(self, classifier: Classifier, temperature: float = 1.0) -> None:
        super().__init__(auto_prefix=False)
        self.classifier = classifier
        self.inverse = None if temperature == 1 else 1 / temperature

    def construct(self, x: Tensor) -> Tensor:
        """See the class."""
        logits = self.classifier(x)
        if self.inverse is not None:
            logits = logits * self.inverse
        return self.classifier.head.activate(logits)


def build_classifier(
    backbone: dict[str, Any], head: dict[str, Any], classes: int, size: int
) -> Classifier:
    """Builds the network that ``spec.json`` describes under ``model``.

    Args:
        backbone: arguments of ``build_backbone``; without a name it is a MobileNetV2.
        head: arguments of ``ClassifierHead`` but those that follow from the rest.
        classes: number of classes.
        size: height and width of the input in pixels.
    """
    network = build_backbone(**backbone)
    map_size = network.map_sides(size)[-1]
    return Classifier(network, ClassifierHead(network.out_channels, map_size, classes, **head))


def batch_norms(cell: nn.Cell) -> list[nn.BatchNorm2d]:
    """All batch-norm layers below ``cell``."""
    return [c for _, c in cell.cells_and_names() if isinstance(c, nn.BatchNorm2d)]
