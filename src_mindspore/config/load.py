"""Configuration: YAML, checked as a whole, handed to the entry point as an EasyDict.

``schema.SCHEMA`` lists the keys. A file gives only what differs from the defaults; ``base:
other.yaml`` starts from another file. Classes never see a config, they take plain values.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from easydict import EasyDict

from src_mindspore.config.checks import contradictions, idle_keys, settle
from src_mindspore.config.hints import keys_of, nearest
from src_mindspore.config.schema import AUTO, IMAGENET, NONE, SCHEMA
from src_mindspore.system.errors import UserError
from src_mindspore.system.read import NO_TEXT, StrictYaml, brief, parse_yaml, read_yaml
from src_mindspore.system.terminal import some

PATHS = (
    ("data", "dir"),
    ("data", "labels"),
    ("data", "exclude"),
    ("backbone", "weights"),
    ("features", "cache_dir"),
    ("distill", "teachers"),
)
PATH_LISTS = (("distill", "teachers"),)  # those of PATHS that hold several
MAX_BASES = 16  # config files, each the base of the next
MAX_PROBLEMS = 50  # told at once
NO_PATH = ("", "~", "null", "Null", "NULL")  # how YAML says that there is none
WEIGHTS_WORDS = (AUTO, IMAGENET, NONE)  # values of backbone.weights that are no path


class _Loader(StrictYaml, yaml.SafeLoader):
    """YAML where 1e-3 is a number; YAML 1.1 asks for 1.0e-3.

    A path may have bytes that are no UTF-8, as Python holds them (PEP 383).
    """

    refused = NO_TEXT - {chr(0xDC00 + byte) for byte in range(0x80, 0x100)}


class _Dumper(yaml.SafeDumper):
    """Quotes what ``_Loader`` would read as a number."""


for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
        list("-+.0123456789"),
    )


def load_config(path: Path, overrides: Sequence[str] = ()) -> EasyDict:
    """Reads a config file, applies ``KEY.SUB=VALUE`` overrides and checks the result.

    A relative path in a file is relative to that file, one in an override to the working folder.

    Returns:
        Every key of ``SCHEMA`` with its value; paths in it are absolute, and what follows from
        other keys has been put in its place, see ``checks.settle``.

    Raises:
        UserError: with every problem of the file and the overrides, one a line.
    """
    raw, problems = _read(path, ())
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            problems.append(f"--set takes KEY.SUB=VALUE; got {brief(override)}")
            continue
        try:
            _insert(raw, key.split("."), _override(key, value), problems)
        except UserError as error:
            problems.append(str(error))
    _anchor(raw, Path.cwd())  # those of the file are absolute already
    config = _resolve(raw, SCHEMA, "", problems)
    problems = problems or contradictions(config)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        shown = problems[:MAX_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        raise UserError(f"{path} cannot be used:\n  " + "\n  ".join(shown))
    settle(config)
    return EasyDict(config)


def _override(key: str, text: str) -> Any:
    """The value of ``--set``: YAML, but a path as it stands, whatever characters it has."""
    place = tuple(key.split("."))
    if place in PATHS and place not in PATH_LISTS and text not in NO_PATH and text[0] not in "'\"":
        return text
    return parse_yaml(text, _Loader, f"--set {key[:80]}")


def settings_without_effect(config: EasyDict) -> list[str]:
    """What differs from the defaults and changes nothing beside the other values, a line each.

    A stage's own ``epochs`` always has an effect.

    Args:
        config: of ``load_config``.
    """
    changed = keys_set(config)
    lines = []
    for place, reason in idle_keys(config).items():
        keys = [k for k in changed if k == place or k.startswith(f"{place}.")]
        keys = [k for k in keys if k != f"{place}.epochs"]
        if keys:
            lines.append(f"{some(keys, 3)}: no effect, {reason}")
    return lines


def keys_set(config: EasyDict) -> list[str]:
    """Keys with another value than by default, as ``--set`` names them.

    Args:
        config: of ``load_config``.
    """
    defaults = _resolve({"backbone": {"name": config.backbone.name}}, SCHEMA, "", [])
    settle(defaults)
    return [key for key in keys_of(config) if _value(config, key) != _value(defaults, key)]


def _value(table: Mapping[str, Any], key: str) -> Any:
    for name in key.split("."):
        table = table[name]
    return table


def section_problems(table: Any, section: str) -> list[str]:
    """What is wrong with a table that stands for a section of the config, as in ``spec.json``."""
    problems: list[str] = []
    _resolve(table, SCHEMA[section], f"{section}.", problems)
    return problems


def resolved_yaml(config: EasyDict) -> str:
    """The config as YAML that ``load_config`` reads back to the same values.

    Relative paths, see ``runs.places``, are those of the file's folder.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(sub) for key, sub in value.items()}
        return [plain(v) for v in value] if isinstance(value, list | tuple) else value

    return yaml.dump(plain(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _read(path: Path, seen: tuple[Path, ...]) -> tuple[dict[str, Any], list[str]]:
    """The file over its ``base``, as nested dictionaries."""
    path = absolute(path)
    if path in seen:
        raise UserError(f"{path} is its own base: {' -> '.join(p.name for p in (*seen, path))}")
    try:
        raw = read_yaml(path, _Loader)
    except UserError as error:
        raise UserError(f"the config cannot be read: {error}") from None
    raw = {} if raw is None else raw
    if not isinstance(raw, dict):
        raise UserError(f"{path} must hold keys and values; got {type(raw).__name__}")
    base = raw.pop("base", None)
    _anchor(raw, path.parent)
    if base is None:
        return raw, []
    if not isinstance(base, str) or len(seen) == MAX_BASES:
        raise UserError(
            f"{path}: base names another config file, {MAX_BASES} in a row at most; "
            f"got {brief(base)}"
        )
    below, problems = _read(path.parent / base, (*seen, path))
    return _merge(below, raw), problems


def absolute(path: Path, folder: Path = Path()) -> Path:
    """The path as seen from a folder; ``~`` is the home folder where nothing of that name is there.

    Raises:
        UserError: it cannot be a path.
    """
    try:
        beside = folder / path
        return (beside if beside.exists() else folder / path.expanduser()).resolve()
    # too long; links in a circle, no such user
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error  # its text would name it whole
        raise UserError(f"{str(path)[:200]!r} is no path: {reason}") from None


def change_paths(config: Mapping[str, Any], change: Callable[[tuple[str, str], str], str]) -> None:
    """Replaces every path of a config, in place; words such as imagenet are none.

    Args:
        config: of any completeness, values unchecked.
        change: gives another path for the place of ``PATHS`` and the path that stands there.
    """
    for section, key in PATHS:
        table = config.get(section)
        value = table.get(key) if isinstance(table, dict) else None
        if isinstance(value, list):
            table[key] = [change((section, key), v) if isinstance(v, str) else v for v in value]
        elif isinstance(value, str) and not (key == "weights" and value in WEIGHTS_WORDS):
            table[key] = change((section, key), value)


def _anchor(raw: dict[str, Any], folder: Path) -> None:
    """Makes relative paths relative to ``folder``."""
    change_paths(raw, lambda _, path: str(absolute(Path(path), folder)))


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = _merge(below[key], value) if both else value
    return merged


def _insert(raw: dict[str, Any], keys: list[str], value: Any, problems: list[str]) -> None:
    for key in keys[:-1]:
        if not isinstance(raw.setdefault(key, {}), dict):
            problems.append(f"--set {'.'.join(keys)[:80]}: {key[:80]} is a value, not a table")
            return
        raw = raw[key]
    raw[keys[-1]] = value


def _resolve(raw: Any, schema: dict[str, Any], prefix: str, problems: list[str]) -> dict[str, Any]:
    """Defaults filled in; whatever does not fit the schema goes into ``problems``."""
    if not isinstance(raw, dict):
        problems.append(f"{prefix.rstrip('.')} must be a table; got {brief(raw)}")
        raw = {}
    for key in sorted(raw.keys() - schema.keys(), key=str):
        hint = nearest(str(key), list(schema), prefix)
        problems.append(f"unknown key {prefix}{str(key)[:80]}; {hint}")
    resolved: dict[str, Any] = {}
    for key, rule in schema.items():
        if isinstance(rule, dict):
            resolved[key] = _resolve(raw.get(key, {}), rule, f"{prefix}{key}.", problems)
            continue
        value = raw.get(key, rule.default)
        if not rule.check(value):
            problems.append(f"{prefix}{key} must be {rule.accepts}; got {brief(value)}")
        resolved[key] = value
    return resolved
