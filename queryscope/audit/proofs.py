"""The audit's own requests, sent again to prove what it advises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from ..conf import Settings, is_unordered
from ..core.events import Trace
from ..core.findings import Finding, Report, Withdrawn, rank
from ..inspection import Judged
from ..proof import prove
from ..proving.pages import Verdict
from ..proving.runs import Shown
from ..proving.trial import Trial
from .progress import Progress
from .requests import Requester
from .traces import only_database

#: Indexes that take longer to make are not made again for each request.
_LONGEST_BUILD_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class Request:
    """How an endpoint was asked."""

    method: str
    url: str
    force: bool


def proven(
    judged: Judged,
    traces: Iterable[Trace],
    requests: dict[str, Request],
    requester: Requester,
    settings: Settings,
    alias: str,
    progress: Progress,
) -> Report:
    """The report with what running the requests again says of its findings.

    ``traces`` are those that were judged, ``requests`` how each endpoint was asked.
    """
    report = judged.report
    detections = [each for each in judged.detections if each.finding.endpoint in requests]

    def ask(endpoint: str, trial: Trial | None) -> Shown:
        request, trial = requests[endpoint], trial or Trial()
        trial.database = alias
        answer = requester.send(
            request.method, request.url, endpoint, force=request.force, trial=trial
        )
        trace = only_database(answer.trace, alias)
        problem = answer.problem
        if problem is None and answer.response is None:
            problem = "its body has no end"
        if problem is None and answer.passed:
            # It may know from before what is asked of it, with a fix or without.
            problem = f"it asks a cache for {answer.passed[0]}, which is not emptied for a proof"
        return Shown(
            answer.recording, trace, answer.response, problem, trial.unordered, bool(trial.missed)
        )

    told = prove(
        detections,
        ask,
        traces=[trace for trace in traces if trace.name in requests],
        round_trip_ms=report.round_trip_ms,
        indexes=_statements(report, requests),
        is_unordered=partial(is_unordered, settings),
        step=lambda endpoint: progress.note(f"proving {endpoint}"),
    )
    asked = (id(each.finding) for each in detections)
    verdicts = dict(zip(asked, told.verdicts, strict=True))
    found = [(each, verdicts.get(id(each))) for each in report.findings]
    endpoints = (replace(e, proof=told.endpoints.get(e.name)) for e in report.endpoints)
    kept = (left for each, v in found if (left := _judged(each, v)) is not None)
    return replace(
        report,
        findings=rank(kept, report.round_trip_ms),
        endpoints=tuple(endpoints),
        withdrawn=tuple(w for each, v in found if v is not None for w in _withdrawn(each, v)),
    )


def _statements(report: Report, requests: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What creates the indexes that an endpoint wants, where real ones may be tried."""
    return {
        endpoint: statements
        for endpoint in requests
        if (
            statements := tuple(
                index.definition.create_sql()
                for index in report.indexes
                if index.method == "measured"
                and (index.build_ms or 0.0) < _LONGEST_BUILD_MS
                and any(endpoint in served.endpoints for served in index.served)
            )
        )
    }


def _judged(finding: Finding, verdict: Verdict | None) -> Finding | None:
    """The finding as its verdict leaves it; None where it goes."""
    if verdict is None:
        return finding
    if verdict.withdrawn:
        return None
    proof = verdict.proof
    if verdict.fix is None and finding.fix is not None:
        why = f"no fix is known that helps: {verdict.refuted[0][1]}"
        return replace(finding, fix=None, hint="", unproven=why)
    if proof is None or proof.method != "rerun":
        # Without what was refuted of its queryset.
        return replace(finding, fix=verdict.fix, unproven=verdict.unproven)
    return replace(
        finding,
        fix=verdict.fix,
        proof=proof,
        confidence="proven",
        # Its fix may load on the way what other findings count.
        saves=min(finding.saves, verdict.saves),
    )


def _withdrawn(finding: Finding, verdict: Verdict) -> Iterable[Withdrawn]:
    if verdict.withdrawn:
        yield Withdrawn(finding, verdict.withdrawn)
    for code, why in verdict.refuted:
        yield Withdrawn(finding, why, code)
