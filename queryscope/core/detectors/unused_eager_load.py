"""Related rows that are loaded with a list, and that nothing reads.

    tasks = Task.objects.select_related("project", "owner").prefetch_related("tags")
    for task in tasks:
        task.project.name               owner and tags were loaded in vain

Why it hurts: a prefetch is a query and an object for every row of it; a join makes each row wider,
and the same owner is built again for each of its tasks.

Instead of:
    Task.objects.select_related("project", "owner").prefetch_related("tags")
use:
    Task.objects.select_related("project")

Only an audit, and tests that say record(reads=True), see what is read. A relation is used when its
attribute is read on any row, whatever becomes of it: len(), count(), a test for truth. It is unused
when none of the requests that pass the line, all of them together, read it. The data may hide a
branch that does: confidence likely. An audit runs its request without it, which proves it for that
one.

Silent: what is written in a manager or a helper, for others to use; rows of get() and first(), and
fewer than three; rows that are pickled, copied, streamed, edited in a form or kept for later;
relations without rows; failed requests; what the file that builds the list names anywhere, or any
file or template that reads the rows, since a branch that no request took may read it.

To allow one: the comment "# queryscope: ignore[unused-eager-load] why" on its line or on
the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..detection import Case, Detection
from ..events import Relation, Source, Trace
from ..exercise import Exercise, Lookup, Tree, Vain, trees
from ..findings import Finding
from ..fixes import class_name, expression
from ..repairs import Fix

NAME = "unused-eager-load"

_VERBS = {"select_related": "is joined to", "prefetch_related": "is prefetched for"}


def detect(case: Case) -> Iterable[Detection]:
    """Find the lookups that no request followed to their end."""
    for tree in trees(case.trace):
        if not tree.origin.single:
            yield from _unused(tree, case.exercise)


def _unused(tree: Tree, exercise: Exercise) -> Iterator[Detection]:
    told = set()
    for lookup in tree.lookups:
        vain = exercise.vain(tree, lookup)
        beginning = lookup.method, lookup.steps[: exercise.used_steps(tree, lookup) + 1]
        if vain is not None and beginning not in told:
            told.add(beginning)
            finding = _finding(tree, lookup, vain, exercise)
            yield Detection(finding, frozenset(), source=tree.origin)


def _finding(tree: Tree, lookup: Lookup, vain: Vain, exercise: Exercise) -> Finding:
    trace, origin, relation = tree.trace, tree.origin, vain.relation
    fetched = lookup.method == "prefetch_related"
    used = exercise.used_steps(tree, lookup)
    nodes = _prefetched(tree, lookup, used) if fetched else [origin]
    queries = sum(node.evaluations for node in nodes)
    group = trace.groups[nodes[0].group] if nodes and nodes[0].group is not None else None
    return Finding(
        detector=NAME,
        severity="warning" if fetched else "info",
        confidence="likely",
        endpoint=trace.name,
        request=trace.request,
        message=_message(lookup, vain, queries),
        hint=_hint(lookup, relation, origin),
        location=origin.location,
        origin=origin.location,
        template=None,
        model=relation.model,
        relation=relation.label,
        tables=group.tables if group else (),
        fingerprint=group.fingerprint if group else "",
        digest=group.digest if group else "",
        count=queries,
        duration_ms=sum(_duration_ms(trace, node) for node in nodes),
        saves=queries if fetched else 0,
        fix=_fix(tree, lookup, vain, exercise),
    )


def _prefetched(tree: Tree, lookup: Lookup, used: int) -> list[Source]:
    """The rows of a prefetch and those that are prefetched for them in turn."""
    found = list(list(tree.walk(lookup))[used][1])
    for above in found:
        found += [
            node
            for node in tree.trace.sources
            if node.parent == above.index and node.loaded_by == "prefetch" and node not in found
        ]
    return [node for node in found if node.loaded_by == "prefetch"]


def _duration_ms(trace: Trace, node: Source) -> float:
    group = trace.groups[node.group] if node.group is not None else None
    return group.duration_ms * node.evaluations / group.count if group and group.count else 0.0


def _message(lookup: Lookup, vain: Vain, queries: int) -> str:
    row = class_name(vain.relation.model)
    many = f"{vain.rows:,} {'row' if vain.rows == 1 else 'rows'}"
    if lookup.method == "prefetch_related":
        many += f", {queries} {'query' if queries == 1 else 'queries'}"
    verb = _VERBS[lookup.method]
    return f"{row}.{vain.relation.name} {verb} each {row} row and never read: {many}"


def _hint(lookup: Lookup, relation: Relation, origin: Source) -> str:
    where = origin.location
    place = f" at {where.file.rpartition('/')[2]}:{where.line}" if where else ""
    return f'Leave "{relation.name}" out of {lookup.method}(){place}.'


def _fix(tree: Tree, unused: Lookup, vain: Vain, exercise: Exercise) -> Fix:
    """The queryset with everything that is loaded eagerly and used."""
    kept: dict[str, list[str]] = {"select_related": [], "prefetch_related": []}
    dropped = []
    for lookup in tree.lookups:
        used, cut = exercise.used_steps(tree, lookup), exercise.vain(tree, lookup)
        # What is left of a prefetch may be there already, by a join.
        there = cut is not None and cut.joined and lookup.method == "prefetch_related"
        if used and not there:
            kept[lookup.method].append("__".join(lookup.steps[:used]))
        if cut is not None and lookup.method == unused.method:
            dropped.append(lookup.name)
    methods = "".join(
        f".{method}({_quoted(_outermost(names))})" for method, names in kept.items() if names
    )
    lookups = (*_outermost(kept["select_related"]), *_outermost(kept["prefetch_related"]))
    objects = exercise.prefetch_objects(tree)
    own = any(prefix in objects for name in kept["prefetch_related"] for prefix in _prefixes(name))
    if methods and not own and not tree.origin.changelist:
        code = expression(tree.origin) + methods
        return Fix(unused.method, lookups, code, drops=tuple(dropped))
    what = f"remove .{unused.method}({_quoted(dropped)})"
    if vain.relation.renamed:
        relation = vain.relation
        what = f'remove Prefetch("{relation.query_name}", to_attr="{relation.name}")'
    return Fix(unused.method, lookups, what, drops=tuple(dropped))


def _prefixes(name: str) -> list[str]:
    steps = name.split("__")
    return ["__".join(steps[:end]) for end in range(1, len(steps) + 1)]


def _outermost(names: list[str]) -> list[str]:
    unique = dict.fromkeys(names)
    return [one for one in unique if not any(other.startswith(f"{one}__") for other in unique)]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
