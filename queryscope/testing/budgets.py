"""``with budget(queries=10):`` fails a test whose block asks the database for more."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import partial

from ..core.budgets import TIMES, Budget, judge, told
from ..core.events import QueryGroup, Trace
from ..core.reporters.blocks import short_place
from ..core.reporters.layout import WIDTH, clean, cut, duration, plural, shorten
from ..core.reporters.listings import sql_lines
from ..recording import Recording
from .checked import Checked

_MAX_LINES = 10
_MAX_WHAT = 60


def budget(
    queries: int | None = None,
    *,
    distinct: int | None = None,
    database_ms: float | None = None,
) -> Checked:
    """The most that a block may ask: ``with budget(queries=10) as recording:``.

    ``queries`` and ``distinct`` (statements that differ in more than values) leave transaction
    control out; ``database_ms`` is time in the database in milliseconds, a wide limit only, for
    machines differ. Also for ``async with``, and as a decorator of tests. Raises AssertionError
    when the block ends over a limit, TypeError or ValueError for limits that are none.
    """
    limits = Budget(
        queries=_count("queries", queries),
        distinct=_count("distinct", distinct),
        database_ms=_milliseconds(database_ms),
    )
    if limits == Budget():
        raise TypeError("budget() needs a limit: queries, distinct or database_ms")

    return Checked(partial(over, limits=limits))


def _count(name: str, value: int | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"budget({name}=...) must be a whole number, not {value!r}")
    if value < 0:
        raise ValueError(f"budget({name}=...) must be at least 0, not {value!r}")
    return value


def _milliseconds(value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"budget(database_ms=...) must be a number, not {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"budget(database_ms=...) must be at least 0, not {value!r}")
    return value


def over(recording: Recording, limits: Budget) -> str:
    """What is over, and which places to take queries from, dearest first; "" when nothing is."""
    verdicts = [verdict for verdict in judge(recording.totals, limits) if verdict.over]
    if not verdicts:
        return ""
    timed = all(verdict.measure in TIMES for verdict in verdicts)
    text = "; ".join(map(told, verdicts))
    return "\n".join([f"{text}:", *_lines(recording.trace, timed=timed)])


def _lines(trace: Trace, *, timed: bool) -> Iterator[str]:
    """One for each place that asks again and again; where none does, one for each that asks."""
    groups = [group for group in trace.groups if group.kind != "transaction"]
    repeated = [group for group in groups if group.count > 1 and not timed] or groups
    worst = sorted(repeated, key=lambda g: -(g.duration_ms if timed else g.count))
    shown = worst[:_MAX_LINES]
    whats = [_what(group) for group in shown]
    widest = max(map(len, whats), default=0)
    for group, what in zip(shown, whats, strict=True):
        cost = f"{duration(group.duration_ms):>8}  " if timed else ""
        yield f"{group.count:>6,} x  {cost}{what.ljust(widest)}  {_place(group)}"
    if len(shown) < len(worst):
        rest = sum(group.count for group in worst[_MAX_LINES:])
        places = plural(len(worst) - len(shown), "more place")
        yield f"        and {plural(rest, 'query')} from {places}"
    if trace.truncated:
        yield f"        and {plural(trace.truncated, 'query')} that are not told apart"


def _what(group: QueryGroup) -> str:
    """The relation that is read, else the statement."""
    if group.relation is not None:
        return group.relation.label
    return cut(" ".join(" ".join(sql_lines(group.fingerprint, WIDTH)).split()), _MAX_WHAT)


def _place(group: QueryGroup) -> str:
    root = os.getcwd()
    if group.template is not None:
        return shorten(f"{clean(group.template.name)}:{group.template.line}", WIDTH)
    return short_place(group.location, root) if group.location is not None else ""
