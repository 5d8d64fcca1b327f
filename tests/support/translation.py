"""Two Markdown texts in two languages: where one says what the other does not.

Words differ, all else may not: headings, blocks, commands, inline code, numbers, links, tables.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest

HAN = re.compile(r"[\u4e00-\u9fff]")
FENCE = re.compile(r"^```(.*)$")
HEADING = re.compile(r"^(#+) (.+)$")
COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
INLINE_CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"(!?)\[((?:[^\]`]|`[^`]*`)*)\]\(([^)\s]+)\)")
# A sign belongs to a number if nothing stands before it that it could join or count down from.
NUMBER = re.compile(r"(?:(?<![^\s|(（:：;；,，])[-+±])?\d+(?:[.,]\d+)*(?:e-?\d+)?(?:\s?%)?")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
ENGLISH_WORDS = re.compile(r"(?:\b[A-Za-z]+[ ,\n]+){5}[A-Za-z]+")  # more than any name in it has


@dataclass
class Section:
    """What stands between a heading and the next one.

    Attributes:
        level: 1 for ``#``; 0 for what stands before the first heading.
        title: the heading's text.
        line: its line number, from 1.
        blocks: "paragraph", "item", "quote", "table" or "code" and its first line's number.
        words: the text of every paragraph, item, quote and comment, and the heading's.
        code: the lines of every fenced block, its language first, each comment cut to ``#``.
        tables: every table, a list of rows, each a list of cells.
    """

    level: int
    title: str
    line: int
    blocks: list[tuple[str, int]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    code: list[list[str]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f'"{self.title}" (line {self.line})'


def sections(text: str) -> list[Section]:
    """The sections of a Markdown text, in order.

    Raises:
        ValueError: a fenced block has no end.
    """
    found = [Section(0, "", 1)]
    lines = text.splitlines()
    number = 0
    open_kind = None  # the kind of the block that the next line may go on with
    while number < len(lines):
        line = lines[number]
        number += 1
        here = found[-1]
        if fence := FENCE.match(line):
            if "```" not in lines[number:]:
                raise ValueError(f"the fenced block of line {number} has no end")
            end = lines.index("```", number)
            here.blocks.append(("code", number))
            _add_code(here, fence[1], lines[number:end])
            number, open_kind = end + 1, None
        elif heading := HEADING.match(line):
            found.append(Section(len(heading[1]), heading[2], number, words=[heading[2]]))
            open_kind = None
        elif not line.strip():
            open_kind = None
        else:
            open_kind = _add_line(here, line.strip(), number, open_kind)
    return found if found[0].blocks else found[1:]


def _add_code(section: Section, language: str, lines: list[str]) -> None:
    section.code.append([language, *(COMMENT.sub("#", line).rstrip() for line in lines)])
    section.words += [comment for line in lines for comment in COMMENT.findall(line)]


def _add_line(section: Section, line: str, number: int, open_kind: str | None) -> str:
    """Add a line of a paragraph, item, quote or table; what it is, for the line below it."""
    if line.startswith("|"):
        if open_kind != "table":
            section.blocks.append(("table", number))
            section.tables.append([])
        section.tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        return "table"
    begins = {"- ": "item", "> ": "quote"}.get(line[:2])
    if begins and not begins == open_kind == "quote":
        section.blocks.append((begins, number))
        section.words.append(line[2:])
        return begins
    if open_kind in (None, "table"):
        section.blocks.append(("paragraph", number))
        section.words.append(line)
        return "paragraph"
    section.words[-1] += "\n" + (line[2:] if begins else line)
    return open_kind


def inline_code(text: str) -> Counter[str]:
    """Its code spans, a line break being a space."""
    return Counter(" ".join(span.split()) for span in INLINE_CODE.findall(text))


def links(text: str) -> Counter[str]:
    """Where its links and pictures lead, pictures with ``!`` in front."""
    return Counter(mark + target for mark, _, target in LINK.findall(text))


def numbers(text: str) -> Counter[str]:
    """Its numbers outside code and addresses: 1,996 as 1996, 95 % as 95%, signs kept."""
    text = INLINE_CODE.sub("`", LINK.sub(r"\2", text))
    found: Counter[str] = Counter()
    for number in NUMBER.findall(text):
        tight = re.sub(r"\s", "", number)
        if THOUSANDS.fullmatch(tight.lstrip("+-±").rstrip("%")):
            tight = tight.replace(",", "")
        found.update([tight])
    return found


def differences(original: str, translation: str) -> list[str]:
    """What the translation has otherwise than the original, a line each; empty if nothing."""
    ours, theirs = sections(original), sections(translation)
    levels = [x.level for x in ours], [x.level for x in theirs]
    if levels[0] != levels[1]:
        return [_other_headings(ours, theirs)]
    found = []
    for one, other in zip(ours, theirs, strict=True):
        place = f"{one.name}, in the translation {other.name}: "
        found += [place + what for what in _section_differences(one, other)]
    return found


def _other_headings(ours: list[Section], theirs: list[Section]) -> str:
    def said(section: Section | None) -> str:
        return f"{'#' * section.level} {section.name}" if section else "none"

    pairs = zip_longest(ours, theirs)
    one, other = next((x, y) for x, y in pairs if not x or not y or x.level != y.level)
    return (
        f"headings: {len(ours)} in the original, {len(theirs)} in the translation; the first that "
        f"differ in level: {said(one)} and {said(other)}"
    )


def _section_differences(one: Section, other: Section) -> list[str]:
    found = _block_differences(one.blocks, other.blocks)
    if not found:  # else they do not stand beside their like
        for block, (a, b) in enumerate(zip(one.code, other.code, strict=True), 1):
            found += [f"code block {block}, {what}" for what in _line_differences(a, b)]
        for table, (a, b) in enumerate(zip(one.tables, other.tables, strict=True), 1):
            found += [f"table {table}, {what}" for what in _table_differences(a, b)]
    found += _word_differences("\n\n".join(one.words), "\n\n".join(other.words))
    return found + [f"in English: {part!r}" for text in other.words if (part := _english(text))]


def _block_differences(one: list[tuple[str, int]], other: list[tuple[str, int]]) -> list[str]:
    def said(block: tuple[str, int] | None) -> str:
        return f"{block[0]} (line {block[1]})" if block else "none"

    pairs = enumerate(zip_longest(one, other), 1)
    return next(
        (
            [
                f"blocks: {len(one)} in the original, {len(other)} in the translation; the first "
                f"that differ, number {number}: {said(a)} and {said(b)}"
            ]
            for number, (a, b) in pairs
            if not a or not b or a[0] != b[0]
        ),
        [],
    )


def _line_differences(one: list[str], other: list[str]) -> list[str]:
    pairs = zip_longest(one, other)
    return next(([f"{a!r} became {b!r}"] for a, b in pairs if a != b), [])


def _word_differences(one: str, other: str) -> list[str]:
    found = []
    for what, parts in (("inline code", inline_code), ("numbers", numbers), ("links", links)):
        missing, added = parts(one) - parts(other), parts(other) - parts(one)
        said = [f"missing {_listed(missing)}"] if missing else []
        said += [f"added {_listed(added)}"] if added else []
        if said:
            found.append(f"{what}: {'; '.join(said)}")
    return found


def _listed(parts: Counter[str]) -> str:
    return ", ".join(f"{part} ({n} times)" if n > 1 else part for part, n in parts.items())


def _table_differences(one: list[list[str]], other: list[list[str]]) -> list[str]:
    shape, other_shape = [len(row) for row in one], [len(row) for row in other]
    if len(shape) != len(other_shape):
        return [f"lines: {len(shape)} became {len(other_shape)}"]
    found = []
    for line, (a, b) in enumerate(zip(one, other, strict=True), 1):
        if len(a) != len(b):
            found.append(f"line {line}: {len(a)} columns became {len(b)}")
            continue
        for column, (x, y) in enumerate(zip(a, b, strict=True), 1):
            if x != y:
                found += [f"line {line}, column {column}: {z}" for z in _word_differences(x, y)]
    return found


def _english(text: str) -> str:
    """The words of a text that were left in English; empty if none."""
    words = INLINE_CODE.sub("", LINK.sub(r"\2", text))
    if len(re.findall(r"[A-Za-z]{2,}", words)) > 1 and not HAN.search(words):
        return " ".join(words.split())[:60]
    part = ENGLISH_WORDS.search(words)
    return part[0] if part else ""
