"""A workload from a file: JSON, JSON lines, or a script of SQL.

``{"queries": [{"sql", "params" or "samples", "calls"}, ...]}``, or that list alone, or one such
object a line. What cannot be read is named and skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..core.runs import merged, query_of
from ..core.statements import split
from ..core.workload import Workload, WorkloadQuery
from . import WorkloadError
from .file_entries import EntryError, entry

FORMS = 'a JSON file of {"queries": [{"sql", "params" or "samples", "calls"}]} or a .sql file'
_NOTHING_TO_READ = "neither SELECT, INSERT, UPDATE nor DELETE"


def read(path: str) -> Workload:
    """The queries of a file. Raises WorkloadError when it cannot be read or has none."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not UTF-8 text"
        raise WorkloadError(f"--from {path!r}: {reason}; it takes {FORMS}") from error
    skipped: list[str] = []
    found = list(_queries(text, path, skipped))
    if not found:
        first = f"; {len(skipped)} skipped, first {skipped[0]}" if skipped else ""
        raise WorkloadError(f"--from {path!r}: no query in it{first}; it takes {FORMS}")
    return Workload(merged(found), tuple(skipped))


def _queries(text: str, path: str, skipped: list[str]) -> Iterator[WorkloadQuery]:
    if text.lstrip()[:1] in ("{", "["):
        entries: Iterator[tuple[str, Any]] = _json_entries(text, path)
    else:
        entries = ((f"statement {n}", {"sql": sql}) for n, sql in enumerate(split(text), 1))
    for place, given in entries:
        try:
            samples, calls, total_ms, name = entry(given, place, skipped)
        except EntryError as error:
            skipped.append(f"{place}: {error}")
            continue
        query = query_of(samples, calls, total_ms, name)
        if query is None:
            skipped.append(f"{place}: {_NOTHING_TO_READ}")
        else:
            yield query


def _json_entries(text: str, path: str) -> Iterator[tuple[str, Any]]:
    try:
        data = json.loads(text)
    except ValueError as error:
        data = _lines(text)
        if data is None:
            raise WorkloadError(f"--from {path!r}: not JSON: {error}") from error
    if isinstance(data, Mapping) and not isinstance(data.get("queries"), list):
        if "sql" not in data:
            raise WorkloadError(f"--from {path!r}: {_why_not(data)}")
        data = [data]
    queries = data["queries"] if isinstance(data, Mapping) else data
    yield from ((f"queries[{number}]", given) for number, given in enumerate(queries))


def _lines(text: str) -> list[Any] | None:
    """JSON lines; None where it is none. A broken line is an entry that will be named."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found: list[Any] = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError as error:
            found.append(EntryError(f"not JSON: {error}"))
    entries = [each for each in found if isinstance(each, Mapping) and "sql" in each]
    return found if len(lines) > 1 and entries else None


def _why_not(data: Mapping[str, Any]) -> str:
    if "version" in data and ("groups" in data or "endpoints" in data):
        kind = "trace" if "groups" in data else "report"
        return (
            f"a {kind} of queryscope keeps no values, without which there is no plan; leave --from "
            f"out to record the project's requests, or give {FORMS}"
        )
    return f"it has no list of queries; it takes {FORMS}"
