"""What detectors return and every face shows: the finding and the report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from .advice import AdvisedIndex
from .changes import Changes
from .gate import Gate, Run
from .paths import relative
from .repairs import Fix, Proof
from .sightings import Location, TemplateLine

Severity = Literal["error", "warning", "info"]
Confidence = Literal["proven", "certain", "likely"]
SuppressionStatus = Literal["used", "unused", "expired", "misspelt"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
REPORT_VERSION = 1


def _below(file: str, root: str) -> str:
    return relative(file, root).replace(os.sep, "/")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to change, where, and what it costs as it is.

    ``location`` is the code that caused the queries, ``origin`` the code whose rows multiplied
    them, ``count`` the number of queries and ``duration_ms`` their time in the database.
    ``saves`` is the number of queries that the fix would take away, ``saves_ms`` the time in the
    database that it would take from those that stay. ``rows_of`` is the model whose rows multiply
    them.
    """

    detector: str
    severity: Severity
    confidence: Confidence
    endpoint: str
    request: str | None
    message: str
    hint: str
    location: Location | None
    origin: Location | None
    template: TemplateLine | None
    model: str | None
    relation: str | None
    tables: tuple[str, ...]
    fingerprint: str
    digest: str
    count: int
    duration_ms: float
    saves: int = 0
    waiting: bool = False
    saves_ms: float = 0.0
    rows_of: str | None = None
    fix: Fix | None = None
    proof: Proof | None = None
    #: Why its fix could not be tried; "" where it was, or nobody wanted it.
    unproven: str = ""

    @property
    def key(self) -> str:
        """Stable across line moves: detector, file, function and what is asked there.

        Files are named from the current directory, so that the key is the same on every machine.
        What is asked is a relation, else a model or tables: the statement itself is written in
        another way by the next Django, by another database, for one more column.
        """
        place, root = self.location or self.origin, os.getcwd()
        where = [_below(place.file, root), place.function] if place else [self.endpoint]
        if self.template and self.relation:
            where.append(_below(self.template.name, root))
        what = self.relation or self.model or "+".join(self.tables) or self.digest
        return "::".join([self.detector, *where, what])

    @property
    def identity(self) -> tuple[str, str]:
        """Tells findings of one report apart: a key may stand for several statements."""
        return self.key, self.relation or self.digest

    def cost_ms(self, round_trip_ms: float) -> float:
        """What a fix would save: time in the database, and the network's round trips."""
        share = self.saves / self.count if self.count else 0.0
        return self.duration_ms * share + self.saves * round_trip_ms + self.saves_ms

    def as_dict(self) -> dict[str, Any]:
        """The only serial form; feeds every reporter."""
        data = {**dataclasses.asdict(self), "key": self.key}
        if self.fix is not None:
            data["fix"]["imports"] = self.fix.imports
        return data


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the audit: figures are of one request, medians where it ran several times.

    ``status`` is the HTTP status, or None for a recording that is not a request. ``rows`` maps
    models to the most rows that one evaluation brought. ``problem`` says why the endpoint could not
    be judged ("500 Internal Server Error: ..."), None when it could.
    """

    name: str
    request: str | None
    status: int | None
    queries: int
    distinct: int
    database_ms: float
    duration_ms: float
    share: float = 0.0
    median_ms: float | None = None
    p95_ms: float | None = None
    repeats: int = 1
    problem: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    #: The request with all that was proven in place at once.
    proof: Proof | None = None
    #: What a request reached that no rollback undoes: "mail: 2 messages", "socket: 10.0.0.7:6379".
    touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A route that was not exercised, and why; ``expected`` where an audit never would, or was not
    asked to.
    """

    route: str
    reason: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A finding, or its fix alone, that running the request again refuted.

    ``reason`` is a sentence; ``code`` is the fix that was tried, "" where the finding itself went.
    """

    finding: Finding
    reason: str
    code: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The only serial form."""
        return {**dataclasses.asdict(self), "finding": self.finding.as_dict()}


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment in the project's code or an entry of ``QUERYSCOPE["ALLOW"]``, and what it did.

    ``file`` and ``line`` are those of a comment, None for an entry. ``detectors`` are those it
    allows, empty for any. ``until`` is the last day ("2027-01-31") on which it holds. ``status``
    "used" comes with the ``findings`` that it took away; the others took none: "unused" had nothing
    to take in an audit that ran its code, "expired" and "misspelt" do not hold. ``message`` says
    what to do about it.
    """

    name: str
    file: str | None
    line: int | None
    detectors: tuple[str, ...]
    reason: str
    until: str | None
    status: SuppressionStatus
    message: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it can allow anything as it is written, today."""
        return self.status in ("used", "unused")

    def as_dict(self) -> dict[str, Any]:
        """The only serial form."""
        findings = [finding.as_dict() for finding in self.findings]
        return {**dataclasses.asdict(self), "findings": findings}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run found. ``findings`` are in the order of what a fix would save, without
    those that ``suppressions`` took away.

    ``whole`` tells that all of the project was to be exercised, not a choice of it. With a ``gate``
    the findings are those that its baseline does not know.
    """

    endpoints: tuple[Endpoint, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()
    database: dict[str, Any] = field(default_factory=dict)
    tool: dict[str, str] = field(default_factory=dict)
    round_trip_ms: float = 1.0
    suppressions: tuple[Suppression, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    indexes: tuple[AdvisedIndex, ...] = ()
    #: What could not be done, each in a sentence.
    notes: tuple[str, ...] = ()
    run: Run = "audit"
    whole: bool = False
    #: Of tests, some were not to run or have failed: what is not found may still be there.
    chosen: bool = False
    #: Keys of what tests have shown that allow it.
    hidden: tuple[str, ...] = ()
    gate: Gate | None = None
    #: Lines that a pull request changes, where that is known; in no serial form.
    changed: Changes | None = None

    @property
    def queries(self) -> int:
        return sum(endpoint.queries for endpoint in self.endpoints)

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """The findings that suppressions took away, each once however many allow it."""
        taken = (finding for suppression in self.suppressions for finding in suppression.findings)
        once = {(f.endpoint, f.identity, f.location, f.template, f.origin): f for f in taken}
        return tuple(once.values())

    @property
    def failing(self) -> bool:
        """Whether something is to be done: a finding above "info", a suppression that fails.

        To a gate a new finding is one, whatever its severity: it lets pass what does not count.
        """
        if any(not suppression.holds for suppression in self.suppressions):
            return True
        if self.gate is not None:
            return bool(self.findings) or self.gate.failing
        return any(finding.severity != "info" for finding in self.findings)

    def summary(self) -> dict[str, Any]:
        return {
            "endpoints": len(self.endpoints),
            "failed": sum(1 for endpoint in self.endpoints if endpoint.problem),
            "skipped": len(self.skipped),
            "queries": self.queries,
            "database_ms": round(sum(e.database_ms for e in self.endpoints), 3),
            "findings": {s: self._count(s) for s in SEVERITIES},
            "suppressed": len(self.suppressed),
            # A budget is kept by the other findings' fixes: nothing is saved twice.
            "saves_queries": sum(f.saves for f in self.findings if f.detector != "query-budget"),
        }

    def _count(self, severity: Severity) -> int:
        return sum(1 for finding in self.findings if finding.severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """``{"version", "tool", "database", "endpoints", "findings", "indexes", ...}``."""
        return {
            "version": REPORT_VERSION,
            "tool": self.tool,
            "database": self.database,
            "endpoints": [dataclasses.asdict(endpoint) for endpoint in self.endpoints],
            "findings": [
                {**finding.as_dict(), "cost_ms": round(finding.cost_ms(self.round_trip_ms), 3)}
                for finding in self.findings
            ],
            "indexes": [index.as_dict() for index in self.indexes],
            "withdrawn": [each.as_dict() for each in self.withdrawn],
            "suppressions": [suppression.as_dict() for suppression in self.suppressions],
            "skipped": [dataclasses.asdict(route) for route in self.skipped],
            "notes": self.notes,
            "round_trip_ms": self.round_trip_ms,
            "run": self.run,
            "whole": self.whole,
            "chosen": self.chosen,
            "hidden": self.hidden,
            "gate": self.gate.as_dict() if self.gate is not None else None,
            # Where the project was: `core.stored` puts its files where it is now.
            "root": os.getcwd(),
            "summary": self.summary(),
        }


def rank(findings: Iterable[Finding], round_trip_ms: float) -> tuple[Finding, ...]:
    """Worst first: by what a fix would save, then by severity and key so that order is stable."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (-f.cost_ms(round_trip_ms), SEVERITIES.index(f.severity), f.key),
        )
    )
