"""Runs a request again with the fixes of its findings in place, and says what that shows.

The same request is sent as it is and changed, in turns. A fix is proven when the response stays the
same and the queries become fewer; refuted when the response differs, the request fails, or nothing
is gained; and not provable here when it cannot be put in place. A finding whose queries stay as
many without half of the rows that are said to multiply them is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from .core.detection import Detection
from .core.events import Trace
from .core.repairs import Proof
from .proving.pages import Page, Verdict
from .proving.runs import Ask, Runs
from .proving.trying import Part


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict for each detection, in their order, and a proof for each endpoint that has one."""

    verdicts: tuple[Verdict, ...]
    endpoints: Mapping[str, Proof]


def prove(
    detections: Sequence[Detection],
    ask: Ask,
    *,
    round_trip_ms: float,
    traces: Sequence[Trace] = (),
    indexes: Mapping[str, tuple[str, ...]] | None = None,
    is_unordered: Callable[[str], bool] = lambda endpoint: False,
    step: Callable[[str], None] = lambda endpoint: None,
) -> Told:
    """Try the fixes of findings, each alone and then all of an endpoint at once.

    ``traces`` are those of all endpoints that can be asked: what is advised must not change the
    response of another. ``indexes`` are statements that create the indexes advised for an endpoint,
    to be there when all is tried at once; ``is_unordered`` tells endpoints whose rows have no
    order. ``step`` is told each endpoint before its requests are sent.
    """
    pages: dict[str, Page] = {}
    for index, detection in enumerate(detections):
        name = detection.finding.endpoint
        if name not in pages:
            pages[name] = Page(Runs(name, ask, round_trip_ms, is_unordered(name)))
        pages[name].detections[index] = detection
    for name, page in pages.items():
        if page.begin():
            step(name)
            page.judge()
    for trace in traces:
        if trace.name not in pages:
            pages[trace.name] = Page(Runs(trace.name, ask, round_trip_ms, is_unordered(trace.name)))
        pages[trace.name].seen.append(trace)
    proofs = _together(pages, indexes or {}, step)
    verdicts = {index: v for page in pages.values() for index, v in page.verdicts.items()}
    parts = {index: part for page in pages.values() for index, part in page.parts.items()}
    told = (_whole(verdicts[i], each, parts.get(i), parts) for i, each in enumerate(detections))
    return Told(tuple(told), proofs)


def _together(
    pages: Mapping[str, Page],
    indexes: Mapping[str, tuple[str, ...]],
    step: Callable[[str], None],
) -> dict[str, Proof]:
    """The proofs of endpoints, once nothing is left that changes the response of any."""
    proofs: dict[str, Proof] = {}
    left = list(pages)
    while left:
        accepted = [part for page in pages.values() for part in page.parts.values()]
        for name in left:
            page, statements = pages[name], indexes.get(name, ())
            step(name)
            if page.parts or statements:
                proof = page.together(accepted, statements)
                proofs |= {name: proof} if proof is not None else {}
            else:
                page.bear(accepted)
        harmed = [page for page in pages.values() if page.harmed_by]
        # All of them: each drops other parts.
        left = [name for name in pages if sum(pages[name].spare(other) for other in harmed)]
        proofs = {name: proof for name, proof in proofs.items() if name not in left}
        for page in harmed:
            page.harmed_by = ()
    return proofs


def _whole(
    verdict: Verdict, detection: Detection, part: Part | None, proven: Mapping[int, Part]
) -> Verdict:
    """The verdict with all that was proven of its queryset in one piece of code."""
    if verdict.fix is None or detection.need is None:
        return verdict
    if part is None:
        part = Part(detection, verdict.fix, detection.need.remedy)
        return replace(verdict, fix=part.joined([*proven.values(), part]))
    return replace(verdict, fix=part.joined(proven.values()))
