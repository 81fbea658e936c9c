"""Queries that rows caused: which queryset's, along which relations, at which place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .detection import Case
from .events import WRITES, Offence, QueryGroup, Relation, Source
from .fixes import Path
from .sightings import Reading


@dataclass(frozen=True, slots=True)
class Offender:
    """Queries that follow one path from one origin at one place.

    ``rows_of`` is the model whose rows multiply them, ``certain`` that they do in any data;
    ``prefetches`` is the number of queries that would load the same by ``prefetch_related``,
    ``recursive`` tells that one line goes down a tree, as deep as the data happens to be.
    """

    groups: frozenset[int]
    group: QueryGroup
    origin: Source | None
    path: Path | None
    count: int
    duration_ms: float
    waiting: bool
    rows_of: str | None = None
    certain: bool = False
    prefetches: int = 1
    recursive: bool = False

    @property
    def relation(self) -> Relation | None:
        return self.group.relation

    @property
    def place(self) -> tuple[object, ...]:
        # One line may evaluate several lists, of a helper's argument say: that is one place.
        origin = self.origin and (self.origin.model, self.origin.location, self.origin.template)
        return origin, self.group.location, self.group.template


def offenders(case: Case) -> list[Offender]:
    """What each place loads for rows: one for each path of an origin, chains as one."""
    found = [*_structural(case), *_unseen_origin(case)]
    return _merge_chains(_merge_alike(found))


def _structural(case: Case) -> Iterable[Offender]:
    sources = case.trace.sources
    for index, group in case.open_groups():
        if group.kind != "select" or group.operation in ("prefetch", *WRITES):
            continue
        for offence in group.offences:
            root = sources[offence.origin]
            waiting = not root.single and offence.most == 1 and root.rows == 1
            # One object is what it may be called for.
            waiting = waiting and group.operation != "prefetch_object"
            # A list of one row in a loop around it: that has several turns now.
            nested = root.looped and offence.count >= case.options.n_plus_one_threshold
            enough = offence.most >= case.options.n_plus_one_threshold
            repeated = not root.single and enough and group.several
            # One row at a time, fetched in a loop: each of them brings its own.
            in_loop = root.single and root.looped and offence.count >= case.options.loop_threshold
            if not (waiting or repeated or in_loop):
                continue
            origin, path = _path(sources, offence, group.relation)
            share = offence.count / group.count
            yield Offender(
                groups=frozenset({index}),
                group=group,
                origin=origin,
                path=path,
                count=offence.count,
                duration_ms=group.duration_ms * share,
                waiting=waiting and not nested,
                rows_of=root.model,
                certain=not in_loop,
                # A list that is loaded anew for each turn is prefetched anew as well.
                prefetches=root.evaluations if nested and root.rows == 1 else 1,
            )


def _unseen_origin(case: Case) -> Iterable[Offender]:
    # What was just made has no queryset that could have loaded more.
    made = _made(case.trace.groups)
    for index, group in case.open_groups():
        if (
            group.kind == "select"
            and group.relation is not None
            and group.relation.model not in made
            and group.several
            and group.looped
            and group.strangers >= case.options.n_plus_one_threshold
            and len(group.repeats) > 1
        ):
            path = Path((group.relation,))
            share = group.strangers / group.count
            yield Offender(
                groups=frozenset({index}),
                group=group,
                origin=None,
                path=path,
                count=group.strangers,
                duration_ms=group.duration_ms * share,
                waiting=False,
            )


def _made(groups: tuple[QueryGroup, ...]) -> set[str]:
    """Models of rows that were just inserted, and of those that are loaded from these."""
    made = {group.write.model for group in groups if group.write and group.kind == "insert"}
    relations = [g.relation for g in groups if g.relation is not None and g.strangers]
    while more := {r.target for r in relations if r.model in made} - made:
        made |= more
    return made


def _path(
    sources: tuple[Source, ...], offence: Offence, last: Relation | None
) -> tuple[Source, Path | None]:
    """The origin whose queryset can be changed, and the relations from it to the offender."""
    steps: list[Relation | None] = [last]
    node = sources[offence.source]
    top = sources[offence.origin]
    prefetched = False
    while node.parent is not None:
        below = node.index != top.index
        if _is_apart(node, top) if below else not _belongs_above(node):
            break
        steps.append(_step(node))
        prefetched = prefetched or node.loaded_by == "prefetch"
        node = sources[node.parent]
        top = node if not below else top
    known = tuple(step for step in reversed(steps) if step is not None)
    if len(known) != len(steps):
        return node, None
    return node, Path(known, prefetched)


def _step(node: Source) -> Relation | None:
    """The relation to a source's rows, as a fix would have to follow it."""
    relation = node.relation
    if relation is not None and relation.kind == "generic-foreign-key":
        return replace(relation, target=node.model, manager=node.manager)
    if relation is not None and node.loaded_by == "lazy" and not node.plain:
        return replace(relation, reading=node.reading)
    return relation


def can_repeat(reading: Reading | None, origin: Source) -> bool:
    """Whether the calls that narrow a manager can be written where ``origin`` is built."""
    if reading is None or not reading.code:
        return False
    where = origin.location
    return not reading.scope or (
        where is not None and where.function == reading.scope and reading.since < where.line
    )


def _is_renamed(node: Source) -> bool:
    return node.relation is not None and node.relation.renamed


def _is_apart(node: Source, top: Source) -> bool:
    """Whether nothing that the rows above prefetch would be read here."""
    if node.loaded_by == "lazy" and not node.plain:
        reading = node.reading
        return reading is None or not reading.narrows or not can_repeat(reading, top)
    return _is_renamed(node)


def _belongs_above(node: Source) -> bool:
    """Whether a fix must go to the queryset above: these rows have none of their own to change.

    They were loaded with the rows above, or through a manager that a template or serializer reads.
    The queryset of a ``Prefetch(to_attr=)`` is one of its own.
    """
    if node.loaded_by in ("prefetch", "select_related"):
        return not _is_renamed(node)
    return node.loaded_by == "lazy" and node.plain and not (node.written or node.built)


def _merge_alike(offenders: list[Offender]) -> list[Offender]:
    """Variants of one SQL text (a generic key's models, say) that follow one path at one place."""
    merged: dict[object, Offender] = {}
    for offender in offenders:
        steps = offender.path.steps if offender.path else offender.group.fingerprint
        key = (offender.place, steps, offender.group.operation)
        known = merged.get(key)
        # A generic key takes a query for each of its models, another text is another model.
        generic = (
            known is not None and _is_generic(known) and known.group.digest != offender.group.digest
        )
        merged[key] = (
            offender if known is None else _together(known, offender, known.prefetches + generic)
        )
    return list(merged.values())


def _merge_chains(offenders: list[Offender]) -> list[Offender]:
    """``task.project.owner`` on one line is one finding, of the longest path."""
    kept: list[Offender] = []
    at: dict[object, list[int]] = {}
    for offender in sorted(offenders, key=lambda o: -len(o.path.steps) if o.path else 0):
        indexes = at.setdefault(offender.place, [])
        for index in indexes:
            longer = kept[index]
            if offender.path and longer.path and offender.path.is_prefix_of(longer.path):
                prefetches = longer.prefetches + offender.prefetches
                recursive = longer.recursive or bool(longer.groups & offender.groups)
                merged = _together(longer, offender, prefetches)
                kept[index] = replace(merged, recursive=recursive)
                break
        else:
            indexes.append(len(kept))
            kept.append(offender)
    return kept


def _is_generic(offender: Offender) -> bool:
    return offender.relation is not None and offender.relation.kind == "generic-foreign-key"


def _together(one: Offender, other: Offender, prefetches: int) -> Offender:
    return replace(
        one,
        groups=one.groups | other.groups,
        count=one.count + other.count,
        duration_ms=one.duration_ms + other.duration_ms,
        waiting=one.waiting and other.waiting,
        prefetches=prefetches,
    )
