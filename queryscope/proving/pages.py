"""The findings of one endpoint: what its requests, as it is and changed, make of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..core.detection import Detection
from ..core.events import Trace
from ..core.repairs import Fix, Proof
from .runs import LIGHTER, Objection, Runs
from .spots import Spots, key_of
from .trial import Halved
from .trying import (
    Part,
    caused,
    groups_in,
    halves_of,
    obstacle,
    origin_keys,
    parts_of,
    queries_of,
    was_met,
)

#: Of the queries that are left without half of the rows, the share from which they do not grow.
_GROWS = 0.75
_UNMEASURED = "so near to the database no time is gained that could be measured"


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
    #: What was recorded of it at first.
    seen: list[Trace] = field(default_factory=list)
    #: Parts that other endpoints want of its querysets and that change its response.
    harmed_by: tuple[Part, ...] = ()

    def begin(self) -> bool:
        """Say why of each fix that cannot be tried; whether any can."""
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
            suspects = [
                d
                for d in concerned
                if not (_shrinks(d, before, shown.trace) or _is_told_once(d, before, shown.trace))
            ]
        for index, detection in self._open().items():
            if any(detection is suspect for suspect in suspects):
                count = queries_of(detection, self.runs.as_it_is[0].trace)
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
            if not objection.harmful and (reason := _excuse(detection, objection)):
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
        foreign = self._shared(accepted)
        fixed, objection = self.runs.repeated((*own, *foreign), statements)
        if objection is not None and own and (statements or foreign):
            harmful = objection.harmful
            fixed, objection = self.runs.repeated(own)
            if objection is None and harmful:
                self.harmed_by = self._harmful(own, foreign)
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

    def bear(self, accepted: Sequence[Part]) -> None:
        """Try what other endpoints need, where nothing is advised."""
        foreign = self._shared(accepted)
        if foreign and self.runs.begin() is None and self._harms(foreign):
            self.harmed_by = self._harmful((), foreign)

    def _shared(self, accepted: Sequence[Part]) -> tuple[Part, ...]:
        """What other endpoints need of querysets that this one evaluates, too."""
        querysets = {part.queryset for part in self.parts.values()}
        known = {key_of(group) for trace in self.seen for group in trace.groups}
        return tuple(
            part
            for part in accepted
            if not any(part is own for own in self.parts.values())
            and (part.queryset in querysets or known & set(origin_keys(part.detection)))
        )

    def _harmful(self, own: Sequence[Part], foreign: tuple[Part, ...]) -> tuple[Part, ...]:
        """Those that change the response; all of them where none does alone."""
        if len(foreign) < 2:
            return foreign
        return tuple(part for part in foreign if self._harms((*own, part))) or foreign

    def _harms(self, parts: Sequence[Part]) -> bool:
        shown, reason = self.runs.changed(parts)
        objection = self.runs.objection([shown], parts) if reason is None else None
        return objection is not None and objection.harmful

    def _tell_querysets(self, whole: Proof, *, alone: bool) -> None:
        """Findings of one queryset share a fix: their figures are those of all of it."""
        for queryset in {part.queryset for part in self.parts.values()}:
            members = {i: part for i, part in self.parts.items() if part.queryset == queryset}
            proof: Proof | None = None
            if alone and len(members) == len(self.parts):
                proof = whole
            else:
                proof = self.runs.figures(tuple(members.values()))
            if proof is None:
                continue
            for index in members:
                verdict = replace(self.verdicts[index], proof=proof)
                if self.detections[index].finding.detector in LIGHTER and not _is_lighter(proof):
                    verdict = replace(verdict, proof=None, unproven=_UNMEASURED)
                self.verdicts[index] = verdict

    def spare(self, other: Page) -> bool:
        """Advise nothing that changes the response of another endpoint; whether any is dropped."""
        before = len(self.parts)
        for index, part in list(self.parts.items()):
            if any(part is harmful for harmful in other.harmed_by):
                told = (part.fix.code, f"with it the response of {other.runs.name} is another")
                self.verdicts[index] = Verdict(None, refuted=(told,))
                del self.parts[index]
        return len(self.parts) < before


def _is_lighter(proof: Proof) -> bool:
    """Whether the figures that are shown bear out what they are to prove."""
    if proof.queries_after < proof.queries_before:
        return True
    return proof.duration_ms_after < proof.duration_ms_before


def _excuse(detection: Detection, objection: Objection) -> str:
    """Why nothing may be gained here although the fix is right."""
    if objection.doubtful:
        return objection.reason
    if detection.finding.waiting:
        return "there is one row now: more rows would show it"
    if detection.finding.detector in LIGHTER and objection.slow:
        return _UNMEASURED
    return ""


def _shrinks(detection: Detection, before: Trace, after: Trace) -> bool:
    return caused(detection, after) <= _GROWS * caused(detection, before)


def _is_told_once(detection: Detection, before: Trace, after: Trace) -> bool:
    """Whether half of the rows ask for some of the very same things, each once: what rows share is
    kept meanwhile, or stands above them. That says nothing of how it grows.
    """
    asked = _asked(detection, before)
    return set(asked.values()) == {1} and _asked(detection, after) <= asked


def _asked(detection: Detection, trace: Trace) -> Counter[int]:
    found: Counter[int] = Counter()
    for group in groups_in(detection, trace):
        found.update(group.repeats)
    return found
