"""Machine code made for a query that is over before it pays.

    JIT: Generation 3 ms, Inlining 60 ms, Optimization 120 ms, Emission 80 ms; Execution 310 ms

Why it hurts: the compiler is started by the planner's guess of the cost; where that is too high,
or the query short, it takes longer than it saves, in every single run.

Instead of:
    jit_above_cost = 100000                          the default
use:
    "OPTIONS": {"options": "-c jit=off"}             in DATABASES, for web requests

It counts when compiling took 10 ms and a quarter of the time: it would have to make all the rest
a third faster only to break even. Silent: without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .figures import counted, milliseconds, number, share
from .tip import MANY_MS, Context, Tip

NAME = "jit-overhead"

_SHARE = 0.25


def tips(context: Context) -> Iterable[Tip]:
    """Speak of compiling that takes a large part of the time."""
    jit = context.plan.jit or {}
    timing = jit.get("Timing")
    took = number(timing.get("Total")) if isinstance(timing, Mapping) else 0.0
    whole = number(context.plan.execution_ms)
    if took < MANY_MS or took < whole * _SHARE:
        return
    functions = counted(number(jit.get("Functions")), "function")
    message = (
        f"compiles {functions} in {milliseconds(took)}, {share(min(took, whole), whole)} of the "
        f"{milliseconds(whole)} that the query takes"
    )
    hint = (
        'Switch it off where queries are short: "OPTIONS": {"options": "-c jit=off"} in '
        "DATABASES, or for this transaction: SET LOCAL jit = off;"
    )
    yield Tip(NAME, 0, message, hint, took)
