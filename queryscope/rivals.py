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


def without_rivals(
    world: WhatIf,
    costs: Costs,
    selection: Selection,
    chosen: Configuration,
    timeout_ms: int,
    late: Callable[[], bool],
) -> Configuration:
    """The set with a smaller index in the place of each that does no better."""
    if not world.measures:
        return chosen
    whole_ms = milliseconds(costs.probes) or 1.0
    whole_cost = sum(probe.calls * probe.cost for probe in costs.probes) or 1.0

    def left(probes: list[Probe], there: Configuration) -> float:
        """The share of cost and time that these leave, and what the indexes cost."""
        total = sum(selection.rent(index) for index in there)
        for probe in probes:
            duration_ms = world.measure(probe.statement, there, timeout_ms)
            if duration_ms is None:
                return float("inf")
            cost = costs.cost(probe, there)
            total += probe.calls * (cost / whole_cost + duration_ms / whole_ms) / 2
        return total

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
        best, least = chosen, left(probes, chosen) - LEAST_GAIN / 2 if rivals else 0.0
        for rival in heapq.nsmallest(_RIVALS, rivals, key=lambda r: (selection.size(r), r.name)):
            swapped = chosen - {index} | {rival}
            if (found := left(probes, swapped)) < least:
                best, least = swapped, found
        chosen = best
    return chosen
