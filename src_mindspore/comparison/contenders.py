"""The configs of a comparison: named, told apart by what decides their results, and comparable."""

import copy
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.checks import STAGE_TABLES, idle_keys
from src_mindspore.config.load import keys_set, load_config, settings_without_effect
from src_mindspore.config.schema import AUTO
from src_mindspore.runs.names import MODEL
from src_mindspore.runs.open import check_trainable
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name, some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)

LAST, CHOSEN = "last", "chosen"
EPOCHS = (LAST, CHOSEN)  # which one is scored
# What decides which photos are used, and in which classes: one answer for all configs.
SHARED = ("classes", "exclude", "near_duplicates")
# What says nothing of the logits: where things lie, which photos are used (these are told by their
# content), and what is done with the logits afterwards.
ASIDE = ("data", "calibration", "save_every", "features.cache_dir", "features.cache_limit")
# Of these, what a config may set and a comparison does not heed.
UNHEEDED = {
    "data.split": "the folds divide the photos",
    "data.labels": "classes are called by their folders",
    "calibration": "logits are scored, and temperatures fitted, alike for all",
}


@dataclass(frozen=True)
class Contender:
    """One config of a comparison.

    Attributes:
        name: short, and no other's.
        config: of ``load_config``.
        digest: SHA-256 of all that decides what it learns from given photos with a given seed.
    """

    name: str
    config: EasyDict
    digest: str


def load_contenders(paths: Sequence[Path], epoch: str = LAST) -> list[Contender]:
    """Reads the configs; what is odd and no error goes to the log.

    Args:
        paths: YAML files, the first being what the others are compared with.
        epoch: of ``EPOCHS``.

    Raises:
        UserError: a config that cannot be used or trained here, or that uses other photos or
            classes than the first.
    """
    configs = [load_config(path) for path in paths]
    found = []
    for path, name, config in zip(paths, _names(paths), configs, strict=True):
        try:
            check_trainable(config)
            _check_fixed(config)
        except UserError as error:
            raise UserError(f"{path} cannot be used: {error}") from None
        found.append(Contender(name, config, digest_of(config, epoch)))
    _check_shared(found)
    _say_without_effect(found, epoch)
    _say_same(found)
    return found


def _check_fixed(config: EasyDict) -> None:
    if config.finetune_stage.epochs and config.finetune_stage.from_block == AUTO:
        raise UserError(
            f"finetune_stage.from_block: {AUTO} chooses by what this machine manages, so that two "
            f"folds may be trained otherwise; a number is accepted (train.py says what it chose)"
        )


def digest_of(config: EasyDict, epoch: str = LAST) -> str:
    """See ``Contender``; keys that have no effect beside the others are left out.

    Args:
        config: of ``load_config``.
        epoch: with ``LAST``, ``patience`` decides nothing.
    """
    table = json.loads(json.dumps(copy.deepcopy(config)))
    weights = table["backbone"]["weights"]
    if isinstance(weights, str) and Path(weights).is_absolute():
        table["backbone"]["weights"] = sha256_of(Path(weights))
    table["distill"]["teachers"] = [teacher_digest(Path(t), epoch) for t in config.distill.teachers]
    idle = [key for key in idle_keys(config) if key not in STAGE_TABLES]
    if epoch == LAST:
        idle += [f"{name}.patience" for name in STAGE_TABLES]
    for key in (*ASIDE, *idle):
        _drop(table, key)
    for name in STAGE_TABLES:
        if not table[name]["epochs"]:
            table[name] = {"epochs": 0}
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def teacher_digest(path: Path, epoch: str = LAST) -> str:
    """What stands for a teacher: the weights of a run folder, or all that decides a config's.

    One that is not there is refused when it is to teach.
    """
    if path.is_file():
        return digest_of(load_config(path), epoch)
    model = path / MODEL
    return sha256_of(model) if model.is_file() else str(path)


def _drop(table: dict[str, Any], key: str) -> None:
    *way, last = key.split(".")
    for name in way:
        table = table.get(name, {})
    table.pop(last, None)


def _names(paths: Sequence[Path]) -> list[str]:
    """The stems of the files, or as much of their paths as tells them apart."""
    names = [path.stem for path in paths]
    for depth in range(2, 1 + max(len(path.parts) for path in paths)):
        places: dict[str, set[Path]] = {}
        for name, path in zip(names, paths, strict=True):
            places.setdefault(name, set()).add(path)
        names = [
            str(Path(*path.with_suffix("").parts[-depth:])) if len(places[name]) > 1 else name
            for name, path in zip(names, paths, strict=True)
        ]
    return [
        f"{name} ({names[: place + 1].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]


def _check_shared(found: Sequence[Contender]) -> None:
    first = found[0]
    wrong = []
    for key in SHARED:
        ours = _shared(first, key)
        others = [c for c in found if _shared(c, key) != ours]
        values = [f"{shown_name(c.name)}: {c.config.data[key]}" for c in (first, *others)]
        if others:
            wrong.append(f"data.{key} ({some(values)})")
    if wrong:
        raise UserError(
            f"configs are compared on the same photos and classes; these keys must be alike, and "
            f"differ: {'; '.join(wrong)}"
        )


def _shared(contender: Contender, key: str) -> Any:
    """The value, of a file its content."""
    value = contender.config.data[key]
    return sha256_of(Path(value)) if key == "exclude" and value else value


def _say_without_effect(found: Sequence[Contender], epoch: str) -> None:
    """What was set and changes nothing; a line of all configs that it is true of."""
    names: dict[str, list[str]] = {}
    for contender in found:
        unheeded = _unheeded(contender.config, epoch)
        for line in (*settings_without_effect(contender.config), *unheeded):
            names.setdefault(line, []).append(shown_name(contender.name))
    for line, those in names.items():
        log.warning("%s (%s)", line, some(those))


def _unheeded(config: EasyDict, epoch: str) -> Iterator[str]:
    """What was set for training and has no effect here."""
    for key in keys_set(config):
        for place, reason in UNHEEDED.items():
            if key == place or key.startswith(f"{place}."):
                yield f"{key}: no effect in a comparison, {reason}"
    for name in STAGE_TABLES if epoch == LAST else ():
        if config[name].epochs and config[name].patience:
            yield (
                f"{name}.patience: no effect, the last epoch is scored (--epoch {CHOSEN} holds "
                f"photos out to choose one by)"
            )


def _say_same(found: Sequence[Contender]) -> None:
    by_digest: dict[str, list[str]] = {}
    for contender in found:
        by_digest.setdefault(contender.digest, []).append(shown_name(contender.name))
    for names in by_digest.values():
        if len(names) > 1:
            log.warning("the same recipe under several names, trained once: %s", some(names))
