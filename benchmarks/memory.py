"""What a recorded request of 100,000 queries holds in memory, and how long it takes.

Run: python benchmarks/memory.py [--queries N] [--json]

Peaks are tracemalloc's, with and without recording, in separate runs from those that are timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from subjects import QUERYSCOPE


def foreign_keys(queries: int) -> None:
    """One queryset after another, a foreign key loaded for each of its 500 rows."""
    from tracker.models import Task

    for _ in range(queries // 501):
        for task in Task.objects.all():
            _ = task.project


def literals(queries: int) -> None:
    """Statements that all differ, as code writes them that puts values into SQL by hand."""
    from django.db import connection

    with connection.cursor() as cursor:
        for number in range(queries):
            cursor.execute(f"SELECT name FROM tracker_project WHERE id = {number}")


def statements(queries: int) -> None:
    """Statements that differ in more than literals: none shares its fingerprint with another."""
    from django.db import connection

    with connection.cursor() as cursor:
        for number in range(queries):
            cursor.execute(f"SELECT name AS n{number} FROM tracker_project WHERE id = 1")


def gets(queries: int) -> None:
    """``get()`` in a loop, by primary keys that come back."""
    from tracker.models import Project

    for number in range(queries):
        Project.objects.get(pk=number % 200 + 1)


WORKLOADS: tuple[Callable[[int], None], ...] = (foreign_keys, literals, statements, gets)


def peak_mb(workload: Callable[[int], None], queries: int, recorded: bool) -> tuple[float, int]:
    """Highest allocation in MB, analysis included, and the number of groups."""
    from queryscope import inspect, record

    gc.collect()
    tracemalloc.start()
    groups = 0
    with record("benchmark") if recorded else nullcontext() as trace:
        workload(queries)
    if recorded:
        inspect(trace)
        groups = len(trace.trace.groups)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6, groups


def seconds(workload: Callable[[int], None], queries: int, recorded: bool) -> tuple[float, float]:
    """CPU seconds of the queries, and of the analysis afterwards."""
    from queryscope import inspect, record

    gc.collect()
    start = time.process_time()
    with record("benchmark") if recorded else nullcontext() as trace:
        workload(queries)
    middle = time.process_time()
    if recorded:
        inspect(trace)
    return middle - start, time.process_time() - middle


def measure(workload: Callable[[int], None], queries: int) -> dict[str, Any]:
    plain_mb, _ = peak_mb(workload, queries, recorded=False)
    recorded_mb, groups = peak_mb(workload, queries, recorded=True)
    plain_s, _ = seconds(workload, queries, recorded=False)
    recorded_s, analysis_s = seconds(workload, queries, recorded=True)
    return {
        "workload": workload.__name__,
        "queries": queries,
        "groups": groups,
        "plain_mb": plain_mb,
        "recorded_mb": recorded_mb,
        "plain_s": plain_s,
        "recorded_s": recorded_s,
        "us_per_query": (recorded_s - plain_s) / queries * 1e6,
        "analysis_s": analysis_s,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    harness.configure(QUERYSCOPE)
    results = [measure(workload, options.queries) for workload in WORKLOADS]
    print(json.dumps(results, indent=2) if options.json else _table(results))
    return 0


def _table(results: list[dict[str, Any]]) -> str:
    from tabulate import tabulate

    headers = (
        "workload", "queries", "groups", "peak MB\nplain", "peak MB\nrecorded",
        "CPU s\nplain", "CPU s\nrecorded", "added\nµs/query", "analysis s",
    )  # fmt: skip
    return tabulate([list(result.values()) for result in results], headers, floatfmt=".2f")


if __name__ == "__main__":
    sys.exit(main())
