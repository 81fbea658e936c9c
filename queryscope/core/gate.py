"""What a check says of a run: new, known, fixed, moved, not exercised; and the budgets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .findings import Finding

#: What made a report: an audit of the project's endpoints, or its tests.
Run = Literal["audit", "tests"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A problem that the project lives with for now: one block of the baseline.

    ``count`` is the number of places that the key stood for when it was accepted (lines, querysets
    and what each asks; for a budget the queries, or 1 for a time), ``digests`` are those of their
    queries, ``endpoints`` those that showed it, ``run`` what kind of run did. ``rows_of`` is the
    model whose rows multiply the queries, None where that is not known.
    """

    key: str
    run: Run
    count: int
    rows_of: str | None
    digests: tuple[str, ...]
    endpoints: tuple[str, ...]

    @property
    def detector(self) -> str:
        return self.key.partition("::")[0]


@dataclass(frozen=True, slots=True)
class Moved:
    """A known problem that seems to have a new name: ``accepted`` is gone, ``now`` is new."""

    accepted: Accepted
    now: Accepted


@dataclass(frozen=True, slots=True)
class Verdict:
    """An endpoint and one of its budgets: ``measure`` is "queries", "distinct", "database_ms",
    "duration_ms" or "database_ratio" (the database's time over that of the recorded run)."""

    endpoint: str
    measure: str
    value: float
    limit: float

    @property
    def over(self) -> bool:
        return self.value > self.limit


@dataclass(frozen=True, slots=True)
class Gate:
    """A run against its baseline. The new findings are the report's own; these are the rest.

    ``file`` is the baseline's path, None where there is none yet. ``known`` are findings that it
    accepts, ``grown`` maps the keys of new ones that it accepted at a lower count to that count,
    ``fixed`` was not found any more where it could have been, ``shrunk`` in fewer places, whose
    number it has; ``unseen`` was not exercised by this run. ``problems`` are what ``strict`` fails
    for beside ``fixed``: nothing captured, endpoints that failed or were not requested.
    """

    file: str | None
    known: tuple[Finding, ...] = ()
    grown: Mapping[str, int] = field(default_factory=dict)
    fixed: tuple[Accepted, ...] = ()
    shrunk: tuple[Accepted, ...] = ()
    moved: tuple[Moved, ...] = ()
    unseen: tuple[Accepted, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    problems: tuple[str, ...] = ()
    strict: bool = False
    #: What to give the command to take out what was fixed, and to rename what has moved.
    takes_out: str = "check --prune"
    renames: str = "check --accept-moved"

    @property
    def failing(self) -> bool:
        """Whether it fails by itself, without a new finding."""
        return self.strict and bool(self.fixed or self.shrunk or self.problems)

    def as_dict(self) -> dict[str, Any]:
        """The only serial form."""
        return {
            "file": self.file,
            "strict": self.strict,
            "known": [finding.as_dict() for finding in self.known],
            "grown": dict(self.grown),
            "fixed": [dataclasses.asdict(accepted) for accepted in self.fixed],
            "shrunk": [dataclasses.asdict(accepted) for accepted in self.shrunk],
            "moved": [dataclasses.asdict(moved) for moved in self.moved],
            "unseen": [dataclasses.asdict(accepted) for accepted in self.unseen],
            "budgets": [
                {**dataclasses.asdict(verdict), "over": verdict.over} for verdict in self.verdicts
            ],
            "problems": self.problems,
        }
