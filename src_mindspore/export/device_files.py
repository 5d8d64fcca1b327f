"""Device files of a run: MINDIR, ONNX and MindSpore Lite, each checked against the checkpoint."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mindspore import nn

from src_mindspore.evaluation.model import Model, described
from src_mindspore.evaluation.open_checkpoint import classifier_of, mindspore_runner
from src_mindspore.export.lite import LiteSources, write_lite
from src_mindspore.export.onnx_metadata import describe_onnx
from src_mindspore.export.output import PARITY
from src_mindspore.export.parity import (
    MAX_DIFFERENCE,
    Exported,
    check_parity,
    refuse_disagreement,
)
from src_mindspore.export.photos import Photos
from src_mindspore.export.wanted import Wanted
from src_mindspore.export.web import in_page, stored_for_page
from src_mindspore.network.mindir_file import export_mindir
from src_mindspore.network.onnx_file import allow_any_batch, export_onnx
from src_mindspore.runs.names import MODEL
from src_mindspore.runs.read import load_run
from src_mindspore.spec.model import FileSpec, ModelSpec
from src_mindspore.system.write import write_json


def export_run(
    run: Path, wanted: Wanted, out: Path | None = None, data: Path | None = None
) -> dict[str, Any]:
    """Exports a finished run; of what exports wrote, ``out`` then holds what this one did.

    Args:
        run: a run folder.
        wanted: the files and their checks.
        out: the folder to write, new or from an earlier export; None is ``run/export``. Without
            effect where ``wanted.web`` is the folder.
        data: the data folder whose validation photos are compared; None is the run's own.

    Returns:
        What ``parity.json`` holds: ``parity.check_parity`` and the limits.

    Raises:
        UserError: unusable arguments, files of others where the export would be, a converter that
            fails, or a file that disagrees with the checkpoint or lost too much; nothing is left
            of that export then.
    """
    folder = wanted.folder(out or run / "export")
    config, spec = load_run(run)
    spec = wanted.labelled(spec)
    calibrates = "int8" in wanted.quants
    photos = Photos.of_run(run, data or Path(config.data.dir), spec, calibrates)
    with folder.filled() as temporary:
        exported = spec
        if wanted.fold_temperature and spec.calibration:
            exported = replace(spec, calibration=spec.calibration.folded())
        deployed = classifier_of(exported, run / MODEL)
        # what ships is checked against what the run itself says, temperature included
        checkpoint = deployed if exported == spec else classifier_of(spec, run / MODEL)
        entry = described(run / MODEL, spec)
        # by MindSpore itself: that is what the device files are compared with
        runner = mindspore_runner(checkpoint, len(photos.validation))
        reference = Model(run / MODEL, spec, entry, runner)
        source = Source(deployed, reference, photos)
        return write_checked(source, exported, temporary, wanted)


@dataclass(frozen=True)
class Source:
    """What is exported.

    Attributes:
        deployed: the network that ships, in inference mode.
        reference: what it must say.
        photos: to check and calibrate with.
        expected: what ``reference`` says of the validation photos, (n, classes) probabilities,
            where that is known already.
        no_score: why ``top1`` on these photos would say nothing, and is None in the report.
    """

    deployed: nn.Cell
    reference: Model
    photos: Photos
    expected: np.ndarray | None = None
    no_score: str | None = None


def write_checked(
    source: Source,
    spec: ModelSpec,
    folder: Path,
    wanted: Wanted,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes the wanted files, ``spec.json`` and ``parity.json`` into an empty folder.

    Args:
        source: what is exported.
        spec: of the network that ships.
        folder: of the files.
        wanted: the files and their checks.
        about: what else ``parity.json`` holds.

    Returns:
        What ``parity.json`` holds.

    Raises:
        UserError: see ``export_run``.
    """
    photos, reference = source.photos, source.reference
    files = _write_files(source, spec, folder, wanted)
    spec.with_files(*(FileSpec.of(file.path, file.layout) for file in files)).save(folder)
    if wanted.web:
        files += [in_page(file, wanted.web.runtime, spec) for file in files]
    machines = wanted.machines or (platform.machine(),)
    report = {
        "tolerance": MAX_DIFFERENCE,
        "max_drop": wanted.max_drop,
        **(about or {}),
        **check_parity(reference, files, photos.root, photos.validation, machines, source.expected),
    }
    refuse_disagreement(report, wanted.max_drop)
    if source.no_score:
        report = {**report, "no_score": source.no_score}
        report["files"] = [row | {"top1": None} for row in report["files"]]
    write_json(folder / PARITY, report)
    return report


def _write_files(source: Source, spec: ModelSpec, folder: Path, wanted: Wanted) -> list[Exported]:
    """Writes the wanted files, which ``spec`` describes."""
    deployed, photos = source.deployed, source.photos
    shape = (1, 3, *spec.input.size)
    lite: list[Exported] = []
    mindir, onnx = folder / "model.mindir", folder / "model.onnx"
    fixed = folder / "fixed.onnx"  # the Lite converter wants a known batch
    if "mindir" in wanted.formats or "ms" in wanted.formats:
        export_mindir(deployed, mindir, shape)
    if "onnx" in wanted.formats or "ms" in wanted.formats:
        export_onnx(deployed, fixed, shape, [spec.output])
    if "onnx" in wanted.formats:
        allow_any_batch(fixed, onnx)
        describe_onnx(onnx, spec)
    if "ms" in wanted.formats:
        converter = wanted.converter
        sources = LiteSources(
            fixed, mindir, converter, source.reference, spec, photos.root, photos.training
        )
        lite = [write_lite(sources, quant, folder) for quant in wanted.quants]
    fixed.unlink(missing_ok=True)
    if "mindir" not in wanted.formats:
        mindir.unlink(missing_ok=True)
    if wanted.web:
        return [stored_for_page(onnx, wanted.web.weights)]
    kept = [path for path in (mindir, onnx) if path.suffix[1:] in wanted.formats]
    return [Exported(path, "NCHW") for path in kept] + lite
