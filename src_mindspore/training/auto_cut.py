"""Measures how fast this machine is and has ``budget.py`` choose what is fine-tuned."""

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from mindspore import Tensor

from src_mindspore.backbone import POOLED
from src_mindspore.features.job import SAMPLE
from src_mindspore.network.classifier import batch_norms
from src_mindspore.network.engines import choose_engine, run_on_all_cores
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import normalise
from src_mindspore.system.parallel import map_ordered
from src_mindspore.training.cut_costs import Speeds, TrainingLoad, choose, estimates, table
from src_mindspore.training.materials import Materials
from src_mindspore.training.options import TrainingOptions
from src_mindspore.training.stages import build_step
from src_mindspore.training.workers import ALONE
from src_mindspore.weights.assign import arrays_of, assign_strict

log = logging.getLogger(__name__)

STEP_DEPTH = 0.58  # share of the layers before the measured step: all kinds of them are behind it
PHOTOS = 16  # on which decoding and the engine are measured
REPEATS = 3


def choose_from_block(
    options: TrainingOptions,
    materials: Materials,
    seconds: float | None,
    gigabytes: float | None,
) -> dict[str, int]:
    """Chooses how deep fine-tuning goes, by what the machine manages; the log says why.

    Of several workers all go by what the first measured.

    Args:
        options: of the run; the fine-tuning stage reads cached maps.
        materials: its photos and network.
        seconds: that extraction and fine-tuning may take; None is no limit.
        gigabytes: that the feature cache may take; None is no limit.

    Returns:
        ``from_block`` and ``epochs`` of the stage; no epochs where nothing fits the budget.
    """
    stage = options.stages[-1]
    layers = len(materials.classifier.backbone.layers)
    nothing = {"from_block": layers - 1, "epochs": 0}
    if not stage.epochs:
        return nothing
    load = _training_load(options, materials)
    block = round(STEP_DEPTH * layers)
    view = _view_seconds(options, materials, load)
    measured = view, _step_seconds(options, materials, load, block)
    agreed = materials.workers.gather(measured)[0].tolist()
    found = estimates(load, Speeds(*agreed, block))
    chosen = choose(found, seconds, gigabytes)
    log.info("what fine-tuning would cost, estimated from short measurements on this machine:")
    log.info("%s", table(found, chosen))
    if chosen is None:
        log.warning("no fine-tuning fits finetune_stage.budget: the head alone is trained")
        return nothing
    log.info("finetune_stage.from_block: %d", chosen.from_block)
    return {"from_block": chosen.from_block, "epochs": stage.epochs}


def _training_load(options: TrainingOptions, materials: Materials) -> TrainingLoad:
    backbone, size = materials.classifier.backbone, materials.input.size[0]
    return TrainingLoad(
        channels=backbone.channels,
        sides=backbone.map_sides(size),
        work=backbone.work(size),
        photos=len(materials.data.records("train")),
        val_photos=len(materials.data.records("val")),
        views=options.features.views.count + 1,
        epochs=options.stages[-1].epochs,
    )


def _median_seconds(work: Callable[[], object]) -> float:
    """Of a few calls after a first that is not counted."""
    work()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _view_seconds(options: TrainingOptions, materials: Materials, load: TrainingLoad) -> float:
    """One view of a photo, decoded and through all frozen layers."""
    data, views, spec = materials.data, options.features.views, materials.input
    paths = [data.root / record.path for record in data.records("train")[:PHOTOS]]

    def decode() -> list[np.ndarray]:
        return list(
            map_ordered(
                lambda i: views.of(open_photo(paths[i], spec.range), i, spec), range(len(paths))
            )
        )

    images = normalise(np.concatenate(decode())[:PHOTOS], materials.input)
    engine = choose_engine(
        options.features.engine,
        materials.device,
        materials.classifier.backbone,
        POOLED,
        images[:SAMPLE],
        len(images),
    )
    decoding = _median_seconds(decode) / (len(paths) * load.views)
    running = _median_seconds(lambda: run_on_all_cores(engine, images)) / len(images)
    # they overlap; where the engine runs on the CPU they share its cores
    return decoding + running if materials.device == "CPU" else max(decoding, running)


def _step_seconds(
    options: TrainingOptions, materials: Materials, load: TrainingLoad, block: int
) -> float:
    """One photo in a training step from ``block`` on; the weights stay as they were."""
    classifier = materials.classifier
    stage = replace(options.stages[-1], from_block=block, freeze_head=False)
    size = stage.batch_size
    before = arrays_of(classifier)
    alone = replace(materials, workers=ALONE)
    lr = np.zeros(1000, np.float32)
    step = build_step(classifier, stage.cut(classifier), stage, lr, 0.0, alone).set_train(True)
    for cell in batch_norms(step.top):
        cell.set_train(False)
    side = load.sides[block - 1]
    rng = np.random.default_rng(0)
    values = rng.random((size, load.channels[block - 1], side, side), np.float32)
    batch = (values, np.zeros(size, np.int32), np.ones(size, np.float32))
    inputs = [Tensor(array) for array in (*batch, step.top.head.dropout_mask(size, rng))]
    seconds = _median_seconds(lambda: step(*inputs)[0].asnumpy())
    assign_strict(classifier, before, "the weights before the measurement")
    return seconds / size
