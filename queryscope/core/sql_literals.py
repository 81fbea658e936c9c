"""Values as SQL by the name of their type, as PostgreSQL words it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_INTEGERS = frozenset({"smallint", "integer", "bigint", "int", "oid"})
_DECIMALS = frozenset({"numeric", "decimal", "real", "double precision", "float"})
_TEXTS = frozenset({"", "text", "character varying", "character", "unknown", "varchar", "char"})
_TYPE = re.compile(r"\([^)]*\)")
#: For a type of which no value is known.
_DEFAULTS = {
    "boolean": "true",
    "bool": "true",
    "interval": "1 day",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json": "{}",
    "jsonb": "{}",
    "inet": "127.0.0.1",
    "cidr": "127.0.0.0/8",
    "macaddr": "00:00:00:00:00:00",
    "time without time zone": "12:00",
    "time with time zone": "12:00+00",
    "bytea": r"\x00",
    "tsquery": "a",
    "tsvector": "a",
    "point": "(0,0)",
    "time": "12:00",
}
_DAYS_AGO = 30


def rendered(text: str, type_: str) -> str:
    """The value as a literal of the type; "" is a type that the server is left to choose."""
    name = bare(type_)
    if name in _INTEGERS | _DECIMALS and _number(text, name):
        return f"({text})" if text.startswith("-") else text
    if name in ("boolean", "bool") and text.lower() in ("t", "f", "true", "false"):
        return "true" if text.lower().startswith("t") else "false"
    quoted = "'" + text.replace("'", "''") + "'"
    # A backslash stays one whatever the server makes of it.
    return quoted if name in _TEXTS else f"{quoted}::{name}"


def default_text(type_: str) -> str:
    """A value of the type where nothing else is known."""
    name = bare(type_)
    if name.endswith("[]"):
        return "{}"
    if name.endswith("range"):
        return "(,)"
    if name.startswith(("timestamp", "date")):
        when = datetime.now(UTC) - timedelta(days=_DAYS_AGO)
        return when.strftime("%Y-%m-%d" if name == "date" else "%Y-%m-%d 00:00:00")
    # Where the type is unknown as well "1" fits a text and a number alike.
    return _DEFAULTS.get(name, "a" if name in _TEXTS - {""} else "1")


def is_number(type_: str) -> bool:
    return bare(type_) in _INTEGERS | _DECIMALS


def bare(type_: str) -> str:
    """The type without its length: a cast to it would cut the value."""
    return " ".join(_TYPE.sub("", type_).lower().split()) if '"' not in type_ else type_


def _number(text: str, name: str) -> bool:
    return bool((_INTEGER if name in _INTEGERS else _DECIMAL).fullmatch(text))
