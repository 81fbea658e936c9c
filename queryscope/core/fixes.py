"""Lookups -> the code to write: merged for one origin, so that it can be pasted as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .events import MANY_RELATIONS, SINGLE_RELATIONS, Relation, Source
from .repairs import Fix, FixKind
from .sightings import Reading


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
    def turn(self) -> int | None:
        """The step at which a queryset of its own begins, for a Prefetch or GenericPrefetch."""
        last = len(self.steps) - 1
        for index, step in enumerate(self.steps):
            own = step.reading is not None or bool(step.annotated)
            if own or (_is_generic(step) and index < last):
                return index
        return None

    def begins(self, steps: tuple[Relation, ...]) -> bool:
        """Whether it goes along the same relations first."""
        names = [(step.model, step.name) for step in steps]
        return [(step.model, step.name) for step in self.steps[: len(steps)]] == names

    def is_prefix_of(self, other: Path) -> bool:
        return self.steps == other.steps[: len(self.steps)] and self.steps != other.steps


_AS_IT_IS = Reading()


@dataclass(frozen=True, slots=True)
class Counted:
    """A related manager of the origin's rows that is only counted or asked for existence."""

    relation: Relation
    exists: bool
    reading: Reading = _AS_IT_IS

    @property
    def name(self) -> str:
        """The attribute that an annotation puts on the rows."""
        query_name = self.relation.query_name
        if self.exists:
            return self.reading.exists or f"has_{query_name}"
        return self.reading.count or f"{query_name}_count"

    def annotation(self, *, alone: bool = True) -> str:
        """The annotation as code. ``alone`` tells that no other join stands beside it, which would
        multiply its rows.
        """
        relation, reading = self.relation, self.reading
        target = f"{class_name(relation.target)}.{relation.manager}"
        rows = f'{target}.filter({relation.back}=OuterRef("pk")){reading.narrowing}'
        if self.exists:
            return f"{self.name}=Exists({rows})"
        joins = alone and not reading.manages
        if joins and (reading.conditions or not reading.narrowing):
            only = f"filter={reading.conditions}, " if reading.conditions else ""
            return f'{self.name}=Count("{relation.query_name}", {only}distinct=True)'
        distinct = ", distinct=True" if ".distinct(" in reading.narrowing else ""
        counted = f'.order_by().values("{relation.back}").annotate(n=Count("pk"{distinct}))'
        return f'{self.name}=Coalesce(Subquery({rows}{counted}.values("n")), 0)'


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
    separate = origin.raw or origin.combined
    paths = tuple(replace(p, prefetched=True) for p in remedy.paths) if separate else remedy.paths
    loads = _loads(paths, origin.prefetched)
    lookups = (*loads.selected, *_outermost(p.lookup for p in paths if not p.selectable))
    lookups = tuple(lookup for lookup in lookups if lookup not in origin.prefetched)
    if separate:
        arguments = (*map(_quote, loads.prefetched), *loads.nested)
        code = f"prefetch_related_objects(rows, {', '.join(arguments)})"
        return Fix("prefetch_related", lookups, code)
    if origin.changelist and loads.selected:
        # Where a queryset or a list names joins, Django adds none of those that it would make.
        joined = _outermost((*origin.selected, *origin.displayed, *loads.selected))
        loads = replace(loads, selected=joined)
    methods, deferral = loads.methods, _deferral(origin, remedy)
    many = {counted.relation.name for counted in remedy.counted if not counted.exists}
    # A lock cannot stand beside the GROUP BY that a joined count needs.
    alone = len(many) == 1 and not (
        origin.built or origin.multiplied or origin.locked or origin.ordering is None
    )
    if counts := tuple(dict.fromkeys(c.annotation(alone=alone) for c in remedy.counted)):
        methods += f".annotate({', '.join(counts)})"
        if origin.ordering and any("=Count(" in count.partition("(")[0] + "(" for count in counts):
            methods += f".order_by({_quoted(origin.ordering)})"
    if origin.changelist:
        only_joins = methods.count("(") == 1 and not origin.inline
        code = _changelist(methods, loads.selected, only_joins)
    else:
        code = expression(origin) + deferral + methods
        if origin.streamed:
            code += ".iterator(chunk_size=2000)" if loads.fetches else ".iterator()"
    names = (c.relation.query_name for c in remedy.counted)
    lookups = tuple(dict.fromkeys((*lookups, *names, *remedy.loaded_fields)))
    alternative = _alternative(origin, remedy)
    return Fix(kind, lookups, code, None, alternative, methods, deferral)


def _alternative(origin: Source, remedy: Remedy) -> str | None:
    """The fetch mode of Django 6.1 that loads an attribute for all the rows at once."""
    attributes = SINGLE_RELATIONS | {"generic-foreign-key"}
    steps = [step for path in remedy.paths for step in path.steps]
    if (
        not origin.fetch_modes
        or (origin.single or origin.streamed or origin.combined or origin.changelist)
        or remedy.counted
        or any(path.prefetched for path in remedy.paths)
        or any(step.kind not in attributes for step in steps)
    ):
        return None
    return f"{expression(origin)}.fetch_mode(models.FETCH_PEERS)"


@dataclass(frozen=True, slots=True)
class _Loads:
    """Lookups of ``select_related`` and ``prefetch_related``; ``nested`` are Prefetch objects."""

    selected: tuple[str, ...]
    prefetched: tuple[str, ...]
    nested: tuple[str, ...]

    @property
    def fetches(self) -> bool:
        return bool(self.prefetched or self.nested)

    @property
    def methods(self) -> str:
        code = f".select_related({_quoted(self.selected)})" if self.selected else ""
        if self.fetches:
            code += f".prefetch_related({', '.join((*map(_quote, self.prefetched), *self.nested))})"
        return code


def _loads(paths: Iterable[Path], known: tuple[str, ...] = ()) -> _Loads:
    """What loads all the paths but those ``known``; a queryset of its own takes what is below."""
    below: dict[tuple[Relation, ...], list[Path]] = {}
    annotated: dict[tuple[Relation, ...], dict[str, None]] = {}
    for path in paths:
        if (turn := path.turn) is not None:
            step = replace(path.steps[turn], annotated=())
            key = (*path.steps[:turn], step)
            annotated.setdefault(key, {}).update(dict.fromkeys(path.steps[turn].annotated))
            rest = below.setdefault(key, [])
            rest += [Path(path.steps[turn + 1 :])] if turn + 1 < len(path.steps) else []
    plain = []
    for path in (path for path in paths if path.turn is None):
        # What goes through rows that have annotations is loaded with these.
        through = next((steps for steps in below if annotated[steps] and path.begins(steps)), ())
        if len(path.steps) > len(through) > 0:
            below[through].append(Path(path.steps[len(through) :]))
        elif not through:
            plain.append(path)
    generic: dict[str, list[str]] = {}
    nested = []
    for steps, rest in below.items():
        lookup = "__".join(step.name for step in steps)
        if steps[-1].reading is not None or annotated[steps]:
            methods = _loads(rest).methods
            nested.append(_prefetch(lookup, steps[-1], methods, tuple(annotated[steps])))
        else:
            queryset = f"{class_name(steps[-1].target)}.{steps[-1].manager}"
            generic.setdefault(lookup, []).append(queryset + (_loads(rest).methods or ".all()"))
    nested += (f'GenericPrefetch("{n}", [{", ".join(each)}])' for n, each in generic.items())
    lookups = _outermost(path.lookup for path in plain if not path.selectable)
    return _Loads(
        _outermost(path.lookup for path in plain if path.selectable),
        tuple(name for name in lookups if name not in known and name not in generic),
        tuple(dict.fromkeys(nested)),
    )


def _prefetch(lookup: str, relation: Relation, methods: str, annotated: tuple[str, ...]) -> str:
    code = f"{class_name(relation.target)}.{relation.manager}"
    if annotated:
        return f'Prefetch("{lookup}", queryset={code}{methods}.annotate({", ".join(annotated)}))'
    reading = relation.reading or _AS_IT_IS
    code += reading.narrowing + methods
    if not reading.narrowing and not methods:
        code += ".all()"
    # A generic relation filters by content type afterwards, which a slice does not allow.
    if relation.kind != "generic-relation":
        code += reading.limit
    return f'Prefetch("{lookup}", queryset={code}, to_attr="{reading.rows}")'


def _deferral(origin: Source, remedy: Remedy) -> str:
    """The origin's ``only()`` or ``defer()`` once the fields that are needed are loaded as well."""
    needed = {p.steps[0].query_name for p in remedy.paths} | set(remedy.loaded_fields)
    if not needed & set(origin.deferred):
        return ""
    if origin.only:
        missing = (name for name in origin.deferred if name in needed)
        return f".only({_quoted((*origin.only, *missing))})"
    kept = tuple(name for name in origin.deferred if name not in needed)
    return f".defer({_quoted(kept)})" if kept else ".all()"


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
    return manager_code(origin.model, origin.manager, origin.using)


def manager_code(model: str, manager: str, using: str) -> str:
    """``Task.objects``, or ``Task.objects.using("archive")``."""
    code = f"{class_name(model)}.{manager}"
    return f'{code}.using("{using}")' if using else code


def class_name(label: str) -> str:
    """ "projects.Task" -> "Task"."""
    return label.rpartition(".")[2]


def snake(name: str) -> str:
    """ "WebhookDelivery" -> "webhook_delivery"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _outermost(lookups: Iterable[str]) -> tuple[str, ...]:
    """Without repetition, and without those that a longer one implies."""
    unique = tuple(dict.fromkeys(lookups))
    return tuple(one for one in unique if not any(other.startswith(f"{one}__") for other in unique))


def _quote(name: str) -> str:
    return f'"{name}"'


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(_quote, names))


def _is_generic(step: Relation) -> bool:
    return step.kind == "generic-foreign-key"
