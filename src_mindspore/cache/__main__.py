"""``python -m src_mindspore.cache``: what the cache holds, and cleaning it."""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from src_mindspore.system import command
from src_mindspore.system.errors import UserError
from src_mindspore.system.lru import Entry, evict, remove
from src_mindspore.system.terminal import shown_name, some

DAY = 24 * 3600  # seconds


def arguments() -> argparse.Namespace:
    """See ``--help``."""
    parser = command.parser(
        "Show what is kept from one command to the next, and clean it.\n"
        "Only what a command computes again by itself is ever removed: features, models kept for\n"
        "ONNX Runtime, the doctor's notes. What a running command uses stays. What was fetched or\n"
        "compiled stays, and so does everything that is not recognised.",
        "python -m src_mindspore.cache --older-than 30",
    )
    parser.prog = "python -m src_mindspore.cache"
    clean = parser.add_mutually_exclusive_group()
    clean.add_argument("--clear", action="store_true", help="remove all that can be computed again")
    clean.add_argument(
        "--older-than", type=_number, metavar="DAYS", help="remove what was not used for so long"
    )
    clean.add_argument(
        "--limit",
        type=_number,
        metavar="GB",
        help="remove what was not used for the longest until no more is left; training keeps to "
        "features.cache_limit by itself",
    )
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="look at a feature cache elsewhere (features.cache_dir), not at the user's cache",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"a number from 0 on is accepted; got {text[:80]!r}")
    return value


def main() -> None:
    """See ``--help``."""
    args = arguments()
    from src_mindspore.cache.inventory import computed, others
    from src_mindspore.features.cache_entries import feature_entries
    from src_mindspore.system.cache import cache_dir

    cache = args.features.absolute() if args.features else cache_dir()
    if args.features and not cache.is_dir():
        raise UserError(f"--features names the folder of a feature cache; there is no {cache}")
    if cache.exists() and not cache.is_dir():
        raise UserError(f"the cache is a folder; {cache} is none")
    entries = list(feature_entries(cache)) if args.features else computed(cache)
    removed, kept = _clean(entries, args)
    left = [entry for entry in entries if entry not in removed]
    stays = others(cache, entries)
    if args.json:
        table = _table(cache, left, stays, removed) | {"in_use": _rows(kept)}
        print(json.dumps(table, indent=2, ensure_ascii=False))
        return
    print("\n".join(_lines(cache, left, stays)))
    if args.clear or args.older_than is not None or args.limit is not None:
        print(f"removed: {len(removed)} of {len(entries)} entries, {_mega(removed)} MB")
    if kept:
        print(f"in use, so that they stay: {some([entry.path.name for entry in kept])}")


def _clean(entries: Sequence[Entry], args: argparse.Namespace) -> tuple[list[Entry], list[Entry]]:
    """Removes what is asked for.

    Returns:
        What was removed, and what somebody uses.

    Raises:
        UserError: something may not be deleted.
    """
    if args.limit is not None:
        removed = evict(entries, args.limit * 1e9)
        left = [entry for entry in entries if entry not in removed]
        return removed, left if sum(entry.bytes for entry in left) > args.limit * 1e9 else []
    if args.clear:
        wanted = list(entries)
    elif args.older_than is not None:
        before = time.time() - args.older_than * DAY
        wanted = [entry for entry in entries if entry.used <= before]
    else:
        return [], []
    removed, kept, failed = [], [], []
    for entry in sorted(wanted, key=lambda entry: entry.used):
        try:
            (removed if remove(entry) else kept).append(entry)
        except OSError as error:
            failed.append(f"{entry.path} cannot be removed: {error.strerror}")
    if failed:
        raise UserError(
            f"{len(removed)} entries were removed, {len(failed)} not: {some(failed, 3)}"
        )
    return removed, kept


def _mega(entries: Sequence[Entry]) -> str:
    return f"{sum(entry.bytes for entry in entries) / 1e6:,.1f}"


def _lines(cache: Path, entries: Sequence[Entry], stays: Sequence[Entry]) -> Iterator[str]:
    """The table, what was used last first."""
    yield shown_name(f"{cache}: {'' if entries or stays else 'nothing is there'}").rstrip()
    if not entries and not stays:
        return
    rows = [("kind", "name", "what it is", "MB", "last used")]
    for entry in sorted(entries, key=lambda entry: -entry.used) + list(stays):
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        name = shown_name(entry.path.name)
        rows.append((entry.kind, name, shown_name(entry.what), _mega([entry]), day))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for kind, name, what, size, day in rows:
        start = f"{kind:{widths[0]}}  {name:{widths[1]}}  {what:{widths[2]}}"
        yield f"{start}  {size:>{widths[3]}}  {day}"
    yield (
        f"total: {_mega([*entries, *stays])} MB, {_mega(entries)} MB of them in {len(entries)} "
        f"entries that can be computed again"
    )


def _table(
    cache: Path, entries: Sequence[Entry], stays: Sequence[Entry], removed: Sequence[Entry]
) -> dict[str, Any]:
    """What ``--json`` prints; ``used`` is in seconds since 1970."""
    return {
        "folder": shown_name(str(cache)),
        "bytes": sum(entry.bytes for entry in (*entries, *stays)),
        "entries": _rows([*entries, *stays]),
        "removed": _rows(removed),
    }


def _rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {
            "kind": entry.kind,
            "name": shown_name(entry.path.name),
            "what": shown_name(entry.what),
            "bytes": entry.bytes,
            "used": round(entry.used),
        }
        for entry in entries
    ]


if __name__ == "__main__":
    sys.exit(command.run(main))
