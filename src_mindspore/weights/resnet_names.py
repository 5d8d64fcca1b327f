"""How torchvision names the weights of ResNets of bottleneck blocks.

Source: ``torchvision/models/resnet.py``: ``conv1``, ``bn1``, then ``layer1`` to ``layer4`` with
blocks of ``conv1`` to ``conv3``, ``bn1`` to ``bn3`` and ``downsample``; the classifier is ``fc``.
"""

from src_mindspore.backbones.inverted_residual import named_convolutions
from src_mindspore.backbones.resnet50 import STAGES, ResNetStage, resnet_layers
from src_mindspore.weights.shapes import TORCH_NORM


def torchvision_names(stages: tuple[ResNetStage, ...] = STAGES) -> dict[str, str]:
    """Torchvision name -> the project's own name, of every parameter of the backbone."""
    blocks = [
        f"layer{number}.{index}"
        for number, stage in enumerate(stages, start=1)
        for index in range(stage.blocks)
    ]
    names, before, position = {}, None, 0
    for row in named_convolutions(resnet_layers(stages)):
        position = position + 1 if row.layer == before else 1
        before = row.layer
        conv, norm = f"conv{position}", f"bn{position}"
        if row.layer:
            block = blocks[row.layer - 1]
            conv, norm = f"{block}.{conv}", f"{block}.{norm}"
            if ".shortcut." in row.conv:
                conv, norm = f"{block}.downsample.0", f"{block}.downsample.1"
        names[f"{conv}.weight"] = f"{row.conv}.weight"
        names |= {f"{norm}.{torch}": f"{row.norm}.{own}" for own, torch in TORCH_NORM.items()}
    return names
