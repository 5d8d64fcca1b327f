"""An ONNX export as a .tflite file with the same weights."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks.peers.environment import peers_python
from benchmarks.peers.layers import write_layers
from src_mindspore.system.errors import UserError

WRITER = Path(__file__).resolve().with_name("write_tflite.py")


def convert(onnx: Path, tflite: Path, size: tuple[int, int]) -> None:
    """Writes a ``.tflite`` file; its input is (1, H, W, 3) float32.

    Args:
        onnx: a ``model.onnx`` that export.py wrote.
        tflite: the file to write.
        size: height and width of the image in pixels.

    Raises:
        UserError: an operator that is not known, or no environment to write the file in.
    """
    with tempfile.TemporaryDirectory() as folder:
        layers = Path(folder) / "layers.npz"
        write_layers(onnx, layers)
        command = [peers_python(), WRITER, layers, tflite, *size]
        ended = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, errors="replace"
        )
    if ended.returncode:
        raise UserError(f"{onnx} cannot be written for TensorFlow Lite: {ended.stderr.strip()}")
