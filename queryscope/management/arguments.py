"""What the verbs' options take: numbers with their unit, lists of names; and what they refuse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from typing import Any

from ..audit.preflight import CannotRun
from ..core.names import nearest

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?b)?\s*", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def milliseconds(text: str) -> float:
    return number_of("milliseconds", text)


def seconds(text: str) -> float:
    return number_of("seconds", text)


def number_of(unit: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of {unit}, 0 or more")
    return number


def names(lists: list[str]) -> list[str]:
    return [name.strip() for text in lists for name in text.split(",") if name.strip()]


def require(option: str, kind: str, given: list[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            hint = f"{nearest(name, known)} ({', '.join(known)})"
            raise CannotRun(f"{option} {name!r}: no such {kind}{hint}")


def size(text: str) -> int:
    """Bytes; a unit is 1024 of the one before it, as PostgreSQL counts."""
    found = _SIZE.fullmatch(text)
    if found is None or (found[3] is None and not found[2] and "." in found[1]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size; give a number with kB, MB, GB or TB (100MB, 1.5 GB), or bytes"
        )
    return round(float(found[1]) * _UNITS[found[2].lower()])


def refuse_empty(options: dict[str, Any], given: Collection[str]) -> None:
    """An empty shell variable is a mistake: it must not mean "everything" or "nobody"."""
    for name in given:
        value = options[name]
        texts = [value] if isinstance(value, str) else value or []
        if not all(names([text]) for text in texts):
            raise CannotRun(f"--{name} has an empty value; give one or leave the option out")
    if not all(url.strip() for url in options.get("urls", ())):
        raise CannotRun("a URL is empty; give one or none at all for every page")
