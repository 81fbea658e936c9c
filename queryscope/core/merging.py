"""One index for several queries: covering columns of alike ones put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .covering import entry_width, fits
from .drafts import Draft
from .indexes import IndexDefinition
from .schema import Table

#: Covering drafts of one table that are tried against one another.
_MOST = 24


def merged(drafts: Sequence[Draft], table: Table) -> Iterator[Draft]:
    """Unions of covering indexes of which one's keys start with the other's."""
    best: dict[IndexDefinition, Draft] = {}
    gains: defaultdict[IndexDefinition, dict[str, Draft]] = defaultdict(dict)
    for draft in drafts:
        if draft.definition.include:
            best.setdefault(draft.definition, draft)
            gains[draft.definition].setdefault(draft.digest, draft)
    ranked = sorted(best, key=lambda index: -sum(d.gain for d in gains[index].values()))[:_MOST]
    for longer in ranked:
        for shorter in ranked:
            union = _union(longer, shorter, table)
            if union is None:
                continue
            for source in (longer, shorter):
                for draft in gains[source].values():
                    grown = entry_width(union, table) / entry_width(source, table)
                    yield replace(
                        draft,
                        definition=union,
                        size=draft.size * grown,
                        gain=draft.gain * 0.98,
                    )


def _union(
    longer: IndexDefinition, shorter: IndexDefinition, table: Table
) -> IndexDefinition | None:
    """None where they do not fit together, or one holds the other already."""
    if longer == shorter or longer.condition != shorter.condition:
        return None
    if longer.keys[: len(shorter.keys)] != shorter.keys:
        return None
    names = tuple(key.name for key in longer.keys)
    wanted = {*longer.include, *shorter.include} - set(names)
    include = tuple(name for name in table.columns if name in wanted)
    if set(include) == set(longer.include) or not fits(table, names, include):
        return None
    return replace(longer, include=include)
