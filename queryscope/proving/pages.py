"""The findings of one endpoint: what its requests, as it is and changed, make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..core.detection import Detection
from ..core.events import Trace
from ..core.findings import Fix, Proof
from .runs import LIGHTER, Runs
from .spots import Spots, key_of
from .trial import Halved
from .trying import Part, halves_of, obstacle, parts_of, was_met

#: Of the queries that are left without half of the rows, the share from which they do not grow.
_GROWS = 0.75


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

    runs: Runs
    detections: dict[int, Detection] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    parts: dict[int, Part] = field(default_factory=dict)
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
        if (problem := self.runs.begin()) is not None:
            self._give_up(self._open(), f"asked again: {problem}")
            return
        assert self.runs.spots is not None
        spots = self.runs.spots
        unmet = {i: d for i, d in self._open().items() if not was_met(d, spots)}
        self._give_up(unmet, "asked again, the request did not run these queries")
        self._grow(spots)
        for index, detection in self._open().items():
            self._try(index, detection)

    def _give_up(self, indexes: Iterable[int], reason: str) -> None:
        for index in indexes:
            fix = self.detections[index].finding.fix
            self.verdicts[index] = Verdict(fix, unproven=reason)

    def _grow(self, spots: Spots) -> None:
        """Withdraw what asks as often for half of the rows."""
        suspects: list[Detection] = [
            d for d in self._open().values() if d.need is not None and not d.finding.waiting
        ]
        for first in (0, 1):
            trial, concerned = halves_of(suspects, spots, Halved(first))
            if not concerned:
                return
            shown = self.runs.ask(self.runs.name, trial)
            if shown.problem is not None:
                return
            before = self.runs.as_it_is[0].trace
            suspects = [d for d in concerned if not _shrinks(d, before, shown.trace)]
        for index, detection in self._open().items():
            if any(detection is suspect for suspect in suspects):
                count = _count(detection, self.runs.as_it_is[0].trace)
                reason = f"half of the rows cause as many queries ({count}) as all of them"
                self.verdicts[index] = Verdict(detection.finding.fix, withdrawn=reason)

    def _try(self, index: int, detection: Detection) -> None:
        """Try the finding's fix, then what could be done in its place."""
        refuted: list[tuple[str, str]] = []
        for part in parts_of(detection):
            shown, reason = self.runs.changed([part])
            if reason is not None:
                self.verdicts[index] = Verdict(detection.finding.fix, unproven=reason)
                return
            objection = self.runs.objection([shown], [part])
            if objection is None:
                self.parts[index] = part
                proof = self.runs.proof([shown])
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

    def together(self, accepted: Sequence[Part], statements: tuple[str, ...]) -> Proof | None:
        """All that was proven here at once, each queryset with what other endpoints need of it.

        None where that is not known, or the response is another: then none of it is advised.
        """
        if self.runs.begin() is not None:
            return None
        own = tuple(self.parts.values())
        querysets = {part.queryset for part in own}
        parts = tuple(part for part in accepted if part.queryset in querysets)
        fixed, objection = self.runs.repeated(parts, statements)
        if objection is not None and own and (statements or len(parts) > len(own)):
            foreign = objection
            fixed, objection = self.runs.repeated(own)
            if objection is None and foreign.harmful:
                self.harmed_by = tuple(part for part in parts if part not in own)
        if objection is None:
            proof = self.runs.proof(fixed)
            self._tell_querysets(proof, alone=not statements)
            return proof
        if objection.harmful:
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
                proof = self.runs.figures(tuple(members.values()))
            if proof is not None:
                for index in members:
                    self.verdicts[index] = replace(self.verdicts[index], proof=proof)

    def spare(self, other: Page) -> None:
        """Advise nothing that changes the response of another endpoint."""
        for index, part in list(self.parts.items()):
            if any(part is harmful for harmful in other.harmed_by):
                told = (part.fix.code, f"with it the response of {other.runs.name} is another")
                self.verdicts[index] = Verdict(None, refuted=(told,))
                del self.parts[index]


def _excuse(detection: Detection) -> str:
    """Why nothing may be gained here although the fix is right."""
    if detection.finding.waiting:
        return "there is one row now: more rows would show it"
    if detection.finding.detector in LIGHTER:
        return "so near to the database no time is gained that could be measured"
    return ""


def _shrinks(detection: Detection, before: Trace, after: Trace) -> bool:
    return _count(detection, after) <= _GROWS * _count(detection, before)


def _count(detection: Detection, trace: Trace) -> int:
    """The queries of a finding in another trace of its endpoint."""
    assert detection.trace is not None
    groups = [detection.trace.groups[index] for index in detection.groups]
    keys = {key_of(group) for group in groups}
    return sum(group.count for group in trace.groups if key_of(group) in keys)
