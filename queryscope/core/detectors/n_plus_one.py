"""One query for a list, and one more for each of its rows.

    tasks = Task.objects.all()          1 query
    for task in tasks:
        task.project.name               1 query a row: N queries

Why it hurts: the page's queries grow with its rows, and each is a round trip to the database.

Instead of:
    Task.objects.all()
use:
    Task.objects.select_related("project")           foreign keys and one-to-one, by a JOIN
    Task.objects.prefetch_related("comments")        many rows each, by one more query
    Task.objects.annotate(n=Count("comments"))       what is only counted, or asked for existence
    Task.objects.prefetch_related(Prefetch("comments", queryset=..., to_attr=...))
                                                     .filter(), .order_by(), .first() of a manager,
                                                     which ask again past a plain prefetch

A query counts when the object it was loaded for came from a queryset of several rows that was seen
being evaluated (confidence certain), or, where that queryset was not seen, when the same chain of
calls ran it again and again (likely). One row today is an N+1 in waiting: it is found and marked.

Silent: rows of get(), first(), [0] or a filter on a unique column; relations that are loaded
already; two accesses to rows of different querysets; one access to one of many rows; in an audit
what half of the rows cause as often as all of them.

To allow one: the comment "# queryscope: ignore[n-plus-one] why" on its line or on
the line of its queryset, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..detection import Case, Detection
from ..events import MANY_RELATIONS, QueryGroup, Relation, Source, Trace
from ..findings import Finding, Severity
from ..fixes import Counted, Need, Path, Remedy, class_name, manager_code
from ..offenders import Offender, can_repeat, offenders
from ..repairs import Fix, FixKind, Rewrite
from ..rereading import instead
from ..sightings import Reading

NAME = "n-plus-one"

_COUNTS = frozenset({"count", "exists"})
#: Repeats from which a finding is an error rather than a warning.
_MANY = 10


def detect(case: Case) -> Iterable[Detection]:
    """Find the offenders of every origin and say what each of them needs."""
    for offender in offenders(case):
        need = _need(offender)
        fix = _unseen_fix(offender) if need is None else need.fix()
        if fix is not None and need is not None:
            fix = replace(
                fix, rewrite=_rewrite(offender, need), partial=_is_partial(offender, need)
            )
        yield Detection(_finding(case.trace, offender, need, fix), offender.groups, need)


def _unseen_fix(offender: Offender) -> Fix | None:
    path, group = offender.path, offender.group
    if group.operation == "refresh_from_db" and group.model is not None:
        manager = manager_code(group.model, group.manager, group.using)
        return Fix("in_bulk", ("pk",), f"{manager}.in_bulk([row.pk for row in rows])")
    if path is None or path.turn is not None or offender.origin is not None:
        return None
    name = path.steps[-1].name
    return Fix("prefetch_related", (name,), f'prefetch_related_objects(rows, "{name}")')


def _need(offender: Offender) -> Need | None:
    path, origin = offender.path, offender.origin
    if path is None or origin is None or offender.recursive or _by_library(offender):
        return None
    if origin.collected or _misfits(path, origin):
        return None
    last, separate = path.steps[-1], origin.raw or origin.combined
    if last.kind == "deferred-field":
        owner = (replace(path, steps=path.steps[:-1]),) if len(path.steps) > 1 else ()
        remedy = Remedy(paths=owner, loaded_fields=(last.query_name,))
        return None if separate else Need(origin, remedy, "only")
    if (counted := _counted(offender)) is not None and not separate:
        return Need(origin, Remedy(counted=(counted,)), "annotate")
    if _prefetched_already(offender) and _narrowed(offender) is None:
        return None
    if origin.locked:
        # A join would lock its rows as well, and may not be outer.
        path = replace(path, prefetched=True)
    if (related := _counted_beyond(offender)) is not None:
        return Need(origin, Remedy(paths=(related,)), "annotate")
    if (narrowed := _narrowed(offender)) is not None:
        path = replace(path, steps=(*path.steps[:-1], narrowed))
    kind: FixKind = "select_related" if path.selectable else "prefetch_related"
    return Need(origin, Remedy(paths=(path,)), kind)


def _misfits(path: Path, origin: Source) -> bool:
    """Whether a step is of a model that inherits from the one the step before leads to.

    A library may hand out rows of such models where no lookup reaches their own relations.
    """
    if path.steps[0].model in origin.children:
        return True
    return any(
        after.model in before.children
        for before, after in zip(path.steps, path.steps[1:], strict=False)
    )


def _by_library(offender: Offender) -> bool:
    """Whether a library narrows the manager: its code would go on to do so."""
    group = offender.group
    ours = group.reading is not None and bool(group.reading.code)
    return not (group.plain or group.direct or ours)


def _prefetched_already(offender: Offender) -> bool:
    """Whether the origin prefetches it, and the manager was narrowed past that."""
    path, origin = offender.path, offender.origin
    return path is not None and origin is not None and path.lookup in origin.prefetched


def _counted(offender: Offender) -> Counted | None:
    """The annotation that answers ``count()`` or ``exists()``; None where none would."""
    group, path, origin = offender.group, offender.path, offender.origin
    if path is None or origin is None or group.operation not in _COUNTS or len(path.steps) > 1:
        return None
    return _annotation(group, path.steps[0], origin)


def _annotation(group: QueryGroup, relation: Relation, origin: Source) -> Counted | None:
    exists, reading = group.operation == "exists", group.reading
    if relation.kind not in ("reverse-many", "many-to-many"):
        return None
    if not relation.back.isidentifier():
        return None  # A symmetrical relation has no name for its way back.
    if group.plain:
        return Counted(relation, exists, reading or Reading())
    if reading is None or reading.ending != group.operation or reading.limit:
        return None
    return Counted(relation, exists, reading) if can_repeat(reading, origin) else None


def _counted_beyond(offender: Offender) -> Path | None:
    """The path to single rows whose queryset counts what they have; None where it cannot."""
    path, origin, group = offender.path, offender.origin, offender.group
    if path is None or origin is None or len(path.steps) < 2 or path.prefetched:
        return None
    *before, last = path.steps
    if group.operation not in _COUNTS or not Path(tuple(before)).selectable:
        return None
    lookup = "__".join(step.name for step in before)
    # What the origin loads already, a Prefetch would not load anew.
    if any(
        f"{known}__".startswith(f"{lookup}__") for known in (*origin.selected, *origin.prefetched)
    ):
        return None
    counted = _annotation(group, last, origin)
    if counted is None:
        return None
    return replace(
        path,
        steps=(*before[:-1], replace(before[-1], annotated=(counted.annotation(alone=False),))),
    )


def _narrowed(offender: Offender) -> Relation | None:
    """The relation with the calls that narrow its manager; None where these cannot be repeated."""
    reading, path, origin = offender.group.reading, offender.path, offender.origin
    if reading is None or not reading.narrows or path is None or origin is None:
        return None
    return replace(path.steps[-1], reading=reading) if can_repeat(reading, origin) else None


def _finding(trace: Trace, offender: Offender, need: Need | None, fix: Fix | None) -> Finding:
    group, relation, origin = offender.group, offender.relation, offender.origin
    beyond = need is not None and need.kind == "annotate" and not need.remedy.counted
    joined = fix is not None and fix.kind in ("select_related", "annotate", "only") and not beyond
    needs = 0 if joined else offender.prefetches
    return Finding(
        detector=NAME,
        severity=_severity(offender),
        confidence="certain" if offender.certain else "likely",
        endpoint=trace.name,
        request=trace.request,
        message=_message(offender),
        hint=_hint(offender, need, fix),
        location=group.location,
        origin=origin.location if origin else None,
        template=group.template,
        model=relation.model if relation else group.model,
        relation=relation.label if relation else None,
        tables=group.tables,
        fingerprint=group.fingerprint,
        digest=group.digest,
        count=offender.count,
        duration_ms=offender.duration_ms,
        saves=max(0, offender.count - needs),
        waiting=offender.waiting,
        rows_of=offender.rows_of,
        fix=fix,
    )


def _severity(offender: Offender) -> Severity:
    collected = offender.origin is not None and offender.origin.collected
    if offender.waiting or collected or not offender.group.application:
        return "info"
    return "error" if offender.count >= _MANY else "warning"


def _message(offender: Offender) -> str:
    relation, group = offender.relation, offender.group
    what = (
        f"{class_name(relation.model)}.{relation.name}"
        if relation
        else class_name(group.model or "a query")
    )
    rows = class_name(offender.rows_of) if offender.rows_of else "object"
    if group.operation in _COUNTS:
        what += f".{group.operation}()"
    verb = "is loaded" if group.operation not in _COUNTS else "is asked"
    queries = f"{offender.count} {'query' if offender.count == 1 else 'queries'}"
    if offender.waiting:
        return f"{what} {verb} for each {rows} row; there is one row now, so {queries}"
    return f"{what} {verb} for each {rows} row: {queries}"


def _hint(offender: Offender, need: Need | None, fix: Fix | None) -> str:
    relation = offender.relation
    if fix is None:
        if offender.path is not None and offender.path.turn is not None:
            return (
                "Prefetch beyond a generic foreign key with GenericPrefetch, one queryset a model."
            )
        if relation is not None and relation.kind == "deferred-field":
            return f"Name the field in the query{_where(offender.origin)} that loads the rows."
        if _by_library(offender):
            return "A library asks this for each row: ask it once, or not for each row."
        if _prefetched_already(offender) and relation is not None:
            return f"It is prefetched already: {_in_python(relation, offender.group.reading)}."
        if offender.origin is not None and offender.origin.collected:
            return (
                "Django looks for these rows before it deletes them, so no queryset of yours can "
                "load more: let what is shown of each (its __str__) do without the relation."
            )
        if offender.recursive:
            return "Load the rows of all levels with one query and link them in Python."
        return "Load the related rows for the whole list before the loop."
    if fix.kind == "in_bulk":
        return "Ask once for all the rows, after what may have changed them."
    if fix.code.startswith("prefetch_related_objects"):
        change = "Load the related rows for the whole list before the loop reads them"
    else:
        change = f"Change the queryset{_which(offender.origin)}"
    if offender.origin is not None and offender.origin.choices:
        change = f"Give the form's field its queryset{_where(offender.origin)}"
    then = _reading(offender, need)
    return f"{change}, then {then}." if then else f"{change}."


def _reading(offender: Offender, need: Need | None) -> str | None:
    """What else changes where the rows are read; None where nothing does."""
    relation, group = offender.relation, offender.group
    if relation is None or relation.kind not in MANY_RELATIONS:
        return None
    reading = group.reading or Reading()
    if group.field:
        return (
            f"set choices=[(row.pk, str(row)) for row in {class_name(relation.model).lower()}."
            f"{relation.name}.all()] on the form's field, which queries past what is prefetched"
        )
    if group.operation == "prefetch_object":
        return "take prefetch_related_objects() out of the loop"
    if need is not None and (rewrite := _rewrite(offender, need)) is not None:
        where = ", for these rows alone: others do not have it" if rewrite.elsewhere else ""
        return f"read {rewrite.after} instead of {rewrite.before}{where}"
    return None if _is_answered(group, reading) else _in_python(relation, reading)


def _rewrite(offender: Offender, need: Need) -> Rewrite | None:
    """What reads the rows once the fix has loaded them; None where nothing changes or is known."""
    relation, group = offender.relation, offender.group
    if relation is None or relation.kind not in MANY_RELATIONS or group.field:
        return None
    reading = group.reading or Reading()
    if need.kind == "annotate":
        name = Counted(relation, group.operation == "exists", reading).name
        before = reading.code or f".{relation.name}.{group.operation}()"
        return Rewrite(before, f"{reading.owner}.{name}", _is_elsewhere(offender))
    narrowed = need.remedy.paths[0].steps[-1] if need.remedy.paths else relation
    if narrowed.reading is not None:
        text = instead(narrowed, reading)
        return Rewrite(reading.code, text, _is_elsewhere(offender)) if text else None
    if _is_answered(group, reading) or reading.narrows or group.operation == "prefetch_object":
        return None
    text = instead(relation, reading)
    return Rewrite(reading.code, text) if text else None


def _is_partial(offender: Offender, need: Need) -> bool:
    """Whether what reads the rows would ask again as it stands, and how it should is not known."""
    relation, group = offender.relation, offender.group
    if relation is None or relation.kind not in MANY_RELATIONS:
        return False
    if group.operation == "prefetch_object" or _rewrite(offender, need) is not None:
        return False
    return bool(group.field) or not _is_answered(group, group.reading or Reading())


def _is_answered(group: QueryGroup, reading: Reading) -> bool:
    """Whether the code that asks now gets its answer from the prefetched rows, as it stands."""
    if not group.plain or reading.narrows:
        return False
    # What a template calls of a manager that narrows by itself is not known.
    known = bool(reading.code) or not reading.manages
    return group.operation in ("queryset", "iterator") or (group.operation in _COUNTS and known)


def _is_elsewhere(offender: Offender) -> bool:
    """What is read in another function than the rows come from may be read of other rows, too."""
    here, origin = offender.group.location, offender.origin
    rows = (origin.taken or origin.location) if origin is not None else None
    if here is None or rows is None:
        return False
    return (here.file, here.function) != (rows.file, rows.function)


def _in_python(relation: Relation, reading: Reading | None) -> str:
    """How to read prefetched rows that were narrowed."""
    if reading is not None and not reading.narrows:
        text = instead(relation, reading)
        if text is not None:
            return f"read {text} instead of {reading.code}"
    return (
        f"read .{relation.name}.all() and narrow it in Python, since a manager that is narrowed "
        "queries again"
    )


def _which(origin: Source | None) -> str:
    """The line of a queryset, or what is known of one that was built elsewhere."""
    if origin is None or origin.location is None:
        return ""
    if origin.evaluates:
        return f" that{_where(origin).removeprefix(' at')} evaluates"
    if not origin.built and origin.location.code.startswith(("def ", "async def ", "class ")):
        return f" of {origin.location.function}{_where(origin)}"
    return _where(origin)


def _where(origin: Source | None) -> str:
    if origin is None or origin.location is None:
        return ""
    return f" at {origin.location.file.rpartition('/')[2]}:{origin.location.line}"
