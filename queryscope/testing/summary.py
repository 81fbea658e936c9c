"""What a test run says at its end: new findings with the tests that showed them, then the rest."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.findings import Report
from ..core.gate import Gate
from ..core.reporters import suppressions
from ..core.reporters.blocks import Block, blocks, render, short_place
from ..core.reporters.gate import readable
from ..core.reporters.layout import WIDTH, clean, plural, shorten, wrap
from ..core.sightings import Location
from .collecting import Collector

_INDENT = "   "
_MOST_TESTS = 3
_MOST_LINES = 10


def summary(report: Report, collector: Collector, root: str, told: str = "") -> str:
    """The text for a terminal; ``told`` is what became of the baseline, if anything did."""
    gate = report.gate
    assert gate is not None, "a test run is told against its baseline"
    new = [] if told else blocks(report.findings, report.round_trip_ms)
    sections = [
        *(list(_block(block, number, root, collector)) for number, block in enumerate(new, 1)),
        *suppressions.sections(report, root, verbose=False),
        list(_became(gate)),
        list(_aside(collector.aside, "in the code of tests", root)),
        list(_aside(collector.given, "over rows that tests hand to the application", root)),
        [line for note in report.notes for line in wrap(clean(note))],
        list(_status(report, gate, collector, told)),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _block(block: Block, number: int, root: str, collector: Collector) -> Iterator[str]:
    yield from (line.rstrip() for line in render(block, number, root))
    tests = sorted({test for finding in block.findings for test in collector.tests_of(finding)})
    if tests:
        yield ""
        yield f"{_INDENT}Shown by"
        yield from (_INDENT + "    " + clean(test) for test in tests[:_MOST_TESTS])


def _became(gate: Gate) -> Iterator[str]:
    """What became of known findings."""
    names = [readable(accepted.key) for accepted in gate.fixed]
    names += [f"{readable(accepted.key)} (now {accepted.count})" for accepted in gate.shrunk]
    if names:
        yield f"{plural(len(names), 'known finding')} fixed; --queryscope-update takes out:"
        yield from (shorten("    " + name, WIDTH) for name in names[:_MOST_LINES])
        if len(names) > _MOST_LINES:
            yield f"    and {len(names) - _MOST_LINES:,} more"
    if gate.unseen:
        yield f"{plural(len(gate.unseen), 'known finding')} not exercised by this run."
    for key, count in gate.grown.items():
        yield from wrap(f"Known in {plural(count, 'place')}, now in more: {readable(key)}")
    for moved in gate.moved:
        change = f"{readable(moved.accepted.key)} is now {readable(moved.now.key)}"
        yield from wrap(f"Moved? {change}; --queryscope-update renames it")


def _aside(lines: tuple[tuple[str, int], ...], which: str, root: str) -> Iterator[str]:
    if lines:
        file, line = lines[0]
        place = short_place(Location(file, line, ""), root)
        does = "does" if len(lines) == 1 else "do"
        count = plural(len(lines), "N+1")
        yield from wrap(f"{count} {which} {does} not count, the first at {place}.")


def _status(report: Report, gate: Gate, collector: Collector, told: str) -> Iterator[str]:
    yield from wrap(_recorded(report, collector))
    if told:
        yield from wrap(clean(told))
        return
    if gate.known and gate.file is not None:
        known = plural(len({finding.key for finding in gate.known}), "known finding")
        yield from wrap(f"{known}, accepted in {clean(gate.file)}.")
    if gate.strict:
        yield from (line for problem in gate.problems for line in wrap(f"Strict: {problem}."))
    if not report.findings:
        yield "Nothing new."
        return
    yield f"{_new(report)}{_cured(report)}."
    if gate.file is None:
        yield "There is no baseline yet. To accept what is there today: --queryscope-update"


def _new(report: Report) -> str:
    return plural(len({finding.key for finding in report.findings}), "new finding")


def _cured(report: Report) -> str:
    """ ", cured by 34 changes": as many as are numbered, without budgets."""
    changes = [b for b in blocks(report.findings, report.round_trip_ms) if not b.is_budget]
    return f", cured by {plural(len(changes), 'change')}" if changes else ""


def closing(report: Report, *, updated: bool) -> str:
    """The last line of all: whether the run fails, and why."""
    gate = report.gate
    assert gate is not None, "a test run is told against its baseline"
    if updated:
        return "queryscope: the baseline is up to date"
    if report.findings:
        fails = "fails" if len({finding.key for finding in report.findings}) == 1 else "fail"
        return f"queryscope: {_new(report)} {fails} this run (exit status 1)"
    if gate.failing:
        return "queryscope: what --queryscope-strict counts fails this run (exit status 1)"
    if report.failing:
        return "queryscope: suppressions that do not hold fail this run (exit status 1)"
    return "queryscope: nothing new" if report.queries else "queryscope: nothing was recorded"


def _recorded(report: Report, collector: Collector) -> str:
    """Never green on nothing: what was looked at."""
    queries = collector.keeper.queries
    if not queries:
        return (
            "No query was recorded: no test made a request that reads the database, nor called "
            "the application's code to do so."
        )
    requests = sum(1 for endpoint in report.endpoints if endpoint.request is not None)
    calls = len(report.endpoints) - requests
    return (
        f"{plural(queries, 'query')} recorded, of {plural(requests, 'endpoint')} and "
        f"{plural(calls, 'function')} that tests call."
    )
