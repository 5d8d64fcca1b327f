"""Reading files that a person wrote, copied or damaged, with one clear refusal for what is wrong.

Nothing here waits, or takes memory, because of what a path turns out to be: a pipe, a device or a
file of gigabytes is refused before its content is read.
"""

import codecs
import json
import os
import reprlib
import stat
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from src_mindspore.system.errors import UserError

MAX_YAML = 1 << 20  # bytes; the 26 classes of configs/labels/garbage.yaml take 3 KB
MAX_JSON = 1 << 28  # splits.json has some 180 bytes for each of a million photos
MAX_DEPTH = 32  # tables inside of tables; a config has 3
MAX_SHOWN = 500  # characters of what a library says about a text
MAX_DIGITS = 1000  # of a whole number in YAML; Python refuses to write one of 4300 and more
# UTF-32 first: its mark begins with that of UTF-16
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NO_TEXT = frozenset(map(chr, (0, *range(0xD800, 0xE000))))  # not in file names, not in UTF-8


def brief(value: Any) -> str:
    """The value as a message shows it, however large it is."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 200
    short.maxlong = 60
    short.maxlist = short.maxdict = 16
    return short.repr(value)


def open_file(path: Path) -> BinaryIO:
    """Opens a file to be read; a pipe or a device is refused and not waited for.

    Raises:
        UserError: there is no such file, it is something else, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name with a zero byte
        raise UserError(f"{str(path)!r} is no file name: {error}") from None
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(kind) else "a pipe or device"
        raise UserError(f"{path}: must be a file, but is {what}")
    return os.fdopen(descriptor, "rb")


def check_file(path: Path) -> None:
    """Refuses what cannot be read at all: no file, a folder, a pipe, an empty file.

    Raises:
        UserError: naming the file and which of these it is.
    """
    with open_file(path) as stream:
        if os.fstat(stream.fileno()).st_size == 0:
            raise UserError(f"{path}: the file is empty")


def check_data_folder(path: Path) -> None:
    """Raises UserError where a data folder is not there, or is none."""
    if not path.is_dir():
        raise UserError(f"the data folder {path} does not exist or is not a folder")


def read_text(path: Path, limit: int) -> str:
    """The text of a file of at most ``limit`` bytes, see ``decoded``.

    Raises:
        UserError: no file, too large, or another encoding.
    """
    with open_file(path) as stream:
        try:
            content = stream.read(limit + 1)
        except OSError as error:  # a disk that fails
            raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise UserError(f"{path}: up to {limit:,} bytes are read; it is larger")
    return decoded(content, str(path))


def decoded(content: bytes, source: str, errors: str = "strict") -> str:
    """Text in UTF-8, or in what its byte order mark says, which Windows puts in front; without it.

    Args:
        content: the bytes.
        source: what to call them.
        errors: of ``bytes.decode``, for UTF-8 without a mark; all but ``strict`` takes zero bytes.

    Raises:
        UserError: bytes that are no text in that encoding.
    """
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    strict = errors == "strict"
    if strict and encoding == "utf-8" and content[:64].count(0) > len(content[:64]) // 4:
        raise UserError(f"{source}: must be text in UTF-8; it has zero bytes, as UTF-16 has")
    try:
        return content.decode(encoding, errors if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        what = "UTF-8" if encoding.startswith("utf-8") else f"{encoding.upper()}, as its mark says"
        raise UserError(
            f"{source}: must be text in {what}; byte {error.start} is "
            f"0x{content[error.start]:02x} ({error.reason})"
        ) from None


def read_json(path: Path, limit: int = MAX_JSON) -> Any:
    """The value in a JSON file.

    Raises:
        UserError: no file, too large, no JSON, nested too deeply, or a key twice in one table.
    """
    return parse_json(read_text(path, limit), str(path))


def parse_json(text: str, source: str) -> Any:
    """``read_json`` for a text that is at hand; ``source`` is what to call it."""
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise UserError(f"{source} is not a readable JSON file: nested too deeply") from None
    except ValueError as error:  # also for a number of more than 4300 digits
        raise UserError(f"{source} is not a readable JSON file: {error}") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:80]!r} is there twice")
    return table


class StrictYaml:
    """Mixed into a loader of PyYAML: YAML without what makes a small file a large one.

    Aliases are refused (ten lines of them make a billion values, and tables that hold themselves),
    and so are deep nesting, a key that is there twice, and texts that no file can be named by.
    """

    refused = NO_TEXT  # characters of a text
    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """See ``yaml.composer.Composer``."""
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
            raise yaml.composer.ComposerError(
                None,
                None,
                f"aliases (*{event.anchor}) are not read: write it out",
                event.start_mark,
            )
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark
            text = f"nested more than {MAX_DEPTH} deep"
            raise yaml.composer.ComposerError(None, None, text, mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See ``yaml.constructor.BaseConstructor``."""
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if name in seen:
                text = f"the key {key.value[:80]!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, text, key.start_mark)
            seen |= {name} if name else set()
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        """See ``yaml.constructor.BaseConstructor``."""
        value = super().construct_scalar(node)
        if node.tag == "tag:yaml.org,2002:int" and len(value) > MAX_DIGITS:
            text = f"a number has more than {MAX_DIGITS} digits"
            raise yaml.constructor.ConstructorError(None, None, text, node.start_mark)
        if isinstance(value, str) and not self.refused.isdisjoint(value):
            text = "a text has a zero or half a character"
            raise yaml.constructor.ConstructorError(None, None, text, node.start_mark)
        return value


class PlainYaml(StrictYaml, yaml.BaseLoader):
    """Every scalar as the text it is: 00_01 and No are names, not the numbers and flags of YAML."""


def parse_yaml(text: str, loader: type, source: str) -> Any:
    """The value of a YAML text; ``loader`` is a ``StrictYaml``, ``source`` what to call the text.

    Raises:
        UserError: no YAML, or what ``StrictYaml`` refuses.
    """
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - every loader here is a safe one
    # PyYAML converts "!!int x" and a date such as 2024-13-01 without care: almost any exception
    except (
        yaml.YAMLError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as e:
        what = " ".join(str(e).split())[:MAX_SHOWN]  # it may quote the text
        raise UserError(f"{source} is not YAML: {what}") from None


def read_yaml(path: Path, loader: type) -> Any:
    """The value in a YAML file, see ``parse_yaml``.

    Raises:
        UserError: no file, more than ``MAX_YAML`` bytes, or no YAML.
    """
    return parse_yaml(read_text(path, MAX_YAML), loader, str(path))


MAX_NAME = 255  # characters; bytes in the file systems of Linux


def is_file_name(name: object) -> bool:
    """Whether it is the name of a file or folder, in UTF-8, and no way to another folder."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and NO_TEXT.union("/").isdisjoint(name)
        and len(name) <= MAX_NAME
    )
