"""A request that shows what it reads of the rows it loads."""

from __future__ import annotations

import gc
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace

from ..building import Site
from ..core.events import Trace
from ..recording import Recording
from .requests import Answer, Requester

#: Bytes in unread columns from which it matters whether the rows live on.
_MUCH = 10_000


@dataclass(frozen=True, slots=True)
class Watched:
    """An answer, what its request was seen to read, and whether it was authenticated by force.

    ``built`` is where its querysets were seen being built; see ``Recording.adopt``.
    """

    answer: Answer
    trace: Trace
    force: bool
    built: Mapping[Hashable, Site] = field(default_factory=dict)


def watched(
    requester: Requester, method: str, url: str, name: str, *, force: bool = False
) -> Watched:
    """One request, watched. Where that fails it is sent again as it is, for watching adds a frame
    to each read of an attribute, and time.
    """
    answer = requester.send(method, url, name, force=force, reads=True)
    trace, built = answer.trace, answer.recording.built
    if answer.problem or not answer.whole:
        trace = _unknown(trace, range(len(trace.sources)))
    else:
        trace = _without_kept(trace, answer.recording)
    if answer.status is None or answer.status >= 500:
        answer = requester.send(method, url, name, force=force)
    return Watched(answer, trace, force, built)


def measured(requester: Requester, method: str, url: str, name: str, first: Watched) -> Answer:
    """The same request as it runs when nobody watches, with what the watched one showed."""
    answer = requester.send(method, url, name, force=first.force)
    answer.recording.adopt(first.built)
    return replace(answer, trace=answer.recording.trace)


def _without_kept(trace: Trace, recording: Recording) -> Trace:
    """The trace without judgement on rows that outlive their request.

    A cache in memory has kept them, and a later request may read what this one did not.
    """
    doubted = _doubted(trace)
    if not doubted & recording.outliving:
        return trace
    gc.collect()  # Responses and requests refer to one another.
    return _unknown(trace, doubted & recording.outliving)


def _doubted(trace: Trace) -> frozenset[int]:
    """Sources of which something seems to be loaded in vain."""
    found = set()
    for source in trace.sources:
        above = trace.sources[source.parent] if source.parent is not None else None
        name = source.relation.name if source.relation is not None else None
        if above is not None and above.usage is not None and name not in above.usage.touched:
            found.add(above.index)
        if source.usage is not None and sum(source.usage.unread.values()) > _MUCH:
            found.add(source.index)
    return frozenset(found)


def _unknown(trace: Trace, indexes: Collection[int]) -> Trace:
    kept = (replace(s, usage=None) if s.index in indexes else s for s in trace.sources)
    return replace(trace, sources=tuple(kept))
