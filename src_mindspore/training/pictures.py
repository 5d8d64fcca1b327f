"""The pictures of a finished run: curves, confusion matrix, reliability."""

import logging
from collections.abc import Mapping
from typing import Any

from src_mindspore.evaluation import confusion
from src_mindspore.plots.of_run import (
    MOST,
    SOME,
    chinese_fonts,
    draw_confusion,
    draw_curves,
    draw_reliability,
)
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import CONFUSION, CURVES, METRICS, RELIABILITY
from src_mindspore.spec.model import ModelSpec
from src_mindspore.system.terminal import apart

log = logging.getLogger(__name__)


def draw_pictures(run: RunFolder, spec: ModelSpec, metrics: Mapping[str, Any]) -> None:
    """Draws them into the run folder.

    Args:
        run: the folder, whose epochs have been logged.
        spec: of the model.
        metrics: what ``metrics.json`` will hold.

    Raises:
        OSError: one cannot be written.
    """
    final = metrics["val"]
    shown = spec.names if chinese_fonts() else spec.label
    labels = apart([shown(i) for i in range(len(spec.classes))])
    with run.files.path(CURVES) as path:
        draw_curves(path, run.lines)
    with run.files.path(CONFUSION) as path:
        draw_confusion(path, confusion.read(final), labels)
    if len(labels) > MOST:
        text = f"{CONFUSION} shows the {SOME} of {len(labels):,} classes most often confused"
        if final["confusion_form"] == confusion.TRIPLES:
            text += f"; {METRICS} lists what occurs, as [true, predicted, images]"
        log.info("%s", text)
    with run.files.path(RELIABILITY) as path:
        draw_reliability(path, metrics["calibration"], final)
