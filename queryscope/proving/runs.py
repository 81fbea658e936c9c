"""One request, sent as it is and with changes, and what the answers say of these."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..core.events import Trace
from ..core.repairs import Proof
from ..core.responses import Captured, Comparison, compare
from ..recording import Recording
from .spots import Spots
from .trial import Trial
from .trying import Part, queries_of, tables_of, trial_of
from .writes import compare_writes

#: Requests of an endpoint, as it is and changed, by how long one takes: until so many milliseconds.
_ROUNDS = ((100.0, 3),)
#: With one response alone, what is a time in it is taken for the time of the request.
_LEAST = 2
#: How much longer a request with fewer queries takes when that is no work of something else.
_MUCH_LONGER = 3.0
#: Responses of a request as it is that show what changes in them by itself.
_ENOUGH = 3
#: Detectors whose fix need not take queries away: it makes them lighter.
LIGHTER = frozenset({"unused-eager-load", "over-fetch"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What one request showed; ``problem`` is why it cannot be judged, or None. ``unordered`` tells
    that no query says in which order some of its rows are, ``missed`` that an object did not have
    what was to be read of it.
    """

    recording: Recording
    trace: Trace
    response: Captured | None
    problem: str | None = None
    unordered: bool = False
    missed: bool = False


class Ask(Protocol):
    """Sends the request of an endpoint, with a trial in place or as it is."""

    def __call__(self, endpoint: str, trial: Trial | None) -> Shown: ...


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a change; ``harmful`` where the response is another or none, ``doubtful``
    where the requests say nothing of it, ``slow`` where no more than that it takes as long.
    """

    reason: str
    harmful: bool = False
    doubtful: bool = False
    slow: bool = False


@dataclass(slots=True)
class Runs:
    """The requests of one endpoint so far; ``as_it_is`` are those without any change."""

    name: str
    ask: Ask
    round_trip_ms: float
    unordered: bool
    as_it_is: list[Shown] = field(default_factory=list)
    spots: Spots | None = None

    def begin(self) -> str | None:
        """Ask as it is, for all that follows; why that cannot be judged, or None."""
        if self.spots is None:
            first = self._ask_as_it_is()
            if first.problem is not None:
                return first.problem
            self.spots = Spots(first.recording)
        return None

    def _ask_as_it_is(self) -> Shown:
        shown = self.ask(self.name, None)
        if shown.problem is None:
            self.as_it_is.append(shown)
        return shown

    def changed(
        self, parts: Sequence[Part], statements: tuple[str, ...] = ()
    ) -> tuple[Shown, str | None]:
        """The request with some parts in place, and why that says nothing of them."""
        assert self.spots is not None
        trial = trial_of(parts, self.spots, statements)
        shown = self.ask(self.name, trial)
        if trial.failed and shown.problem is None:
            shown = replace(shown, problem=f"the changed queryset raises {trial.failed}")
        if trial.unfit:
            return shown, next(iter(trial.unfit.values()))
        if parts and not trial.met and shown.problem is None:
            return shown, "asked again, the request did not evaluate the queryset"
        if shown.problem is None and not (same := self._same(shown)).comparable:
            return shown, same.reason
        if shown.problem is None and not (writes := self._writes([shown], parts)).comparable:
            return shown, writes.reason
        return shown, None

    def _same(self, *shown: Shown) -> Comparison:
        """How responses compare; what changes by itself is seen in a second one as it is."""
        fixed = [each.response for each in shown if each.response is not None]
        loose = self.unordered or any(each.unordered for each in shown)
        found = compare(self._responses(), fixed, unordered=self.unordered)
        if not found.same and loose and compare(self._responses(), fixed, unordered=True).same:
            return replace(found, same=True, reordered=True)
        return found if found.same else self._compared_again(fixed)

    def _compared_again(self, fixed: Sequence[Captured]) -> Comparison:
        """With more responses of the request as it is: a difference counts only where these do
        not differ alike.
        """
        for _ in range(max(1, _ENOUGH - len(self.as_it_is))):
            self._ask_as_it_is()
        *others, last = self._responses()
        found = compare([*others, last], fixed, unordered=self.unordered)
        if found.same or not others or compare(others, [last], unordered=self.unordered).same:
            return found
        reason = "the response differs from one request to the next"
        return Comparison(same=False, comparable=False, reason=reason)

    def _responses(self) -> list[Captured]:
        return [each.response for each in self.as_it_is if each.response is not None]

    def objection(
        self, fixed: Sequence[Shown], parts: Sequence[Part], statements: tuple[str, ...] = ()
    ) -> Objection | None:
        """What speaks against the parts that were in place."""
        if (failed := next((shown.problem for shown in fixed if shown.problem), None)) is not None:
            return Objection(f"the request fails: {failed}", harmful=True)
        same = self._same(*fixed)
        if not same.comparable:
            return Objection(same.reason, doubtful=True)
        if not same.same:
            return Objection(same.reason, harmful=True)
        if not (writes := self._writes(fixed, parts)).same:
            return Objection(writes.reason, harmful=True)
        if (stays := self._stays(fixed, parts)) is not None:
            return stays
        before, after = self._queries(), _most(fixed)
        if after > before:
            return Objection(f"there are {after:,} queries, {before:,} without")
        lighter = all(part.detection.finding.detector in LIGHTER for part in parts)
        if after == before and not lighter:
            return Objection(f"there are as many queries ({after:,})")
        if self._pays(fixed, fewer=before - after):
            return None
        fixed = [*fixed, *self._more(parts, statements)]
        if self._pays(fixed, fewer=before - after):
            return None
        took, takes = _least(self.as_it_is), _least(fixed)
        reason = f"the request takes no less time: {takes:,.1f} ms, {took:,.1f} without"
        doubtful = after < before and takes < _MUCH_LONGER * took
        return Objection(reason, doubtful=doubtful, slow=True)

    def _pays(self, fixed: Sequence[Shown], *, fewer: int) -> bool:
        """Whether a visitor waits less, with the round trips of a network.

        Fewer queries are refuted only where each of the requests takes longer than any without:
        whatever else the machine does delays now this one and now that.
        """
        if not fewer:
            return _least(fixed) < _least(self.as_it_is)
        slowest = max(shown.trace.duration_ms for shown in self.as_it_is)
        return _least(fixed) - fewer * self.round_trip_ms < slowest

    def _more(self, parts: Sequence[Part], statements: tuple[str, ...]) -> list[Shown]:
        """Two more requests each way, where one of each could be chance."""
        found = []
        for _ in range(2):
            self._ask_as_it_is()
            found.append(self.changed(parts, statements)[0])
        return [shown for shown in found if shown.problem is None]

    def _writes(self, fixed: Sequence[Shown], parts: Sequence[Part]) -> Comparison:
        """How what is written compares, in whichever database."""
        read = frozenset(table for part in parts for table in tables_of(part.detection))
        news = [shown.recording.trace for shown in fixed]
        found = compare_writes([shown.recording.trace for shown in self.as_it_is], news, read)
        if not found.same and len(self.as_it_is) == 1:
            self._ask_as_it_is()
            found = compare_writes([shown.recording.trace for shown in self.as_it_is], news, read)
        return found

    def _stays(self, fixed: Sequence[Shown], parts: Sequence[Part]) -> Objection | None:
        """Fewer queries may be chance where those that a finding is about stay."""
        for detection in (part.detection for part in parts if part.detection.need is not None):
            before = min(queries_of(detection, shown.trace) for shown in self.as_it_is)
            after = max(queries_of(detection, shown.trace) for shown in fixed)
            if after >= before > 0:
                return Objection(f"these queries stay as many ({after:,})")
        return None

    def _queries(self) -> int:
        """Where a request asks now more and now less: the least that it asks as it is."""
        return min(shown.trace.queries for shown in self.as_it_is)

    def _duration_ms(self) -> float:
        return statistics.median(shown.trace.duration_ms for shown in self.as_it_is)

    def proof(self, fixed: Sequence[Shown]) -> Proof:
        responses = [shown.response for shown in fixed if shown.response is not None]
        strictly = compare(self._responses(), responses, unordered=self.unordered)
        return Proof(
            queries_before=self._queries(),
            queries_after=_most(fixed),
            duration_ms_before=self._duration_ms(),
            duration_ms_after=statistics.median(shown.trace.duration_ms for shown in fixed),
            cost_before=None,
            cost_after=None,
            same_response=True,
            method="rerun",
            reordered=not strictly.same,
        )

    def figures(self, parts: Sequence[Part]) -> Proof | None:
        """What the parts bring, of requests enough to outlast chance; None where one fails."""
        fixed = []
        for _ in range(_rounds(self._duration_ms())):
            shown, reason = self.changed(parts)
            if reason is not None or shown.problem is not None:
                return None
            fixed.append(shown)
        return self.proof(fixed)

    def repeated(
        self, parts: Sequence[Part], statements: tuple[str, ...] = ()
    ) -> tuple[list[Shown], Objection | None]:
        """The request as it is and changed, in turns, and what speaks against the changes."""
        fixed: list[Shown] = []
        for number in range(_rounds(self._duration_ms())):
            if number or len(self.as_it_is) == 1:
                self._ask_as_it_is()
            shown, reason = self.changed(parts, statements)
            if reason is not None:
                return fixed, Objection(reason, doubtful=True)
            fixed.append(shown)
        return fixed, self.objection(fixed, parts, statements)


def _most(shown: Sequence[Shown]) -> int:
    return max(each.trace.queries for each in shown)


def _least(shown: Sequence[Shown]) -> float:
    return min(each.trace.duration_ms for each in shown)


def _rounds(duration_ms: float) -> int:
    return next((rounds for limit, rounds in _ROUNDS if duration_ms < limit), _LEAST)
