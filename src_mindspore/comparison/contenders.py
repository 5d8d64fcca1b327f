"""Configs that are compared, and averages of them: named, told apart, and comparable."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from easydict import EasyDict

from src_mindspore.config.checks import STAGE_TABLES
from src_mindspore.config.ensemble import named_configs, names_members
from src_mindspore.config.load import keys_set, load_config, settings_without_effect
from src_mindspore.config.schema import ENSEMBLE
from src_mindspore.runs.digest import digest_of
from src_mindspore.runs.trainable import check_trainable, unheeded_of_teachers
from src_mindspore.system.errors import UserError
from src_mindspore.system.terminal import shown_name, some
from src_mindspore.system.write import sha256_of

log = logging.getLogger(__name__)

LAST, CHOSEN = "last", "chosen"
EPOCHS = (LAST, CHOSEN)  # which one is scored
# What decides which photos are used, and in which classes: one answer for all configs.
SHARED = ("classes", "exclude", "near_duplicates")
# What a config may set and a comparison does not heed.
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
        digest: of ``runs.digest.digest_of``.
    """

    name: str
    config: EasyDict
    digest: str

    @property
    def members(self) -> "tuple[Contender, ...]":
        """Itself, as an average has several."""
        return (self,)

    @property
    def sigmoid(self) -> bool:
        """Whether its outputs are independent of one another."""
        return self.config.head.activation == "sigmoid"


@dataclass(frozen=True)
class Average:
    """The averaged probabilities of configs that are trained each by itself, see ``averages.py``.

    Attributes:
        name: short, and no other's.
        members: two or three.
    """

    name: str
    members: tuple[Contender, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of those of the members, in any order."""
        text = "\n".join([ENSEMBLE, *sorted(member.digest for member in self.members)])
        return hashlib.sha256(text.encode()).hexdigest()


def load_contenders(paths: Sequence[Path], epoch: str = LAST) -> list[Contender | Average]:
    """Reads what is compared; what is odd and no error goes to the log.

    Args:
        paths: YAML files, the first being what the others are compared with: configs, or files with
            ``ensemble: [a.yaml, b.yaml]``.
        epoch: of ``EPOCHS``.

    Raises:
        UserError: a config that cannot be used or trained here, or that uses other photos or
            classes than the first; an average whose members do not go together.
    """
    averages = {path: named_configs(path) for path in paths if names_members(path)}
    given = {path.resolve() for path in paths}
    further = dict.fromkeys(m for files in averages.values() for m in files if m not in given)
    files = [*paths, *further]
    names = _names(files)
    configs = [
        None if path in averages else _contender(path, name, epoch)
        for path, name in zip(files, names, strict=True)
    ]
    every = [config for config in configs if config]
    _check_shared(every)
    of_file = {path.resolve(): c for path, c in zip(files, configs, strict=True) if c}
    found = [
        config or _average(path, name, [of_file[file] for file in averages[path]])
        for path, name, config in zip(paths, names, configs, strict=False)
    ]
    _say_without_effect(every, epoch)
    _say_same([*every, *(one for one in found if isinstance(one, Average))])
    return found


def configs_of(contenders: Sequence[Contender | Average]) -> list[Contender]:
    """The configs that are trained, each once: contenders, and members of averages."""
    return list({one.name: one for c in contenders for one in c.members}.values())


def _contender(path: Path, name: str, epoch: str) -> Contender:
    config = load_config(path)
    try:
        check_trainable(config, parts=True)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {error}") from None
    return Contender(name, config, digest_of(config, epoch == CHOSEN))


def _average(path: Path, name: str, members: Sequence[Contender]) -> Average:
    """Raises UserError where the mean of the outputs makes no sense; some of it is only said."""
    first = members[0]
    for place, other in enumerate(members):
        for before in members[:place]:
            if before.digest == other.digest:
                raise UserError(
                    f"{path}: an average is of different recipes; {shown_name(before.name)} and "
                    f"{shown_name(other.name)} are the same"
                )
        if first.sigmoid != other.sigmoid:
            kinds = [f"{shown_name(c.name)}: {c.config.head.activation}" for c in (first, other)]
            raise UserError(
                f"{path}: probabilities of one kind can be averaged: all by softmax, or all by "
                f"sigmoid; head.activation is {some(kinds)}"
            )
        for line in _other_photo(first.config.input, other.config.input):
            log.warning(
                "%s: export.py could not make one network of it: members see the same photo there, "
                "and %s (%s, %s)",
                *(shown_name(name), line, shown_name(first.name), shown_name(other.name)),
            )
    return Average(name, tuple(members))


def _other_photo(one: EasyDict, two: EasyDict) -> Iterator[str]:
    """How two members see other photos than a common network could show both."""
    for key in ("resize", "interpolation"):
        if one[key] != two[key]:
            yield f"input.{key} is {one[key]} and {two[key]}"
    crops = one.resize == two.resize == "shorter_side"
    # as far as whole pixels allow, like export.py
    if crops and abs(one.size * two.shorter_side / two.size - one.shorter_side) > 1:
        yield (
            f"input.size is {one.size} of {one.shorter_side} pixels and {two.size} of "
            f"{two.shorter_side}"
        )


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
        config = contender.config
        unheeded = (*unheeded_of_teachers(config), *_unheeded(config, epoch))
        for line in (*settings_without_effect(config), *unheeded):
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


def _say_same(found: Sequence[Contender | Average]) -> None:
    by_digest: dict[str, list[str]] = {}
    for contender in found:
        by_digest.setdefault(contender.digest, []).append(shown_name(contender.name))
    for names in by_digest.values():
        if len(names) > 1:
            log.warning("the same recipe under several names, trained once: %s", some(names))
