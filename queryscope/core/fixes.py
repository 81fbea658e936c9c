"""Lookups -> the code to write: merged for one origin, so that it can be pasted as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .events import MANY_RELATIONS, SINGLE_RELATIONS, Relation, Source
from .findings import Fix, FixKind


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of relations from an origin's rows to what is loaded for each of them.

    ``prefetched`` tells that a step of it is loaded by ``prefetch_related`` already.
    """

    steps: tuple[Relation, ...]
    prefetched: bool = False

    @property
    def selectable(self) -> bool:
        """Whether one JOIN can follow the whole chain."""
        return not self.prefetched and all(step.kind in SINGLE_RELATIONS for step in self.steps)

    @property
    def lookup(self) -> str:
        names = (s.query_name if self.selectable else s.name for s in self.steps)
        return "__".join(names)

    @property
    def crosses_generic(self) -> bool:
        """Whether it goes on beyond a generic foreign key, where rows are of several models."""
        return any(step.kind == "generic-foreign-key" for step in self.steps[:-1])

    def is_prefix_of(self, other: Path) -> bool:
        return self.steps == other.steps[: len(self.steps)] and self.steps != other.steps


@dataclass(frozen=True, slots=True)
class Counted:
    """A related manager of the origin's rows that is only counted or asked for existence."""

    relation: Relation
    exists: bool


@dataclass(frozen=True, slots=True)
class Remedy:
    """Everything that one origin needs."""

    paths: tuple[Path, ...] = ()
    counted: tuple[Counted, ...] = ()
    loaded_fields: tuple[str, ...] = ()

    def __or__(self, other: Remedy) -> Remedy:
        return Remedy(
            tuple(dict.fromkeys(self.paths + other.paths)),
            tuple(dict.fromkeys(self.counted + other.counted)),
            tuple(dict.fromkeys(self.loaded_fields + other.loaded_fields)),
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What one finding needs of its origin's queryset, and the kind of fix that is."""

    origin: Source
    remedy: Remedy
    kind: FixKind

    @property
    def queryset(self) -> tuple[object, ...]:
        """Equal for needs that one change of one queryset meets, in whichever request."""
        origin = self.origin
        place = origin.location or origin.index
        return place, origin.template, origin.model, expression(origin), origin.streamed

    def fix(self, whole: Remedy | None = None) -> Fix:
        """The fix for this need alone, or for everything that its queryset needs."""
        return eager_fix(self.origin, whole or self.remedy, self.kind)


def eager_fix(origin: Source, remedy: Remedy, kind: FixKind) -> Fix:
    """The origin's queryset with all that is missing.

    ``kind`` is what the finding at hand needs; the code always holds the whole remedy.
    """
    selected = _outermost(p.lookup for p in remedy.paths if p.selectable)
    prefetched = tuple(
        lookup
        for lookup in _outermost(p.lookup for p in remedy.paths if not p.selectable)
        if lookup not in origin.prefetched
    )
    if origin.raw or origin.combined:
        lookups = _outermost((*selected, *prefetched))
        code = f"prefetch_related_objects(rows, {_quoted(lookups)})"
        return Fix("prefetch_related", lookups, code)
    code = expression(origin)
    needed = {p.steps[0].query_name for p in remedy.paths} | set(remedy.loaded_fields)
    if needed & set(origin.deferred):
        kept = tuple(name for name in origin.deferred if name not in needed)
        code += f".defer({_quoted(kept)})" if kept else ".all()"
    start = code
    if selected:
        code += f".select_related({_quoted(selected)})"
    if prefetched:
        code += f".prefetch_related({_quoted(prefetched)})"
    counts = tuple(dict.fromkeys(_annotation(c) for c in remedy.counted))
    if counts:
        code += f".annotate({', '.join(counts)})"
    if origin.changelist:
        code = _changelist(code.removeprefix(start), selected, code.count("(") == 1)
    elif origin.streamed:
        code += ".iterator(chunk_size=2000)" if prefetched else ".iterator()"
    names = (c.relation.query_name for c in remedy.counted)
    lookups = tuple(dict.fromkeys((*selected, *prefetched, *names, *remedy.loaded_fields)))
    return Fix(kind, lookups, code)


def _changelist(methods: str, selected: tuple[str, ...], only_joins: bool) -> str:
    """What to write in a ModelAdmin."""
    if selected and only_joins:
        return f"list_select_related = [{_quoted(selected)}]"
    return f"def get_queryset(self, request):\n    return super().get_queryset(request){methods}"


def expression(origin: Source) -> str:
    """How the origin's queryset begins: ``Task.objects``, or ``project.tasks`` for a manager."""
    if origin.loaded_by == "lazy" and origin.relation and origin.relation.kind in MANY_RELATIONS:
        owner = origin.relation.model.rpartition(".")[2]
        return f"{snake(owner)}.{origin.relation.name}"
    return f"{class_name(origin.model)}.{origin.manager}"


def class_name(label: str) -> str:
    """ "projects.Task" -> "Task"."""
    return label.rpartition(".")[2]


def snake(name: str) -> str:
    """ "WebhookDelivery" -> "webhook_delivery"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def counted_name(counted: Counted) -> str:
    """The attribute that an annotation puts on the rows."""
    name = counted.relation.query_name
    return f"has_{name}" if counted.exists else f"{name}_count"


def _annotation(counted: Counted) -> str:
    relation, name = counted.relation, counted_name(counted)
    if counted.exists:
        target = f"{class_name(relation.target)}.{relation.manager}"
        return f'{name}=Exists({target}.filter({relation.back}=OuterRef("pk")))'
    # Several joins multiply rows: distinct keeps each count right whatever stands beside it.
    return f'{name}=Count("{relation.query_name}", distinct=True)'


def _outermost(lookups: Iterable[str]) -> tuple[str, ...]:
    """Without repetition, and without those that a longer one implies."""
    unique = tuple(dict.fromkeys(lookups))
    return tuple(one for one in unique if not any(other.startswith(f"{one}__") for other in unique))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
