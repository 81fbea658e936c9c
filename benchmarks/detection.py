"""How long the analysis of a request of 10,000 queries takes, after the response went out.

Run: python benchmarks/detection.py [--repeats N] [--json]

Each shape is recorded anew for each repeat; what counts is CPU time of the process. "first" is the
analysis in a process that has read no source file yet, "again" the median of those after it. The
goal is 200 ms: exit code 1 says that one of "again" misses it.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib.util
import json
import linecache
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from subjects import QUERYSCOPE

GOAL_MS = 200


def lazy_loads() -> None:
    """One list of 10,000 rows, a foreign key loaded for each."""
    from tracker.models import Task

    for task in Task.objects.all():
        _ = task.project.name


def nested() -> None:
    """100 projects with 100 tasks each, and a foreign key of every task."""
    from tracker.models import Project

    for project in Project.objects.all()[:100]:
        for task in project.tasks.all()[:100]:
            _ = task.assigned_to.name


def chains() -> None:
    """3,333 rows, three relations of each, two of them one behind the other."""
    from tracker.models import Task

    for task in Task.objects.all()[:3_333]:
        _ = task.project.owner.name, task.assigned_to.name


def gets() -> None:
    """``get()`` in a loop, by 10,000 primary keys."""
    from tracker.models import Task

    for pk in range(1, 10_001):
        Task.objects.get(pk=pk)


def statements() -> None:
    """2,000 statements that have nothing in common, each five times with the same value."""
    from django.db import connection

    with connection.cursor() as cursor:
        for number in range(10_000):
            column = number % 2_000
            cursor.execute(f"SELECT name AS n{column} FROM tracker_project WHERE id = %s", [1])


#: One of many functions in one file: a list, and a foreign key of each of its nine rows.
_FUNCTION = """
def view_{number}():
    tasks = Task.objects.order_by("pk")[:9]
    names = []
    for task in tasks:
        names.append(task.project.name)
    return names
"""


def places() -> None:
    """1,000 functions of one file, each an N+1 of its own: 2,000 groups, which is the limit."""
    for function in _functions():
        function()


def _functions() -> list[Callable[[], Any]]:
    if "generated" not in sys.modules:
        folder = tempfile.mkdtemp(prefix="queryscope-detection-")
        atexit.register(shutil.rmtree, folder)
        file = Path(folder) / "generated.py"
        text = "".join(_FUNCTION.format(number=number) for number in range(1_000))
        file.write_text(f"from tracker.models import Task\n\n{text}")
        spec = importlib.util.spec_from_file_location("generated", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["generated"] = module
        spec.loader.exec_module(module)
    module = sys.modules["generated"]
    return [getattr(module, f"view_{number}") for number in range(1_000)]


SHAPES: tuple[Callable[[], None], ...] = (
    lazy_loads, nested, chains, gets, statements, places,
)  # fmt: skip


def _forget() -> None:
    """Let the next analysis read every source file as the first one of a process does."""
    from queryscope import construction, places

    linecache.clearcache()
    for module in (construction, places):
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()


def analysis_ms(shape: Callable[[], None]) -> tuple[float, Any]:
    """CPU milliseconds of ``inspect()``, and its trace and report."""
    from queryscope import inspect, record

    with record(shape.__name__) as trace:
        shape()
    gc.collect()
    start = time.process_time()
    report = inspect(trace)
    return (time.process_time() - start) * 1e3, (trace, report)


def measure(shape: Callable[[], None], repeats: int) -> dict[str, Any]:
    _forget()
    first, (trace, report) = analysis_ms(shape)
    again = [analysis_ms(shape)[0] for _ in range(repeats)]
    return {
        "shape": shape.__name__,
        "queries": trace.queries,
        "groups": len(trace.trace.groups),
        "findings": len(report.findings),
        "first_ms": first,
        "again_ms": statistics.median(again),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    harness.configure(QUERYSCOPE)
    _more_tasks()
    results = [measure(shape, options.repeats) for shape in SHAPES]
    print(json.dumps(results, indent=2) if options.json else _table(results))
    return int(any(result["again_ms"] >= GOAL_MS for result in results))


def _more_tasks() -> None:
    """10,000 tasks, a hundred of each of the first hundred projects."""
    from django.db.models import F
    from tracker.models import Task

    missing = 10_000 - Task.objects.count()
    Task.objects.bulk_create(
        Task(title=f"More {i}", project_id=1, assigned_to_id=i % 50 + 1) for i in range(missing)
    )
    Task.objects.update(project_id=(F("pk") - 1) / 100 + 1)


def _table(results: list[dict[str, Any]]) -> str:
    from tabulate import tabulate

    headers = ("shape", "queries", "groups", "findings", "first ms", "again ms")
    return tabulate([list(result.values()) for result in results], headers, floatfmt=".1f")


if __name__ == "__main__":
    sys.exit(main())
