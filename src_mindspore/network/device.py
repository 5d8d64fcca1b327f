"""Where the network runs, and where randomness comes from."""

import logging
import os
import random

import mindspore
import numpy as np
from mindspore import device_context

import src_mindspore
from src_mindspore.system.errors import UserError
from src_mindspore.system.threads import stay_on_one_cpu, thread_count

log = logging.getLogger(__name__)

DEVICES = ("auto", "Ascend", "GPU", "CPU")


def select_device(wanted: str = "auto") -> str:
    """Chooses the device, switches MindSpore to graph mode on it and says so in the log.

    Args:
        wanted: one of ``DEVICES``; ``auto`` takes the first of Ascend, GPU and CPU that is there.

    Returns:
        ``Ascend``, ``GPU`` or ``CPU``.

    Raises:
        UserError: the wanted device is not there.
    """
    available = _available()
    device = available[0] if wanted == "auto" else wanted
    if device not in available:
        raise UserError(f"device {device} is not on this machine; it has {', '.join(available)}")
    # once something has been computed, MindSpore takes no device any more, not even the same
    if mindspore.get_context("device_target") != device:
        mindspore.set_device(device)
    mindspore.set_context(mode=mindspore.GRAPH_MODE)
    log.info("device: %s%s", device, " (chosen by auto)" if wanted == "auto" else "")
    if device == "CPU":
        _limit_threads(thread_count())
        variable = src_mindspore.ONEDNN_VARIABLE
        whose = "the user's" if src_mindspore.ONEDNN_CAP_FROM_USER else "set for speed"
        log.info("oneDNN: %s=%s (%s)", variable, os.environ[variable], whose)
    return device


def _limit_threads(count: int) -> None:
    """For MindSpore's own pool, which it fills when it first computes; oneDNN's goes by OpenMP."""
    if count < mindspore.get_context("runtime_num_threads"):
        mindspore.set_context(runtime_num_threads=count)
    if count == 1:  # of the pool two threads compute at least
        stay_on_one_cpu()


def _available() -> list[str]:
    checks = {"Ascend": device_context.ascend, "GPU": device_context.gpu}
    return [name for name, check in checks.items() if check.is_available()] + ["CPU"]


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and MindSpore: initial weights come from here.

    Views, order and dropout have generators of their own, made from the same seed.
    """
    random.seed(seed)
    np.random.seed(seed)
    mindspore.set_seed(seed)
