"""Device files of a run: MINDIR, ONNX and MindSpore Lite, each checked against the checkpoint."""

import logging
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor

from src_mindspore.checkpoint import MODEL
from src_mindspore.classifier import Deployed
from src_mindspore.dataset import scored_records
from src_mindspore.errors import UserError
from src_mindspore.files import atomic_path, sync_folder, write_json
from src_mindspore.inference import OPENERS, Model, classifier_of, load_model, network_runner
from src_mindspore.inputs import read_photos
from src_mindspore.lite.converter import convert_to_ms
from src_mindspore.onnx_files import allow_any_batch, export_onnx
from src_mindspore.records import Record
from src_mindspore.run_folder import known_splits, load_run
from src_mindspore.spec import FILE_NAME, FileSpec, ModelSpec

log = logging.getLogger(__name__)

FORMATS = ("mindir", "onnx", "ms")
QUANTS = ("none", "fp16")
PARITY = "parity.json"
# largest difference of a probability; measured: below 1e-5 for MINDIR and ONNX
TOLERANCE = 1e-4
CHECKED_PHOTOS = 64
ANDROID_ASSETS = Path(__file__).resolve().parents[1] / "deploy/android/app/src/main/assets"


def export_run(
    run: Path,
    formats: Sequence[str] = FORMATS,
    quants: Sequence[str] = ("none",),
    out: Path | None = None,
    data: Path | None = None,
    converter: str | None = None,
) -> dict[str, Any]:
    """Exports a finished run; ``out`` then holds exactly what this call wrote.

    Args:
        run: a run folder.
        formats: which of ``FORMATS``.
        quants: of the ``.ms`` file: ``none`` (float32) and ``fp16`` (weights stored in half).
        out: the folder to write, new or from an earlier export; None is ``run/export``.
        data: the data folder whose validation photos are compared; None is the run's own.
        converter: a ``converter_lite``; None finds or fetches one.

    Returns:
        What ``parity.json`` holds.

    Raises:
        UserError: unusable arguments, a converter that fails, or a file that disagrees with the
            checkpoint; nothing is left of that export then.
    """
    _check_choice("--formats", formats, FORMATS)
    _check_choice("--quant", quants, QUANTS)
    out = out or run / "export"
    if out.exists() and any(out.iterdir()) and not (out / FILE_NAME).is_file():
        raise UserError(f"{out} is not empty and no earlier export (it has no {FILE_NAME})")
    config, spec = load_run(run)
    photos = _photos_to_compare(run, data or Path(config.data.dir), spec)

    temporary = out.parent / f".{out.name}-{uuid.uuid4().hex[:8]}"
    temporary.mkdir(parents=True)
    try:
        deployed = classifier_of(spec, run / MODEL)
        files, made_by = _write_files(deployed, spec, temporary, formats, quants, converter)
        exported = spec.with_files(*(FileSpec.of(path, layout) for path, layout in files))
        exported.save(temporary)
        reference = Model(run / MODEL, spec, spec.files[0], network_runner(deployed))
        report = {
            "photos": len(photos),
            "tolerance": TOLERANCE,
            "checkpoint": spec.files[0].sha256,
            "files": _compare(reference, [path for path, _ in files], photos, made_by),
        }
        write_json(temporary / PARITY, report)
        _refuse_disagreement(report)
        _replace(out, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return report


def _check_choice(option: str, got: Sequence[str], accepted: Sequence[str]) -> None:
    wrong = [value for value in got if value not in accepted]
    if wrong or not got:
        raise UserError(f"{option} takes {', '.join(accepted)}; got {','.join(got)!r}")


def _photos_to_compare(run: Path, data: Path, spec: ModelSpec) -> list[Path]:
    """Validation photos, spread evenly over the classes."""
    if not data.is_dir():
        raise UserError(f"{data}, the data of {run}, is not there: name its place with --data")
    records: list[Record] = scored_records(data, spec.classes, "val", known_splits(run))
    step = max(1, len(records) // CHECKED_PHOTOS)
    return [data / record.path for record in records[::step][:CHECKED_PHOTOS]]


def _write_files(
    deployed: Deployed,
    spec: ModelSpec,
    folder: Path,
    formats: Sequence[str],
    quants: Sequence[str],
    converter: str | None,
) -> tuple[list[tuple[Path, str]], dict[str, str]]:
    """Writes the wanted files; returns them with their layout, and what converted each ``.ms``."""
    shape = (1, 3, *spec.input.size)
    files: list[tuple[Path, str]] = []
    made_by: dict[str, str] = {}
    mindir, onnx = folder / "model.mindir", folder / "model.onnx"
    fixed = folder / "fixed.onnx"  # the Lite converter wants a known batch
    if "mindir" in formats or "ms" in formats:
        image = Tensor(np.zeros(shape, np.float32))
        mindspore.export(deployed, image, file_name=str(mindir), file_format="MINDIR")
        mindir.chmod(0o644)
    if "onnx" in formats or "ms" in formats:
        export_onnx(deployed, fixed, shape, [spec.output])
    if "onnx" in formats:
        allow_any_batch(fixed, onnx)
    if "ms" in formats:
        for quant in quants:
            path = folder / ("model.ms" if quant == "none" else f"model_{quant}.ms")
            done = convert_to_ms(path, fixed, mindir, converter=converter, fp16=quant == "fp16")
            log.info("%s: %s, %.1f s", path.name, done.tool, done.seconds)
            made_by[path.name] = f"{done.tool}, from {done.source.suffix[1:].upper()}"
            files.append((path, "NHWC"))
    fixed.unlink(missing_ok=True)
    if "mindir" not in formats:
        mindir.unlink(missing_ok=True)
    kept = [path for path in (mindir, onnx) if path.suffix[1:] in formats]
    return [(path, "NCHW") for path in kept] + files, made_by


def _compare(
    reference: Model, files: Sequence[Path], photos: Sequence[Path], made_by: dict[str, str]
) -> list[dict[str, Any]]:
    """Runs every file that can be run here on the same images as the checkpoint."""
    images = read_photos(photos, reference.spec.input)
    expected = reference.probabilities(reference.run(images))
    rows = []
    for file in files:
        row: dict[str, Any] = {"name": file.name, "bytes": file.stat().st_size}
        if file.name in made_by:
            row["made_by"] = made_by[file.name]
        if file.suffix not in OPENERS:
            row["checked"] = False
            row["reason"] = "only the MindSpore Lite runtime on the device runs this format"
        else:
            model = load_model(file)
            got = model.probabilities(model.run(images))
            row["checked"] = True
            row["max_difference"] = float(np.abs(got - expected).max())
            row["other_labels"] = int((got.argmax(1) != expected.argmax(1)).sum())
        rows.append(row)
    return rows


def _refuse_disagreement(report: dict[str, Any]) -> None:
    for row in report["files"]:
        if row["checked"] and (row["max_difference"] > TOLERANCE or row["other_labels"]):
            raise UserError(
                f"{row['name']} disagrees with the checkpoint: probabilities differ by up to "
                f"{row['max_difference']:.1e} (limit {TOLERANCE:.0e}), {row['other_labels']} of "
                f"{report['photos']} photos get another label; nothing was exported"
            )


def _replace(out: Path, temporary: Path) -> None:
    """Puts the new export in the place of an earlier one."""
    old = out.parent / f".{out.name}-{uuid.uuid4().hex[:8]}"
    if out.exists():
        out.rename(old)
    temporary.rename(out)
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def copy_to_app(out: Path, assets: Path = ANDROID_ASSETS) -> None:
    """Copies the Lite model of an export and its description to where the Android app is built.

    Raises:
        UserError: the export holds no ``model.ms``, or there is no app to copy to.
    """
    if not (out / "model.ms").is_file():
        raise UserError(f"--android needs {out / 'model.ms'}: --formats must have ms, --quant none")
    if not assets.parent.is_dir():
        raise UserError(f"--android copies to {assets}, and {assets.parent} is missing")
    assets.mkdir(exist_ok=True)
    for name in ("model.ms", FILE_NAME):
        with atomic_path(assets / name) as temporary:
            shutil.copyfile(out / name, temporary)


def parity_table(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    lines = [f"{'file':16} {'MB':>6}  {'largest difference':>18}  other labels"]
    for row in report["files"]:
        size = f"{row['name']:16} {row['bytes'] / 1e6:6.2f}"
        if row["checked"]:
            others = f"{row['other_labels']} of {report['photos']}"
            lines.append(f"{size}  {row['max_difference']:18.1e}  {others}")
        else:
            lines.append(f"{size}  {'not checked':>18}  {row['reason']}")
    return "\n".join(lines)
