"""One index in place of two that begin alike."""

from __future__ import annotations

from dataclasses import replace

from .indexes import IndexDefinition

#: Columns that an index holds beside its keys, at most.
_MOST_INCLUDED = 8


def united(one: IndexDefinition, other: IndexDefinition) -> IndexDefinition | None:
    """An index with the keys of the longer that holds what both hold; None where they differ in
    more, or one holds the other already."""
    longer, shorter = (one, other) if len(one.keys) >= len(other.keys) else (other, one)
    if longer.method != "btree" or replace(longer, keys=(), include=()) != replace(
        shorter, keys=(), include=()
    ):
        return None
    if longer.keys[0] != shorter.keys[0] or any(k.expression for k in longer.keys + shorter.keys):
        return None
    keys = {key.name for key in longer.keys}
    wanted = [*longer.include, *(key.name for key in shorter.keys), *shorter.include]
    include = tuple(dict.fromkeys(name for name in wanted if name not in keys))
    if set(include) == set(longer.include) or len(include) > _MOST_INCLUDED:
        return None
    return replace(longer, include=include)
