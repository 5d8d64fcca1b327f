"""What tells recipes apart: all that decides what a config learns from given photos."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.checks import STAGE_TABLES, idle_keys
from src_mindspore.config.load import load_config
from src_mindspore.runs.names import MODEL
from src_mindspore.system.write import sha256_of

# What says nothing of the logits: where things lie, which photos are used (these are told by their
# content), and what is done with the logits afterwards.
ASIDE = ("data", "calibration", "save_every", "features.cache_dir", "features.cache_limit")


def digest_of(config: EasyDict, chosen: bool) -> str:
    """SHA-256 of all that decides what a config learns from given photos with a given seed.

    Keys that have no effect beside the others are left out; files of weights and teachers are told
    by their content.

    Args:
        config: of ``load_config``, whose teachers are there.
        chosen: whether photos choose an epoch; else the last counts, and ``patience`` decides
            nothing.

    Raises:
        UserError: a teacher's config that cannot be used.
    """
    table = json.loads(json.dumps(copy.deepcopy(config)))
    weights = table["backbone"]["weights"]
    if isinstance(weights, str) and Path(weights).is_absolute():
        table["backbone"]["weights"] = sha256_of(Path(weights))
    table["distill"]["teachers"] = teacher_digests(config, chosen)
    idle = [key for key in idle_keys(config) if key not in STAGE_TABLES]
    if not chosen:
        idle += [f"{name}.patience" for name in STAGE_TABLES]
    for key in (*ASIDE, *idle):
        _drop(table, key)
    for name in STAGE_TABLES:
        if not table[name]["epochs"]:
            table[name] = {"epochs": 0}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def teacher_digests(config: EasyDict, chosen: bool) -> list[str]:
    """Of every teacher: SHA-256 of the weights of a run folder, the digest of a config."""
    return [
        digest_of(load_config(path), chosen) if path.is_file() else sha256_of(path / MODEL)
        for path in map(Path, config.distill.teachers)
    ]


def _drop(table: dict[str, Any], key: str) -> None:
    *way, last = key.split(".")
    for name in way:
        table = table.get(name, {})
    table.pop(last, None)
