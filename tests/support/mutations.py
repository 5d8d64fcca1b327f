"""Damage, from a seed: to bytes of any format, and to texts as a person damages them."""

import random
import struct

LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 62, (1 << 64) - 1)
# What YAML, JSON and the readers behind them could stumble over
TOKENS = (
    *("&a ", "*a", "<<: ", "!!int x", "!!float ''", "!!timestamp x", "!!binary '@'", "!!set {a}"),
    *("!!python/object/apply:os.system [touch owned]", "!!python/name:os.system", "--- ", "? "),
    *("[" * 2000, "{" * 2000, '{"a":' * 2000, "[]", "{}", "null", "~", ".nan", "-.inf", "1e999"),
    *("9" * 5000, "0x" + "f" * 5000, "1:" * 500, "-1", "1.5", "true", '""', '"\\ud800"'),
    *(
        '"\\0"',
        "\t",
        "\n",
        "\0",
        "\ufeff",
        "\u202e",
        "\x1b[2J",
        "../../..",
        "/dev/zero",
        "~nobody/x",
    ),
    *("- ", ": ", ", ", "'", '"', "#", "NaN", "-Infinity", "2024-13-01", "a" * 70000),
)


def mutate(data: bytes, rng: random.Random, other: bytes = b"", limit: int | None = None) -> bytes:
    """One to four damages: flipped bits, cuts, moved, doubled and foreign pieces, wrong lengths.

    Args:
        data: a good file.
        rng: decides everything.
        other: a file from which pieces are taken.
        limit: damages lie within so many bytes of the beginning or the end.
    """
    content = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not content:
            break
        _damage(content, rng, other or data, limit)
    return bytes(content)


def _damage(content: bytearray, rng: random.Random, other: bytes, limit: int | None) -> None:
    size = len(content)
    at = rng.randrange(min(size, limit or size))
    if limit and rng.random() < 0.3:
        at = size - 1 - at
    length = rng.choice((1, 2, 4, 8, rng.randint(1, 64), rng.randint(1, 4096)))
    kind = rng.randrange(8)
    if kind <= 1:
        content[at] ^= 1 << rng.randrange(8)
    elif kind == 2:  # a field that says how long, how wide or how many
        value, form = rng.choice(LENGTHS), rng.choice(("<B", "<H", ">H", "<I", ">I", "<Q"))
        field = struct.pack(form, value & ((1 << 8 * struct.calcsize(form)) - 1))
        content[at : at + len(field)] = field
    elif kind == 3:
        del content[at : at + length]
    elif kind == 4:
        content[at:at] = bytes(rng.randrange(256) for _ in range(min(length, 64)))
    elif kind == 5:
        content[at:at] = content[at : at + length]
    elif kind == 6:
        start = rng.randrange(len(other))
        content[at : at + length] = other[start : start + length]
    elif rng.random() < 0.5:
        del content[at:]
    else:
        content[at : at + length] = bytes(min(length, size - at))


def mutate_text(text: bytes, rng: random.Random) -> bytes:
    """A text with tokens put in, lines doubled or moved, values replaced; at times any damage."""
    if rng.random() < 0.25:
        return mutate(text, rng)
    content = text.decode(errors="replace")
    for _ in range(rng.randint(1, 3)):
        token = rng.choice(TOKENS)
        lines = content.split("\n")
        number = rng.randrange(len(lines))
        line = lines[number]
        kind = rng.randrange(5)
        if kind == 0:
            at = rng.randint(0, len(line))
            lines[number] = line[:at] + token + line[at:]
        elif kind == 1:  # a value
            head, colon, _ = line.partition(":")
            lines[number] = f"{head}{colon} {token}" if colon else token
        elif kind == 2:
            lines.insert(rng.randint(0, len(lines)), line)
        elif kind == 3:
            del lines[number]
        else:
            at = rng.randrange(len(line)) if line else 0
            lines[number] = line[:at] + line[at + 1 :]
        content = "\n".join(lines)
    return content.encode("utf-8", "surrogatepass")
