"""Any backbone by name, and the named values inside of one: where a network can be cut."""

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Tensor, nn, ops

from src_mindspore.backbones.efficientnet_lite import (
    EfficientNetLite0Backbone,
    EfficientNetLite1Backbone,
    EfficientNetLite2Backbone,
)
from src_mindspore.backbones.interface import Backbone
from src_mindspore.backbones.mobilenet_v1 import MobileNetV1Backbone
from src_mindspore.backbones.mobilenet_v2 import MobileNetV2Backbone
from src_mindspore.backbones.resnet50 import ResNet50Backbone
from src_mindspore.backbones.small_cnn import SmallCNNBackbone

DEFAULT = "mobilenet_v2"  # of a spec.json from before there were others
BACKBONES: Mapping[str, type[Backbone]] = {
    DEFAULT: MobileNetV2Backbone,
    "efficientnet_lite0": EfficientNetLite0Backbone,
    "efficientnet_lite1": EfficientNetLite1Backbone,
    "efficientnet_lite2": EfficientNetLite2Backbone,
    "small_cnn": SmallCNNBackbone,
    "mobilenet_v1": MobileNetV1Backbone,
    "resnet50": ResNet50Backbone,
}
IMAGE = "image"
POOLED = ("mean", "max")


def build_backbone(name: str = DEFAULT, **arguments: Any) -> Backbone:
    """A backbone with random weights.

    Args:
        name: one of ``BACKBONES``.
        arguments: of its class; all take ``width_mult``, ``padding`` and ``bn_eps``.

    Raises:
        ValueError: another name, or an argument outside its range.
    """
    if name not in BACKBONES:
        raise ValueError(f"a backbone is one of {', '.join(BACKBONES)}; got {name!r}")
    return BACKBONES[name](**arguments)


def layer_name(index: int) -> str:
    """Name of the map after layer ``index``, counted from 0 (the stem)."""
    return f"features.{index}"


def last_layer(backbone: Backbone) -> str:
    """Name of a backbone's last map."""
    return layer_name(len(backbone.layers) - 1)


def layers_before(backbone: Backbone, cut: str) -> int:
    """How many of a backbone's layers lie before the cut named ``cut``.

    ``image`` is the input (no layers), ``features.K`` the map after layer K (K + 1 layers),
    ``mean`` and ``max`` the pooled last map (all of them).

    Raises:
        ValueError: a name that is none of these.
    """
    count = len(backbone.layers)
    if cut == IMAGE:
        return 0
    if cut in POOLED:
        return count
    prefix, _, index = cut.partition(".")
    if prefix == "features" and index.isdigit() and int(index) < count:
        return int(index) + 1
    raise ValueError(
        f"a cut is {IMAGE}, {layer_name(0)} to {last_layer(backbone)}, {' or '.join(POOLED)}; "
        f"got {cut!r}"
    )


def pool(x: Tensor, kind: str) -> Tensor:
    """Spatial mean or maximum: (N, C, H, W) -> (N, C)."""
    return ops.mean(x, (2, 3)) if kind == "mean" else ops.amax(x, (2, 3))


class NamedOutputs(nn.Cell):
    """Runs a backbone once and returns the intermediate outputs that were asked for by name.

    Input as the backbone's. Output: a tuple in the order of ``names`` (see ``layers_before``):
    ``features.K`` maps (N, C, H, W), ``mean`` and ``max`` vectors (N, C). Layers after the last
    one needed are not run.
    """

    def __init__(self, backbone: Backbone, names: Sequence[str]) -> None:
        super().__init__(auto_prefix=False)
        depths = [layers_before(backbone, name) for name in names]
        self.layers = nn.CellList(list(backbone.features)[: max(depths)], auto_prefix=False)
        self.names = tuple(names)
        self.depths = tuple(depths)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        maps = (x,)
        for layer in self.layers:
            x = layer(x)
            maps += (x,)
        outputs = ()
        for name, depth in zip(self.names, self.depths):  # noqa: B905 - not parsed in graph mode
            outputs += (pool(maps[depth], name) if name in POOLED else maps[depth],)
        return outputs
