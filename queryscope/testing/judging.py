"""From what a test run kept to a report: what counts, and which tests showed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from ..conf import Settings
from ..core.detection import detect
from ..core.findings import Finding, Report
from ..core.sightings import Location
from ..inspection import inspect, options_of
from .keeping import Keeper, Kept
from .test_code import TestCode

#: Where a finding is: the same for all tests that show it.
Spot = tuple[str, str, Location | None, Location | None]
#: "whole" when all tests ran and passed; "skipping" when some of them were left out by themselves;
#: "chosen" when others were left out, or failed.
Coverage = Literal["whole", "skipping", "chosen"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A run's report; ``tests`` are up to three that showed each finding.

    ``given`` are the places of N+1s that do not count, over rows that tests handed to the
    application: where they are read.
    """

    report: Report
    tests: dict[Spot, tuple[str, ...]]
    given: frozenset[tuple[str, int]] = frozenset()

    def tests_of(self, finding: Finding) -> tuple[str, ...]:
        return self.tests.get(spot(finding), ())


@dataclass(slots=True)
class _Seen:
    """``shown``: for each finding the traces that show it and count, none for one that does not.

    ``hidden`` are keys of what was shown by tests that allow it.
    """

    shown: dict[Spot, list[Kept]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    given: set[tuple[str, int]] = field(default_factory=set)

    def add(self, finding: Finding, kept: Kept, code: TestCode) -> None:
        counted = self.shown.setdefault(spot(finding), [])
        if _is_given(finding, kept, code):
            place = finding.location or finding.origin
            if place is not None and finding.count > 1:
                self.given.add((place.file, place.line))
        elif finding.detector in kept.allowed:
            self.hidden.add(finding.key)
        elif kept.kind == "request" or finding.detector != "query-budget":
            counted.append(kept)


def judge(keeper: Keeper, code: TestCode, settings: Settings, coverage: Coverage) -> Judgement:
    """Everything kept, judged together. Raises ImproperlyConfigured for wrong settings."""
    counting = list(keeper)
    # No plans: the tests' database is gone, and its times say nothing.
    report = inspect(*(kept.trace for kept in counting), settings=settings, plans={})
    seen = _Seen()
    for kept in counting:
        for finding in detect([kept.trace], options_of(settings)):
            seen.add(finding, kept, code)
    tests = {}
    for finding in report.findings:
        # Some are seen in all of an endpoint's requests together only: its median time.
        of_endpoint = [kept for kept in counting if kept.trace.name == finding.endpoint]
        if found := seen.shown.get(spot(finding), [k for k in of_endpoint if k.kind == "request"]):
            tests[spot(finding)] = _tests(found)
    report = replace(
        report,
        findings=tuple(finding for finding in report.findings if spot(finding) in tests),
        notes=(*report.notes, *_notes(keeper)),
        run="tests",
        whole=coverage == "whole",
        # What had no room was not judged.
        chosen=coverage == "chosen" or keeper.left_out > 0,
        hidden=tuple(sorted(seen.hidden)),
    )
    return Judgement(report, tests, frozenset(seen.given))


def spot(finding: Finding) -> Spot:
    return finding.endpoint, finding.key, finding.location, finding.origin


def _is_given(finding: Finding, kept: Kept, code: TestCode) -> bool:
    """Whether a call of the application is not the cause, but what a test made or gave it."""
    if kept.kind != "call":
        return False
    places = [place for place in (finding.location, finding.origin) if place is not None]
    if any(code.holds(place.file) for place in places):
        return True
    # Rows that nobody saw being loaded are those that the test has made or loaded itself.
    return finding.detector == "n-plus-one" and finding.confidence == "likely"


def _tests(kept: Iterable[Kept]) -> tuple[str, ...]:
    return tuple(sorted({test for each in kept for test in each.tests})[:3])


def _notes(keeper: Keeper) -> tuple[str, ...]:
    if not keeper.left_out:
        return ()
    return (f"{keeper.left_out:,} recordings beyond the limits of memory were only counted",)
