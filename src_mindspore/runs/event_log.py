"""The epochs of a run as TensorBoard's event files, from the same lines as ``log.jsonl``.

For those who ask for it: ``pip install -r requirements-tensorboard.txt``.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from src_mindspore.system.errors import UserError

LIBRARY, REQUIREMENTS = "tensorboardX", "requirements-tensorboard.txt"
FOLDER = "tensorboard"  # in the run folder
# of an epoch's line: where it is shown, figures side by side under the name before the slash
SCALARS = {
    "train_loss": "loss/train",
    "val_loss": "loss/val",
    "train_top1": "top1/train",
    "val_top1": "top1/val",
    "val_top5": "top5/val",
    "lr": "lr",
    "seconds": "seconds",
}


def check_library() -> None:
    """Raises UserError, with what to do, where the library is not installed."""
    if find_spec(LIBRARY) is None:
        raise UserError(
            f"--log tensorboard needs the package {LIBRARY}, which is not installed: "
            f"pip install -r {REQUIREMENTS}"
        )


class EventLog:
    """Writes ``RUN/tensorboard``, from the first epoch on; ``tensorboard --logdir`` shows it.

    Steps are epochs, counted over all stages.

    Args:
        run: the run folder.
        epochs: lines that ``log.jsonl`` has already. What an earlier process wrote of later
            epochs, which are trained again, TensorBoard hides.
    """

    def __init__(self, run: Path, epochs: int) -> None:
        self._folder = run / FOLDER
        self._epochs = epochs
        self._writer: Any = None

    def epoch(self, line: Mapping[str, Any]) -> None:
        """Adds an entry of ``log.jsonl``."""
        self._epochs += 1
        writer = self._open(purge_step=self._epochs)
        for key, tag in SCALARS.items():
            if key in line:
                writer.add_scalar(tag, line[key], self._epochs)
        writer.flush()

    def picture(self, name: str, path: Path) -> None:
        """Adds a PNG, at the last epoch."""
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        self._open().add_image(name, pixels, self._epochs, dataformats="HWC")

    def close(self) -> None:
        """Writes what is left."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, purge_step: int | None = None) -> Any:
        if self._writer is None:
            from tensorboardX import SummaryWriter  # an optional extra

            self._writer = SummaryWriter(str(self._folder), purge_step=purge_step)
        return self._writer
