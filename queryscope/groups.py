"""The mutable side of a trace: groups while they are counted."""

from __future__ import annotations

from itertools import takewhile
from types import FrameType
from typing import Any

from . import provenance, querysets
from .calls import between, beyond_overrides
from .core.events import PREFETCHES, Relation
from .core.fingerprint import Statement
from .keys import relation_by_key
from .pages import Pages
from .places import Place, place
from .roles import LIBRARY_SITES, USER
from .samples import Samples
from .sources import Evaluation, LoadedBy, SourceNode
from .stack import Sight, Step
from .writes import Writing, is_write

_SITES = LIBRARY_SITES | {USER}


class _Tally:
    """Queries that the rows of one source caused, in all and in one evaluation of its origin."""

    __slots__ = ("_root", "_run", "count", "most")

    def __init__(self) -> None:
        self.count = 0
        self.most = 0
        self._run = 0
        self._root: Evaluation | None = None

    def begin(self, root: Evaluation) -> None:
        """Count anew where the queries of another evaluation begin."""
        if root is not self._root:
            self._root, self._run = root, 0

    def add(self, queries: int) -> None:
        self.count += queries
        self._run += queries
        self.most = max(self.most, self._run)


class Group:
    """Queries of one statement from one place."""

    __slots__ = (
        "_tally",
        "alias",
        "cache_name",
        "chains",
        "choices",
        "collected",
        "conditions",
        "count",
        "direct",
        "duration_ns",
        "evaluation",
        "failures",
        "index",
        "instance",
        "keyed",
        "keys_listed",
        "leaf",
        "lists",
        "looped",
        "model",
        "operation",
        "owner",
        "place",
        "plain",
        "queryset_facts",
        "relation",
        "repeats",
        "running",
        "samples",
        "several",
        "single",
        "site_code",
        "slowest_ns",
        "sources",
        "statement",
        "strangers",
        "tallies",
        "unique",
        "varied",
        "vendor",
        "writing",
    )

    def __init__(self, index: int, statement: Statement, connection: Any, sight: Sight) -> None:
        self.index = index
        self.statement = statement
        self.alias: str = connection.alias
        self.vendor: str = connection.vendor
        # Held so that the identity of the code object, a part of the key, is not given to another.
        self.site_code = sight.site_code
        self.count = 0
        self.duration_ns = 0
        self.slowest_ns = 0
        self.samples = Samples()
        self.failures = 0
        self.strangers = 0
        self.looped = False
        #: One chain of calls asked with different values.
        self.varied = False
        #: Chains of calls, with the mark of what the first query through each was given.
        self.chains: dict[int, int | None] = {}
        self.repeats: dict[int, int] = {}
        self.tallies: dict[tuple[SourceNode, SourceNode], _Tally] = {}
        #: Queries of one evaluation come one after the other: those of the last are counted here.
        self.evaluation: Evaluation | None = None
        self.running = 0
        self._tally = _Tally()
        self.sources: dict[SourceNode | None, SourceNode] = {}
        self.place: Place | None = None
        self.operation = "sql"
        self.single = False
        self.plain = True
        self.direct = True
        self.choices = False
        #: Rows that Django itself looks for, to delete them with others.
        self.collected = False
        self.model: Any = None
        self.relation: Relation | None = None
        #: The class of the rows whose manager is read.
        self.owner: type | None = None
        #: Found by a condition on its key rather than by the instance.
        self.keyed = False
        #: An ``IN`` list on a unique column bounds its rows.
        self.keys_listed = False
        #: Loads at most one object, which its owner keeps: nothing to hold.
        self.leaf = False
        #: Where its owner keeps that object, and the last owner that loaded one.
        self.cache_name: str | None = None
        self.instance: Any = None
        #: More than one owner asked.
        self.several = False
        #: Marks of the values that the first sights listed by ``IN``.
        self.lists: set[int | None] = set()
        self.queryset_facts: dict[str, Any] = {}
        self.conditions: tuple[str, ...] = ()
        self.unique = ""
        #: What it writes; None for a query of a call that only reads.
        self.writing: Writing | None = None

    def turn_to(self, evaluation: Evaluation | None) -> None:
        """Add up the queries that rows of one evaluation caused, before those of another."""
        if self.running:
            self._tally.add(self.running)
            self.running = 0
        self.evaluation = evaluation
        if evaluation is not None:
            root = evaluation.root
            self._tally = self.tallies.setdefault((root.source, evaluation.source), _Tally())
            self._tally.begin(root)

    def note_turn(self, path: int, mark: int | None) -> None:
        """Tell whether a query came through a chain of calls that another came through before."""
        if path not in self.chains:
            self.chains[path] = mark
            return
        self.looped = True
        self.varied = None not in (before := self.chains[path], mark) and before != mark

    @property
    def batched(self) -> bool:
        """Whether it asks for several values at once that are others each time."""
        constant = len(self.lists) == 1 and None not in self.lists and self.count > 1
        return self.statement.batched and not constant

    def magnitude(self) -> tuple[Any, ...]:
        """What a detector reads of the counters, numbers by their order of magnitude only."""
        self.turn_to(None)
        causes = tuple(
            (root.index, root.single, min(root.rows, 2), source.index, tally.most.bit_length())
            for (root, source), tally in self.tallies.items()
        )
        repeats = () if causes else tuple(sorted(self.repeats.values())[-2:])
        return (
            causes,
            self.looped,
            self.varied,
            self.writing.turns if self.writing is not None else 0,
            self.count.bit_length(),
            self.strangers.bit_length(),
            len(self.repeats).bit_length(),
            repeats,
        )

    def loaded_for(self, owner: Any) -> Any:
        """The object that ``owner`` holds behind the attribute; None when it holds none."""
        return owner._state.fields_cache.get(self.cache_name)

    def _again(self, above: SourceNode | None) -> SourceNode | None:
        """This group's own source further up: one line goes down a tree, two levels say it all."""
        while above is not None and above.group != self.index:
            above = above.parent
        return above

    def source_below(
        self, above: SourceNode | None, nodes: list[SourceNode], *, streamed: bool = False
    ) -> SourceNode:
        """The source that this group's querysets are, below the rows they were reached from."""
        node = self.sources.get(above)
        if node is None and (again := self._again(above)) is not None:
            return self.sources.setdefault(above, again)
        if node is None:
            loaded_by: LoadedBy = "lazy" if self.relation is not None else "queryset"
            if self.operation in PREFETCHES:
                loaded_by = "prefetch"
            node = self.sources[above] = SourceNode(
                len(nodes),
                above,
                self.index,
                loaded_by,
                self.relation,
                single=self.single,
                streamed=streamed,
            )
            nodes.append(node)
        return node


def first_sight(
    group: Group,
    steps: list[Step],
    queryset: Any,
    prefetch: FrameType | None,
    pages: Pages,
) -> None:
    """Read from the stack and the queryset what the counters will only count from now on."""
    pages.note(steps)
    inner = between(steps)
    near = [frame for frame, _ in takewhile(lambda step: step[1] not in _SITES, steps)]
    group.operation, group.single, descriptor = provenance.operation(inner)
    if is_write(group.statement.writes, group.operation):
        steps = beyond_overrides(steps)
        inner = between(steps)
        group.operation = provenance.operation(inner)[0]
        group.writing = Writing(group.operation, steps, inner)
    group.place = place(steps, queryset)
    group.direct = provenance.is_direct(near)
    group.choices = provenance.fills_choices(inner)
    group.collected = provenance.collects(inner)
    if queryset is None:
        return
    group.model = queryset.model
    group.single = group.single or querysets.at_most_one(pages.whole(queryset))
    group.queryset_facts = querysets.facts(queryset)
    group.keys_listed = querysets.lists_keys(queryset)
    group.conditions, group.unique = querysets.key_conditions(queryset)
    if prefetch is not None:
        group.operation = "prefetch" if provenance.by_queryset(inner) else "prefetch_object"
        group.single = False
        values = prefetch.f_locals
        group.relation = provenance.relation_of_prefetch(values)
        return
    if descriptor is not None:
        group.relation = provenance.relation_of_descriptor(descriptor)
        group.leaf = group.relation is not None
        group.cache_name = provenance.cache_name(descriptor)
        return
    instance = queryset._hints.get("instance")
    if instance is not None:
        group.relation = provenance.relation_of_queryset(queryset, instance)
        group.owner = type(instance)
    elif (generic := relation_by_key(queryset)) is not None:
        group.relation, group.owner = generic[:2]
        group.keyed = True
    if group.relation is not None:
        group.plain = querysets.is_plain(queryset, group.relation)
