"""Why these columns, in this order: a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from .indexes import IndexDefinition
from .partial import Condition
from .shapes import Key, Shape

_PLACES = {"order": "it is the order of the rows", "group": "rows of one group lie together"}


def reasons(shape: Shape, condition: Condition, definition: IndexDefinition) -> tuple[str, ...]:
    """For a person, in the order of the keys."""
    found = []
    for role, text in (
        ("equality", "compared by equality"),
        ("join", "compared with another table's column"),
        ("list", "compared with a list of values"),
        ("range", "compared by a range"),
    ):
        keys = [key for key in shape.keys if key.role == role]
        if keys:
            place = _place(keys, shape)
            found.append(f"{_names(keys)} {_are(keys)} {text}{place}")
    for role, text in _PLACES.items():
        keys = [key for key in shape.keys if key.role == role]
        if keys:
            found.append(f"{_names(keys)} {_where(keys, shape)}: {text}")
    tested = [key for key in shape.keys if key.role == "filter" and shape.keys[0] is not key]
    if tested:
        found.append(f"{_names(tested)} {_are(tested)} tested without a visit to the table")
    if condition.sql:
        found.append(condition.why)
    extra = _extra(shape, definition)
    if extra:
        verb = "is" if len(extra) == 1 else "are"
        found.append(f"{_joined(extra)} {verb} added so that the table itself is not read")
    return tuple(found)


def _place(keys: Sequence[Key], shape: Shape) -> str:
    """Equalities come first; a range has to be last."""
    if keys[0].role == "range" and len(shape.keys) > 1 and shape.keys[-1] is keys[-1]:
        return ", so it comes last"
    if keys[0].role == "equality" and len(shape.keys) > len(keys):
        return f", so {'they come' if len(keys) > 1 else 'it comes'} first"
    return ""


def _where(keys: Sequence[Key], shape: Shape) -> str:
    return "alone" if len(keys) == len(shape.keys) else "last" if shape.keys[-1] in keys else "next"


def _extra(shape: Shape, definition: IndexDefinition) -> list[str]:
    known = {name for key in shape.keys for name in key.term.columns}
    return [name for name in definition.columns if name not in known]


def _names(keys: Sequence[Key]) -> str:
    return _joined([key.term.sql for key in keys])


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _are(keys: Sequence[Key]) -> str:
    return "are" if len(keys) > 1 else "is"
