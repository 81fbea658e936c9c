"""Index advice as findings: one to each index that lacks, is redundant or is unused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .advice import Advice, AdvisedIndex, DroppableIndex, Served
from .detectors import missing_index, redundant_index, unused_index
from .findings import Confidence, Finding, Severity
from .indexes import IndexDefinition
from .repairs import Fix, Proof
from .reporters.layout import duration
from .sightings import Location
from .units import size

_METHODS = {
    "measured": "the real index in a transaction that was rolled back",
    "hypothetical": "a hypothetical index (HypoPG)",
}
#: A finding belongs to an endpoint; that of a whole database to none.
_ENDPOINT = "indexes"


def index_findings(
    advice: Advice,
    fixes: Mapping[IndexDefinition, Fix] | None = None,
    drops: Mapping[str, str] | None = None,
    places: Mapping[str, Location] | None = None,
) -> tuple[Finding, ...]:
    """The findings of an advice, missing indexes first.

    ``fixes`` have the ``models.Index`` lines, ``drops`` by an index' name how it is dropped in the
    project, ``places`` by a table's name where its model is; what they lack is told in SQL.
    """
    fixes, drops, places = fixes or {}, drops or {}, places or {}
    return (
        *(_missing(index, fixes, places) for index in advice.indexes),
        *(_droppable(index, drops, places) for index in advice.droppable),
    )


def _missing(
    index: AdvisedIndex, fixes: Mapping[IndexDefinition, Fix], places: Mapping[str, Location]
) -> Finding:
    definition = index.definition
    fix = fixes.get(definition)
    in_meta = fix is not None and not fix.code.startswith("CREATE ")
    where = "Add it to the indexes of the model's Meta." if in_meta else "Run it as SQL."
    served = index.served
    return _finding(
        detector=missing_index.NAME,
        severity="warning",
        confidence="proven" if index.method == "measured" else "likely",
        table=definition.table,
        name=definition.name,
        message=_message(index),
        hint=" ".join([where, *(f"{reason.rstrip('.')}." for reason in index.why)]),
        location=places.get(definition.table),
        count=round(sum(query.calls for query in served)),
        duration_ms=_total(served, before=True) or 0.0,
        saves_ms=max((_total(served, before=True) or 0) - (_total(served, before=False) or 0), 0),
        endpoints=dict.fromkeys(name for query in served for name in query.endpoints),
        fix=fix or Fix("index", (), definition.create_sql()),
        proof=_proof(index),
    )


def _message(index: AdvisedIndex) -> str:
    definition = index.definition
    keys = ", ".join(key.sql.replace('"', "") for key in definition.keys)
    where = f" where {definition.condition}".replace('"', "") if definition.condition else ""
    queries = "1 query wants" if len(index.served) == 1 else f"{len(index.served)} queries want"
    return f"{queries} an index on {definition.table} ({keys}){where}{_figures(index)}"


def _figures(index: AdvisedIndex) -> str:
    """Times of one run of each query that was timed both ways, and the size."""
    parts = []
    before, after = _total(index.served, before=True), _total(index.served, before=False)
    if before is not None and after is not None:
        parts.append(f"{duration(before)} -> {duration(after)} in all")
    if index.size_bytes:
        parts.append(size(index.size_bytes))
    return f": {', '.join(parts)}" if parts else ""


def _total(served: Iterable[Served], *, before: bool) -> float | None:
    """Milliseconds of all calls; None where none was timed both ways."""
    timed = [
        query.calls * (query.duration_ms_before if before else query.duration_ms_after)
        for query in served
        if query.duration_ms_before is not None and query.duration_ms_after is not None
    ]
    return sum(timed) if timed else None


def _costs(served: Iterable[Served], *, before: bool) -> float | None:
    costs = [
        query.calls * (query.cost_before if before else query.cost_after)
        for query in served
        if query.cost_before is not None and query.cost_after is not None
    ]
    return sum(costs) if costs else None


def _proof(index: AdvisedIndex) -> Proof | None:
    """The same queries are run before and after: what they answer cannot differ."""
    before, after = _total(index.served, before=True), _total(index.served, before=False)
    if index.method == "none" or (index.method == "measured" and before is None):
        return None
    return Proof(
        queries_before=len(index.served),
        queries_after=len(index.served),
        duration_ms_before=before or 0.0,
        duration_ms_after=after or 0.0,
        cost_before=_costs(index.served, before=True),
        cost_after=_costs(index.served, before=False),
        same_response=True,
        method=_METHODS[index.method],
    )


def _droppable(
    index: DroppableIndex, drops: Mapping[str, str], places: Mapping[str, Location]
) -> Finding:
    detector = redundant_index if index.kind == "redundant" else unused_index
    how = drops.get(index.name) or f"Drop it: {index.drop}"
    return _finding(
        detector=detector.NAME,
        severity="info" if index.caveats else "warning",
        confidence="likely" if index.caveats else "certain",
        table=index.table,
        name=index.name,
        message=f"{index.name} of {index.table} need not be there: {index.reason}",
        hint=" ".join([f"{how.rstrip('.')}.", *index.caveats]),
        location=places.get(index.table),
        fix=Fix("drop_index", (), index.drop),
    )


def _finding(
    *,
    detector: str,
    severity: Severity,
    confidence: Confidence,
    table: str,
    name: str,
    message: str,
    hint: str,
    location: Location | None,
    fix: Fix,
    count: int = 0,
    duration_ms: float = 0.0,
    saves_ms: float = 0.0,
    endpoints: Iterable[str] = (),
    proof: Proof | None = None,
) -> Finding:
    return Finding(
        detector=detector,
        severity=severity,
        confidence=confidence,
        endpoint=next(iter(endpoints), _ENDPOINT),
        request=None,
        message=message,
        hint=hint,
        location=location,
        origin=None,
        template=None,
        model=None,
        # What tells one index of a table from another, whatever the lines around it.
        relation=f"{table}.{name}",
        tables=(table,),
        fingerprint="",
        digest="",
        count=count,
        duration_ms=duration_ms,
        saves_ms=saves_ms,
        fix=fix,
        proof=proof,
    )
