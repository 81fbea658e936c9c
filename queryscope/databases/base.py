"""What every database can be asked here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from ..core.indexes import IndexDefinition
from ..core.plans import Plan
from ..core.schema import Schema
from ..core.workload import Parameters


class DatabaseError(Exception):
    """The database refused or failed; the text says what and why, in one line."""


class Database(Protocol):
    """One alias. All statements are complete: their values are in them, as :meth:`literal` puts
    them there."""

    vendor: str
    connection: Any

    def literal(self, sql: str, params: Parameters) -> str:
        """The statement with its parameters in it, quoted by the driver.

        Raises DatabaseError where they do not fit.
        """

    def explain(self, statement: str, *, analyze: bool = False, timeout_ms: int = 5_000) -> Plan:
        """Its plan; with ``analyze`` of a run, if the statement is safe to run: ``Plan.refusal``
        says why it was not. Changes nothing, leaves nothing. Raises DatabaseError.
        """

    def schema(self, tables: Collection[str] | None = None) -> Schema:
        """These tables, or all that the search path shows. Unknown names are left out."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one run of a statement costs with some indexes in place, and which of them it uses.

    ``cost`` is the planner's, or steps of its virtual machine where it has none (SQLite).
    ``existing`` are names of other indexes that the plan uses.
    """

    cost: float
    used: frozenset[IndexDefinition]
    existing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Built:
    """A candidate that is there for the length of the what-if; ``build_ms`` None if hypothetical.

    ``rows`` are those it holds, None where the database does not say.
    """

    size_bytes: int
    build_ms: float | None = None
    rows: float | None = None


class WhatIf(Protocol):
    """A world in which candidate indexes exist, gone when it is left. ``calls`` counts estimates.

    ``measures`` tells that statements can be run in it: its indexes are real.
    """

    measures: bool
    calls: int

    def build(self, index: IndexDefinition) -> Built:
        """Put a candidate there. Raises DatabaseError with the reason where that cannot be."""

    def discard(self, index: IndexDefinition) -> None:
        """Take it away for good."""

    def estimate(self, statement: str, indexes: frozenset[IndexDefinition]) -> Estimate:
        """The cost when of the candidates only ``indexes`` exist. Raises DatabaseError."""

    def measure(
        self, statement: str, indexes: frozenset[IndexDefinition], timeout_ms: int
    ) -> float | None:
        """Milliseconds of a run, None where it may not run or did not end in time."""
