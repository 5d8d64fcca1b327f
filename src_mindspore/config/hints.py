"""Which key of the schema may be meant by one that is not there."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from src_mindspore.config.schema import ENSEMBLE, SCHEMA

NEAR = 0.7  # of difflib: what is less alike is not what was meant
# what other trainers call a key
OTHER_NAMES = {
    "learning_rate": "lr",
    "batch": "batch_size",
    **dict.fromkeys(("image_size", "img_size", "imgsz", "input_size", "resolution"), "size"),
    **dict.fromkeys(("model", "arch", "architecture"), "backbone"),
    **dict.fromkeys(("pretrained", "checkpoint"), "weights"),
}
# keys of other files
ELSEWHERE = {
    ENSEMBLE: "a file that has it alone names the members of an average: configs for compare.py, "
    "run folders for export.py; train.py takes the config of one member",
}


def keys_of(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    """All keys of nested tables, as ``--set`` names them."""
    found: list[str] = []
    for key, value in table.items():
        nested = isinstance(value, Mapping)
        found += keys_of(value, f"{prefix}{key}.") if nested else [prefix + key]
    return found


def nearest(key: str, siblings: Sequence[str], prefix: str) -> str:
    """Which key may be meant: of that name elsewhere, near it here or elsewhere, or any here."""
    if not prefix and key in ELSEWHERE:
        return ELSEWHERE[key]
    plain = key.strip().lower().replace("-", "_")
    places = _places()
    if same := places.get(OTHER_NAMES.get(plain, plain)):
        return f"there is {' and '.join(same[:3])}"
    near = difflib.get_close_matches(plain, siblings, n=1, cutoff=NEAR)
    if not near and (names := difflib.get_close_matches(plain, places, n=1, cutoff=NEAR)):
        return f"there is {' and '.join(places[names[0]][:3])}"
    near = near or difflib.get_close_matches(plain, siblings, n=1, cutoff=0)
    return f"the nearest is {prefix}{near[0]}"


def _places() -> dict[str, list[str]]:
    """By the last part of their names all keys, and tables of keys."""
    keys = list(keys_of(SCHEMA))
    tables = dict.fromkeys(key.rpartition(".")[0] for key in keys)
    places: dict[str, list[str]] = {}
    for place in (*keys, *filter(None, tables)):
        places.setdefault(place.rpartition(".")[2], []).append(place)
    return places
