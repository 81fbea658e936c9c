"""One file a detector; the order is the order in which they claim groups of queries.

A detector is a module with ``NAME`` (kebab-case; also the ignore token and the README anchor), a
docstring that is its documentation, and ``detect(case) -> Iterable[Detection]``.
"""

from __future__ import annotations

from types import ModuleType

from . import (
    deep_offset,
    deferred_load,
    disk_sort,
    duplicate_query,
    missing_index,
    n_plus_one,
    non_sargable,
    over_fetch,
    query_budget,
    query_in_loop,
    redundant_index,
    row_misestimate,
    slow_query,
    stale_statistics,
    unbounded_query,
    unused_eager_load,
    unused_index,
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
    non_sargable,
    deep_offset,
    disk_sort,
    row_misestimate,
    stale_statistics,
    slow_query,
    missing_index,
    redundant_index,
    unused_index,
    query_budget,
)
NAMES: tuple[str, ...] = tuple(detector.NAME for detector in DETECTORS)
