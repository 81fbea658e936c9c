"""One file a detector; the order is the order in which they claim groups of queries.

A detector is a module with ``NAME`` (kebab-case; also the ignore token and the README anchor), a
docstring that is its documentation, and ``detect(case) -> Iterable[Detection]``.
"""

from __future__ import annotations

from types import ModuleType

from . import (
    deferred_load,
    duplicate_query,
    n_plus_one,
    over_fetch,
    query_budget,
    query_in_loop,
    unbounded_query,
    unused_eager_load,
    write_in_loop,
)

DETECTORS: tuple[ModuleType, ...] = (
    n_plus_one,
    query_in_loop,
    write_in_loop,
    deferred_load,
    duplicate_query,
    unused_eager_load,
    over_fetch,
    unbounded_query,
    query_budget,
)
NAMES: tuple[str, ...] = tuple(detector.NAME for detector in DETECTORS)
