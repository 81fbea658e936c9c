"""What the watched requests used of the rows of each queryset, judged over all of them together.

A queryset is known by the line that builds it: what one request loads in vain, another may need.
Whatever was not seen to its end counts as used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .events import MANY_RELATIONS, Relation, Source, Trace

Method = Literal["select_related", "prefetch_related"]
#: The line that builds a queryset.
Line = tuple[str, int]
#: The relations from an origin's rows to joined ones, as lookups name them, and a column's name.
Column = tuple[tuple[str, ...], str]

#: Rows of which something must have been read: fewer may not show each branch of the code.
_ENOUGH_ROWS = 3


@dataclass(frozen=True, slots=True)
class Lookup:
    """One argument of ``select_related`` or ``prefetch_related``."""

    method: Method
    name: str

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(self.name.split("__"))


@dataclass(frozen=True, slots=True)
class Tree:
    """The rows of one evaluated queryset in a trace, and those that came with them."""

    trace: Trace
    origin: Source

    @property
    def line(self) -> Line | None:
        where = self.origin.location
        return (where.file, where.line) if where is not None else None

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        selected = (Lookup("select_related", name) for name in self.origin.selected)
        prefetched = (Lookup("prefetch_related", name) for name in self.origin.prefetched)
        return (*selected, *prefetched)

    def below(self, nodes: Iterable[Source], method: Method, step: str) -> list[Source]:
        """The rows that one step of a lookup leads to."""
        above = {node.index for node in nodes}
        joins = method == "select_related"
        return [
            node
            for node in self.trace.sources
            if node.parent in above
            and node.relation is not None
            and (node.relation.query_name if joins else node.relation.name) == step
            and (node.loaded_by == "select_related" or (not joins and node.loaded_by == "prefetch"))
        ]

    def walk(self, lookup: Lookup) -> Iterator[tuple[list[Source], list[Source]]]:
        """The rows before and after each step."""
        nodes = [self.origin]
        for step in lookup.steps:
            reached = self.below(nodes, lookup.method, step)
            yield nodes, reached
            nodes = reached

    def joined(self) -> Iterator[tuple[tuple[str, ...], Source]]:
        """The origin and all rows that were joined to it, with the way there."""
        pending: list[tuple[tuple[str, ...], Source]] = [((), self.origin)]
        for way, node in pending:
            yield way, node
            pending += [
                ((*way, child.relation.query_name), child)
                for child in self.trace.sources
                if child.parent == node.index
                and child.loaded_by == "select_related"
                and child.relation is not None
            ]


@dataclass(frozen=True, slots=True)
class Load:
    """What rows held: bytes by column for those never read in this request, bytes in all.

    ``models`` are the labels of the rows' models, by the way from the origin's.
    """

    unread: Mapping[Column, int] = field(default_factory=dict)
    size: int = 0
    rows: int = 0
    models: Mapping[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vain:
    """A step of a lookup that is loaded and not used, and the rows of the largest request."""

    relation: Relation
    rows: int
    joined: bool


def trees(trace: Trace) -> Iterator[Tree]:
    """Querysets of their own: what is prefetched or joined belongs to the rows above."""
    for source in trace.sources:
        many = source.relation is not None and source.relation.kind in MANY_RELATIONS
        if source.loaded_by == "queryset" or (source.loaded_by == "lazy" and many):
            yield Tree(trace, source)


class Exercise:
    """What the watched traces used, by the lines that build their querysets."""

    def __init__(self, traces: Iterable[Trace] = ()) -> None:
        self._used: dict[tuple[Line, Lookup], int] = {}
        self._vain: dict[tuple[Line, Lookup, int], Vain] = {}
        self._shown: set[Line] = set()
        self._unread: dict[Line, frozenset[Column]] = {}
        self._loads: dict[tuple[Line, str], Load] = {}
        self._objects: dict[Line, frozenset[str]] = {}
        for trace in traces:
            if trace.watched:
                for tree in trees(trace):
                    self._add(tree)

    def used_steps(self, tree: Tree, lookup: Lookup) -> int:
        """How many steps of a lookup any request went; all of them where that is not known."""
        if tree.line not in self._shown:
            return len(lookup.steps)
        return self._used.get((tree.line, lookup), len(lookup.steps))

    def vain(self, tree: Tree, lookup: Lookup) -> Vain | None:
        """The first step of a lookup that no request went; None where all of them are used."""
        used = self.used_steps(tree, lookup)
        return self._vain.get((tree.line, lookup, used)) if tree.line else None

    def unread(self, tree: Tree) -> frozenset[Column]:
        """Columns that each request loaded and none read."""
        shown = tree.line in self._shown
        return self._unread[tree.line] if shown and tree.line else frozenset()

    def load(self, tree: Tree) -> Load:
        """What the queryset held in one watched request of this endpoint, the most of them."""
        if tree.line is None:
            return Load()
        return self._loads.get((tree.line, tree.trace.name), Load())

    def prefetch_objects(self, tree: Tree) -> frozenset[str]:
        """Names of what is prefetched by Prefetch objects of the project's own making."""
        return self._objects.get(tree.line, frozenset()) if tree.line else frozenset()

    def _add(self, tree: Tree) -> None:
        line, usage = tree.line, tree.origin.usage
        if line is None or not tree.origin.rows:
            return
        for lookup in tree.lookups:
            used = _used_steps(tree, lookup)
            self._used[line, lookup] = max(used, self._used.get((line, lookup), 0))
            if used < len(lookup.steps):
                self._vain[line, lookup, used] = _vain(tree, lookup, used)
        unread = _unread(tree)
        self._unread[line] = self._unread.get(line, unread) & unread
        if usage is None:
            return
        self._objects[line] = self._objects.get(line, frozenset()) | set(usage.prefetches)
        if usage.rows >= _ENOUGH_ROWS and not tree.origin.single:
            self._shown.add(line)
            load = _load(tree)
            if load.size > self._loads.get((line, tree.trace.name), Load()).size:
                self._loads[line, tree.trace.name] = load


def _whole(trace: Trace) -> bool:
    """Whether a request went well and was seen to its end."""
    return not trace.truncated and trace.status in (None, 200)


def _used_steps(tree: Tree, lookup: Lookup) -> int:
    """Steps of a lookup that the application went; all of them where it cannot be told."""
    everything, said = len(lookup.steps), tree.origin.usage
    if said is None or not said.ours or not _whole(tree.trace) or lookup.name not in said.lookups:
        return everything
    for depth, (nodes, reached) in enumerate(tree.walk(lookup)):
        names = {node.relation.name for node in reached if node.relation is not None}
        usages = [node.usage for node in nodes]
        # Without related rows nothing shows: a branch may ask for them where there are some.
        named = {*said.mentioned, *said.branches}
        named.update(name for usage in usages if usage for name in usage.branches)
        if not any(node.rows for node in reached):
            return everything
        if any(usage is None for usage in usages):
            return everything
        if not any(usage and names & set(usage.touched) for usage in usages):
            return everything if names & named else depth
    return everything


def _unread(tree: Tree) -> frozenset[Column]:
    """Columns that no row showed to anybody; none of them where it cannot be told."""
    said = tree.origin.usage
    if said is None or not said.ours or not _whole(tree.trace):
        return frozenset()
    found: set[Column] = set()
    for way, node in tree.joined():
        if node.usage is None:
            return frozenset()
        found.update((way, name) for name in node.usage.unread if name not in said.mentioned)
    return frozenset(found)


def _load(tree: Tree) -> Load:
    usages = [(way, node.usage) for way, node in tree.joined() if node.usage is not None]
    unread = {(way, name): held for way, usage in usages for name, held in usage.unread.items()}
    models = {way: node.model for way, node in tree.joined()}
    return Load(unread, sum(usage.size for _, usage in usages), tree.origin.rows, models)


def _vain(tree: Tree, lookup: Lookup, used: int) -> Vain:
    steps = list(tree.walk(lookup))
    reached = [node for node in steps[used][1] if node.relation is not None]
    relation = reached[0].relation
    assert relation is not None
    before = steps[used - 1][1] if used else []
    joined = bool(before) and all(node.loaded_by == "select_related" for node in before)
    return Vain(relation, sum(node.rows for node in reached), joined)
