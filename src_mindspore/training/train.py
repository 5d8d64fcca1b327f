"""A training run from top to bottom: photos, cached features, head, backbone, final score."""

import json
import logging
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from easydict import EasyDict

from src_mindspore.dataset import DataSet
from src_mindspore.evaluation.calibration import Wish
from src_mindspore.evaluation.final_score import score_run, stage_scores
from src_mindspore.network.classifier import Classifier
from src_mindspore.network.device import seed_everything, select_device
from src_mindspore.report.plots import draw_confusion, draw_curves, draw_reliability
from src_mindspore.runs import checkpoint
from src_mindspore.runs.folder import CONFUSION, CURVES, RELIABILITY, RunFolder
from src_mindspore.runs.progress import Progress
from src_mindspore.training.auto_cut import choose_from_block
from src_mindspore.training.build_model import build_model
from src_mindspore.training.cut_costs import AUTO
from src_mindspore.training.data import photos_of
from src_mindspore.training.loop import Stage, fit
from src_mindspore.training.stages import STAGES, Materials, build_stage
from src_mindspore.training.workers import join, leave, scheduling

log = logging.getLogger(__name__)


def train(config: EasyDict, run: RunFolder) -> dict[str, Any]:
    """Runs or resumes a training run; everything it leaves is in ``run``.

    Of several workers the first writes and scores; see ``distributed.py``.

    Returns:
        What ``metrics.json`` holds; nothing for the other workers.
    """
    began = time.perf_counter()
    device = select_device(config.device)
    if scheduling():
        join()
    seed_everything(config.seed)

    # 1. photos: listed, all read once, split
    data = photos_of(config)
    workers = join()
    run.writes = workers.first
    if run.writes:
        run.hold()
    _announce(data)
    run.write_splits(data)

    # 2. the network with its pretrained backbone, and the description of both ends
    classifier, spec = build_model(config, data.classes)
    run.save_spec(spec)
    if workers.size > 1:
        workers.agree({"photos": _photos(data), "first weights": _weights(classifier)})

    # 3. head and backbone, each from its cut on; see stages.py and trainer.py
    materials = Materials(device, data, classifier, spec.input, workers)
    _settle(config, materials, run)
    seconds = _run_stages(config, materials, run)
    if not workers.first:
        leave(workers)
        return {}

    # 4. the best weights, scored on the photos themselves as evaluate.py will
    checkpoint.assign_strict(classifier, run.best, checkpoint.MODEL)
    wish = Wish(**config.calibration, seed=config.seed)
    weights = run.path / checkpoint.MODEL
    spec, scored = score_run(classifier, spec, weights, data, materials.reader, wish)
    metrics = {
        **scored,
        "stages": stage_scores(run.lines, STAGES),
        "seconds": {**seconds, "total": round(time.perf_counter() - began, 1)},
        "left_out": list(data.left_out),
        "skipped": sorted(materials.reader.skipped),
        "excluded": [asdict(exclusion) for exclusion in data.excluded],
    }
    labels = [spec.label(i) for i in range(len(spec.classes))]
    final = metrics["val"]
    draw_curves(run.path / CURVES, run.lines)
    draw_confusion(run.path / CONFUSION, np.array(final["confusion"]), labels)
    draw_reliability(run.path / RELIABILITY, metrics["calibration"], final)
    run.finish(spec, metrics)
    leave(workers)
    return metrics


def _run_stages(config: EasyDict, materials: Materials, run: RunFolder) -> dict[str, float]:
    """Trains stage after stage, from where the run stands; the best weights end in ``run.best``.

    Returns:
        Seconds by stage, of this process.
    """
    state, arrays = run.begin()
    if materials.workers.size > 1:
        materials.workers.agree({"last.ckpt": json.dumps(state).encode()})
    first = STAGES.index(state["stage"]) if state else 0
    reached = Progress(**state["progress"]) if state else Progress()
    seconds = {}
    for name in STAGES[first:]:
        if not config[f"{name}_stage"].epochs:
            continue
        began = time.perf_counter()
        if run.best and not state:
            checkpoint.assign_strict(materials.classifier, run.best, checkpoint.MODEL)
        # a resumed stage is built with the pretrained backbone, as it was at first: the cached
        # features are named by its weights
        stage = build_stage(name, config, materials)
        if state:
            checkpoint.restore(materials.classifier, stage.step.optimizer, arrays, checkpoint.LAST)
            state = None
        else:
            reached = Progress(best_top1=reached.best_top1, best_loss=reached.best_loss)
        stage.progress = reached
        save = partial(run.save, materials.classifier)
        fit(stage, partial(_after_epoch, run, materials.classifier), run.due, save)
        run.save(materials.classifier, stage, force=True)
        seconds[name] = round(time.perf_counter() - began, 1)
    return seconds


def _after_epoch(
    run: RunFolder, classifier: Classifier, stage: Stage, line: dict[str, Any], better: bool
) -> None:
    if better:
        run.best = checkpoint.arrays_of(classifier)
    run.log(line)
    run.save(classifier, stage)


def _settle(config: EasyDict, materials: Materials, run: RunFolder) -> None:
    """Replaces ``from_block: auto``, in a resumed run by what was chosen at first."""
    if config.finetune_stage.from_block == AUTO:
        choice = run.choice() or choose_from_block(config, materials)
        run.write_choice(choice)
        config.finetune_stage.update(choice)


def _photos(data: DataSet) -> bytes:
    return repr(sorted(data.digests.items())).encode()


def _weights(classifier: Classifier) -> bytes:
    return b"".join(array.tobytes() for array in checkpoint.arrays_of(classifier).values())


def _announce(data: DataSet) -> None:
    counts = ", ".join(f"{len(records)} {name}" for name, records in data.splits.items())
    log.info("data: %s: %d classes, photos: %s", data.root, len(data.classes), counts)
