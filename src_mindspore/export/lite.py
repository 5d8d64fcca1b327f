"""MindSpore Lite files of a trained network: float32, float16, and quantised to 8 bits."""

import logging
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_mindspore.evaluation.model import Model, load_model
from src_mindspore.export.parity import Exported
from src_mindspore.export.wanted import lite_name
from src_mindspore.lite.converter import convert_to_ms
from src_mindspore.lite.quantisation import (
    CALIBRATION_PHOTOS,
    INT8_METHODS,
    divergence,
    int8_config,
    spread_over_classes,
    weight8_config,
    write_calibration,
)
from src_mindspore.photos.records import Record
from src_mindspore.photos.tensors import read_photos
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.plain_path import plain_folder

log = logging.getLogger(__name__)

COMPARED_PHOTOS = 64  # of the training photos, to choose how int8 is calibrated
LAYOUT = "NHWC"  # of every .ms file's input: the converter changes it


@dataclass(frozen=True)
class LiteSources:
    """What the ``.ms`` files of a run are made of.

    Attributes:
        onnx: the network with a batch of one.
        mindir: the same, for converters that read it.
        converter: a ``converter_lite``; None finds or fetches one.
        reference: the checkpoint, which an int8 file is compared with.
        spec: of the network in ``onnx``.
        root: the data folder.
        training: its training photos, to calibrate int8 with.
    """

    onnx: Path
    mindir: Path
    converter: str | None
    reference: Model
    spec: ModelSpec
    root: Path
    training: Sequence[Record]


def write_lite(sources: LiteSources, quant: str, folder: Path) -> Exported:
    """Writes ``model.ms`` or ``model_QUANT.ms`` into ``folder``.

    Args:
        sources: the network and the photos.
        quant: of ``quantisation.QUANTS``: ``none`` (float32), ``fp16`` (weights stored in half
            precision), ``weight8`` (weights stored in about 8 bits, computed in float32), ``int8``
            (weights and activations in 8 bits, calibrated with training photos).
        folder: must exist.

    Raises:
        UserError: the converter fails, or a file cannot be run to compare it.
    """
    path = folder / lite_name(quant)
    if quant == "int8":
        made_by = _write_int8(sources, path)
    else:
        config = weight8_config() if quant == "weight8" else None
        made_by = _convert(sources, path, config, fp16=quant == "fp16")
    return Exported(path, LAYOUT, quant, made_by)


def _convert(sources: LiteSources, out: Path, config: str | None = None, fp16: bool = False) -> str:
    """Writes one file; returns what wrote it."""
    done = convert_to_ms(
        out,
        sources.onnx,
        sources.mindir,
        converter=sources.converter,
        config_text=config,
        fp16=fp16,
    )
    log.info("%s: %s, %.1f s", out.name, done.tool, done.seconds)
    return f"{done.tool}, from {done.source.suffix[1:].upper()}"


def _write_int8(sources: LiteSources, path: Path) -> str:
    """Calibrates in every way, takes the best, corrects its biases if that makes it better.

    The ways are told apart by training photos that were not calibrated with: choosing by the
    validation photos would flatter the file's score on them. The correction takes ten times as
    long as all the rest, so it is not tried for the ways that lost.
    """
    calibrating, comparing = _training_photos(sources)
    spec = sources.spec
    images = read_photos(comparing, spec.input)
    expected = sources.reference.probabilities(sources.reference.run(images))
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=path.parent)))
        tensors = stack.enter_context(plain_folder(temporary)) / "tensors"
        nhwc = (read_photos([p], spec.input)[0].transpose(1, 2, 0) for p in calibrating)
        count = write_calibration(tensors, map(np.ascontiguousarray, nhwc))

        def attempt(method: str, correction: bool) -> tuple[float, str, Path, str]:
            name = f"{method} with bias correction" if correction else method
            file = temporary / name.replace(" ", "-") / path.name
            config = int8_config(tensors, count, method=method, bias_correction=correction)
            made_by = _convert(sources, file, config)
            spec.with_files(FileSpec.of(file, LAYOUT)).save(file.parent)
            model = load_model(file)
            got = model.probabilities(model.run(images))
            distance = divergence(expected, got)
            same = (got.argmax(1) == expected.argmax(1)).mean()
            log.info(
                "int8 by %s: divergence %.4f, %.1f %% the checkpoint's labels (%d training photos)",
                *(name, distance, 100 * same, len(comparing)),
            )
            return distance, method, file, f"{made_by}, int8 by {name}"

        best = min(attempt(method, correction=False) for method in INT8_METHODS)
        best = min(best, attempt(best[1], correction=True))
        path.write_bytes(best[2].read_bytes())
    return best[3]


def _training_photos(sources: LiteSources) -> tuple[list[Path], list[Path]]:
    """Photos to calibrate with, and others to compare with, both spread over the classes."""
    labels = [record.label for record in sources.training]
    both = CALIBRATION_PHOTOS + COMPARED_PHOTOS
    chosen = spread_over_classes(labels, both)
    cut = max(1, len(chosen) * CALIBRATION_PHOTOS // both)
    paths = [sources.root / sources.training[i].path for i in chosen]
    return paths[:cut], paths[cut:] or paths
