"""Parallel workers that the plan counted on and the server did not have.

    Gather: Workers Planned: 4, Workers Launched: 0

Why it hurts: the planner chose this plan because several processes would share it; one has to do
it alone, and other plans would have been faster.

Instead of:
    max_parallel_workers = 8                         taken by other queries
use:
    fewer workers for each query, or more for the server
    an index, so that none are needed

A step counts when half or more of its workers were missing and it took 10 ms.
Silent: without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable

from .figures import counted, milliseconds, number
from .tip import MANY_MS, Context, Tip

NAME = "missing-workers"

_HINT = (
    "All workers of the server were busy, or none are allowed: compare SHOW max_parallel_workers; "
    "and SHOW max_worker_processes; with what runs at once, or plan for fewer: "
    "SET LOCAL max_parallel_workers_per_gather = 0;"
)


def tips(context: Context) -> Iterable[Tip]:
    """Compare the workers planned with those launched."""
    for position, node in enumerate(context.nodes):
        planned = number(node.details.get("Workers Planned"))
        launched = number(node.details.get("Workers Launched"))
        took = number(node.duration_ms)
        if not context.was_run(position) or launched > planned / 2 or took < MANY_MS or not planned:
            continue
        message = (
            f"planned for {counted(planned, 'worker')} and got {counted(launched, 'worker')}; "
            f"took {milliseconds(took)}"
        )
        yield Tip(NAME, position, message, _HINT, node.duration_ms)
