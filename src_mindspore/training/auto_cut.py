"""Measures how fast this machine is and has ``budget.py`` choose what is fine-tuned."""

import logging
import statistics
import time
from collections.abc import Callable

import numpy as np
from easydict import EasyDict
from mindspore import Tensor

from src_mindspore.backbone import NUM_LAYERS, POOLED, layer_name
from src_mindspore.features.job import SAMPLE
from src_mindspore.network.classifier import Top, batch_norms
from src_mindspore.network.engines import choose_engine, run_on_all_cores
from src_mindspore.network.kernels import accelerate
from src_mindspore.photos.decode import open_photo
from src_mindspore.photos.transform import normalise
from src_mindspore.system.errors import UserError
from src_mindspore.system.parallel import map_ordered
from src_mindspore.training.cut_costs import AUTO, Plan, Speeds, choose, estimates, map_sides, table
from src_mindspore.training.loop import trainable
from src_mindspore.training.loss import ClassificationLoss
from src_mindspore.training.optimizers import build_optimizer
from src_mindspore.training.stages import Materials, cached_views
from src_mindspore.training.step import TrainStep
from src_mindspore.weights.assign import arrays_of, assign_strict

log = logging.getLogger(__name__)

STEP_BLOCK = 11  # the step is measured from here on: half-way, with all kinds of layers behind it
PHOTOS = 16  # on which decoding and the engine are measured
REPEATS = 3


def choose_from_block(config: EasyDict, materials: Materials) -> dict[str, int]:
    """What takes the place of ``finetune_stage.from_block: auto``; the log says why.

    Of several workers all go by what the first measured.

    Returns:
        ``from_block`` and ``epochs`` of the stage; no epochs where nothing fits the budget.

    Raises:
        UserError: the stage does not train from cached maps.
    """
    stage = config.finetune_stage
    if stage.inputs != "cached":
        raise UserError(
            f"finetune_stage.from_block: {AUTO} needs finetune_stage.inputs: cached; "
            f"got {stage.inputs}"
        )
    if not stage.epochs:
        return {"from_block": NUM_LAYERS - 1, "epochs": 0}
    plan = _plan(config, materials)
    measured = _view_seconds(config, materials, plan), _step_seconds(config, materials, plan)
    agreed = materials.workers.gather(measured)[0].tolist()
    found = estimates(plan, Speeds(*agreed, STEP_BLOCK))
    chosen = choose(found, stage.budget.seconds, stage.budget.gigabytes)
    log.info("what fine-tuning would cost, estimated from short measurements on this machine:")
    log.info("%s", table(found, chosen))
    if chosen is None:
        log.warning("no fine-tuning fits finetune_stage.budget: the head alone is trained")
        return {"from_block": NUM_LAYERS - 1, "epochs": 0}
    log.info("finetune_stage.from_block: %d", chosen.from_block)
    return {"from_block": chosen.from_block, "epochs": stage.epochs}


def _plan(config: EasyDict, materials: Materials) -> Plan:
    return Plan(
        channels=materials.classifier.backbone.channels,
        size=config.input.size,
        photos=len(materials.data.records("train")),
        val_photos=len(materials.data.records("val")),
        views=config.features.views + 1,
        epochs=config.finetune_stage.epochs,
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


def _view_seconds(config: EasyDict, materials: Materials, plan: Plan) -> float:
    """One view of a photo, decoded and through all frozen layers."""
    data, views = materials.data, cached_views(config)
    paths = [data.root / record.path for record in data.records("train")[:PHOTOS]]

    def decode() -> list[np.ndarray]:
        return list(
            map_ordered(
                lambda i: views.of(open_photo(paths[i]), i, materials.input), range(len(paths))
            )
        )

    images = normalise(np.concatenate(decode())[:PHOTOS], materials.input)
    run = choose_engine(
        config.features.engine,
        materials.device,
        materials.classifier.backbone,
        POOLED,
        images[:SAMPLE],
        len(images),
    )
    decoding = _median_seconds(decode) / (len(paths) * plan.views)
    running = _median_seconds(lambda: run_on_all_cores(run, images)) / len(images)
    # they overlap; where the engine runs on the CPU they share its cores
    return decoding + running if materials.device == "CPU" else max(decoding, running)


def _step_seconds(config: EasyDict, materials: Materials, plan: Plan) -> float:
    """One photo in a training step from ``STEP_BLOCK`` on; the weights stay as they were."""
    classifier, size = materials.classifier, config.finetune_stage.batch_size
    before = arrays_of(classifier)
    top = Top(classifier, layer_name(STEP_BLOCK - 1))
    name = config.finetune_stage.optimizer.name
    optimizer = build_optimizer(name, trainable(top), np.zeros(1000, np.float32))
    loss = ClassificationLoss(len(materials.data.classes), classifier.head.activation)
    stage = config.finetune_stage
    fast = accelerate(top, stage.kernels, materials.device, stage.freeze_bn_statistics)
    step = TrainStep(fast, loss, optimizer).set_train(True)
    for cell in batch_norms(fast):
        cell.set_train(False)
    side = map_sides(plan.size)[STEP_BLOCK - 1]
    rng = np.random.default_rng(0)
    values = rng.random((size, plan.channels[STEP_BLOCK - 1], side, side), np.float32)
    batch = (values, np.zeros(size, np.int32), np.ones(size, np.float32))
    inputs = [Tensor(array) for array in (*batch, top.head.dropout_mask(size, rng))]
    seconds = _median_seconds(lambda: step(*inputs)[0].asnumpy())
    assign_strict(classifier, before, "the weights before the measurement")
    return seconds / size
