"""The config that a search begins with: what of it is searched, and what is not."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.load import keys_set, load_config, settings_without_effect
from src_mindspore.config.schema import PLATEAU
from src_mindspore.runs.trainable import check_trainable
from src_mindspore.system.compiler import compiler
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name

log = logging.getLogger(__name__)


def load_base(path: Path) -> tuple[EasyDict, dict[str, Any]]:
    """Reads a config and leaves the head stage of it; what is set in vain goes to the log.

    Returns:
        The config without what is not searched, and the keys that take it away.

    Raises:
        UserError: a config that cannot be used or trained here, or that trains no head on pooled
            features.
    """
    config = load_config(path)
    lines = [*settings_without_effect(config), *_unheeded(config)]
    aside: dict[str, Any] = {}
    if config.finetune_stage.epochs:
        aside["finetune_stage.epochs"] = config.finetune_stage.epochs = 0
    if config.distill.teachers:
        aside["distill.teachers"] = config.distill.teachers = []
    try:
        check_trainable(config)
        _check(config)
    except UserError as error:
        raise UserError(f"{shown_name(str(path))} cannot be searched: {error}") from None
    for line in lines:
        log.warning("%s", line)
    return config, aside


def _check(config: EasyDict) -> None:
    if not config.head_stage.epochs:
        raise UserError(
            "heads are searched, so that head_stage.epochs must be 1 or more; got 0: --config "
            "takes one that trains a head, such as configs/photos.yaml"
        )
    if config.head.reduction == "none":
        raise UserError(
            "heads on pooled features are searched, so that head.reduction must be mean or max; "
            "got none"
        )
    if config.head_stage.lr.decay == PLATEAU:
        raise UserError(
            f"heads are trained without validation photos, by which head_stage.lr.decay: {PLATEAU} "
            f"goes; another decay is accepted, such as cosine"
        )
    compiler()  # of the compiled head, which alone is fast enough


def _unheeded(config: EasyDict) -> Iterator[str]:
    """What was set for training and has no effect here, a line each."""
    if config.finetune_stage.epochs:
        yield (
            "finetune_stage: left out, the head alone is searched; best.yaml leaves it out as "
            "well, so that what is trained is what was scored"
        )
    if config.distill.teachers:
        yield "distill: no effect, teachers teach in the fine-tuning stage"
    if config.head_stage.patience:
        yield "head_stage.patience: no effect, the last epoch is scored"
    if config.head_stage.kernels == "plain":
        yield "head_stage.kernels: plain: no effect, all heads are trained by the compiled one"
    if "data.split" in keys_set(config):
        yield "data.split: no effect, folds divide the photos"
