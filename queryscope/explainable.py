"""Queries with their values, for as long as somebody may ask for their plans: in this process."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

from .core.workload import WorkloadQuery

#: What 25 pages show, which is what the debug toolbar remembers, at 10 queries each.
MAX_QUERIES = 250


class Explainable:
    """Gives a token for a query, and the query for the token; the oldest go when there are many.

    A token cannot be guessed. Whoever has it learns a plan, and no values.
    """

    def __init__(self, size: int = MAX_QUERIES) -> None:
        self._size = size
        self._queries: OrderedDict[str, WorkloadQuery] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, query: WorkloadQuery) -> str:
        """Its token."""
        token = secrets.token_urlsafe(16)
        with self._lock:
            self._queries[token] = query
            while len(self._queries) > self._size:
                self._queries.popitem(last=False)
        return token

    def get(self, token: str) -> WorkloadQuery | None:
        """None for what was never kept here, or is no longer."""
        with self._lock:
            return self._queries.get(token)

    def clear(self) -> None:
        with self._lock:
            self._queries.clear()

    def __len__(self) -> int:
        return len(self._queries)


#: One for the process.
explainable = Explainable()
