"""What is known of the files that hold the weights of each architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from src_mindspore.backbones.efficientnet_lite import efficientnet_lite_layers
from src_mindspore.backbones.mobilenet_v1 import mobilenet_v1_layers
from src_mindspore.backbones.mobilenet_v2 import mobilenet_v2_layers
from src_mindspore.backbones.resnet50 import resnet_layers
from src_mindspore.backbones.small_cnn import small_cnn_layers
from src_mindspore.weights import mobilenet_v2_names, resnet_names
from src_mindspore.weights.compare import Shapes, difference
from src_mindspore.weights.convention import EFFICIENTNET_LITE, IMAGENET, PLAIN, Convention
from src_mindspore.weights.efficientnet_lite_names import reference_names
from src_mindspore.weights.shapes import nearest_width, parameter_shapes

KerasNames = Mapping[str, tuple[str, tuple[int, ...] | None]]


@dataclass(frozen=True)
class WeightsSource:
    """How the files of one architecture name, shape and mean their arrays.

    Attributes:
        title: the architecture, for messages.
        torch: whose names a PyTorch file has, for messages.
        torch_names: gives PyTorch name -> own name; None: PyTorch has no such network.
        keras_names: gives Keras name -> own name and order of axes; None: there is no Keras file.
        nearest: shapes by own name -> the width that fits best, and what differs from it.
        convention: of a file that does not say its own and is not from Keras.
        classifier: prefixes of the classifier's names, which are left out.
    """

    title: str
    torch: str | None
    torch_names: Callable[[], Mapping[str, str]] | None
    keras_names: Callable[[], KerasNames] | None
    nearest: Callable[[Shapes], tuple[float, list[str]]]
    convention: Convention
    classifier: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """The formats, for messages."""
        keras = "Keras HDF5 (.h5, .hdf5, .model), " if self.keras_names else ""
        own = "the model zoo's" if self.keras_names else "the project's own"
        accepted = f"accepted: MindSpore .ckpt or .safetensors with {own} names"
        if not self.torch_names:
            return accepted
        return f"{accepted}, {keras}PyTorch .pth or .pt or .safetensors with {self.torch}'s names"


def _efficientnet_lite(title: str, width: float, depth: float) -> WeightsSource:
    layers = partial(efficientnet_lite_layers, width, depth)
    return WeightsSource(
        title=title,
        torch="EfficientNet-PyTorch",
        torch_names=lambda: reference_names(layers()),
        keras_names=None,
        nearest=lambda file: (1.0, difference(file, parameter_shapes(layers()))),
        convention=EFFICIENTNET_LITE,
        classifier=("head.", "_fc."),
    )


SOURCES: Mapping[str, WeightsSource] = {
    "mobilenet_v2": WeightsSource(
        title="MobileNetV2",
        torch="torchvision",
        torch_names=mobilenet_v2_names.torchvision_names,
        keras_names=mobilenet_v2_names.keras_names,
        nearest=lambda file: nearest_width(file, mobilenet_v2_layers),
        convention=IMAGENET,
        classifier=("head.", "dense.", "classifier."),
    ),
    "efficientnet_lite0": _efficientnet_lite("EfficientNet-Lite0", 1.0, 1.0),
    "efficientnet_lite1": _efficientnet_lite("EfficientNet-Lite1", 1.0, 1.1),
    "efficientnet_lite2": _efficientnet_lite("EfficientNet-Lite2", 1.1, 1.2),
    "small_cnn": WeightsSource(
        title="the small CNN",
        torch=None,
        torch_names=None,
        keras_names=None,
        nearest=lambda file: (1.0, difference(file, parameter_shapes(small_cnn_layers()))),
        convention=PLAIN,
        classifier=("head.",),
    ),
    "mobilenet_v1": WeightsSource(
        title="MobileNetV1",
        torch=None,
        torch_names=None,
        keras_names=None,
        nearest=lambda file: nearest_width(file, mobilenet_v1_layers),
        convention=PLAIN,
        classifier=("head.",),
    ),
    "resnet50": WeightsSource(
        title="ResNet-50",
        torch="torchvision",
        torch_names=resnet_names.torchvision_names,
        keras_names=None,
        nearest=lambda file: (1.0, difference(file, parameter_shapes(resnet_layers()))),
        convention=IMAGENET,
        classifier=("head.", "fc."),
    ),
}
