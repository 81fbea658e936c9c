"""Budgets as a project writes them: for all endpoints, for one, or for a pattern of them."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .budgets import COUNTS, MEASURES, Budget
from .endpoint_patterns import fits, names_of
from .names import nearest

#: What is written of some measures: the most that each may be, or None for no limit.
Limits = Mapping[str, float | None]
#: Methods that an audit sends.
_SENT = ("GET", "HEAD")


def limits_of(value: Any) -> Limits:
    """What ``20``, ``{"queries": 20, "database_ms": 200}`` or None (no limit at all) says; a value
    in which :func:`budget_problems` found nothing wrong."""
    if value is None:
        return dict.fromkeys(MEASURES)
    return dict(value) if isinstance(value, Mapping) else {"queries": value}


def budget_for(endpoint: str, default: Limits, budgets: Mapping[str, Limits]) -> Budget:
    """The budget of "GET /api/projects/".

    Each measure is looked up by itself: named for the endpoint, for its route, for the first
    pattern that fits and names it, for all.
    """
    names = names_of(endpoint)
    fitting = [limits for pattern, limits in budgets.items() if fits(names, pattern)]
    exact = [budgets[name] for name in names if name in budgets]
    found: dict[str, Any] = {}
    for limits in (*exact, *fitting, default):
        found = {**limits, **found}
    return Budget(**found)


def unused(
    patterns: Iterable[str],
    endpoints: Sequence[str],
    skipped: Sequence[str],
    option: str = "QUERY_BUDGETS",
) -> Iterator[str]:
    """A sentence for each pattern that fits no endpoint of the whole project, nor a skipped route.

    What an audit cannot know is passed over: other methods, and names that are not routes.
    """
    routes = [*(name.partition(" ")[2] for name in endpoints), *skipped]
    known = [*endpoints, *routes, *(f"{method} {name}" for method in _SENT for name in skipped)]
    for pattern in patterns:
        method, _, route = pattern.rpartition(" ")
        if "/" not in route or (method and not any(fnmatch.fnmatchcase(m, method) for m in _SENT)):
            continue
        if pattern not in known and not fits(known, pattern):
            hint = nearest(route, routes) or "."
            yield f"QUERYSCOPE[{option!r}][{pattern!r}] fits no route of this audit{hint}"


def budget_problems(value: object) -> Iterator[str]:
    """What is wrong with one budget, to be read right after its name."""
    if isinstance(value, Mapping):
        for measure, limit in value.items():
            if measure not in MEASURES:
                known = nearest(str(measure), MEASURES) or f"; it may have {', '.join(MEASURES)}"
                yield f" has no measure {measure!r}{known}"
            elif wrong := _wrong_limit(measure, limit):
                yield f"[{measure!r}] {wrong}"
    elif isinstance(value, bool) or not isinstance(value, (int, type(None))):
        yield f" must be a whole number of queries, a dict of measures or None, not {value!r}"
    elif wrong := _wrong_limit("queries", value):
        yield f" {wrong}"


def problems_by_route(value: object) -> Iterator[str]:
    """What is wrong with the budgets of routes, to be read right after the option's name."""
    if not isinstance(value, Mapping):
        yield f" must be a dict of routes and their budgets, not {value!r}"
        return
    for route, budget in value.items():
        if not isinstance(route, str) or not route:
            yield f" has the key {route!r}; it must be a route or a pattern such as '/api/*'"
        else:
            yield from (f"[{route!r}]{problem}" for problem in budget_problems(budget))


def _wrong_limit(measure: str, limit: object) -> str:
    if limit is None:
        return ""
    counts = measure in COUNTS
    if isinstance(limit, bool) or not isinstance(limit, int if counts else (int, float)):
        return f"must be a {'whole ' * counts}number or None, not {limit!r}"
    if counts:
        return "" if limit >= 0 else f"must be at least 0, not {limit!r}"
    if not math.isfinite(limit):
        return f"must be a finite number, not {limit!r}"
    return "" if limit > 0 else f"must be more than 0, not {limit!r}"
