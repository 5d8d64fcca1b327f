"""A training run from top to bottom: photos, cached features, head, backbone, final score."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from easydict import EasyDict

from src_mindspore.config.schema import AUTO
from src_mindspore.dataset import DataSet
from src_mindspore.doctor.findings import Finding
from src_mindspore.evaluation.calibration import CalibrationOptions
from src_mindspore.evaluation.final_score import score_run, stage_scores
from src_mindspore.evaluation.score import Scored
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.device import seed_everything, select_device
from src_mindspore.photos.identity import RunPhotos
from src_mindspore.photos.reader import PhotoReader
from src_mindspore.runs.folder import RunFolder
from src_mindspore.runs.names import MODEL
from src_mindspore.system.launcher import scheduling
from src_mindspore.system.progress import scored_rounds
from src_mindspore.training.auto_cut import choose_from_block
from src_mindspore.training.build_model import build_model, pretrained_weights
from src_mindspore.training.data import checked_data_set, findings_table
from src_mindspore.training.limits import AGAIN, settings_named
from src_mindspore.training.loop import fit
from src_mindspore.training.materials import Materials
from src_mindspore.training.options import (
    STAGES,
    TrainingOptions,
    model_options,
    stage_options,
    training_options,
)
from src_mindspore.training.part import teach
from src_mindspore.training.pictures import draw_pictures
from src_mindspore.training.recipes import teachers_of
from src_mindspore.training.stage import Stage, go_on
from src_mindspore.training.stages import build_stage
from src_mindspore.training.workers import join, leave
from src_mindspore.weights.assign import arrays_of, assign_strict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a run has ended with, for those who go on in the same process.

    Attributes:
        metrics: what ``metrics.json`` holds.
        data: the photos in their splits.
        classifier: with its final weights, in inference mode.
        device: the selected one.
        logits: of the validation photos, without the temperature.
        reader: opens the photos, and knows which have gone.
    """

    metrics: Mapping[str, Any]
    data: DataSet
    classifier: Classifier
    device: str
    logits: Scored
    reader: PhotoReader


@settings_named(AGAIN)
def train(
    config: EasyDict, run: RunFolder, look: Callable[[DataSet], None] | None = None
) -> Trained | None:
    """Runs or resumes a training run; everything it leaves is in ``run``.

    Of several workers the first writes and scores; see ``workers.py``.

    Args:
        config: of ``config.load.load_config``; it goes no further than this file and
            ``options.py``.
        run: a folder that ``runs.open.open_run`` has made or found.
        look: is shown the photos before anything is trained on them.

    Returns:
        What it has ended with; None for the other workers.

    Raises:
        UserError: photos, weights or settings that cannot be used; see the steps.
    """
    began = time.perf_counter()
    teachers = teachers_of(config)  # before the device, which is the student's
    device = select_device(config.device)
    if scheduling():
        join()
    seed_everything(config.seed)

    # 1. the weights, which may contradict the config, then photos: listed, all read once, split
    model = model_options(config)
    weights = pretrained_weights(model["backbone"])
    photos_began = time.perf_counter()
    data, findings = photos_of(config)
    reading = _since(photos_began)
    workers = join()
    run.writes = workers.first
    if run.writes:
        run.hold()
    _announce(data)
    run.write_splits(data.root, _run_photos(data))
    run.write_findings(findings_table(findings, config.data.near_duplicates))
    if look:
        look(data)
        seed_everything(config.seed)  # whatever it drew, the run is the same

    # 2. the network with its pretrained backbone, and the description of both ends
    classifier, spec = build_model(data.classes, weights, **model, value_range=data.value_range)
    run.save_spec(spec)
    if workers.size > 1:
        workers.agree({"photos": _photos(data), "first weights": _weights(classifier)})

    # 3. head and backbone, each from its cut on, after their teachers; see stages.py and loop.py
    materials = Materials(device, data, classifier, spec.input, data.reader(), workers)
    options = _options(config, materials, run)
    materials.targets = teach(teachers, options, materials)
    best, seconds = _run_stages(options, materials, run)
    if not workers.first:
        leave(workers)
        return None

    # 4. the best weights, scored on the photos themselves as evaluate.py will
    assign_strict(classifier, best, MODEL)
    scoring_began = time.perf_counter()
    wanted = CalibrationOptions(**config.calibration, seed=config.seed)
    spec, scored, logits = score_run(
        classifier, spec, run.path / MODEL, device, data.records("val"), materials.reader, wanted
    )
    metrics = {
        **scored,
        "stages": stage_scores(run.lines, STAGES),
        "seconds": {
            **{"photos": reading, **seconds, "scoring": _since(scoring_began)},
            "total": _since(began),
        },
        "left_out": list(data.left_out),
        "skipped": sorted(materials.reader.skipped),
        "excluded": [asdict(exclusion) for exclusion in data.excluded],
    }
    draw_pictures(run, spec, metrics)
    run.finish(spec, metrics)
    leave(workers)
    return Trained(metrics, data, classifier, device, logits, materials.reader)


def photos_of(config: EasyDict) -> tuple[DataSet, Sequence[Finding]]:
    """The photos that a config names, in their splits, and what the doctor finds of them.

    See ``data.checked_data_set``.
    """
    table = config.data
    return checked_data_set(
        Path(table.dir),
        table.classes,
        table.split,
        config.seed,
        table.exclude,
        table.near_duplicates,
        table.labels,
    )


def _options(config: EasyDict, materials: Materials, run: RunFolder) -> TrainingOptions:
    """How the stages are trained; ``from_block: auto`` is what a resumed run chose at first."""
    finetune = config.finetune_stage
    options = training_options(config)
    if finetune.from_block != AUTO:
        return options
    choice = run.choice() or choose_from_block(options, materials, **finetune.budget)
    run.write_choice(choice)
    return replace(options, stages=stage_options(config, **choice))


def _run_stages(
    options: TrainingOptions, materials: Materials, run: RunFolder
) -> tuple[Mapping[str, np.ndarray], dict[str, float]]:
    """Trains stage after stage, from where the run stands.

    Returns:
        The best weights over all stages, by name; seconds by stage, of this process.
    """
    workers, classifier = materials.workers, materials.classifier
    state = run.begin(STAGES)
    if workers.size > 1:
        reached = [state.stage, asdict(state.progress)] if state else []
        workers.agree({"last.ckpt": json.dumps(reached).encode()})
    best = state.best if state else None
    scores = state.progress if state else None  # the best ones are those of all stages so far
    seconds = {}
    for stage in options.stages[STAGES.index(state.stage) if state else 0 :]:
        if not stage.epochs:
            continue
        began = time.perf_counter()
        if best is not None and not state:
            assign_strict(classifier, best, MODEL)
        # a resumed stage is built with the pretrained backbone, as it was at first: the cached
        # features are named by its weights
        built = build_stage(stage, options, materials)
        built.best = best
        if state:
            go_on(built, state, run.lines)
            state = None
        elif scores:
            built.progress.best_top1 = scores.best_top1
            built.progress.best_loss = scores.best_loss
        _fit(built, run)
        best, scores = built.best, built.progress
        seconds[stage.name] = _since(began)
    return best, seconds


def _since(began: float) -> float:
    """Seconds since a moment of ``time.perf_counter``."""
    return round(time.perf_counter() - began, 1)


def _fit(stage: Stage, run: RunFolder) -> None:
    """Trains a stage to its end; what it reaches is in the run folder."""

    def save(reached: Stage) -> None:
        weights, optimizer = arrays_of(reached.classifier), arrays_of(reached.step.optimizer)
        run.save(reached.name, reached.progress, weights, optimizer, reached.best)

    def after_epoch(reached: Stage, line: dict[str, Any]) -> None:
        run.log(line)
        shown(line.get("val_top1"))
        if run.wants_checkpoint:
            save(reached)

    def after_step(reached: Stage) -> None:
        if run.wants_checkpoint:
            save(reached)

    before = [line["val_top1"] for line in run.lines if line["stage"] == stage.name]
    with scored_rounds(stage.epochs, f"{stage.name}, val top-1", before) as shown:
        fit(stage, after_epoch, run.due, after_step)
    save(stage)


def _run_photos(data: DataSet) -> RunPhotos:
    splits = {name: [record.path for record in records] for name, records in data.splits.items()}
    return RunPhotos(splits, data.digests, data.left_out, data.excluded)


def _photos(data: DataSet) -> bytes:
    return repr(sorted(data.digests.items())).encode()


def _weights(classifier: Classifier) -> bytes:
    return b"".join(array.tobytes() for array in arrays_of(classifier).values())


def _announce(data: DataSet) -> None:
    counts = ", ".join(f"{len(records)} {name}" for name, records in data.splits.items())
    log.info("data: %s: %d classes, photos: %s", data.root, len(data.classes), counts)
