"""Whether a request writes the same with a fix in place: what no response need show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..core.events import QueryGroup, Trace
from ..core.responses import Comparison

_WRITES = frozenset({"insert", "update", "delete"})
_SAME = Comparison(same=True)
#: A statement, and a hash of it with its values.
_Written = Counter[tuple[str, str, int]]


def compare_writes(
    base: Sequence[Trace], fixed: Sequence[Trace], read: frozenset[str]
) -> Comparison:
    """Requests as they are and with fixes that load rows of the tables ``read``.

    Where values change by themselves (times, keys) only the numbers of statements are compared; no
    more is known then of rows that are loaded before they are written.
    """
    olds, news = [_written(trace) for trace in base], [_written(trace) for trace in fixed]
    if all(new in olds for new in news):
        return _SAME
    if all(old == olds[0] for old in olds) and len(olds) > 1:
        return Comparison(same=False, reason="it writes other values, or others of its rows")
    counts = [_counted(old) for old in olds]
    if any(_counted(new) not in counts for new in news):
        return Comparison(same=False, reason="it writes more or less")
    if tables := read & {table for trace in base for g in _writes(trace) for table in g.tables}:
        reason = f"it writes to {min(tables)}, other values each time, which the fix loads before"
        return Comparison(same=False, comparable=False, reason=reason)
    return _SAME


def _writes(trace: Trace) -> list[QueryGroup]:
    return [group for group in trace.groups if group.kind in _WRITES]


def _written(trace: Trace) -> _Written:
    found: _Written = Counter()
    for group in _writes(trace):
        for statement, count in group.repeats.items():
            found[group.database, group.fingerprint, statement] += count
    return found


def _counted(written: _Written) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for (database, fingerprint, _), count in written.items():
        found[database, fingerprint] += count
    return found
