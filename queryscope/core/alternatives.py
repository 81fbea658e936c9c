"""Indexes for the branches of an OR: read one by one, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .access import Access, Asked, matching
from .drafts import Circumstances, Draft, drafts
from .indexes import IndexDefinition
from .predicates import Predicate
from .schema import Table
from .selectivity import combined, selectivity

#: Indexes that are tried for one branch.
_EACH = 3


def for_alternatives(access: Access, around: Circumstances) -> Iterator[Draft]:
    """For each OR of which every branch restricts the table: its best indexes, each with the
    best ones of the other branches as partners."""
    for branches in access.use.alternatives:
        share = sum(combined(list(branch), access.table) for branch in branches)
        gain = access.weight * max(0.0, 0.95 - share)
        found = [_of_branch(branch, access, around) for branch in branches]
        if not gain or not all(found):
            continue
        for at, own in enumerate(found):
            rivals = [other[0].definition for i, other in enumerate(found) if i != at]
            for draft in own:
                partners = frozenset(rivals) - {draft.definition}
                yield replace(draft, gain=gain, partners=partners)


def _of_branch(branch: tuple[Predicate, ...], access: Access, around: Circumstances) -> list[Draft]:
    """Indexes for one branch, best first."""
    use = replace(access.use, predicates=branch, alternatives=(), order=(), windows=(), limit=None)
    asked = tuple(_asked(predicate, access.table) for predicate in branch)
    share = matching(asked, access.table)
    alone = replace(access, use=use, asked=asked, matching=share)
    found: dict[IndexDefinition, Draft] = {}
    for draft in drafts(alone, around):
        found.setdefault(draft.definition, draft)
    ranked = sorted(found.values(), key=lambda d: (-round(d.gain / access.weight, 2), d.size))
    return [draft for draft in ranked if draft.gain > 0][:_EACH]


def _asked(predicate: Predicate, table: Table) -> Asked:
    return Asked(predicate, selectivity(predicate, table))
