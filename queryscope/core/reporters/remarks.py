"""What a report says beside its findings, one line each, for logs and pull requests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..budgets import figure
from ..findings import SEVERITIES, Report, Suppression
from ..gate import Gate, Verdict
from ..paths import relative
from .budgets import MEASURES
from .gate import readable
from .layout import clean, plural
from .reruns import BESIDE, touched, withdrawn


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence, and what it is about by name."""

    text: str
    names: tuple[str, ...] = ()


def verdict(report: Report) -> str:
    """The report in a few words: "2 new findings", "nothing new", "no findings"."""
    if not report.findings:
        nothing = "no findings" if report.gate is None else "nothing new"
        return f"{nothing}, but {_reason(report)}" if report.failing else nothing
    if report.gate is not None:
        return plural(len({finding.key for finding in report.findings}), "new finding")
    counts = report.summary()["findings"]
    kinds = [
        f"{counts[name]:,} info" if name == "info" else plural(counts[name], name)
        for name in SEVERITIES
        if counts[name]
    ]
    return f"{plural(len(report.findings), 'finding')} ({', '.join(kinds)})"


def _reason(report: Report) -> str:
    """Why it fails without a finding."""
    if report.gate is not None and report.gate.failing:
        return "--strict counts what follows"
    return "suppressions that do not hold count"


def remarks(report: Report, root: str = "") -> list[Remark]:
    """What fails although it is no finding first, then what is known, fixed and not seen."""
    gate = report.gate
    return [
        *_suppressions(report, root),
        *(_gate(gate) if gate is not None else ()),
        *_not_judged(report),
        *_reruns(report),
        *(Remark(clean(note)) for note in report.notes),
    ]


def strict(gate: Gate) -> Iterator[str]:
    """What a strict check fails for, a sentence each; nothing for another."""
    for problem in gate.problems if gate.strict else ():
        yield f"Strict: {clean(problem)}"
    fixed = len(gate.fixed) + len(gate.shrunk)
    if gate.strict and fixed:
        are = "is" if fixed == 1 else "are"
        yield f"Strict: {plural(fixed, 'known finding')} {are} fixed and still in the baseline"


def _suppressions(report: Report, root: str) -> Iterator[Remark]:
    wrong = [suppression for suppression in report.suppressions if not suppression.holds]
    unused = [suppression for suppression in report.suppressions if suppression.status == "unused"]
    if wrong:
        does, count = ("does", "counts") if len(wrong) == 1 else ("do", "count")
        text = f"{plural(len(wrong), 'suppression')} {does} not hold and {count} as found"
        yield Remark(text, tuple(_named(one, root) for one in wrong))
    if unused:
        text = f"{plural(len(unused), 'suppression')} allowed nothing"
        yield Remark(text, tuple(_named(one, root) for one in unused))
    if report.suppressed:
        yield Remark(f"{plural(len(report.suppressed), 'finding')} allowed by suppressions")


def _named(suppression: Suppression, root: str) -> str:
    file = relative(suppression.file or "", root).replace(os.sep, "/")
    place = f"{file}:{suppression.line} " if suppression.file else ""
    return clean(f"{place}{suppression.name}: {suppression.message}")


def _gate(gate: Gate) -> Iterator[Remark]:
    yield from map(Remark, strict(gate))
    yield from _budgets(gate.verdicts)
    if gate.grown:
        names = [f"{readable(key)} (accepted: {count})" for key, count in gate.grown.items()]
        yield Remark("Known, but in more places than were accepted", (*names,))
    fixed = [readable(accepted.key) for accepted in gate.fixed]
    fixed += [f"{readable(accepted.key)} (now {accepted.count})" for accepted in gate.shrunk]
    if fixed:
        yield Remark(
            f"{plural(len(fixed), 'known finding')} fixed, to be taken out by {gate.takes_out}",
            (*fixed,),
        )
    if gate.moved:
        moved = [f"{readable(m.accepted.key)} -> {readable(m.now.key)}" for m in gate.moved]
        yield Remark(f"Moved? {gate.renames} renames them", (*moved,))
    yield from _known(gate)


def _known(gate: Gate) -> Iterator[Remark]:
    if gate.file is None:
        yield Remark("There is no baseline yet, so everything is new")
    elif gate.known:
        known = plural(len({finding.key for finding in gate.known}), "known finding")
        yield Remark(f"{known}, accepted in {clean(gate.file)}")
    if gate.unseen:
        were = "was" if len(gate.unseen) == 1 else "were"
        yield Remark(f"{plural(len(gate.unseen), 'known finding')} {were} not exercised")


def _budgets(verdicts: Sequence[Verdict]) -> Iterator[Remark]:
    over = [verdict for verdict in verdicts if verdict.over]
    if over:
        names = [
            f"{clean(v.endpoint)}: {MEASURES[v.measure]} {figure(v.measure, v.value)}, the budget "
            f"is {figure(v.measure, v.limit)}"
            for v in over
        ]
        yield Remark(f"{plural(len(over), 'budget')} exceeded", (*names,))
    if len(over) < len(verdicts):
        yield Remark(f"{plural(len(verdicts) - len(over), 'budget')} kept")


def _not_judged(report: Report) -> Iterator[Remark]:
    failed = [endpoint for endpoint in report.endpoints if endpoint.problem]
    if failed:
        names = [clean(f"{endpoint.name}: {endpoint.problem}") for endpoint in failed]
        yield Remark(f"{plural(len(failed), 'endpoint')} failed and could not be judged", (*names,))
    if report.skipped:
        were = "was" if len(report.skipped) == 1 else "were"
        yield Remark(f"{plural(len(report.skipped), 'route')} {were} not requested")


def _reruns(report: Report) -> Iterator[Remark]:
    if report.withdrawn:
        yield Remark(withdrawn(report.withdrawn))
    reached = touched(report)
    if reached:
        names = [
            clean(f"{first}{f' and {len(others)} more' if others else ''}: {', '.join(what)}")
            for what, (first, *others) in reached.items()
        ]
        yield Remark(BESIDE, (*names,))
