"""A run against its baseline: what is new fails, what was fixed may not come back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from .baseline import Baseline, Scope, accepted, exercised, is_judged, reach
from .findings import Finding, Report
from .gate import Accepted, Gate, Moved


def split(report: Report, baseline: Baseline, gate: Gate, scope: Scope) -> Report:
    """The report with its new findings only, and what became of the others in its gate.

    ``gate`` brings the file's name, the budgets' verdicts, problems that the report does not tell,
    and whether the check is strict.
    """
    found = [finding for finding in report.findings if scope.gates(finding)]
    counts = reach(found)
    known = _known(baseline, report)
    is_new = {key: count > known.get(key, 0) for key, count in counts.items()}
    new = [finding for finding in found if is_new[finding.key]]
    # What running a request again refuted nobody fixed: the next rows, or a run without proof, may
    # show it again.
    refuted = [each.finding for each in report.withdrawn if not each.code]
    there = reach([*report.findings, *refuted])
    judged = [block for block in baseline.accepted if is_judged(block, report, scope)]
    less = [block for block in judged if there.get(block.key, 0) < block.count]
    seen = [block for block in less if exercised(block, report)]
    gone = [block for block in seen if block.key not in there]
    moved = tuple(_moved(report, [f for f in new if f.key not in known], gone, counts))
    elsewhere = {each.accepted for each in moved}
    return replace(
        report,
        findings=tuple(new),
        gate=replace(
            gate,
            known=tuple(finding for finding in found if not is_new[finding.key]),
            grown={key: known[key] for key in counts if is_new[key] and key in known},
            fixed=tuple(block for block in gone if block not in elsewhere),
            shrunk=tuple(replace(a, count=there[a.key]) for a in seen if a.key in there),
            moved=moved,
            unseen=tuple(block for block in less if block.key not in there and block not in seen),
            problems=(*gate.problems, *_problems(report)),
        ),
    )


def _known(baseline: Baseline, report: Report) -> dict[str, int]:
    """Counts by key: those of the same kind of run, else of the other."""
    known: dict[str, int] = {}
    for block in sorted(baseline.accepted, key=lambda block: block.run == report.run):
        known[block.key] = block.count
    return known


def _moved(
    report: Report,
    new: Collection[Finding],
    gone: Collection[Accepted],
    counts: Mapping[str, int],
) -> Iterator[Moved]:
    """New keys that ask what one that is gone asked: a file or function was renamed."""
    left = list(gone)
    for key in dict.fromkeys(finding.key for finding in new):
        now = accepted(report, (f for f in new if f.key == key), counts[key])
        for block in left:
            if now.count <= block.count and _same_question(now, block):
                yield Moved(block, now)
                left.remove(block)
                break


def _same_question(one: Accepted, other: Accepted) -> bool:
    alike = one.key.rpartition("::")[2] == other.key.rpartition("::")[2]
    shared = set(one.digests) & set(other.digests)
    return one.detector == other.detector and alike and bool(shared)


def _problems(report: Report) -> Iterator[str]:
    """What a strict check does not let pass: a report is green on nothing."""
    failed = [endpoint.name for endpoint in report.endpoints if endpoint.problem]
    skipped = [route.route for route in report.skipped if not route.expected]
    if not report.queries:
        yield "no query was captured"
    if failed:
        yield f"{some('endpoint', failed)} failed"
    if skipped:
        yield f"{some('route', skipped)} not requested"


def some(noun: str, names: Collection[str]) -> str:
    """ "3 endpoints (GET /a/ and 2 more)"."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({next(iter(names))}{more})"


def pruned(baseline: Baseline, gate: Gate) -> Baseline:
    """The baseline without what was fixed, and with less of what was fixed in part."""
    shrunk = {(block.key, block.run): block for block in gate.shrunk}
    kept = (block for block in baseline.accepted if block not in gate.fixed)
    return replace(baseline, accepted=tuple(shrunk.get((b.key, b.run), b) for b in kept))


def renamed(baseline: Baseline, gate: Gate) -> Baseline:
    """The baseline with what has moved as it is now."""
    now = {moved.accepted: moved.now for moved in gate.moved}
    return replace(baseline, accepted=tuple(now.get(b, b) for b in baseline.accepted))
