"""Chosen indexes against smaller ones that could do the same, by runs that are timed.

Planners judge some indexes wrongly against others: they know little of where in the table the rows
of a rare value lie, and nothing of what is in memory. What is measured counts as much as what is
estimated.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from .core.costs import Configuration, Costs, Probe, milliseconds
from .core.limits import LEAST_GAIN
from .core.selection import Selection
from .databases.base import WhatIf

#: Rivals that are tried for each index, and the share of its own gain that each must have alone.
_RIVALS = 3
_ALIKE = 0.7
#: The share of the time that a rival may take for it to be the better one.
_FASTER = 0.8
#: Milliseconds that it must save a run: less is noise.
_FELT_MS = 0.05


def without_rivals(
    world: WhatIf,
    costs: Costs,
    selection: Selection,
    chosen: Configuration,
    timeout_ms: int,
    late: Callable[[], bool],
) -> Configuration:
    """The set with a smaller index in the place of each that is slower and hardly cheaper."""
    if not world.measures:
        return chosen
    whole_ms = milliseconds(costs.probes) or 1.0
    whole_cost = sum(probe.calls * probe.cost for probe in costs.probes) or 1.0

    def left(probes: list[Probe], there: Configuration) -> tuple[float, float]:
        """The shares of cost and of time that these leave."""
        cost = sum(probe.calls * costs.cost(probe, there) for probe in probes) / whole_cost
        spent = 0.0
        for probe in probes:
            duration_ms = world.measure(probe.statement, there, timeout_ms)
            spent += float("inf") if duration_ms is None else probe.calls * duration_ms
        return cost, spent / whole_ms

    for index in sorted(chosen, key=lambda index: (-selection.alone[index], index.name)):
        probes = [probe for probe in costs.probes if index in costs.used(probe, chosen)]
        if late() or not all(probe.measured for probe in probes):
            continue
        rivals = [
            other
            for other, alone in selection.alone.items()
            if other.table == index.table
            and other not in chosen
            and selection.size(other) < selection.size(index)
            and alone >= selection.alone[index] * _ALIKE
        ]
        if not rivals:
            continue
        cost, spent = left(probes, chosen)
        for rival in heapq.nsmallest(_RIVALS, rivals, key=lambda r: (selection.size(r), r.name)):
            swapped = chosen - {index} | {rival}
            dearer, slower = left(probes, swapped)
            saved_ms = (spent - slower) * whole_ms
            felt = saved_ms >= _FELT_MS * sum(probe.calls for probe in probes)
            if dearer - cost <= LEAST_GAIN and slower <= spent * _FASTER and felt:
                chosen = swapped
                break
    return chosen
