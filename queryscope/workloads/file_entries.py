"""One entry of a workload file, in any of the forms that people and programs write."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.reporters.layout import plural
from ..core.statements import driver_style, numbered, placeholders, split
from ..core.workload import Sample

_CALLS = ("calls", "frequency", "weight")
_MEAN = ("mean_ms", "duration_ms", "mean_exec_time")
_TOTAL = ("total_ms", "total_exec_time")
_NAMES = ("name", "id")
#: As the driver reads it, in string literals too.
_FORMAT = re.compile(r"%(?:\((?P<name>[^)]*)\)[sbt]|(?P<plain>[sbt])|(?P<percent>%))")


class EntryError(Exception):
    """The entry cannot be taken; the text says why."""


def entry(
    given: Any, place: str, skipped: list[str]
) -> tuple[list[Sample], float, float | None, str]:
    """Its samples, calls, total milliseconds and name. Samples that do not fit go to ``skipped``.

    Raises EntryError when nothing of it can be taken.
    """
    if isinstance(given, EntryError):
        raise given
    if isinstance(given, str):
        given = {"sql": given}
    if not isinstance(given, Mapping):
        raise EntryError('not an object with "sql"')
    calls = _number(given, _CALLS, above=0.0)
    calls = 1.0 if calls is None else calls
    mean, total = _number(given, _MEAN), _number(given, _TOTAL)
    samples: list[Sample] = []
    for where, sql, params, duration in _runs(given, mean):
        try:
            samples.append(_sample(sql, params, duration))
        except EntryError as error:
            if not where:
                raise
            skipped.append(f"{place}{where}: {error}")
    if not samples:
        raise EntryError("none of its samples can be used")
    name = next((str(given[key]) for key in _NAMES if given.get(key) is not None), "")
    return samples, calls, total if total is not None or mean is None else mean * calls, name


def _runs(
    given: Mapping[str, Any], mean: float | None
) -> Iterator[tuple[str, Any, Any, float | None]]:
    """Place, SQL, parameters and milliseconds of each run."""
    sql, samples = given.get("sql"), given.get("samples")
    if samples is None or samples == []:
        yield "", sql, given.get("params"), mean
        return
    if not isinstance(samples, list):
        raise EntryError(f'"samples" is {_kind(samples)}, not a list')
    for number, sample in enumerate(samples):
        where = f".samples[{number}]"
        if isinstance(sample, str):
            yield where, sample, None, None
        elif isinstance(sample, Mapping) and ("params" in sample or "sql" in sample):
            duration = _number(sample, _MEAN)
            yield where, sample.get("sql", sql), sample.get("params"), duration
        else:
            yield where, sql, sample, None


def _sample(sql: Any, params: Any, duration_ms: float | None) -> Sample:
    if not isinstance(sql, str) or not sql.strip():
        raise EntryError('"sql" is missing or empty')
    statements = list(split(sql))
    if len(statements) != 1:
        raise EntryError("more than one statement" if statements else "nothing but comments")
    sql = statements[0]
    if params is not None and not isinstance(params, (list, Mapping)):
        raise EntryError(f'"params" is {_kind(params)}, neither a list nor an object')
    if params is None or (not params and "%%" not in sql):
        return _complete(sql, duration_ms)
    names = {found["name"] for found in _FORMAT.finditer(sql)} - {None}
    if isinstance(params, Mapping):
        missing = sorted(names - set(params))
        if missing:
            raise EntryError(f"no value for %({missing[0]})s")
        return Sample(sql, {name: _value(value) for name, value in params.items()}, duration_ms)
    if names:
        raise EntryError('its placeholders have names: "params" must be an object')
    # What a driver would take is left as it is; else it was written for another one.
    if not _fits(sql, len(params)):
        rewritten = driver_style(sql, params)
        if rewritten is None:
            wanted = len([text for text in placeholders(sql) if text != "%%"])
            raise EntryError(
                f"{plural(wanted, 'placeholder')} and {plural(len(params), 'parameter')}"
            )
        sql, params = rewritten
    return Sample(sql, tuple(_value(value) for value in params), duration_ms)


def _complete(sql: str, duration_ms: float | None) -> Sample:
    """A statement that has its values in it, or none at all: then they must be chosen."""
    found = placeholders(sql)
    named = [text for text in found if text.startswith("%(")]
    if named:
        raise EntryError(f"no value for {named[0]}")
    if any(text == "%s" or text.startswith("$") for text in found):
        return Sample(numbered(sql), None, duration_ms, generic=True)
    return Sample(sql, None, duration_ms)


def _fits(sql: str, count: int) -> bool:
    """Whether the driver takes as many parameters, and no ``%`` of it stands alone."""
    plain = [found for found in _FORMAT.finditer(sql) if found["plain"]]
    return len(plain) == count and "%" not in _FORMAT.sub("", sql)


def _value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping) else value


def _number(given: Mapping[str, Any], keys: Sequence[str], *, above: float = -1.0) -> float | None:
    for key in keys:
        value = given.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise EntryError(f'"{key}" is {_kind(value)}, not a number')
        if not math.isfinite(value) or value <= above or value < 0:
            wanted = "above 0" if above == 0 else "of 0 or more"
            raise EntryError(f'"{key}" is {value}, not a number {wanted}')
        return float(value)
    return None


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false"}.get(
        type(value), "a number"
    )
