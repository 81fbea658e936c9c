"""Values for the placeholders of a statement whose own ones are not known.

They are taken from the statistics of the column that a placeholder is compared with: frequent and
less frequent ones. They tell how many rows match, not which.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .parameter_roles import Role
from .schema import Column, ColumnStatistics
from .sql_literals import default_text, is_number, rendered

ColumnOf = Callable[[str, str], Column | None]

PAGE = 25
_MAX_SKEWED = 6
_LIST = 5
_ESCAPED = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


@dataclass(frozen=True, slots=True)
class _Level:
    """How selective the values are. ``after`` and ``before`` are the shares of all rows below an
    open range's bound, ``between`` those of a closed one; ``letters`` the length of patterns."""

    rank: int
    after: float
    before: float
    between: tuple[float, float]
    letters: int
    #: The place among the frequent values of the column that is the most uneven.
    skewed: int | None = None


_COMMON = _Level(0, 0.5, 0.5, (0.25, 0.75), 3)
_MEDIAN = _Level(1, 0.9, 0.1, (0.8, 0.9), 4)
_RARE = _Level(2, 0.99, 0.01, (0.97, 0.98), 8)


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of a statement's placeholders: the role and the type (as the server words it,
    "" unknown) by number. ``limit`` is the rows that it is thought to ask for, ``uncast`` are the
    placeholders that no cast is to follow."""

    roles: Mapping[int, Role]
    types: Mapping[int, str]
    column_of: ColumnOf
    uncast: frozenset[int] = frozenset()
    limit: int = PAGE


def choices(question: Question) -> list[dict[str, str]]:
    """SQL for each placeholder ("$1"), in several ways: frequent values, median ones, rare ones,
    then each frequent value of the column whose values are the most uneven."""
    uneven = _most_uneven(question)
    levels = [_COMMON, _MEDIAN, _RARE]
    if uneven is not None:
        statistics = _statistics(question, uneven)
        count = min(len(statistics.common), _MAX_SKEWED) if statistics else 0
        levels += [_Level(1, 0.9, 0.1, (0.8, 0.9), 4, skewed=place) for place in range(count)]
    made = [
        {f"${number}": _sql(question, number, level, number == uneven) for number in question.roles}
        for level in levels
    ]
    return [each for at, each in enumerate(made) if each not in made[:at]]


def _most_uneven(question: Question) -> int | None:
    shares = {
        number: statistics.common[0][1]
        for number, role in question.roles.items()
        if role.kind == "equal"
        and (statistics := _statistics(question, number)) is not None
        and len(statistics.common) > 1
    }
    return max(shares, key=shares.__getitem__, default=None)


def _statistics(question: Question, number: int) -> ColumnStatistics | None:
    column = _column(question, number)
    return column.statistics if column else None


def _column(question: Question, number: int) -> Column | None:
    role = question.roles[number]
    return question.column_of(role.table, role.column) if role.column else None


def _sql(question: Question, number: int, level: _Level, uneven: bool) -> str:
    column = _column(question, number)
    type_ = question.types.get(number) or (column.type if column else "")
    if not uneven and level.skewed is not None:
        level = _MEDIAN
    text = _text(question, number, level, type_)
    text = default_text(type_) if text is None else text
    return rendered(text, "" if number in question.uncast else type_)


def _text(question: Question, number: int, level: _Level, type_: str) -> str | None:
    """The value as text; None where nothing is known of it."""
    role, statistics = question.roles[number], _statistics(question, number)
    fixed = {
        "limit": str(question.limit),
        "single": "1",
        "offset": "0",
        "zone": "UTC",
        "date-part": "month",
    }
    if role.kind in fixed:
        return fixed[role.kind]
    if statistics is None:
        return {"prefix": "abc%", "infix": "%abc%", "pattern": "^abc"}.get(role.kind)
    values = _ranked(statistics, level)
    if role.kind in ("key", "member", "document") or type_.endswith("[]"):
        return _structured(question, number, values, level, type_)
    if role.kind in ("lower", "upper"):
        return _bound(question, number, level, statistics)
    if not values:
        return None
    value = values[role.position % len(values)]
    return _pattern(role, value, level) if role.kind in _PATTERNS else value


def _ranked(statistics: ColumnStatistics, level: _Level) -> Sequence[str]:
    """Values for equality, that of the wanted frequency first."""
    common = [value for value, _ in statistics.common]
    bounds = list(statistics.bounds)
    middle = len(bounds) // 2
    others = bounds[middle:] + bounds[:middle]
    if level.skewed is not None:
        return common[level.skewed :] + common[: level.skewed]
    if level.rank == 0:
        return common + others
    if level.rank == 1:
        half = len(common) // 2
        return others + common[half:] + common[:half]
    return (common[::-1] + others) if not others else others[::-1] + common[::-1]


def _bound(
    question: Question, number: int, level: _Level, statistics: ColumnStatistics
) -> str | None:
    values = statistics.bounds or [value for value, _ in statistics.common]
    if not values:
        return None
    role = question.roles[number]
    closed = {
        other.kind
        for other in question.roles.values()
        if (other.table, other.column) == (role.table, role.column)
    } >= {"lower", "upper"}
    if closed:
        share = level.between[0 if role.kind == "lower" else 1]
    else:
        share = level.after if role.kind == "lower" else level.before
    return values[round(share * (len(values) - 1))]


_PATTERNS = frozenset({"prefix", "infix", "pattern"})


def _pattern(role: Role, value: str, level: _Level) -> str:
    if role.kind == "prefix":
        return value[: level.letters].translate(_ESCAPED) + "%"
    words = re.findall(r"\w+", value) or ["abc"]
    word = max(words, key=len)[: level.letters]
    return f"^{word}" if role.kind == "pattern" else f"%{word.translate(_ESCAPED)}%"


def _structured(
    question: Question, number: int, values: Sequence[str], level: _Level, type_: str
) -> str | None:
    """A value of jsonb or an array, or a key of the former."""
    role, statistics = question.roles[number], _statistics(question, number)
    texts = [value for value, _ in statistics.common] if statistics else []
    texts += statistics.bounds if statistics else ()
    documents = [found for text in texts if isinstance(found := _json(text), dict) and found]
    if documents:
        return _of_document(question, number, documents, level, type_)
    arrays = [value for value in values if value.startswith("{") and value not in ("{}", "{NULL}")]
    if arrays:
        return arrays[0] if type_.endswith("[]") else _first_element(arrays[0])
    if not values or (role.kind != "equal" and not type_.endswith("[]")):
        return None
    return _array(values[:_LIST]) if type_.endswith("[]") else values[0]


def _of_document(
    question: Question, number: int, documents: list[dict[str, Any]], level: _Level, type_: str
) -> str | None:
    """A key that the documents have, or what one has there; the same key for both."""
    role = question.roles[number]
    at = number if role.kind == "key" else role.path
    fitting = int if _is_number(question, at) else object
    keys = Counter(key for each in documents for key in each if isinstance(each[key], fitting))
    if not keys:
        return None
    key = keys.most_common(1)[0][0]
    if role.kind == "key":
        return _array([key]) if type_.endswith("[]") else key
    counted = Counter(json.dumps(each[key]) for each in documents if key in each)
    members = [text for text, _ in counted.most_common()]
    member = members[0 if level.rank == 0 else len(members) // 2]
    if role.kind == "document":
        return json.dumps({key: json.loads(member)})
    plain = json.loads(member)
    return member if "json" in type_ or not isinstance(plain, str) else plain


def _is_number(question: Question, key: int) -> bool:
    """Whether what is read at the key is compared with a number."""
    return any(
        is_number(question.types.get(number, ""))
        for number, role in question.roles.items()
        if key and role.path == key
    )


def _first_element(array: str) -> str:
    found = re.match(r'\{(?:"((?:[^"\\]|\\.)*)"|([^,}]*))', array)
    assert found is not None  # it begins with a brace
    return found[2] if found[1] is None else re.sub(r"\\(.)", r"\1", found[1])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _array(values: Sequence[str]) -> str:
    """The text form of PostgreSQL."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
