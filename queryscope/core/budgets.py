"""What an endpoint may cost, and whether it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from .findings import Endpoint, Finding
from .gate import Verdict

DETECTOR = "query-budget"
RATIO = "database_ratio"
#: What is the same in every run, and what wavers with the machine.
COUNTS = ("queries", "distinct")
TIMES = ("database_ms", "duration_ms", RATIO)
#: A recorded time below this is taken for this: less is noise, of which no ratio tells anything.
LEAST_RECORDED_MS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one request of an endpoint may cost; None is no limit.

    ``queries`` and ``distinct`` count, ``database_ms`` and ``duration_ms`` are wide limits in
    milliseconds, ``database_ratio`` is the database's time over that of the recorded run.
    """

    queries: int | None = None
    distinct: int | None = None
    database_ms: float | None = None
    duration_ms: float | None = None
    database_ratio: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """The measures that have a limit."""
        named = ((measure, getattr(self, measure)) for measure in MEASURES)
        return {measure: limit for measure, limit in named if limit is not None}


MEASURES = tuple(field.name for field in dataclasses.fields(Budget))


class Measured(Protocol):
    """What has a budget: a trace is one request, an endpoint has the medians of several."""

    @property
    def name(self) -> str: ...
    @property
    def request(self) -> str | None: ...
    @property
    def queries(self) -> int: ...
    @property
    def distinct(self) -> int: ...
    @property
    def database_ms(self) -> float: ...
    @property
    def duration_ms(self) -> float: ...


def judge(
    measured: Measured, budget: Budget, recorded_ms: float | None = None
) -> Iterator[Verdict]:
    """Each limit against what was measured.

    ``recorded_ms`` is the database's time in the recorded run; without it a ratio says nothing.
    """
    for measure, limit in budget.limits.items():
        if measure != RATIO:
            # As it is shown: "200 ms, the budget is 200 ms" is not over.
            value = round(getattr(measured, measure), 1)
        elif recorded_ms is not None:
            value = round(measured.database_ms / max(recorded_ms, LEAST_RECORDED_MS), 2)
        else:
            continue
        yield Verdict(measured.name, measure, value, limit)


def verdicts(
    endpoints: Iterable[Endpoint],
    budget_for: Callable[[str], Budget],
    recorded: Mapping[str, float],
    findings: Iterable[Finding] = (),
) -> tuple[Verdict, ...]:
    """Every endpoint that could be judged, and each of its limits.

    ``recorded`` are milliseconds in the database, by endpoint. An endpoint has the counts of its
    first request; where another one asked more than it may, ``findings`` know how many.
    """
    worst = {(f.endpoint, f.digest): f.count for f in findings if f.detector == DETECTOR}
    found = (
        verdict
        for endpoint in endpoints
        if not endpoint.problem
        for verdict in judge(endpoint, budget_for(endpoint.name), recorded.get(endpoint.name))
    )
    return tuple(
        dataclasses.replace(v, value=max(v.value, worst.get((v.endpoint, v.measure), 0)))
        if v.measure in COUNTS
        else v
        for v in found
    )


def unrecorded(
    endpoints: Iterable[Endpoint],
    budget_for: Callable[[str], Budget],
    recorded: Mapping[str, float],
) -> list[str]:
    """Endpoints whose budget is a ratio of a time that nobody has recorded."""
    return [
        endpoint.name
        for endpoint in endpoints
        if not endpoint.problem
        and endpoint.name not in recorded
        and budget_for(endpoint.name).database_ratio is not None
    ]


def figure(measure: str, value: float) -> str:
    """ "15", "412.3 ms", "2.35"."""
    if measure in COUNTS:
        return f"{value:,}"
    if measure == RATIO:
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,.1f}".removesuffix(".0") + " ms"


def told(verdict: Verdict) -> str:
    """ "12 queries, the budget is 10", to be said of one that is over."""
    value = figure(verdict.measure, verdict.value)
    noun = "query" if verdict.value == 1 else "queries"
    said = {
        "queries": f"{value} {noun}",
        "distinct": f"{value} distinct {noun}",
        "database_ms": f"database time {value}",
        "duration_ms": f"a request takes {value}",
        RATIO: f"database time {value} times the recorded one",
    }
    return f"{said[verdict.measure]}, the budget is {figure(verdict.measure, verdict.limit)}"
