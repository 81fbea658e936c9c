"""The best set by the plans that are known: simulated annealing, then steps down to the bottom.

Local search finds what the greedy published algorithms miss where one large index stands against
several small ones (Kossmann et al., "Magic mirror in my hand, which is the best in the land?", VLDB
2020). A set costs microseconds here, so that there is time for the long way (Kirkpatrick, Gelatt,
Vecchi, "Optimization by simulated annealing", Science 1983). The same seed finds the same.
"""

from __future__ import annotations

import math
from random import Random

from .known_plans import KnownPlans, bits

#: Steps for each bundle of indexes that can be taken in, and in all.
_STEPS_A_BUNDLE = 100
_MOST_STEPS = 40_000
#: Shares of the workload's cost that a step may lose with some luck, at first and at last.
_HOT = 0.02
_WARM = 0.005
_COLD = 0.0002
_DROPS = 0.2
_SWAPS = 0.3
#: A smaller gain is noise.
_NOTHING = 1e-6


def annealed(plans: KnownPlans, seed: int, start: int = 0) -> int:
    """A set of little cost that fits, as bits. From a ``start`` it goes less far."""
    bundles = plans.bundles()
    if not bundles:
        return 0
    random = Random(seed)
    steps = min(_MOST_STEPS, _STEPS_A_BUNDLE * len(bundles))
    heat = _WARM if start else _HOT
    cooling = (_COLD / heat) ** (1 / steps)
    mask, shares, members = start, plans.shares(start), list(bits(start))
    best, height, lowest = start, 0.0, 0.0
    for _ in range(steps):
        heat *= cooling
        other = _neighbour(plans, mask, members, bundles, random)
        if other == mask:
            continue
        change, changed = plans.change(mask, other, shares)
        if change <= 0 or random.random() < math.exp(-change / heat):
            mask, members = other, list(bits(other))
            height += change
            for at, share in changed:
                shares[at] = share
            if height < lowest - _NOTHING:
                best, lowest = mask, height
    return _descended(plans, best, bundles)


def _neighbour(
    plans: KnownPlans, mask: int, members: list[int], bundles: list[int], random: Random
) -> int:
    """Without one, or with a bundle in place of as many others as it needs room."""
    if members and random.random() < _DROPS:
        return mask & ~(1 << members[int(random.random() * len(members))])
    bundle = bundles[int(random.random() * len(bundles))]
    other = mask | bundle
    if other == mask:
        return mask
    leaving = [number for number in members if not bundle >> number & 1]
    needs = plans.needs(other) if plans.limited else (0, 0, 0.0)
    swap = random.random() < _SWAPS
    while leaving and (swap or not plans.fits(needs)):
        out = leaving.pop(int(random.random() * len(leaving)))
        other &= ~(1 << out)
        needs = plans.less(needs, out)
        swap = False
    return other if plans.fits(needs) else mask


def _descended(plans: KnownPlans, mask: int, bundles: list[int]) -> int:
    """With the best of all single additions and drops, until none is left."""
    while True:
        shares = plans.shares(mask)
        best, to = -_NOTHING, mask
        others = [mask & ~(1 << number) for number in bits(mask)]
        others += [mask | bundle for bundle in bundles]
        for other in others:
            change, _ = plans.change(mask, other, shares)
            if change < best and plans.fits(plans.needs(other)):
                best, to = change, other
        if to == mask:
            return mask
        mask = to
