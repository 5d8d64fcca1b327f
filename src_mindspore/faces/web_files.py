"""The detector of a web page: CenterFace and what it is used with, as the page reads it.

The page finds faces as ``detector.load_detector`` does with its defaults, and cuts them out with
``crop.MARGIN``: `deploy/web/core/faces.js`.
"""

import hashlib

from src_mindspore.faces.centerface import CenterFace, any_size
from src_mindspore.faces.crop import MARGIN
from src_mindspore.faces.detector import LONGEST_SIDE, SMALLEST_FACE, THRESHOLDS
from src_mindspore.faces.files import CENTERFACE, network_files
from src_mindspore.system.write import json_bytes

FORMAT = 1
NETWORK, DESCRIPTION, LICENCE = "centerface.onnx", "faces.json", "LICENSE"


def page_detector(margin: float = MARGIN) -> dict[str, bytes]:
    """The files of the page's folder ``faces``: name -> content.

    Args:
        margin: around a face, see ``crop.crop``; 0 to 10.

    Raises:
        UserError: the network cannot be had.
    """
    file, licence = network_files(CENTERFACE)
    network = any_size(file)
    digest = hashlib.sha256(network).hexdigest()
    description = {
        "format": FORMAT,
        "file": {"name": NETWORK, "bytes": len(network), "sha256": digest},
        "threshold": THRESHOLDS[CenterFace.name],
        "smallest_face": SMALLEST_FACE,
        "longest_side": LONGEST_SIDE,
        "margin": margin,
    }
    return {
        NETWORK: network,
        DESCRIPTION: json_bytes(description),
        LICENCE: licence.read_bytes(),
    }
