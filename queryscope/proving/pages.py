"""The requests of one endpoint: as it is, without half of the rows, with its fixes in place."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..core.detection import Detection
from ..core.events import Trace
from ..core.findings import Fix, Proof
from ..core.responses import Captured, Comparison, compare
from ..recording import Recording
from .spots import Spots, key_of
from .trial import Halved, Trial
from .trying import Part, halves_of, obstacle, parts_of, trial_of, was_met

#: Requests of an endpoint, as it is and changed, by how long one takes: until so many milliseconds.
_ROUNDS = ((100.0, 3), (1_000.0, 2))
#: Of the queries that are left without half of the rows, the share from which they do not grow.
_GROWS = 0.75
#: Responses of a request as it is that show what changes in them by itself.
_ENOUGH = 3
#: Detectors whose fix need not take queries away: it makes them lighter.
_LIGHTER = frozenset({"unused-eager-load", "over-fetch"})


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
class Verdict:
    """What became of a finding: ``proof``, or why there is none. ``fix`` is what is advised now,
    None for nothing; ``withdrawn`` is why the finding itself goes, ``refuted`` what was tried in
    vain and why, each a code and a sentence. ``saves`` is the number of queries that its own part
    of the fix takes away.
    """

    fix: Fix | None
    proof: Proof | None = None
    unproven: str = ""
    withdrawn: str = ""
    refuted: tuple[tuple[str, str], ...] = ()
    saves: int = 0


@dataclass(slots=True)
class Page:
    """The findings of one endpoint, and what its requests have shown so far."""

    name: str
    ask: Ask
    round_trip_ms: float
    unordered: bool
    detections: dict[int, Detection] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    parts: dict[int, Part] = field(default_factory=dict)
    as_it_is: list[Shown] = field(default_factory=list)
    spots: Spots | None = None
    #: Parts that other endpoints want of its querysets and that change its response.
    harmed_by: tuple[Part, ...] = ()

    @property
    def wanted(self) -> bool:
        """Whether any fix can be tried; what cannot is told so."""
        for index, detection in self.detections.items():
            finding = detection.finding
            self.verdicts[index] = Verdict(finding.fix, finding.proof, obstacle(detection))
        return bool(self._open())

    def _open(self) -> dict[int, Detection]:
        """The findings with a fix that is still to be tried."""
        return {
            index: detection
            for index, detection in self.detections.items()
            if (verdict := self.verdicts[index]).fix is not None
            and not (verdict.proof or verdict.unproven or verdict.withdrawn)
        }

    def judge(self) -> None:
        """Ask as it is, without half of the rows, and with each fix alone."""
        first = self._ask_as_it_is()
        if first.problem is not None:
            self._give_up(self._open(), f"asked again: {first.problem}")
            return
        self.spots = Spots(first.recording)
        unmet = {i: d for i, d in self._open().items() if not was_met(d, self.spots)}
        self._give_up(unmet, "asked again, the request did not run these queries")
        self._grow()
        for index, detection in self._open().items():
            self._try(index, detection)

    def _give_up(self, indexes: Iterable[int], reason: str) -> None:
        for index in indexes:
            fix = self.detections[index].finding.fix
            self.verdicts[index] = Verdict(fix, unproven=reason)

    def _ask_as_it_is(self) -> Shown:
        shown = self.ask(self.name, None)
        if shown.problem is None:
            self.as_it_is.append(shown)
        return shown

    def _grow(self) -> None:
        """Withdraw what asks as often for half of the rows."""
        assert self.spots is not None
        suspects: list[Detection] = [
            d for d in self._open().values() if d.need is not None and not d.finding.waiting
        ]
        for first in (0, 1):
            trial, concerned = halves_of(suspects, self.spots, Halved(first))
            if not concerned:
                return
            shown = self.ask(self.name, trial)
            if shown.problem is not None:
                return
            before = self.as_it_is[0].trace
            suspects = [d for d in concerned if not _shrinks(d, before, shown.trace)]
        for index, detection in self._open().items():
            if any(detection is suspect for suspect in suspects):
                count = _count(detection, self.as_it_is[0].trace)
                reason = f"half of the rows cause as many queries ({count}) as all of them"
                self.verdicts[index] = Verdict(detection.finding.fix, withdrawn=reason)

    def _try(self, index: int, detection: Detection) -> None:
        """Try the finding's fix, then what could be done in its place."""
        refuted: list[tuple[str, str]] = []
        for part in parts_of(detection):
            shown, reason = self._shown([part])
            if reason is not None:
                self.verdicts[index] = Verdict(detection.finding.fix, unproven=reason)
                return
            objection = self._objection([shown], [part])
            if objection is None:
                self.parts[index] = part
                proof = self._proof([shown])
                saves = proof.queries_before - proof.queries_after
                self.verdicts[index] = Verdict(part.fix, proof, refuted=tuple(refuted), saves=saves)
                return
            if shown.missed and not objection.harmful:
                reason = "what it loads could not be read in place of each query"
                self.verdicts[index] = Verdict(detection.finding.fix, unproven=reason)
                return
            if not objection.harmful and (reason := _excuse(detection)):
                self.verdicts[index] = Verdict(detection.finding.fix, unproven=reason)
                return
            refuted.append((part.fix.code, f"with it {objection.reason}"))
        self.verdicts[index] = Verdict(None, refuted=tuple(refuted))

    def _shown(
        self, parts: Sequence[Part], statements: tuple[str, ...] = ()
    ) -> tuple[Shown, str | None]:
        """The request with some parts in place, and why that says nothing of them."""
        assert self.spots is not None
        trial = trial_of(parts, self.spots, statements)
        shown = self.ask(self.name, trial)
        if trial.unfit:
            return shown, next(iter(trial.unfit.values()))
        if parts and not trial.met and shown.problem is None:
            return shown, "asked again, the request did not evaluate the queryset"
        if shown.problem is None and not self._same(shown).comparable:
            return shown, self._same(shown).reason
        return shown, None

    def _same(self, *shown: Shown) -> Comparison:
        """How responses compare; what changes by itself is seen in a second one as it is."""
        fixed = [each.response for each in shown if each.response is not None]
        loose = self.unordered or any(each.unordered for each in shown)
        found = compare(self._responses(), fixed, unordered=self.unordered)
        if not found.same and not (found.reordered and loose):
            found = self._compared_again(fixed)
        return replace(found, same=True) if found.reordered and loose else found

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

    def _objection(self, fixed: Sequence[Shown], parts: Sequence[Part]) -> _Objection | None:
        """What speaks against the parts that were in place."""
        if (failed := next((shown.problem for shown in fixed if shown.problem), None)) is not None:
            return _Objection(f"the request fails: {failed}", harmful=True)
        if not (same := self._same(*fixed)).same:
            return _Objection(same.reason, harmful=True)
        before, after = self._queries(), fixed[-1].trace.queries
        if after > before:
            return _Objection(f"there are {after:,} queries, {before:,} without")
        lighter = all(part.detection.finding.detector in _LIGHTER for part in parts)
        if after == before and not lighter:
            return _Objection(f"there are as many queries ({after:,})")
        if self._pays(fixed, fewer=before - after):
            return None
        fixed = [*fixed, *self._more(parts)]
        if self._pays(fixed, fewer=before - after):
            return None
        took, takes = _least(self.as_it_is), _least(fixed)
        return _Objection(f"the request takes no less time: {takes:,.1f} ms, {took:,.1f} without")

    def _pays(self, fixed: Sequence[Shown], *, fewer: int) -> bool:
        """Whether a visitor waits less, with the round trips of a network.

        Fewer queries are refuted only where each of the requests takes longer than any without:
        whatever else the machine does delays now this one and now that.
        """
        if not fewer:
            return _least(fixed) < _least(self.as_it_is)
        slowest = max(shown.trace.duration_ms for shown in self.as_it_is)
        return _least(fixed) - fewer * self.round_trip_ms < slowest

    def _more(self, parts: Sequence[Part]) -> list[Shown]:
        """Two more requests each way, where one of each could be chance."""
        found = []
        for _ in range(2):
            self._ask_as_it_is()
            found.append(self._shown(parts)[0])
        return [shown for shown in found if shown.problem is None]

    def _queries(self) -> int:
        return self.as_it_is[0].trace.queries

    def _duration_ms(self) -> float:
        return statistics.median(shown.trace.duration_ms for shown in self.as_it_is)

    def _proof(self, fixed: Sequence[Shown]) -> Proof:
        responses = [shown.response for shown in fixed if shown.response is not None]
        strictly = compare(self._responses(), responses, unordered=self.unordered)
        return Proof(
            queries_before=self._queries(),
            queries_after=fixed[-1].trace.queries,
            duration_ms_before=self._duration_ms(),
            duration_ms_after=statistics.median(shown.trace.duration_ms for shown in fixed),
            cost_before=None,
            cost_after=None,
            same_response=True,
            method="rerun",
            reordered=not strictly.same,
        )

    def together(self, accepted: Sequence[Part], statements: tuple[str, ...]) -> Proof | None:
        """All that was proven here at once, each queryset with what other endpoints need of it.

        None where what was proven one by one does not hold together: then none of it is advised.
        """
        if self.spots is None and (first := self._ask_as_it_is()).problem is None:
            self.spots = Spots(first.recording)
        if self.spots is None:
            return None
        own = tuple(self.parts.values())
        querysets = {part.queryset for part in own}
        parts = tuple(part for part in accepted if part.queryset in querysets)
        fixed, objection = self._repeated(parts, statements)
        if objection is not None and own and (statements or len(parts) > len(own)):
            foreign = objection
            fixed, objection = self._repeated(own)
            if objection is None and foreign.harmful:
                self.harmed_by = tuple(part for part in parts if part not in own)
        if objection is None:
            proof = self._proof(fixed)
            self._tell_querysets(proof, alone=not statements)
            return proof
        for index, part in self.parts.items():
            told = (part.fix.code, f"together with the others of the page {objection.reason}")
            self.verdicts[index] = Verdict(None, refuted=(told,))
        self.parts.clear()
        return None

    def _tell_querysets(self, whole: Proof, *, alone: bool) -> None:
        """Findings of one queryset share a fix: their figures are those of all of it."""
        for queryset in {part.queryset for part in self.parts.values()}:
            members = {i: part for i, part in self.parts.items() if part.queryset == queryset}
            proof: Proof | None = None
            if alone and len(members) == len(self.parts):
                proof = whole
            else:
                proof = self._figures(tuple(members.values()))
            if proof is not None:
                for index in members:
                    self.verdicts[index] = replace(self.verdicts[index], proof=proof)

    def _figures(self, parts: Sequence[Part]) -> Proof | None:
        """What the parts bring, of requests enough to outlast chance; None where one fails."""
        fixed = []
        for _ in range(_rounds(self._duration_ms())):
            shown, reason = self._shown(parts)
            if reason is not None or shown.problem is not None:
                return None
            fixed.append(shown)
        return self._proof(fixed)

    def spare(self, other: Page) -> None:
        """Advise nothing that changes the response of another endpoint."""
        for index, part in list(self.parts.items()):
            if any(part is harmful for harmful in other.harmed_by):
                told = (part.fix.code, f"with it the response of {other.name} is another")
                self.verdicts[index] = Verdict(None, refuted=(told,))
                del self.parts[index]

    def _repeated(
        self, parts: Sequence[Part], statements: tuple[str, ...] = ()
    ) -> tuple[list[Shown], _Objection | None]:
        """The request as it is and changed, in turns, and what speaks against the changes."""
        fixed: list[Shown] = []
        for number in range(_rounds(self._duration_ms())):
            if number or len(self.as_it_is) == 1:
                self._ask_as_it_is()
            shown, reason = self._shown(parts, statements)
            if reason is not None:
                return fixed, _Objection(reason, harmful=True)
            fixed.append(shown)
        return fixed, self._objection(fixed, parts)


@dataclass(frozen=True, slots=True)
class _Objection:
    """What speaks against a change; ``harmful`` where the response is another or none."""

    reason: str
    harmful: bool = False


def _excuse(detection: Detection) -> str:
    """Why nothing may be gained here although the fix is right."""
    if detection.finding.waiting:
        return "there is one row now: more rows would show it"
    if detection.finding.detector in _LIGHTER:
        return "so near to the database no time is gained that could be measured"
    return ""


def _least(shown: Sequence[Shown]) -> float:
    return min(each.trace.duration_ms for each in shown)


def _rounds(duration_ms: float) -> int:
    return next((rounds for limit, rounds in _ROUNDS if duration_ms < limit), 1)


def _shrinks(detection: Detection, before: Trace, after: Trace) -> bool:
    return _count(detection, after) <= _GROWS * _count(detection, before)


def _count(detection: Detection, trace: Trace) -> int:
    """The queries of a finding in another trace of its endpoint."""
    assert detection.trace is not None
    groups = [detection.trace.groups[index] for index in detection.groups]
    keys = {key_of(group) for group in groups}
    return sum(group.count for group in trace.groups if key_of(group) in keys)
