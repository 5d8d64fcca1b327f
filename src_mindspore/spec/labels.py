"""Display names of classes, in Chinese and English, from a YAML file.

::

    groups:
      recyclable: {en: Recyclable, zh: 可回收物}
    classes:
      "00_00": {en: Plastic bottle, zh: 塑料瓶, group: recyclable}

A plain ``.txt`` is read as well: one name a line, in the order of the classes.
"""

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src_mindspore.system.errors import UserError
from src_mindspore.system.names import canonical, matched
from src_mindspore.system.read import (
    MAX_NAME,
    MAX_YAML,
    NO_TEXT,
    PlainYaml,
    brief,
    parse_yaml,
    read_text,
)
from src_mindspore.system.terminal import apart, some

log = logging.getLogger(__name__)

LANGUAGES = ("en", "zh")
LIST_SUFFIX = ".txt"
HINTED, HINTS = 32, 4  # names that a nearest one is looked for, and shown for
COMPARED = 1000  # names that may be it
ACCEPTED = (
    "YAML with a table 'classes' (class folder: {en: ..., zh: ..., group: ...}), or "
    "a .txt with one name a line, as many as there are classes, in their order"
)


@dataclass(frozen=True)
class LabelFile:
    """What a label file says, as it stands there.

    Attributes:
        path: the file.
        tables: of classes, by name; empty for a list.
        groups: as ``tables``, of groups.
        lines: of a ``.txt``, without empty ones at the end; empty for YAML.
    """

    path: Path
    tables: dict[str, Any]
    groups: Any = None
    lines: tuple[str, ...] = ()

    def labels(self, classes: Sequence[str]) -> tuple[dict[str, Any], ...]:
        """See ``load_labels``."""
        if self.lines:
            if len(self.lines) != len(classes):
                raise UserError(
                    f"{self.path} has {len(self.lines)} lines for {len(classes)} classes "
                    f"({some(classes)}). Accepted: {ACCEPTED}"
                )
            return tuple({"en": n or c} for n, c in zip(self.lines, classes, strict=True))
        found = matched(classes, self.tables)
        return tuple(self._label(name, self.tables.get(found.get(name))) for name in classes)

    def _label(self, name: str, table: Any) -> dict[str, Any]:
        if table is None or table == "":
            return {"en": name}
        if not isinstance(table, dict) or table.keys() - {*LANGUAGES, "group"}:
            raise UserError(f"{self.path}: class {name} has en, zh and group; got {brief(table)}")
        label: dict[str, Any] = {key: str(table[key]) for key in LANGUAGES if key in table}
        if "group" in table:
            groups = self.groups
            group = groups.get(str(table["group"])) if isinstance(groups, dict) else None
            if not isinstance(group, dict):
                raise UserError(
                    f"{self.path}: class {name} is in group {brief(table['group'])}; the groups "
                    f"are {some([name[:80] for name in groups]) or 'none'}"
                )
            label["group"] = {key: str(group[key]) for key in LANGUAGES if key in group}
        return label

    def mismatch(self, classes: Sequence[str]) -> tuple[bool, str]:
        """Whether no class at all is named, and what is not matched, in words; "" if nothing is.

        Names of other classes alone are no fault: one file may serve several data sets.
        """
        if self.lines:
            return False, ""
        found = matched(classes, self.tables)
        nameless = [name for name in classes if name not in found]
        unused = [name for name in self.tables if name not in set(found.values())]
        if not nameless:
            return False, ""
        count = "no class" if not found else f"{len(found)} of {len(classes)} classes"
        text = f"{self.path} has a display name for {count}; without one: "
        text += some(nameless, beside=unused)
        if unused:
            names = some([name[:MAX_NAME] for name in unused], beside=nameless)
            text += f"; it names {names}, which are none of the classes"
            text += "".join(f"; {hint}" for hint in _hints(nameless, unused))
        return not found, text


def load_labels(path: Path | None, classes: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """One table per class: ``en``, ``zh`` and, where the file has groups, ``group``.

    A class that the file does not name is called by its folder.

    Raises:
        UserError: a file that cannot be read or is of another form.
    """
    if path is None:
        return tuple({"en": name} for name in classes)
    return read_labels(path).labels(classes)


def check_labels(path: Path, classes: Sequence[str], strict: bool = False) -> None:
    """Says which names of a label file and which classes do not find each other.

    Args:
        path: the file.
        classes: of the model.
        strict: whether a file that names no class at all is an error; else it is a warning.

    Raises:
        UserError: see ``load_labels`` and ``strict``.
    """
    file = read_labels(path)
    file.labels(classes)
    if file.lines:
        pairs = [f"{c} = {n}" for c, n in zip(classes, file.lines, strict=True)]
        log.info("display names by their place in %s: %s", path, some(pairs))
    nothing, text = file.mismatch(classes)
    if nothing and strict:
        raise UserError(f"{text}. Accepted: {ACCEPTED}")
    if text:
        log.warning("%s", text)


def read_labels(path: Path) -> LabelFile:
    """Reads a label file.

    Raises:
        UserError: a file that cannot be read, or is of another form.
    """
    try:
        text = read_text(path, MAX_YAML)
        is_list = path.suffix.lower() == LIST_SUFFIX
        lines = tuple(line.strip() for line in text.rstrip().splitlines()) if is_list else ()
        if lines and not any(line.startswith("classes:") for line in lines):
            if not NO_TEXT.isdisjoint(text):
                raise UserError(f"{path}: a name has a zero byte")
            return LabelFile(path, {}, lines=lines)
        raw = parse_yaml(text, PlainYaml, str(path))
    except UserError as error:
        raise UserError(f"the label file cannot be read: {error}") from None
    tables = raw.get("classes") if isinstance(raw, dict) else None
    if not isinstance(tables, dict):
        there = raw["classes"] if isinstance(raw, dict) and "classes" in raw else raw
        got = brief(there) if there else "nothing"
        raise UserError(f"{path} must have a table 'classes'; got {got}. Accepted: {ACCEPTED}")
    if bad := [name for name in tables if not isinstance(name, str)]:
        raise UserError(f"{path}: a class is a text; got {brief(bad[0])}")
    return LabelFile(path, tables, raw.get("groups") or {})


def _hints(nameless: Sequence[str], unused: Sequence[str]) -> list[str]:
    """Which name of the file may be meant by a class that has none."""
    by_case: dict[str, str] = {}
    for name in unused:
        by_case.setdefault(canonical(name).casefold().strip(), name)
    near_enough = [name for name in unused if len(name) <= MAX_NAME][:COMPARED]
    found = []
    for name in nameless[:HINTED]:
        other = by_case.get(canonical(name).casefold().strip())
        if other:
            found.append((name, other, "differs in case or spaces only"))
        elif near := difflib.get_close_matches(name, near_enough, n=1):
            found.append((name, near[0], "is the nearest"))
    hints = []
    for name, other, how in found[:HINTS]:
        one, two = apart([name, other])
        hints.append(f"for {one}, {two} {how}")
    return hints
