"""Plans for an audit: asked for while the request's own transaction still shows what it wrote."""

from __future__ import annotations

import heapq

from ..core.explained import Choice, Explained, Key, chosen, key
from ..core.workload import WorkloadQuery
from ..recording import Recording, report_once

#: Queries that are explained for their total time, however fast each run is.
TOP = 10
#: A run that is slower by less shows nothing new.
_SLOWER = 1.5


class Plans:
    """Plans of the queries of one alias that are slow, or take the most time in all requests."""

    def __init__(self, alias: str, slow_ms: float, top: int = TOP) -> None:
        self.found: dict[Key, Explained] = {}
        self._alias = alias
        self._slow_ms = slow_ms
        self._top = top
        self._totals: dict[Key, float] = {}

    def look(self, recording: Recording) -> None:
        """Ask for those that a request gave a reason for. A fault in here is logged once."""
        try:
            self._look(recording)
        except Exception as error:  # of ours: it is not the endpoint that failed
            report_once(error)

    def _look(self, recording: Recording) -> None:
        from ..explaining import explained

        queries = [q for q in recording.workload.queries if q.database == self._alias]
        for query in queries:
            self._totals[key(query)] = self._totals.get(key(query), 0.0) + (query.total_ms or 0.0)
        dearest = set(heapq.nlargest(self._top, self._totals, key=self._totals.__getitem__))
        slow = chosen(queries, Choice(self._slow_ms))
        top = chosen((q for q in queries if key(q) in dearest), Choice(self._slow_ms, self._top))
        wanted = {key(query): query for query in (*slow, *top)}
        self.found.update(explained(q for q in wanted.values() if self._is_news(q)))

    def _is_news(self, query: WorkloadQuery) -> bool:
        known = self.found.get(key(query))
        if known is None:
            return True
        before = known.query.samples[0].duration_ms or 0.0
        return (query.samples[0].duration_ms or 0.0) > _SLOWER * before
