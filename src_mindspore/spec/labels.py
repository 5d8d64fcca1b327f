"""Display names of classes, in Chinese and English, from a YAML file.

::

    groups:
      recyclable: {en: Recyclable, zh: 可回收物}
    classes:
      "00_00": {en: Plastic bottle, zh: 塑料瓶, group: recyclable}
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src_mindspore.system.errors import UserError
from src_mindspore.system.read import PlainYaml, brief, read_yaml
from src_mindspore.system.terminal import some

LANGUAGES = ("en", "zh")


def load_labels(path: Path | None, classes: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """One table per class: ``en``, ``zh`` and, where the file has groups, ``group``.

    A class that the file does not name is called by its folder; names of other classes are no
    fault, one file may serve several data sets.

    Raises:
        UserError: a file that cannot be read or is of another form.
    """
    if path is None:
        return tuple({"en": name} for name in classes)
    tables, groups = read_labels(path)
    return tuple(_label(path, name, tables.get(name), groups) for name in classes)


def read_labels(path: Path) -> tuple[dict[str, Any], Any]:
    """The tables of classes and of groups in a label file, as they stand there.

    Raises:
        UserError: a file that cannot be read, or without a table of classes.
    """
    try:
        raw = read_yaml(path, PlainYaml)
    except UserError as error:
        raise UserError(f"the label file cannot be read: {error}") from None
    tables = raw.get("classes") if isinstance(raw, dict) else None
    if not isinstance(tables, dict):
        raise UserError(f"{path} must have a table 'classes'; got {type(tables).__name__}")
    return tables, raw.get("groups") or {}


def _label(path: Path, name: str, table: Any, groups: Any) -> dict[str, Any]:
    if table is None or table == "":
        return {"en": name}
    if not isinstance(table, dict) or table.keys() - {*LANGUAGES, "group"}:
        raise UserError(f"{path}: class {name} has en, zh and group; got {brief(table)}")
    label: dict[str, Any] = {key: str(table[key]) for key in LANGUAGES if key in table}
    if "group" in table:
        group = groups.get(str(table["group"])) if isinstance(groups, dict) else None
        if not isinstance(group, dict):
            raise UserError(
                f"{path}: class {name} is in group {brief(table['group'])}; the groups are "
                f"{some([name[:80] for name in groups]) or 'none'}"
            )
        label["group"] = {key: str(group[key]) for key in LANGUAGES if key in group}
    return label
