"""The kinds of configuration keys: what each accepts, and the words for it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One key: its default, what it accepts (``check`` and the words for it) and what it does."""

    default: Any
    check: Callable[[Any], bool]
    accepts: str
    meaning: str


def is_number(value: Any) -> bool:
    """Whether it is a finite number; a whole number beyond all floats is none."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def number(default: float, low: float, high: float, meaning: str) -> Field:
    """A number in ``low..high``, both included."""
    return Field(
        default, lambda v: is_number(v) and low <= v <= high, f"{low:g} to {high:g}", meaning
    )


def whole(default: int, low: int, high: int, meaning: str) -> Field:
    """A whole number in ``low..high``, both included."""
    return Field(
        default,
        lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high,
        f"a whole number, {low} to {high}",
        meaning,
    )


def choice(default: Any, options: Sequence[Any], meaning: str) -> Field:
    """One of a few values."""
    words = ", ".join("null" if option is None else str(option) for option in options)
    return Field(default, lambda v: v in options, f"one of {words}", meaning)


def flag(default: bool, meaning: str) -> Field:
    """True or false."""
    return Field(default, lambda v: isinstance(v, bool), "true or false", meaning)


def text(default: str | None, meaning: str) -> Field:
    """A string, or nothing."""
    return Field(default, lambda v: v is None or isinstance(v, str), "text or null", meaning)


def pair(default: list[float], low: float, high: float, meaning: str) -> Field:
    """Two numbers in ``low..high``, the first not above the second."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) == 2
            and all(is_number(v) and low <= v <= high for v in value)
            and value[0] <= value[1]
        )

    return Field(default, check, f"[a, b] with {low:g} <= a <= b <= {high:g}", meaning)


def listing(default: list | None, item: type, meaning: str) -> Field:
    """A list of values of one type, or nothing."""

    def check(value: Any) -> bool:
        return value is None or (
            isinstance(value, list)
            and all(isinstance(v, item) and not isinstance(v, bool) for v in value)
        )

    return Field(default, check, f"a list of {item.__name__} or null", meaning)


def limit(meaning: str) -> Field:
    """A number above 0, or nothing."""
    return Field(
        None, lambda v: v is None or (is_number(v) and v > 0), "a number above 0 or null", meaning
    )


def optional(field: Field, meaning: str) -> Field:
    """What ``field`` accepts, or null, which is the default."""
    return Field(None, lambda v: v is None or field.check(v), f"{field.accepts} or null", meaning)
