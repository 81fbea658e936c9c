"""What a call of the application writes, and whether a loop of the application makes it.

A chain of calls that comes twice was run by a loop, but not always by the application's: one
``delete()`` runs its statements in batches. So turns are told apart by what is made anew for each
call, and library code that loops by itself counts only where the application can replace it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet
from django.db.models.lookups import (
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Range,
)

from .calls import (
    between,
    beyond_overrides,
    call_of,
    hook_of,
    loop_of,
    outermost,
    reference,
    scope_of,
)
from .core.events import WRITES
from .core.sightings import Location, Write
from .loops import assigned_before_save, loop_around
from .marks import repetition_mark
from .places import Place
from .provenance import is_direct
from .querysets import key_conditions, manager_name
from .saving import OF_MANAGERS, are_unique, loaded_fields, named_fields, skipped, stamped_fields
from .stack import Step, signature
from .turns import obstacle
from .written import source_line

#: Turns that are told apart: by then a loop has shown itself.
MOST_TURNS = 4
#: Rows that are told apart to know whether one is written again.
_MOST_ROWS = 1_000
_CHUNKS = (In, Range, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)
#: Library code that writes once for one call of the application.
_ONE_EACH = ("/django/forms/models.py", "/django/contrib/auth/", "/rest_framework/serializers.py")
_BATCHES = frozenset({"bulk_create", "bulk_update"})


class Writing:
    """What a group's call writes, and how often one instruction of the application made it."""

    __slots__ = (
        "_call",
        "_chains",
        "_creates",
        "_expressions",
        "_facts",
        "_head",
        "_is_batch",
        "_model",
        "_operation",
        "_own_lines",
        "_owners",
        "_repeated",
        "_rows",
        "_scope",
        "_via",
        "_whole",
        "source",
        "turns",
    )

    def __init__(self, operation: str, steps: list[Step], inner: list[FrameType]) -> None:
        frame = outermost(inner)
        self._operation = operation
        #: Rows that it writes were loaded by this source.
        self.source: Any = None
        self.turns = 0
        #: What is known of the ``Write`` from the first sight.
        self._facts: dict[str, Any] = {}
        self._chains: dict[int, int] = {}
        self._call: Any = None
        self._scope: Any = None
        self._head: Any = None
        self._rows: set[int] = set()
        self._repeated = self._expressions = False
        self._creates = operation == "create"
        self._owners: set[int | None] = set()
        self._model: Any = None
        self._whole = False
        self._is_batch = operation in _BATCHES
        if frame is not None:
            self._read(frame)
        self._via = loop_of(inner) or ("" if is_direct(inner, _ONE_EACH) else "library")
        self._own_lines = 0
        if not self._via:
            self._via, self._own_lines = hook_of(steps)
        if self.undecided:
            self._note(steps, inner, frame)

    def _read(self, frame: FrameType) -> None:
        """Learn from the frame of the ORM's method what it was given."""
        values = frame.f_locals
        target = values.get("self")
        if isinstance(target, Model):
            self._model = type(target)
            given = values.get("update_fields")
            self._whole = given is None or set(given) == loaded_fields(target)
            if not self._whole:
                self._facts["fields"] = named_fields(self._model, given or ())
        elif isinstance(target, QuerySet):
            self._model = target.model
            self._read_queryset(target, values)
        elif hasattr(target, "instance"):
            self._read_manager(target)
            if values.get("through_defaults"):
                self._facts["obstacle"] = "defaults"

    def _read_queryset(self, queryset: Any, values: dict[str, Any]) -> None:
        given = tuple(values.get("kwargs") or ())
        if self._operation in ("update", "delete"):
            keys, column = key_conditions(queryset)
            where = queryset.query.where.children
            self._is_batch = queryset.query.is_sliced or _is_chunk(where)
            passed = (values.get("kwargs") or {}).values()
            self._expressions = any(hasattr(v, "resolve_expression") for v in passed)
            fields = given if self._operation == "update" else ()
            keys = ("pk",) if column == "primary key" else keys
            self._facts.update(keys=keys, unique=bool(column), fields=fields)
        elif self._operation in ("get_or_create", "update_or_create"):
            fields = tuple(values.get("defaults") or ())
            apart = values.get("create_defaults")
            if apart and apart is not values.get("update_defaults", values.get("defaults")):
                self._facts["obstacle"] = "defaults"
            self._facts.update(keys=given, unique=are_unique(self._model, given), fields=fields)

    def _read_manager(self, manager: Any) -> None:
        through = getattr(manager, "through", None)
        model = through if through is not None and self._operation in OF_MANAGERS else manager.model
        self._model = model
        owner = type(manager.instance)._meta.label
        columns: tuple[str, ...] = ()
        if through is not None:
            columns = (manager.source_field_name, manager.target_field_name)
            accessor = str(manager.prefetch_cache_name)
        elif (field := getattr(manager, "field", None)) is not None:
            columns = (field.name,)
            accessor = field.remote_field.get_accessor_name()
        else:
            accessor = str(getattr(manager, "prefetch_cache_name", ""))
        unique = through is not None and are_unique(through, columns)
        self._facts.update(owner=owner, accessor=accessor, columns=columns, unique=unique)

    @property
    def undecided(self) -> bool:
        """Whether more of its queries may show a loop."""
        return not self._is_batch and self._via != "library" and self.turns < MOST_TURNS

    def note(self, steps: list[Step]) -> Any:
        """Count a turn when this is one; the object that is saved or deleted, if there is one."""
        steps = beyond_overrides(steps)
        inner = between(steps)
        return self._note(steps, inner, outermost(inner))

    def _note(self, steps: list[Step], inner: list[FrameType], frame: FrameType | None) -> Any:
        scope, call = scope_of(steps), call_of(inner, frame)
        if self._scope is None or self._scope() is not scope:
            self._scope = reference(scope)
            self._chains.clear()
        elif call is not None and self._call is not None and self._call() is call:
            return None  # One call of the application writes in batches.
        self._call = None if call is None else reference(call)
        path = signature(steps)
        self._chains[path] = self._chains.get(path, 0) + 1
        self.turns = max(self.turns, self._chains[path])
        return self._target(frame)

    def _target(self, frame: FrameType | None) -> Any:
        target = frame.f_locals.get("self") if frame is not None else None
        if isinstance(target, Model):
            return target
        owner = getattr(target, "instance", None)
        if isinstance(owner, Model):
            key = repetition_mark("", (owner.__dict__.get(owner._meta.pk.attname),), 0)
            self._owners.add(key)
        return None

    def compare(self, sql: str, params: Any) -> None:
        """Note whether the values that an UPDATE sets are the same each time."""
        self._creates = self._creates or (self._operation == "save" and sql[:6].upper() == "INSERT")
        if self._operation not in ("update", "save") or not isinstance(params, (tuple, list)):
            return
        placeholders = sql.partition(" SET ")[2].rpartition(" WHERE ")[0].count("%s")
        if sql[:6].upper() == "UPDATE":
            self._note_row(repetition_mark("", params[placeholders:], 0))
        if self._operation != "update":
            return
        head = repetition_mark("", params[:placeholders], 0)
        if head is None or self._head not in (None, head):
            self._facts["varies"] = True
        self._head = head

    def _note_row(self, row: int | None) -> None:
        self._repeated = self._repeated or row in self._rows
        if row is not None and len(self._rows) < _MOST_ROWS:
            self._rows.add(row)

    def _obstacle(self, place: Place | None) -> str:
        """What was seen, before what is read in the source."""
        if self._expressions and (self._repeated or self._facts.get("varies")):
            return "expressions"
        if self._repeated:
            return "one row" if len(self._rows) == 1 else "repeated"
        if self._via or place is None:
            return ""
        model = self._model.__name__ if self._model is not None else ""
        return obstacle(place.callers, model, self._creates)

    def frozen(self, place: Place | None, alias: str) -> Write:
        """All that is known; the model and the code of the application are read here."""
        one_owner = len(self._owners) == 1 and None not in self._owners
        source = self.source.index if self.source is not None else None
        facts: dict[str, Any] = {**self._facts, **self._loop_of(place)}
        if self._model is not None:
            facts |= self._facts_of_model(place)
        facts["obstacle"] = facts.get("obstacle") or self._obstacle(place)
        using = alias if alias != DEFAULT_DB_ALIAS else ""
        return Write(**facts, one_owner=one_owner, source=source, using=using)

    def _loop_of(self, place: Place | None) -> dict[str, Any]:
        """Whose loop makes the calls, and where."""
        if self._via == "formset" and (place is None or not place.written):
            return {"via": self._via}  # The admin's: nothing of the project replaces it.
        callers = place.callers if place is not None else ()
        own = _loop(callers[: self._own_lines])
        via = "" if own is not None else self._via
        loop = own or (_loop(callers) if not via else None)
        return {"turns": self.turns, "via": via, "loop": loop}

    def _facts_of_model(self, place: Place | None) -> dict[str, Any]:
        model, operation = self._model, self._operation
        fields = self._facts.get("fields", ())
        if self._whole and place is not None and place.code is not None:
            file, line, _ = place.code
            fields = named_fields(model, assigned_before_save(file, line))
        every = self._whole or operation == "update_or_create"
        stamps = operation in ("save", "update_or_create")
        return {
            "model": model._meta.label,
            "manager": manager_name(model),
            "fields": fields,
            "skipped": skipped(model, operation),
            "stamped": stamped_fields(model, None if every else fields) if stamps else (),
            "inherits": bool(model._meta.concrete_model._meta.parents),
        }


def _is_chunk(conditions: Iterable[Any]) -> bool:
    """Whether rows are chosen by lists, or from one key to another."""
    chosen = [each for each in conditions if isinstance(each, _CHUNKS)]
    return any(
        isinstance(each, In) or getattr(getattr(each.lhs, "target", None), "unique", False)
        for each in chosen
    )


def is_write(writes: bool, operation: str) -> bool:
    """Whether a query, or the call that it belongs to, writes."""
    return writes or operation in WRITES


def _loop(callers: Iterable[tuple[str, int, str]]) -> Location | None:
    for file, line, function in callers:
        if (first := loop_around(file, line)) is not None:
            return Location(file, first, function, source_line(file, first))
    return None
