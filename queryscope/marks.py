"""Tells whether two queries ask the same: by value, never by identity, never by a guess."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

_BY_VALUE = (bytes, uuid.UUID, datetime.date, datetime.time, datetime.timedelta, decimal.Decimal)


def repetition_mark(sql: str, params: Any, writes: int) -> int | None:
    """A number that only the same statement with the same parameters has.

    ``writes`` counts the writes before it: one in between makes a repeated read a new question.
    None where a parameter is of a type whose value cannot be told.
    """
    values = tuple(params.items()) if isinstance(params, dict) else tuple(params or ())
    try:
        return hash((sql, tuple(map(_value, values)), writes))
    except TypeError:
        return None


def _value(value: Any) -> Any:
    kind = type(value)
    if kind is str or value is None:
        return value
    # The text of a number: -1 and -2 have one hash, and so have 1, 1.0 and True.
    if kind in (int, float, bool):
        return kind, repr(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int, int.__repr__(value)
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(_value, value))
    if isinstance(value, _BY_VALUE):
        return kind, repr(value)
    if kind.__module__.startswith("psycopg.types.json"):
        return kind, repr(value.obj)
    raise TypeError(f"the value of a {kind.__name__} cannot be told")


def statement_text(sql: Any, connection: Any) -> str:
    """The text of a statement that is not a plain string, such as psycopg's ``sql.SQL``."""
    try:
        if isinstance(sql, bytes):
            return sql.decode("utf-8", "replace")
        if isinstance(sql, str):
            return str.__str__(sql)
        return str(sql.as_string(connection.connection))
    except Exception:  # whatever it is, its query is counted
        return f"-- a {type(sql).__name__} that cannot be read"
