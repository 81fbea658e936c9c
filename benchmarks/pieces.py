"""Where the microseconds of recording go: every function of it, timed on the pages one at a time.

Run: python benchmarks/pieces.py [--rounds N] [--least US] [--json]     (Python 3.12 or newer)

A profiler costs more than what it would measure here. So one function at a time gets a clock at its
start and return through ``sys.monitoring``, which leaves the stack as it is (recording reads it),
and the clock's own price is taken off. Times include what a function calls.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import inspect
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter_ns
from types import CodeType, ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from subjects import QUERYSCOPE

if sys.version_info < (3, 12):
    sys.exit("pieces.py needs Python 3.12 or newer (sys.monitoring)")

MODULES = (
    "middleware", "recording", "ledger", "stack", "roles", "origins", "sources", "groups",
    "freezing", "provenance", "querysets", "places", "recent", "inspection", "core.detection",
    "core.events", "core.findings", "core.fingerprint",
)  # fmt: skip
WARM_UP = 3


def functions(module: ModuleType) -> Iterator[tuple[str, CodeType]]:
    """Functions and methods that a module defines; generators have no one return to time."""
    short = module.__name__.removeprefix("queryscope.")
    for thing in vars(module).values():
        members = [thing]
        if inspect.isclass(thing):
            members = [getattr(member, "fget", member) for member in vars(thing).values()]
        for member in members:
            function = inspect.unwrap(member) if callable(member) else member
            if (
                inspect.isfunction(function)
                and function.__module__ == module.__name__
                and not inspect.isgeneratorfunction(function)
            ):
                yield f"{short}.{function.__qualname__}", function.__code__


class Clock:
    """Times the code objects it watches; ``spent`` is their nanoseconds, ``calls`` how often."""

    _EVENTS = sys.monitoring.events.PY_START | sys.monitoring.events.PY_RETURN

    def __init__(self) -> None:
        monitoring = sys.monitoring
        self._id = monitoring.PROFILER_ID
        self._starts: list[int] = []
        self.spent = self.calls = 0
        monitoring.use_tool_id(self._id, "queryscope pieces")
        monitoring.register_callback(self._id, monitoring.events.PY_START, self._start)
        monitoring.register_callback(self._id, monitoring.events.PY_RETURN, self._return)
        self.price_ns = 0.0
        self.price_ns = self._price()

    def _start(self, code: CodeType, offset: int) -> None:
        self._starts.append(perf_counter_ns())

    def _return(self, code: CodeType, offset: int, value: object) -> None:
        now = perf_counter_ns()
        if self._starts:
            self.spent += now - self._starts.pop()
            self.calls += 1

    def _price(self) -> float:
        def nothing() -> None:
            pass

        def many() -> None:
            for _ in range(100_000):
                nothing()

        each, calls = self.watch(nothing.__code__, many, 3)
        assert calls == 100_000
        return each

    def watch(self, code: CodeType, run: Callable[[], None], rounds: int) -> tuple[float, float]:
        """Nanoseconds of one call (median over rounds) and calls in one run."""
        sys.monitoring.set_local_events(self._id, code, self._EVENTS)
        means = []
        calls = 0
        for number in range(-WARM_UP, rounds):
            self.spent = self.calls = 0
            self._starts.clear()
            run()
            if number >= 0 and self.calls:
                means.append(self.spent / self.calls)
                calls = self.calls
        sys.monitoring.set_local_events(self._id, code, 0)
        return max(0.0, statistics.median(means or [0.0]) - self.price_ns), calls


def pieces(serve: Callable[[str], None], page: str, rounds: int) -> Iterator[dict[str, Any]]:
    found = {
        code: name
        for module in MODULES
        for name, code in functions(importlib.import_module(f"queryscope.{module}"))
    }
    queries = harness.PAGES[page]
    for code, name in found.items():
        if not CLOCK.watch(code, lambda: serve(page), 1)[1]:
            continue
        each, calls = CLOCK.watch(code, lambda: serve(page), rounds)
        yield {
            "page": page,
            "function": name,
            "us_per_call": each / 1000,
            "calls": calls,
            "us_per_page": each * calls / 1000,
            "us_per_query": each * calls / 1000 / queries,
        }


CLOCK: Clock


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="rounds per function (default: 9)")
    parser.add_argument("--least", type=float, default=20, help="least µs a page to show (20)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    harness.configure(QUERYSCOPE)
    serve = harness.server(*QUERYSCOPE.middleware)
    serve("foreign-keys")
    QUERYSCOPE.verify()
    gc.collect()
    gc.freeze()
    global CLOCK
    CLOCK = Clock()
    rows = []
    for page in harness.PAGES:
        found = [p for p in pieces(serve, page, options.rounds) if p["us_per_page"] > options.least]
        rows += sorted(found, key=lambda piece: -piece["us_per_page"])
    print(json.dumps(rows, indent=2) if options.json else _table(rows))
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    from tabulate import tabulate

    headers = ("page", "function", "µs a call", "calls a page", "µs a page", "µs a query")
    body = tabulate([list(row.values()) for row in rows], headers, floatfmt=".2f")
    return f"{body}\n\nTaken off each call for the clock: {CLOCK.price_ns / 1000:.2f} µs"


if __name__ == "__main__":
    sys.exit(main())
